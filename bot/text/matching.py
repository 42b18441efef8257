"""Compares texts as people read them: whether a fact stands in an answer, however it is written. Pure."""

import re
from collections.abc import Iterable

_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_EMPHASIS = re.compile(r"[*_`]")
_THOUSANDS = re.compile(r"(?<=\d)[,. ](?=\d{3}\b)")
_SPACE = re.compile(r"\s+")
_ALIKE = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2019": "'", "\u2013": "-", "\u2011": "-"})


def first_seen(items: Iterable[str]) -> list[str]:
    """Return each item once, at its first place: a ranking of passages then is one of pages."""
    return list(dict.fromkeys(items))


def stands_in(text: str, wanted: str) -> bool:
    """Tell whether a `plain` text holds the words, on word boundaries: "2 hours" is not in "12 hours"."""
    wanted = plain(wanted)
    if wanted not in text:  # at once for most, however long the text is
        return False
    if not wanted:
        return True
    before = r"(?<![a-z0-9])" if wanted[0].isalnum() else ""
    after = r"(?![a-z0-9])" if wanted[-1].isalnum() else ""
    return re.search(before + re.escape(wanted) + after, text) is not None


def plain(text: str) -> str:
    """Return the text as it is compared: no Markdown, no thousands separators, single spaces, small letters."""
    text = _EMPHASIS.sub("", _LINK.sub(r"\1", text)).translate(_ALIKE)
    return _SPACE.sub(" ", _THOUSANDS.sub("", text)).lower()
