"""Writes raised and lowered text in signs that every reader has."""

import re
from typing import Final

_ORDINAL: Final = re.compile(r"(?:st|nd|rd|th|er|re|e|o|a|ème)", re.IGNORECASE)
_MARKS: Final = {"TM": "™", "SM": "℠", "R": "®", "(R)": "®", "®": "®", "™": "™", "©": "©", "C": "©"}
_POWER: Final = re.compile(r"[+\-−–]?[0-9a-zA-Z]{1,6}")
_NOTE: Final = re.compile(r"\W.*", re.DOTALL)


def raised(text: str) -> str:
    """Write raised text: a 6 behind 10 becomes `^6`, so that it isn't 106; ordinals and marks stay: 1st, Docent™."""
    said = text.strip()
    if not said or _ORDINAL.fullmatch(said):
        return text
    if said in _MARKS:
        return _MARKS[said]
    if _POWER.fullmatch(said):
        return text.replace(said, f"^{said}")
    return text if _NOTE.fullmatch(said) and said[0] not in "+-−–" else text.replace(said, f"^({said})")
