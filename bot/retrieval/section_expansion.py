"""Widens the chunks that won to the sections that they are of, which a writer can work with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot.model import Passage
from bot.ports import Reader, Span

MOST_SECTIONS = 14  # a model gets fewer of them: see ChatWriter
# Further sections of one page beyond these wait for other pages' turn.
SECTIONS_A_PAGE = 6
SECTION_TOKENS = 700
# Some winners are of one section, or of a page that has its share.
_MOST_WINNERS = 22
# How far around a chunk its section is looked for.
_REACH = 3
_CHARACTERS_A_TOKEN = 4


@dataclass(slots=True)
class _Section:
    """The chunks `first` to `last`, grown around the `winner`."""

    winner: Passage
    chunks: list[Passage]
    tokens: int

    @property
    def first(self) -> int:
        return self.chunks[0].ordinal

    @property
    def last(self) -> int:
        return self.chunks[-1].ordinal

    def holds(self, passage: Passage) -> bool:
        return passage.doc_id == self.winner.doc_id and self.first <= passage.ordinal <= self.last

    def passage(self) -> Passage:
        """Return them as one passage, with the winner's id."""
        first = self.chunks[0]
        text = "\n\n".join(chunk.text for chunk in self.chunks)
        return replace(self.winner, ordinal=first.ordinal, url=first.url, text=text)


async def widen(
    winners: Sequence[Passage], store: Reader, audience: frozenset[str], *, tokens: int
) -> tuple[Passage, ...]:
    """Return the winners' sections, in the winners' order, of at most `tokens` together.

    A winner inside of a better one's section adds nothing. What the store no longer has is left out.
    """
    winners = winners[:_MOST_WINNERS]
    around = {(p.doc_id, p.ordinal): p for p in await store.passages(_spans(winners), audience)}
    sections: list[_Section] = []
    left = tokens
    for winner in winners:
        here = around.get((winner.doc_id, winner.ordinal))
        if here is None or any(section.holds(winner) for section in sections):
            continue
        if sum(section.winner.doc_id == winner.doc_id for section in sections) >= SECTIONS_A_PAGE:
            continue
        section = _grow(
            replace(here, score=winner.score, called=winner.called),
            around,
            sections,
            min(left, SECTION_TOKENS),
        )
        if section is None:
            break
        sections.append(section)
        left -= section.tokens
        if len(sections) == MOST_SECTIONS:
            break
    return tuple(section.passage() for section in sections)


def _spans(winners: Sequence[Passage]) -> list[Span]:
    """Return the spans around all winners, without overlaps."""
    spans: list[Span] = []
    for doc_id, ordinal in sorted((winner.doc_id, winner.ordinal) for winner in winners):
        first, last = max(0, ordinal - _REACH), ordinal + _REACH
        if spans and spans[-1].doc_id == doc_id and first <= spans[-1].last + 1:
            spans[-1] = Span(doc_id, spans[-1].first, last)
        else:
            spans.append(Span(doc_id, first, last))
    return spans


def _grow(
    winner: Passage, around: dict[tuple[str, int], Passage], taken: Sequence[_Section], room: int
) -> _Section | None:
    """Return the winner with its neighbours below the same heading, as far as there is room; None if there is none."""
    size = _tokens(winner)
    if size > room and taken:
        return None
    section = _Section(winner, [winner], size)
    for neighbour in _neighbours(winner, around):
        touches = neighbour.ordinal in (section.first - 1, section.last + 1)
        if not touches or any(other.holds(neighbour) for other in taken):
            continue
        if section.tokens + _tokens(neighbour) > room:
            continue
        at = 0 if neighbour.ordinal < section.first else len(section.chunks)
        section.chunks.insert(at, neighbour)
        section.tokens += _tokens(neighbour)
    return section


def _neighbours(winner: Passage, around: dict[tuple[str, int], Passage]) -> Iterator[Passage]:
    """Give the neighbours, nearest first, what follows before what precedes."""
    for distance in range(1, _REACH + 1):
        for ordinal in (winner.ordinal + distance, winner.ordinal - distance):
            neighbour = around.get((winner.doc_id, ordinal))
            if neighbour is not None and neighbour.heading == winner.heading:
                yield neighbour


def _tokens(passage: Passage) -> int:
    return len(passage.text) // _CHARACTERS_A_TOKEN + 1
