"""Finds facts of a written sentence that don't stand in what it cites: they were made up, or mixed up. Pure."""

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Final

from bot.model import Passage
from bot.text.language_guess import page_language
from bot.text.matching import plain, stands_in
from bot.text.sanitize import clean

# Markers of citations, and mentions, which are taken apart before anybody sees them.
_NO_FACT: Final = re.compile(r"\[\d{1,3}\]|<[@!#][^<>\s]*>|@(?:everyone|here|channel)\b", re.IGNORECASE)
_STEP: Final = re.compile(r"^\s*(?:[-*+]|\d{1,3}[.)])\s+")
_NUMBER: Final = re.compile(r"\d+(?:[.,'’\u00a0\u202f ]\d{3}(?!\d))*(?:[.,]\d+)?")
_GROUPING: Final = re.compile(r"[,.'’\u00a0\u202f ](?=\d{3}(?!\d))")
_WORDS: Final = {
    word: str(value)
    for value, words in enumerate(
        (
            "zero null cero zéro",
            "",  # "one" is a pronoun far more often
            "two zwei deux dos twice",
            "three drei trois tres",
            "four vier quatre cuatro",
            "five fünf cinq cinco",
            "six sechs seis",
            "seven sieben sept siete",
            "eight acht huit ocho",
            "nine neun neuf nueve",
            "ten zehn dix diez",
            "eleven elf onze once",
            "twelve zwölf douze doce",
        )
    )
    for word in words.split()
} | {
    "twenty": "20",
    "thirty": "30",
    "forty": "40",
    "fifty": "50",
    "sixty": "60",
    "ninety": "90",
    "hundred": "100",
}
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_CODE: Final = re.compile(r"`([^`\n]+)`")
# Written like an identifier: camelCase, ABC, X100, v2.3.1, --flag, a/path/of/it, #channel, somebody@somewhere.
_IDENTIFIER: Final = re.compile(
    r"(?<![\w/.@#-])(?:--?[a-z][\w-]+|[@#][\w-]{2,}|[\w.+-]{1,80}@[\w.-]+\w|/?\w[\w.-]*(?:/[\w.-]+){2,}"
    r"|(?=[\w.-]*\d)(?=[\w.-]*[^\W\d_])\w[\w.-]*\w|[^\W\d_]*[^\W\d_A-Z]+[A-Z]\w*|[A-Z]{2,}\w*)"
)
_ORDINAL: Final = re.compile(r"\d+(?:st|nd|rd|th|[ap]m|[smhdwx%]|(?:-[^\W\d_]+)+)?\Z", re.IGNORECASE)
_NAME: Final = re.compile(
    r"(?<![.:!?\"“”‘’'(\[*_—–>|\-/#@`\w])(?<=\s)[A-ZÀ-ÖØ-Þ\u0410-\u042F][^\W\d_A-Z]{2,}(?!\w)"
)
_BEGINS: Final = re.compile(r"[.:!?…\"“”‘(\[*_—–>|-]\s*\Z")
_ALIKE: Final = 5  # letters that two forms of a name share: London, Londoners
_MONTHS: Final = {
    name: str(number)
    for number, names in enumerate(
        (
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sep sept",
            "october oct",
            "november nov",
            "december dec",
        ),
        start=1,
    )
    for name in names.split()
}


class SupportCheck:
    """Checks sentences against passages. An answer may repeat names of the `question`, but not its numbers.

    Names are checked only where the language is known and is not German, which writes every noun like a name.
    """

    def __init__(self, question: str = "") -> None:
        self._question = question
        self._evidence: dict[tuple[str, ...], _Evidence] = {}  # sentences share what they cite

    def unsupported(self, sentence: str, cited: Sequence[Passage], *, around: str = "") -> str:
        """Return the first fact of the sentence that none of `cited` holds; "" if all stand there.

        `around` is the text that the sentence stands in: its language is easier to tell.
        """
        key = tuple(passage.chunk_id for passage in cited)
        if key not in self._evidence:
            self._evidence[key] = _Evidence(cited, self._question)
        evidence = self._evidence[key]
        if evidence.quotes(sentence):
            return ""
        text = _STEP.sub("", _NO_FACT.sub("", clean(sentence)))
        codes: list[str] = [part for code in _CODE.findall(text) for part in code.split()]
        for fact in (*codes, *_identifiers(_CODE.sub(" ", text))):
            if not evidence.holds(fact):
                return fact
        for shown, number in _numbers(_without_identifiers(_CODE.sub(" ", text))):
            if number not in evidence.numbers:
                return shown
        if page_language(f"{self._question} {around or text}", "") in ("", "de"):
            return ""
        for name in _names(_CODE.sub(" ", text)):
            if not evidence.names(name):
                return name
        return ""


class _Evidence:
    def __init__(self, cited: Sequence[Passage], question: str) -> None:
        self._said = "\n".join(
            part
            for passage in cited
            for part in (
                passage.title,
                passage.heading,
                passage.text,
                passage.url,
                " ".join(passage.owners),
                f"{passage.updated_at:%Y-%m-%d}" if passage.updated_at else "",
            )
        )
        self._question = plain(question)

    @cached_property
    def _plain(self) -> str:
        return plain(self._said)

    @cached_property
    def numbers(self) -> frozenset[str]:
        return frozenset(number for _, number in _numbers(self._said))

    @cached_property
    def _beginnings(self) -> frozenset[str]:
        words = _LETTERS.findall(f"{self._plain} {self._question}")
        return frozenset(word[:_ALIKE] for word in words)

    def quotes(self, sentence: str) -> bool:
        """Tell whether the sentence stands there word for word: "7 days" doesn't in "27 days"."""
        return stands_in(self._plain, _STEP.sub("", plain(sentence)).strip())

    def holds(self, fact: str) -> bool:
        bare = fact.strip(".,;:!?()[]{}'\"*_")
        return (
            not bare
            or stands_in(self._plain, bare)
            or stands_in(self._question, bare)
            or (bare.endswith("s") and stands_in(self._plain, bare[:-1]))
        )

    def names(self, name: str) -> bool:
        lower = name.lower()
        return lower[:_ALIKE] in self._beginnings or _MONTHS.get(lower, "-") in self.numbers


def _identifiers(text: str) -> Iterable[str]:
    return (match[0] for match in _IDENTIFIER.finditer(text) if not _ORDINAL.match(match[0]))


def _without_identifiers(text: str) -> str:
    """Remove identifiers, whose digits are no numbers of their own."""
    return _IDENTIFIER.sub(lambda match: match[0] if _ORDINAL.match(match[0]) else " ", text)


def _numbers(text: str) -> Iterable[tuple[str, str]]:
    """Give each number as it was written, and in one form to compare."""
    for match in _NUMBER.finditer(text):
        yield match[0], _in_one_form(match[0])
    for word in _LETTERS.findall(text.lower()):
        if word in _WORDS:
            yield word, _WORDS[word]


def _in_one_form(number: str) -> str:
    whole, _, part = _GROUPING.sub("", number).replace(",", ".").partition(".")
    part = part.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{part}" if part else "")


def _names(text: str) -> Iterable[str]:
    """Give capitalised words that begin no sentence, item or quote."""
    return (match[0] for match in _NAME.finditer(text) if not _BEGINS.search(text[: match.start()][-3:]))
