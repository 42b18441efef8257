"""Finds pages that contradict each other: nearly the same sentence with another number, day, name or a "not". Pure."""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations

from bot.backends.extractive.snippets import Snippet
from bot.text.analyzer import distinct_tokens, query_terms

COMMON_WORDS = 3
COMMON_ASKED = 2  # or so many of those that were asked
COMMON_SHARE = 0.5  # of the words of the shorter one
COMMON_OPPOSITE = 0.7  # the same where the only difference is a "not"

_WORDS = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "ten": "10", "twelve": "12", "fifteen": "15", "twenty": "20", "thirty": "30",
}  # fmt: skip
_QUANTITY = re.compile(
    rf"(?P<sign>[$€£])?\s?(?P<number>\d+(?:[.,]\d+)*|\b(?:{'|'.join(_WORDS)})\b)"
    r"[\s-]*(?P<unit>%|[$€£]|(?:(?:calendar|business|working|full)[\s-]+)?[^\W\d_]+)?",
    re.IGNORECASE,
)
_ORDINAL = frozenset({"st", "nd", "rd", "th"})
_DAY = re.compile(
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|\b(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag)s?\b",
    re.IGNORECASE,
)
_VERSION = re.compile(r"\bv?\d+\.\d+(?:\.\d+)*\b|\bversion \d+\b", re.IGNORECASE)
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.\w+|(?<!\w)[#@][a-z][\w-]+")
_NOT = re.compile(
    r"\b(?:not|no|never|cannot|can't|mustn't|don't|doesn't|isn't|aren't|won't|without|prohibited|forbidden|"
    r"nicht|kein\w*|nie|verboten)\b",
    re.IGNORECASE,
)
_MAY = re.compile(r"\b(?:may|can|must|should|allowed|is|are|do|does|will|darf|kann|muss)\b", re.IGNORECASE)
_REPLACES = re.compile(
    r"\b(?:replaces|supersedes|instead of|takes the place of|ersetzt|remplace|sustituye)\b", re.IGNORECASE
)


def conflicting(snippets: Sequence[Snippet], asked: frozenset[str] = frozenset()) -> frozenset[str]:
    """Return the ids of pages that say different things of one matter. `asked` are the question's terms."""
    pages: set[str] = set()
    for one, other in combinations(snippets, 2):
        if one.passage.doc_id != other.passage.doc_id and contradicts(one, other, asked):
            pages |= {one.passage.doc_id, other.passage.doc_id}
    return frozenset(pages)


def contradicts(one: Snippet, other: Snippet, asked: frozenset[str]) -> bool:
    """Tell whether they differ on one matter: numbers of one unit, days, versions, addresses, may and may not."""
    words, others = (_content(f"{s.lead} {s.text}") for s in (one, other))
    common = words & others
    share = len(common) / max(1, min(len(words), len(others)))
    enough = len(common) >= COMMON_WORDS or len(common & asked) >= COMMON_ASKED
    if not enough or share < COMMON_SHARE:
        return False
    if _differ(_quantities(one.text), _quantities(other.text)):
        return True
    for values in (_DAY, _VERSION, _ADDRESS):
        ours, theirs = (_found(values, s.text) for s in (one, other))
        if ours and theirs and ours.isdisjoint(theirs):
            return True
    return share >= COMMON_OPPOSITE and _opposite(one.text, other.text)


def replaced_by(one: Snippet, other: Snippet, snippets: Sequence[Snippet]) -> bool:
    """Tell whether the other's page is the valid one: it says that it replaces this one's, or is dated later."""
    mine, theirs = one.passage, other.passage
    for snippet, old in ((s, t) for s in snippets for t in (mine, theirs)):
        if snippet.passage.doc_id != old.doc_id and _replaces(snippet.text):
            title = distinct_tokens(old.title)
            if title and title <= distinct_tokens(snippet.text):
                return old is mine
    return bool(mine.updated_at and theirs.updated_at and theirs.updated_at > mine.updated_at)


@lru_cache(maxsize=2_048)
def _replaces(text: str) -> bool:
    return _REPLACES.search(text) is not None


def _differ(ours: dict[str, set[str]], theirs: dict[str, set[str]]) -> bool:
    return any(ours[unit].isdisjoint(theirs[unit]) for unit in ours.keys() & theirs.keys())


def _opposite(one: str, other: str) -> bool:
    denied = [_NOT.search(text) is not None for text in (one, other)]
    return denied[0] != denied[1] and all(_MAY.search(text) for text in (one, other))


def _found(values: re.Pattern[str], text: str) -> frozenset[str]:
    return frozenset(found.lower().rstrip("s") for found in values.findall(text))


@lru_cache(maxsize=2_048)
def _quantities(text: str) -> dict[str, set[str]]:
    """Return the numbers by unit. A number without a unit tells nothing."""
    found: dict[str, set[str]] = {}
    for match in _QUANTITY.finditer(text):
        unit = (match["sign"] or match["unit"] or "").lower().split(" ")[-1].rstrip("s")
        if unit and unit not in _ORDINAL:
            number = match["number"].lower().replace(",", "")
            found.setdefault(unit, set()).add(_WORDS.get(number, number))
    return found


@lru_cache(maxsize=2_048)
def _content(text: str) -> frozenset[str]:
    return frozenset(term for term in query_terms(text) if not term[:1].isdigit())
