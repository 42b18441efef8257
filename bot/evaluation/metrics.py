"""How good rankings and answers are. Pure.

The marking of answers (what counts as holding a fact, as cited, as declined) is that of the questions' own
scorer, so that both print the same numbers for one file of answers.
"""

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_EMPHASIS = re.compile(r"[*_`]")
_THOUSANDS = re.compile(r"(?<=\d)[,. ](?=\d{3}\b)")
_SPACE = re.compile(r"\s+")
_ALIKE = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2019": "'", "\u2013": "-", "\u2011": "-"})


def ndcg(ranked: Sequence[str], relevant: Mapping[str, int], *, at: int = 10) -> float:
    """Normalised discounted cumulative gain (Järvelin & Kekäläinen 2002), gains as they are graded."""
    gain = sum(relevant.get(item, 0) / math.log2(place + 2) for place, item in enumerate(ranked[:at]))
    best = sorted(relevant.values(), reverse=True)[:at]
    ideal = sum(grade / math.log2(place + 2) for place, grade in enumerate(best))
    return gain / ideal if ideal else 0.0


def hit(ranked: Sequence[str], relevant: Collection[str], *, at: int) -> bool:
    return any(item in relevant for item in ranked[:at])


def recall(ranked: Sequence[str], relevant: Collection[str], *, at: int) -> float:
    return len(set(ranked[:at]) & set(relevant)) / len(relevant) if relevant else 0.0


def mean(values: Iterable[float]) -> float:
    """0 of nothing."""
    known = list(values)
    return sum(known) / len(known) if known else 0.0


def percentile(values: Iterable[float], share: float) -> float:
    """The nearest-rank percentile; 0 of nothing."""
    known = sorted(values)
    return known[max(0, math.ceil(share * len(known)) - 1)] if known else 0.0


def first_seen(items: Iterable[str]) -> list[str]:
    """Each item once, at its first place: the ranking of pages that a ranking of passages implies."""
    return list(dict.fromkeys(items))


def holds_facts(answer: str, must_contain: Sequence[Sequence[str]]) -> bool:
    """Whether each group of alternatives has one in the answer."""
    text = plain(answer)
    return all(any(stands_in(text, alternative) for alternative in group) for group in must_contain)


def stands_in(text: str, wanted: str) -> bool:
    """On word boundaries of a `plain` text: "2 hours" is not in "12 hours"."""
    wanted = plain(wanted)
    if wanted not in text:  # at once for most, however long the text is
        return False
    if not wanted:
        return True
    before = r"(?<![a-z0-9])" if wanted[0].isalnum() else ""
    after = r"(?![a-z0-9])" if wanted[-1].isalnum() else ""
    return re.search(before + re.escape(wanted) + after, text) is not None


def plain(text: str) -> str:
    """As texts are compared: no Markdown, no thousands separators, one space, small letters."""
    text = _EMPHASIS.sub("", _LINK.sub(r"\1", text)).translate(_ALIKE)
    return _SPACE.sub(" ", _THOUSANDS.sub("", text)).lower()
