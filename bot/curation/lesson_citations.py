"""The citations of an answer that an admin has edited: its `[1]` markers, as they are still in the text. Pure."""

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.model import Citation

_MARKER = re.compile(r"\[(\d{1,3})\](?!\()")


def cited(
    text: str, citations: Sequence[Citation], page: Citation | None
) -> tuple[str, tuple[Citation, ...]]:
    """Return the text with its markers numbered from 1, and the citations that they stand for.

    It cites what it has markers of among `citations`; without any it cites `page`, at a `[1]` that was typed or,
    failing that, at the text's end.
    """
    kept, found = _renumbered(text, citations)
    if found or page is None:
        return kept, found
    page = replace(page, number=1)
    marked, found = _renumbered(text, (page,))
    return (marked, found) if found else (f"{kept} [1]", (page,))


def _renumbered(text: str, citations: Sequence[Citation]) -> tuple[str, tuple[Citation, ...]]:
    """Number the markers that have a citation from 1, in their order in the text, and remove the others."""
    known = {citation.number: citation for citation in citations}
    order: dict[int, int] = {}
    for match in _MARKER.finditer(text):
        if int(match[1]) in known:
            order.setdefault(int(match[1]), len(order) + 1)

    def marker(match: re.Match[str]) -> str:
        number = order.get(int(match[1]))
        return f"[{number}]" if number else ""

    kept = tuple(replace(known[old], number=new) for old, new in order.items())
    return _MARKER.sub(marker, text).strip(), kept
