"""Pages that contradict each other: nearly the same sentence with another number. Pure."""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations

from bot.backends.extractive.snippets import Snippet
from bot.text.analyzer import query_terms

COMMON_WORDS = 3
COMMON_ASKED = 2  # or so many of those that were asked
COMMON_SHARE = 0.5  # of the words of the shorter one

_WORDS = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "ten": "10", "twelve": "12", "fifteen": "15", "twenty": "20", "thirty": "30",
}  # fmt: skip
_QUANTITY = re.compile(
    rf"(?P<sign>[$€£])?\s?(?P<number>\d+(?:[.,]\d+)*|\b(?:{'|'.join(_WORDS)})\b)"
    r"[\s-]*(?P<unit>%|[$€£]|(?:(?:calendar|business|working|full)[\s-]+)?[^\W\d_]+)?",
    re.IGNORECASE,
)


def conflicting(snippets: Sequence[Snippet], asked: frozenset[str] = frozenset()) -> frozenset[str]:
    """The pages (by document id) that state different numbers of one thing. `asked`: the question's terms."""
    pages: set[str] = set()
    for one, other in combinations(snippets, 2):
        if one.passage.doc_id != other.passage.doc_id and _contradict(one, other, asked):
            pages |= {one.passage.doc_id, other.passage.doc_id}
    return frozenset(pages)


def _contradict(one: Snippet, other: Snippet, asked: frozenset[str]) -> bool:
    ours, theirs = _quantities(one.text), _quantities(other.text)
    if not any(ours[unit].isdisjoint(theirs[unit]) for unit in ours.keys() & theirs.keys()):
        return False
    words, others = (_content(f"{s.lead} {s.text}") for s in (one, other))
    common = words & others
    enough = len(common) >= COMMON_WORDS or len(common & asked) >= COMMON_ASKED
    return enough and len(common) >= COMMON_SHARE * min(len(words), len(others))


@lru_cache(maxsize=512)
def _quantities(text: str) -> dict[str, set[str]]:
    """Unit → numbers. A number without a unit tells nothing."""
    found: dict[str, set[str]] = {}
    for match in _QUANTITY.finditer(text):
        unit = (match["sign"] or match["unit"] or "").lower().split(" ")[-1].rstrip("s")
        if unit:
            number = match["number"].lower().replace(",", "")
            found.setdefault(unit, set()).add(_WORDS.get(number, number))
    return found


@lru_cache(maxsize=512)
def _content(text: str) -> frozenset[str]:
    return frozenset(term for term in query_terms(text) if not term[:1].isdigit())
