"""A writer that needs no model: the sentences that answer the question, quoted word for word and cited."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence

from bot import asking
from bot.analyze import query_terms
from bot.extract.render import Piece, length, render
from bot.extract.score import Scorer
from bot.extract.select import Chosen, select
from bot.extract.snippets import snippets
from bot.extract.wanted import parts
from bot.model import Question, Usage
from bot.ports import Brief, Cited, Finished, Wrote

NAME = "extractive"

log = logging.getLogger(__name__)


class ExtractiveWriter:
    """Never down, never billed."""

    def __init__(self) -> None:
        self._calls = 0

    async def standalone(self, question: Question) -> str:
        return asking.merged(question)

    async def write(self, brief: Brief) -> AsyncIterator[Wrote | Cited | Finished]:
        self._calls += 1
        pieces = await asyncio.to_thread(quote, brief)
        at = 0
        if brief.style.opening and pieces:
            opening = f"{brief.style.opening}\n\n"
            yield Wrote(opening)
            at = len(opening)
        for piece in pieces:
            text = f"{piece.gap}{piece.text}"
            yield Wrote(text)
            yield Cited(at + len(piece.gap), at + len(text), piece.chunk_ids)
            at += len(text)
        if brief.style.closing and pieces:
            yield Wrote(f"\n\n{brief.style.closing}")
        if not pieces:
            yield Wrote(" ")
        yield Finished("complete", Usage(NAME, calls=1))

    def usage(self) -> Usage:
        return Usage(NAME, calls=self._calls)

    async def close(self) -> None: ...


def quote(brief: Brief) -> list[Piece]:
    """The answer's pieces; none if nothing can be quoted."""
    found = snippets(brief.passages)
    wanted = parts(brief.question)
    asking_parts = tuple(part for part in wanted if part.kinds) or wanted
    asked = frozenset(query_terms(brief.question))
    scorer = Scorer(brief.question, asking_parts, found)
    ranked = [scorer.part(number) for number in range(len(asking_parts))]
    room = brief.style.max_characters - len(brief.style.opening) - len(brief.style.closing)

    def fits(chosen: Sequence[Chosen]) -> bool:
        return length(render(chosen, asked)) <= room

    return render(select(ranked, asking_parts, fits), asked)
