"""Makes citations by position of the `[1]` in a model's text, while it streams. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.ports import Cited, Wrote
from bot.text.markdown_units import split

_WORDS: Final = (
    r"(?:passages?|documents?|docs?|sources?|refs?|references?|citations?|quellen?|fuentes?|pasajes?)"
)
_NUMBER: Final = r"\d{1,3}(?:\s?[-–]\s?\d{1,3})?"
_LIST: Final = rf"{_NUMBER}(?:\s*(?:[,;&]|and|und|y|et)\s*(?:{_WORDS}\W{{0,2}})?\[?\^?{_NUMBER}\]?){{0,12}}"
_INSIDE: Final = rf"\^?(?:{_WORDS}\s?[:#.]?\s?)?#?{_LIST}(?:†[^\]】\n]{{0,40}})?"
_SUPERSCRIPT: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
# What may stand for a citation, with the space before it.
_ONE: Final = (
    rf"(?:\[{{1,2}}\s?{_INSIDE}\s?\]{{1,2}}(?:\((?:https?:|\#|/|\.)[^)\s]{{0,300}}\))?|【{_INSIDE}】"
    r"|<sup>\s?\[?\d{1,3}\]?\s?</sup>)"
)
_MARKER: Final = re.compile(
    rf"(?<![ \t])[ \t]*(?:{_ONE}(?:[ \t]?[,;&]?[ \t]?{_ONE}){{0,20}}|(?P<round>[(（]{_INSIDE}[)）])|(?P<raised>[⁰¹²³⁴⁵⁶⁷⁸⁹]{{1,3}}))",
    re.IGNORECASE,
)
# What stands behind a marker while another may still come.
_MORE: Final = re.compile(r"[ \t]?[,;&]?[ \t]?(?:[\[【<(（].{0,80})?\Z")
_RANGE: Final = re.compile(r"(\d{1,3})\s?[-–]\s?(\d{1,3})|(\d{1,3})")
# The end of a piece that may become a marker with what comes next.
_BEGUN: Final = re.compile(
    r"(?<![ \t])[ \t]*(?:[\[【(（][\[\^#]?[\w\s,;:.#&†–\-\[\^\]]{0,60}|[\]】]\]?\(?[^)\s]{0,200}|<s?u?p?>?\s?\[?\d{0,3}\]?\s?<?/?s?u?p?)?\Z"
)
_LEAD: Final = re.compile(
    r"(?:^|(?<=\n))[ \t]*[*_#>-]{0,4}[ \t]?(?:sources?|references?|citations?|quellen?|fuentes?)[*_]{0,2}\s?:?[*_]{0,2}[ \t]*\Z",
    re.IGNORECASE,
)
_LEADS: Final = (
    "sources:",
    "source:",
    "references:",
    "reference:",
    "citations:",
    "quellen:",
    "quelle:",
    "fuentes:",
    "fuente:",
)
_JOINS: Final = re.compile(r"[ \t]*(?:[.,;:!?)\]|]|\n|\Z|(?:and|or|but|while|und|oder|aber|y|et)\b)")
_WORD: Final = re.compile(r"\w")
_OPENING: Final = re.compile(r"[\[【(（<]")
_SAYS: Final = re.compile(r"[^\s.,;:!?)\]}]")
_FENCE: Final = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)
# A marker that stands for a name: "according to [1]".
_NAMES: Final = re.compile(
    r"\A(?:and |but |so )?(?:as (?:stated|described|mentioned|noted|explained|shown|per) )?(according to|in|per|from|by|see|laut|gemäß|nach|selon|según)\s*\Z",
    re.IGNORECASE,
)
_PLACES: Final = dict.fromkeys(("according to", "in", "per", "from", "by", "see"), "the docs")
_RAISED: Final = re.compile(r"[^\W\d_]{3}\Z|[.,;:!?)]\Z")
_DECIDE: Final = 6  # characters behind `(1)` that tell what it is
_LONGEST: Final = 300  # what is kept back at most
# A sentence that says that nothing is said rests on nothing.
_DENIES: Final = re.compile(
    r"\b(?:passages?|documents?|docs?|sources?|context|text|information|it|they)\b[^.\n]{0,60}\b(?:(?:do|does|did)(?:n['’]t| not)|no(?:t| information| mention)|nothing)"
    r"[^.\n]{0,30}\b(?:say|mention|answer|contain|provide|state|specify|include|give|cover|tell|address|discuss|about|found|available)"
    r"|\bnot (?:mentioned|stated|specified|provided|said|answered|given|covered|found) (?:in|by)\b|\bno information\b",
    re.IGNORECASE,
)


@dataclass(slots=True)
class CitationMarkers:
    """Reads the markers of one text. `chunks` leads from a passage's number to its chunk.

    A marker is taken out of the text and covers the sentence that it stands in or behind. At the end of a paragraph
    it covers all of it that nothing else covers. A number that no passage has is no citation.
    """

    chunks: Mapping[int, str]
    text: str = ""
    _held: str = ""
    _paragraph: int = 0  # where the block began
    _marked: int = 0  # up to where the text is covered
    _last: tuple[int, int] = (0, 0)  # what the last marker covered
    _pending: list[str] = field(default_factory=list)  # chunks of a marker whose reach isn't known yet
    _pending_at: int = 0
    _ahead: int | None = None  # where the sentence began that a marker opened

    def feed(self, piece: str) -> Iterator[Wrote | Cited]:
        self._held += piece
        yield from self._taken(final=False)

    def finish(self) -> Iterator[Wrote | Cited]:
        """Give what is left at the end."""
        yield from self._taken(final=True)
        yield from self._settled(ends=True)

    def _taken(self, *, final: bool) -> Iterator[Wrote | Cited]:
        at = waits = 0
        while (found := _MARKER.search(self._held, at)) is not None:
            if not final and self._waits(found):
                waits = len(self._held) - found.start()  # more of it may come, or another
                break
            numbers = self._numbers(found)
            if numbers is None:
                at = found.end()
                continue
            yield from self._write(self._without_lead(self._held[: found.start()]))
            self._held = self._held[found.end() :]
            at = 0
            yield from self._point(numbers)
        keep = 0 if final else max(waits, self._kept_back())
        ready, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        yield from self._write(ready)

    def _waits(self, found: "re.Match[str]") -> bool:
        """Tell whether what follows may still be part of it, or decide what it is."""
        if found.end() - found.start() > _LONGEST:
            return False
        if found["round"] and len(self._held) - found.end() < _DECIDE:
            return True
        return _MORE.match(self._held, found.end()) is not None

    def _kept_back(self) -> int:
        line = self._held.rpartition("\n")[2]
        bare = _OPENING.split(line.lower())[0].strip("*_#> -")
        starts = "\n" in self._held or not self._line()
        if bare and starts and any(lead.startswith(bare) for lead in _LEADS):
            return len(line)
        begun = _BEGUN.search(self._held)
        size = len(self._held) - begun.start() if begun else 0
        return size if size <= _LONGEST else 0

    def _without_lead(self, text: str) -> str:
        """Remove a line's "Sources:" before the markers."""
        lead = _LEAD.search(text)
        return text if lead is None or (not text[: lead.start()] and self._line()) else text[: lead.start()]

    def _line(self) -> str:
        """Return what of the line was written already."""
        return self.text.rpartition("\n")[2].strip()

    def _numbers(self, found: "re.Match[str]") -> list[int] | None:
        """Return the passages that a marker names; None if it is no marker."""
        before = self.text + self._held[: found.start()]
        if _in_code(before):
            return None
        if found["raised"]:
            return [int(found["raised"].translate(_SUPERSCRIPT))] if _RAISED.search(before) else None
        if found["round"] and not self._is_citation(found, before):
            return None
        numbers: list[int] = []
        for first, last, one in _RANGE.findall(found[0].partition("](")[0].partition("†")[0]):
            numbers += range(int(first), min(int(last), int(first) + 20) + 1) if first else [int(one)]
        return numbers

    def _is_citation(self, found: "re.Match[str]", before: str) -> bool:
        """Tell whether it is a citation: `(1)` may also number what follows, or just be a number."""
        line = before.rpartition("\n")[2].rstrip()
        if not line or line.endswith((":", ";", "-", "*")):
            return False
        known = all(int(one) in self.chunks for one in re.findall(r"\d+", found["round"]))
        return known and _JOINS.match(self._held, found.end()) is not None

    def _point(self, numbers: list[int]) -> Iterator[Wrote | Cited]:
        """Take a marker that stands here. One that opens a sentence is for what follows."""
        if self._ahead is not None:
            yield from self._settled(ends=False)
        known = [self.chunks[number] for number in numbers if number in self.chunks]
        self._pending += [chunk for chunk in dict.fromkeys(known) if chunk not in self._pending]
        self._pending_at = len(self.text)
        base = max(self._paragraph, self._marked)
        begun = self.text[base:]
        units = split(begun)
        opens = base + (units[-1].start if units else len(begun))
        named = _NAMES.search(self.text, opens)
        if named is not None and (place := _PLACES.get(named[1].lower())):
            yield self._wrote(f" {place}")
        if named is not None or (not _SAYS.search(self.text, base) and self._ahead_of_text()):
            self._ahead = opens

    def _ahead_of_text(self) -> bool:
        """Tell whether words follow in this line, so far as they have come."""
        return _SAYS.match(self._held.lstrip(" \t")) is not None

    def _write(self, piece: str) -> Iterator[Wrote | Cited]:
        """Take text that has no marker in it."""
        for part in re.split(r"(\n)", piece):
            if not part:
                continue
            ends = part == "\n"
            if self._pending and self._ahead is None and (ends or _WORD.search(part)):
                yield from self._settled(ends=ends)
            if ends and self._ahead is not None:
                yield from self._settled(ends=True)
            yield self._wrote(part)
            if ends:
                self._paragraph = len(self.text)
            elif self._ahead is not None and len(split(self.text[self._ahead :])) > 1:
                yield from self._settled(ends=False)

    def _wrote(self, text: str) -> Wrote:
        self.text += text
        return Wrote(text)

    def _settled(self, *, ends: bool) -> Iterator[Cited]:
        """Give citations whose reach is known: a sentence, or what no other covers to the end of the paragraph."""
        chunks, self._pending = tuple(self._pending), []
        ahead, self._ahead = self._ahead, None
        if not chunks:
            return
        if ahead is not None:
            units = split(self.text[ahead:])
            start, end = ahead, ahead + units[0].end if units else ahead
        else:
            start, end = self._reach(self._pending_at, ends=ends)
        said = _SAYS.search(self.text, start, end)
        start = said.start() if said else end
        if end > start and not _DENIES.search(self.text[start:end]):
            self._last = (start, end)
            yield Cited(start, end, chunks)
        self._marked = max(self._marked, end)

    def _reach(self, at: int, *, ends: bool) -> tuple[int, int]:
        base = max(self._paragraph, self._marked)
        stretch = self.text[base:at]
        if not _WORD.search(stretch):
            return self._before(at)
        if ends:
            return base, at
        units = split(stretch)
        return base + (units[-1].start if units else 0), at

    def _before(self, at: int) -> tuple[int, int]:
        """Return what a marker right behind another, or in a line of its own, stands for: the text before it."""
        if self._marked > self._paragraph or not self.text[:at].strip():
            return self._last
        lines = self.text[:at].rstrip()
        start = max(lines.rfind("\n\n") + 2 if "\n\n" in lines else 0, self._marked)
        return (start, len(lines)) if _WORD.search(self.text[start:at]) else self._last


def _in_code(before: str) -> bool:
    """Tell whether what follows stands in a code block or between backticks."""
    if len(_FENCE.findall(before)) % 2:
        return True
    return before.rpartition("\n")[2].count("`") % 2 == 1
