"""A bot whose core is a script, and whose journal is real."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from bot.bootstrap import App, open_guides, open_verified
from bot.config.live import LiveSettings
from bot.journal.database import Database
from bot.model import Answer, Citation, Outcome, Passage, Question
from bot.opened_records import Records
from bot.ports import StoreStats
from tests.support.fakes import FakeRetrieval, FakeRetriever
from tests.support.waiting import patience

LEAVE = Citation(
    1,
    "handbook:leave.md",
    "Annual leave",
    "Notice",
    "https://docs.example/leave#notice",
    "Give four weeks' notice.",
    datetime(2026, 10, 1, tzinfo=UTC),
    ("Dana Whitfield",),
)


@dataclass
class Core:
    """The core as a script: the first key that a question holds says what it answers.

    A list is streamed piece by piece with a step of the loop (or `pause` seconds) between.
    """

    answers: dict[str, Answer | Exception | Sequence[str]] = field(default_factory=dict)
    asked: list[Question] = field(default_factory=list)
    pause: float = 0.0
    hold: asyncio.Event | None = None
    remember: bool = True
    instead: Any = None  # a real Answerer that answers
    ids: list[str] = field(default_factory=list)

    async def answer(
        self,
        question: Question,
        *,
        id: str | None = None,  # noqa: A002 - the real one's
        on_text=None,
        on_stage=None,
    ) -> Answer:
        if self.remember:
            self.asked.append(question)
            self.ids.append(id or "")
        if self.instead is not None:
            return await self.instead.answer(question, id=id, on_text=on_text, on_stage=on_stage)
        found = next((a for key, a in self.answers.items() if key in question.text), None)
        if isinstance(found, Exception):
            raise found
        if isinstance(found, Answer):
            return Answer(**{**{f: getattr(found, f) for f in found.__slots__}, "id": id})
        pieces = found or ["You give four weeks' notice [1]."]
        for piece in pieces:
            if on_text:
                await on_text(piece)
            await asyncio.sleep(self.pause)
        if self.hold:
            await self.hold.wait()
        return Answer(id or "x", Outcome.ANSWERED, "".join(pieces), (LEAVE,), strong=True)


class Shelf:
    """The parts of a store that a platform looks at: which pages an audience may see."""

    def __init__(self) -> None:
        self.revision = "r1"
        self.visible: dict[str, frozenset[str]] = {"handbook:leave.md": frozenset({"everyone"})}

    async def passages(self, spans, audience) -> list[Passage]:
        return [
            Passage(span.doc_id + "#0", span.doc_id, "handbook", 0, "Annual leave", "", "", "")
            for span in spans
            if self.visible.get(span.doc_id, frozenset()) & audience
        ]

    async def revisions(self, source) -> dict[str, str]:
        return dict.fromkeys(self.visible, self.revision)

    async def stats(self) -> StoreStats:
        return StoreStats(1, 1, None, {})


def scripted(settings: Any, core: Core, shelf: Shelf, database: Database, writer: Any = None) -> App:
    """Docent's parts: the core is a script, the journal is real."""
    records = Records(lambda: database)
    return App(
        live=LiveSettings(settings),
        answerer=core,
        retriever=cast("Any", FakeRetriever(FakeRetrieval(nearest=(LEAVE,)))),
        store=shelf,
        shown=shelf,
        embedder=None,
        reranker=None,
        writer=writer,
        records=records,
        guides=open_guides(settings),
        verified=open_verified(settings, records.lessons, shelf),
    )


def patient_journal(folder: Path) -> Database:
    """The journal in a folder: on a busy machine a write takes longer, and what a test is about is something else."""
    return Database(folder=folder, deadline=5.0 * patience())
