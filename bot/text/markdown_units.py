"""Cuts Markdown into units that can be kept, dropped or quoted one by one: sentences, list items, rows, code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Kind = Literal["prose", "item", "row", "rule", "heading", "code"]

_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}#{1,6}(?:\s|$)")
_RULE = re.compile(
    r"[ \t]*(?:\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?|(?:[-*_][ \t]*){3,}|={3,})[ \t]*$"
)
_ITEM = re.compile(r"[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?")
_QUOTE = re.compile(r"[ \t]*>[ \t]?")
_ROW = re.compile(r"[ \t]*\|")

# What may hold a full stop without ending a sentence.
_OPAQUE = re.compile(
    r"`[^`\n]*(?:`|$)|\[[^\]\n]{0,300}(?:\](?:\([^)\s]*\)?)?|$)|<[^>\s]{1,300}>|https?://\S+"
)
_END = re.compile(r"[.!?…]+[\"'”’»)\]*_]*(?=\s+\S)|[。！？]+[」』”]*(?=\S)|\.(?:\*\*|__)(?=\S)")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'])(?:e\.g|i\.e|etc|vs|cf|approx|incl|excl|max|min|no|nr|fig|ca|mr|mrs|ms|dr|prof|st|inc|ltd|"
    r"corp|dept|est|ext|tel|bzw|usw|z\.b|d\.h|u\.a|ggf|evtl|inkl|zzgl|sog|abs|p\.ej|art|p|pp|[A-Za-z])\.$",
    re.IGNORECASE,
)
# A German date. Three letters of the month, so that four of the next sentence decide.
_DAY = re.compile(r"(?<![\d.,])\d{1,2}\.$")
_MONTH = re.compile(r"Jan|Feb|Mär|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez")
_OPENS = re.compile(
    r"[\"'“‘«(\[*_`¿¡~<$€£#@]*[A-Z0-9À-ÖØ-Þ¿¡\u0400-\u042F]|[^\x00-\u024F]|[*_`\[(“\"]|:[a-z_]+:"
)


@dataclass(frozen=True, slots=True)
class Unit:
    """The characters text[start:end], without the space around them.

    Units of one `block` (a paragraph, a list item) belong together. An item's bullet stands before its first unit.
    A "rule" is a table's delimiter row or a horizontal rule.
    """

    kind: Kind
    start: int
    end: int
    block: int


@lru_cache(maxsize=512)
def split(text: str) -> tuple[Unit, ...]:
    """Return all units in order; between and around them there is only space, bullets and quote marks.

    More text at the end changes nothing before the last unit, if that has at least four characters.
    """
    units: list[Unit] = []
    for block, (kind, start, end) in enumerate(_blocks(text)):
        if kind in ("prose", "item"):
            units += [
                Unit(kind if first else "prose", start + a, start + b, block)
                for first, a, b in _sentences(text[start:end])
            ]
        else:
            units.append(Unit(kind, start, end, block))
    return tuple(units)


def sentences(text: str) -> list[str]:
    """Return the text of the units that say something by themselves."""
    return [text[unit.start : unit.end] for unit in split(text) if unit.kind != "rule"]


def statements(text: str) -> int:
    """Count sentences and list items; a table's rows, headings and code are none."""
    return sum(unit.kind in ("prose", "item") for unit in split(text))


def _blocks(  # noqa: C901 - one state machine over lines
    text: str,
) -> Iterator[tuple[Kind, int, int]]:
    """Give the kind, start and end of each block, the bullets and space around it cut off."""
    opened: tuple[Kind, int, int] | None = None
    fence = ""
    for start, end in _lines(text):
        line = text[start:end]
        if fence:
            assert opened is not None  # noqa: S101 - for the type checker: a fence opens a block
            opened = (opened[0], opened[1], end)
            if line.strip().startswith(fence) and not line.strip(" \t`~"):
                yield opened
                opened, fence = None, ""
            continue
        kind, inset = _kind(line)
        if kind == "prose" and opened is not None and line.strip():
            opened = (opened[0], opened[1], end)
            continue
        if opened is not None:
            yield opened
            opened = None
        if not line.strip():
            continue
        if kind in ("prose", "item"):
            if line[inset:].strip():
                opened = (kind, start + inset, end)
        elif kind == "code":
            opened, fence = (kind, start, end), line.strip()[:3]
        else:
            yield kind, start + inset, end
    if opened is not None:
        yield opened


def _kind(line: str) -> tuple[Kind, int]:
    """Return what a line is, and where its content begins."""
    quote = _QUOTE.match(line)
    at = quote.end() if quote else 0
    rest = line[at:]
    at += len(rest) - len(rest.lstrip())
    if _FENCE.match(rest):
        return "code", at
    if _HEADING.match(rest):
        return "heading", at
    if _RULE.match(rest):
        return "rule", at
    if _ROW.match(rest):
        return "row", at
    item = _ITEM.match(rest)
    if item:
        return "item", len(line) - len(rest) + item.end()
    return "prose", at


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Give the start and end of each line, the end without trailing space."""
    at = 0
    for line in text.split("\n"):
        yield at, at + len(line.rstrip())
        at += len(line) + 1


def _sentences(block: str) -> Iterator[tuple[bool, int, int]]:
    """Give for each sentence whether it is the block's first, its start and its end."""
    masked = _OPAQUE.sub(_mask, block)
    start = 0
    for end in _END.finditer(masked):
        following = masked[end.end() :].lstrip()
        before = masked[start : end.end()]
        if not _OPENS.match(following) or _ABBREVIATION.search(before.rstrip("\"'”’»)]*_")):
            continue
        if _DAY.search(before) and _MONTH.match(following):
            continue
        yield start == 0, start, end.end()
        start = end.end() + len(masked[end.end() :]) - len(following)
    if block[start:].strip():
        yield start == 0, start, len(block)


def _mask(match: re.Match[str]) -> str:
    """Return as many characters, none of which ends or opens a sentence; the first and the last stay."""
    text = match.group()
    if text.startswith("http"):
        body = text.rstrip(".!?…,;:)\"'")
        return "x" * len(body) + text[len(body) :]
    return text[0] + "x" * (len(text) - 2) + text[-1] if len(text) > 1 else text
