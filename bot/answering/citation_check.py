"""Lets through only what rests on a retrieved passage: takes a writer's events and gives checked text. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property

from bot.answering.attribution import Attribution
from bot.answering.support_check import SupportCheck
from bot.model import Citation, Passage
from bot.ports import Cited, Wrote
from bot.text import links
from bot.text.factual_claims import has_hard_fact, names_within, states_facts
from bot.text.markdown_units import Unit, sentences, split
from bot.text.sanitize import clean, defuse

QUOTE_CHARACTERS = 300
_SETTLED = 4  # characters after a unit, from which on its end can't move any more

# A block that every platform takes for code: Discord knows no ~~~, and ends a block at any ```.
_FENCED = re.compile(r"\s*```(?:(?!```)[\s\S])*```\s*")
_WORD = re.compile(r"\w+")
_LABEL = re.compile(r"\A\*\*[^*\n]{1,200}\*\*(?: \([^()\n]{1,40}\))?:?\s*")
_OWN_MARKER = re.compile(r"[ \t]?(?<!\])(?:\[\d{1,3}\])+(?!\()")
_SPACES = re.compile(r"(?<=\S) {2,}")
_SAME_BLOCK = re.compile(r"[ \t]*\n?[ \t]*\Z")


class CitationChecker:
    """Takes a writer's events, and gives out what may be shown, in order, as soon as no later event can change it.

    A unit (sentence, list item, row, code block) is shown if a citation of a retrieved passage covers any of it,
    with a `[n]` marker where the citation ends; or if it states no facts and something before it was covered. The
    rest is dropped. Nothing at all is shown before the first citation. `trusted` are texts of our own, which need
    no citation. `each`: every sentence within a citation gets its marker, not only the last.
    """

    def __init__(
        self,
        passages: Sequence[Passage],
        *,
        trusted: Iterable[str] = (),
        each: bool = False,
        question: str = "",
    ) -> None:
        self._support = SupportCheck(question)
        self._attribution = Attribution(passages, question)
        self._each = each
        self._trusted = tuple(" ".join(text.split()) for text in trusted if text)
        self._passages = {passage.chunk_id: passage for passage in passages}
        self._urls = set().union(*(links.addresses(f"{p.url} {p.text}") for p in passages))
        self._raw = ""
        self._done = 0
        self._cited: list[Cited] = []
        self._numbers: dict[tuple[str, str], int] = {}
        self._citations: list[Citation] = []
        self._preface = ""  # what was said before the first citation
        self._held = ""  # a heading, shown only before something that it heads
        self._head = ""  # of a table, shown only above a row
        self._gap = ""  # of a block whose first sentence was dropped
        self._unmarked: list[Cited] = []  # citations of what was shown that go on
        self._shown = False
        self._after_code = False
        self.dropped: list[str] = []
        self.text = ""

    @property
    def citations(self) -> tuple[Citation, ...]:
        return tuple(self._citations)

    def feed(self, event: Wrote | Cited) -> str:
        """Take an event, and return the text that can be shown now; often there is none."""
        if isinstance(event, Wrote):
            self._raw += event.text
        else:
            known = tuple(chunk for chunk in event.chunk_ids if chunk in self._passages)
            if known and event.end > event.start:
                self._cited.append(replace(event, chunk_ids=known))
        return self._release(final=False)

    def finish(self) -> str:
        """Return the rest of what may be shown, after the last event."""
        return self._release(final=True)

    def said(self, phrases: Iterable[str]) -> str:
        """Return the first of our own phrases that was written, shown or not; "" if none was."""
        written = " ".join(self._raw.split())
        return next((phrase for phrase in phrases if " ".join(phrase.split()) in written), "")

    def _release(self, *, final: bool) -> str:
        pending = self._raw[self._done :]
        base, out = self._done, ""
        units = [replace(u, start=base + u.start, end=base + u.end) for u in split(pending)]
        for index, unit in enumerate(units):
            following = units[index + 1 :]
            settled = final or any(unit.end + _SETTLED <= other.end for other in following)
            if not settled or not self._decidable(unit, following, final=final):
                break
            head = bool(following) and unit.kind == "row" and following[0].kind == "rule"
            out += self._take(unit, head=head)
            self._done = unit.end
        self.text += out
        return out

    def _decidable(self, unit: Unit, following: Sequence[Unit], *, final: bool) -> bool:
        """Tell whether no citation can come any more that would change what is done with this unit.

        Citations come in the order of the text: one that lies behind the unit shows that the unit's own are
        complete.
        """
        if final or any(cited.start >= unit.end for cited in self._cited):
            return True
        return bool(self._covering(unit)) and len(following) > 1

    def _take(self, unit: Unit, *, head: bool) -> str:
        raw = self._raw[unit.start : unit.end]
        gap = self._raw[self._done : unit.start]
        if unit.kind != "prose" or not _SAME_BLOCK.match(gap):
            self._gap = ""
        cited = self._covering(unit) or self._verbatim(unit, raw)
        supported = bool(cited) and self._is_supported(raw, cited)
        if not supported and (found := self._attributed(raw, unit)):
            cited, supported = found, self._is_supported(raw, found)
        if cited and not supported:
            self.dropped.append(raw)
            self._gap = self._gap or gap
            return self._late_markers(self._ending(unit, cited))
        if not cited and (head or unit.kind in ("heading", "rule")):
            self._hold(unit, gap, raw, head=head)
            return ""
        if not cited and self._states_facts(raw):
            self.dropped.append(raw)
            self._gap = self._gap or gap
            return ""
        if not cited and not self._shown:
            self._preface += gap + self._harmless(raw, unit)
            return ""
        return self._show(unit, self._gap or gap, raw, cited)

    def _hold(self, unit: Unit, gap: str, raw: str, *, head: bool) -> None:
        """Keep what heads something until that is shown; a newer one takes its place."""
        said = gap + ("" if has_hard_fact(raw) else self._harmless(raw, unit))
        if head:
            self._head = said
        elif unit.kind == "heading":
            self._held, self._head = said, ""
        elif self._head:
            self._head += said
        else:
            self._held += said

    def _show(self, unit: Unit, gap: str, raw: str, cited: Sequence[Cited]) -> str:
        text = self._harmless(raw, unit)
        self._gap = ""
        each = self._each and unit.kind in ("prose", "item") and not raw.endswith((":", "?"))
        ending = list(cited) if each else self._ending(unit, cited)
        if not text.strip():
            return self._late_markers(ending)
        self._unmarked = [one for one in (*self._unmarked, *cited) if one not in ending]
        markers = "".join(self._markers(ending))
        before = self._preface + self._held + (self._head if unit.kind == "row" else "") + gap
        if self._after_code and before.startswith("\n") and not before.startswith("\n\n"):
            before = f"\n{before}"
        shown = (before if self._shown else before.lstrip()) + _marked(text, unit, markers)
        self._preface = self._held = self._head = ""
        self._shown, self._after_code = True, bool(markers) and unit.kind == "code"
        return shown

    def _ending(self, unit: Unit, cited: Sequence[Cited]) -> list[Cited]:
        """Return the citations that end in this unit: they reach no word behind it."""
        return [one for one in cited if not _WORD.search(self._raw, unit.end, one.end)]

    def _late_markers(self, ending: Sequence[Cited]) -> str:
        """Return markers for citations that end in what isn't shown, for the part of them that was shown before."""
        shown = [one for one in ending if one in self._unmarked]
        self._unmarked = [one for one in self._unmarked if one not in ending]
        return "".join(f" {marker}" for marker in self._markers(shown))

    def _markers(self, cited: Sequence[Cited]) -> list[str]:
        numbers = sorted({self._number(chunk, one) for one in cited for chunk in one.chunk_ids})
        return [f"[{number}]" for number in numbers]

    def _harmless(self, raw: str, unit: Unit) -> str:
        text = clean(raw)
        if unit.kind == "code" and _FENCED.fullmatch(text):
            return defuse(links.only(text, self._urls.__contains__, code=True))
        bare = links.only(_OWN_MARKER.sub("", text), self._urls.__contains__)
        return defuse(text if bare == text else _SPACES.sub(" ", bare).strip())

    def _covering(self, unit: Unit) -> list[Cited]:
        return [cited for cited in self._cited if _overlap(cited, unit)]

    def _verbatim(self, unit: Unit, raw: str) -> list[Cited]:
        """Return citations for code that stands word for word in a passage: models seldom cite code."""
        lines = [line.strip() for line in raw.split("\n")[1:-1] if line.strip()]
        if unit.kind != "code" or not lines:
            return []
        holding = (c for c, p in self._passages.items() if all(line in p.text for line in lines))
        return [Cited(unit.start, unit.end, (chunk,)) for chunk in holding][:1]

    def _is_supported(self, raw: str, cited: Sequence[Cited]) -> bool:
        """Tell whether the unit's facts stand in what it cites: a right marker beside a wrong number helps nobody."""
        if self._is_ours(raw):
            return True
        passages = [self._passages[chunk] for one in cited for chunk in one.chunk_ids]
        if not _quoted(raw, passages) and self._attribution.contradicts(raw, passages):
            return False
        return not self._support.unsupported(raw, passages, around=self._raw)

    def _attributed(self, raw: str, unit: Unit) -> list[Cited]:
        """Return citations for a unit without markers, or with a wrong one, that says what a passage says."""
        if unit.kind in ("heading", "code") or not self._states_facts(raw):
            return []
        found = self._attribution.source(raw, around=self._raw)
        return [Cited(unit.start, unit.end, (found.chunk_id,))] if found is not None else []

    def _states_facts(self, raw: str) -> bool:
        return not self._is_ours(raw) and states_facts(raw, self._names)

    def _is_ours(self, raw: str) -> bool:
        plain = " ".join(raw.split())
        return any(plain in text for text in self._trusted)

    @cached_property
    def _names(self) -> frozenset[str]:
        return names_within(passage.text for passage in self._passages.values())

    def _number(self, chunk_id: str, cited: Cited) -> int:
        passage = self._passages[chunk_id]
        key = (passage.doc_id, passage.url)
        if key not in self._numbers:
            self._numbers[key] = len(self._numbers) + 1
            self._citations.append(
                citation(passage, self._numbers[key], near=self._raw[cited.start : cited.end])
            )
        return self._numbers[key]


