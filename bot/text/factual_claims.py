"""Tells which sentences state facts: numbers, names, links, commands. Pure."""

import re
from collections.abc import Iterable, Iterator

from bot.text.markdown_units import sentences

_NUMBER_WORD = (
    r"two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty|thirty|forty|fifty|sixty|"
    r"seventy|eighty|ninety|hundred|thousand|million|half|twice|double|percent|zwei|drei|vier|fünf|sechs|"
    r"sieben|acht|neun|zehn|deux|trois|quatre|cinq|dix|dos|tres|cuatro|cinco|diez"
)
_HARD_FACT = re.compile(
    rf"\d|`|https?://|www\.|\w@\w|(?<!\w)[@#]\w|(?<!\S)--?[a-z]|\b\w+(?:/\w+){{2,}}|\b(?:{_NUMBER_WORD})\b",
    re.IGNORECASE,
)
_SENTENCE_START = re.compile(r"^[\W_]*")
_CAPITALISED = re.compile(r"(?<![\w'’])(?!I\b|I['’])[A-ZÀ-ÖØ-Þ\u0410-\u042F][\w'’]*")


def has_hard_fact(text: str) -> bool:
    """Tell whether it has a number, an identifier, a link, an address, a command or a path."""
    return _HARD_FACT.search(text) is not None


def states_facts(sentence: str, names: frozenset[str] = frozenset()) -> bool:
    """Tell whether it states numbers, names, links or commands. `names` count as names also where they begin a sentence."""
    if has_hard_fact(sentence):
        return True
    start = _SENTENCE_START.match(sentence)
    first = start.end() if start else 0
    words = list(_CAPITALISED.finditer(sentence))
    return any(match.start() > first or match.group() in names or _odd(match.group()) for match in words)


def _odd(word: str) -> bool:
    """Tell whether it is written like an identifier or an abbreviation: GitHub, API."""
    return len(word) > 1 and not word[1:].islower()


def names_within(texts: Iterable[str]) -> frozenset[str]:
    """Return words that are capitalised within a sentence somewhere: they are names also where they begin one."""
    return frozenset(name for text in texts for sentence in sentences(text) for name in _names(sentence))


def _names(sentence: str) -> Iterator[str]:
    start = _SENTENCE_START.match(sentence)
    first = start.end() if start else 0
    return (match.group() for match in _CAPITALISED.finditer(sentence) if match.start() > first)
