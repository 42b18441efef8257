"""Finds words that some write in one and others in two (`timesheet`, `time sheet`), as the index has them. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bot.ports import Vocabulary
from bot.retrieval.query_terms import QueryTerms, SearchedTerms, replaced
from bot.retrieval.query_translation import english
from bot.text.analyzer import tokens
from bot.text.stopwords import STOP_WORDS

_WORD = re.compile(r"[^\W\d_]+")
_SHORTEST, _LONGEST = 5, 32
# Short parts are in many words by chance, but for those that words are made with: log in, on call, set up.
_SHORTEST_PART = 3
_PARTICLES = frozenset(["in", "on", "up", "off", "out", "to", "by", "at", "no"])
_MOST = 12


@dataclass(frozen=True, slots=True)
class Compounds:
    """`joined` leads from two neighbouring words of the question to one, `split` from a word to the two that it may be."""

    joined: tuple[tuple[str, str], ...]
    split: tuple[tuple[SearchedTerms, tuple[tuple[str, str], ...]], ...]

    @property
    def terms(self) -> list[str]:
        """The terms to ask the index for."""
        pairs = [pair for _, found in self.split for pair in found]
        words = {a + b for a, b in self.joined} | {part for pair in pairs for part in pair}
        return sorted({term for word in words for term in tokens(word)})


def possible(text: str, wanted: QueryTerms, vocabulary: Vocabulary) -> Compounds:
    """Return what could be joined, and what could be split of the words that nothing in the index matches."""
    if vocabulary.chunks is None:
        return Compounds((), ())
    words = [word.lower() for word in _WORD.findall(text)]
    pairs = [(a, b) for a, b in pairwise(words) if _may_join(a, b)]
    unknown = [
        word
        for word in wanted.sought
        if _WORD.fullmatch(word.surface)
        and _SHORTEST <= len(word.surface) <= _LONGEST
        and not any(term in vocabulary.holding for term in word.terms)
    ]
    split = tuple((word, tuple(_cuts(word.surface.lower()))) for word in unknown[:_MOST])
    return Compounds(tuple(dict.fromkeys(pairs))[:_MOST], split)


def _may_join(first: str, second: str) -> bool:
    stop = STOP_WORDS["en"]
    if len(first + second) < _SHORTEST or (first in stop and second in stop):
        return False
    return all(len(part) >= _SHORTEST_PART or part in _PARTICLES for part in (first, second))


def _cuts(word: str) -> Iterator[tuple[str, str]]:
    for at in range(2, len(word) - 1):
        parts = word[:at], word[at:]
        if all(part in _PARTICLES or (len(part) >= _SHORTEST_PART and part in english()) for part in parts):
            yield parts


def written_as_pages_do(wanted: QueryTerms, found: Compounds, vocabulary: Vocabulary) -> QueryTerms:
    """Add the compounds that the index has. `vocabulary` is of their terms."""
    meant: dict[str, str] = {}
    sought: list[SearchedTerms] = []
    joined = [(a, b) for a, b in found.joined if _held(a + b, vocabulary)]
    known = {a: a + b for a, b in joined} | {b: a + b for a, b in joined}
    split = {word: _best(cuts, vocabulary) for word, cuts in found.split}
    for word in wanted.sought:
        pair = split.get(word)
        whole = known.get(word.surface.lower())
        if pair is not None:
            meant[word.surface] = " ".join(pair)
            sought += [
                SearchedTerms(part, tuple(tokens(part))) for part in pair if part not in STOP_WORDS["en"]
            ]
        elif whole is not None:
            sought.append(replace(word, terms=(*word.terms, *tokens(whole)), others=(*word.others, whole)))
        else:
            sought.append(word)
    if sought == list(wanted.sought):
        return wanted
    text = replaced(wanted.texts[-1], meant)
    for a, b in joined:
        apart = rf"\b{re.escape(a)}\s+{re.escape(b)}\b"
        text = re.sub(apart, f"{a} {b} {a + b}", text, flags=re.IGNORECASE)
    return replace(wanted, texts=tuple(dict.fromkeys((*wanted.texts, text))), sought=tuple(sought))


def _held(word: str, vocabulary: Vocabulary) -> int:
    return min((vocabulary.holding.get(term, 0) for term in tokens(word)), default=0)


def _best(cuts: Sequence[tuple[str, str]], vocabulary: Vocabulary) -> tuple[str, str] | None:
    """Return the cut whose rarer part stands on most pages; of equals the more even one."""
    held = [(min(_held(a, vocabulary), _held(b, vocabulary)), -abs(len(a) - len(b)), (a, b)) for a, b in cuts]
    count, _, pair = max(held, default=(0, 0, None))
    return pair if count else None