def citation(passage: Passage, number: int, *, near: str = "") -> Citation:
    """Make a citation of the passage that quotes its sentence which is most like `near`."""
    return Citation(
        number=number,
        doc_id=passage.doc_id,
        title=passage.title,
        heading=passage.heading,
        url=passage.url,
        quote=_quote(passage.text, near),
        updated_at=passage.updated_at,
        owners=passage.owners,
    )


def _quoted(raw: str, passages: Sequence[Passage]) -> bool:
    """Tell whether a passage says it word for word, with or without the page's title as a label before it."""
    said = " ".join(_LABEL.sub("", raw).split())
    return bool(said) and any(said in " ".join(passage.text.split()) for passage in passages)


def _overlap(cited: Cited, unit: Unit) -> bool:
    return cited.start < unit.end and unit.start < cited.end


def _marked(text: str, unit: Unit, markers: str) -> str:
    if not markers:
        return text
    if unit.kind == "code":
        return f"{text}\n{markers}"
    if unit.kind == "row" and text.endswith("|"):
        return f"{text[:-1].rstrip()} {markers} |"
    return f"{text} {markers}"


def _quote(text: str, near: str) -> str:
    wanted = set(_WORD.findall(near.lower()))
    candidates = sentences(text) or [text]
    best = max(candidates, key=lambda s: len(wanted & set(_WORD.findall(s.lower()))))
    best = defuse(clean(" ".join(best.split())))
    return best if len(best) <= QUOTE_CHARACTERS else best[: QUOTE_CHARACTERS - 1].rsplit(" ", 1)[0] + "…"
