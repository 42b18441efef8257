"""Holds an answer in the making: what was found, shown, used up and degraded on the way."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import TypeVar

from bot import decisions
from bot.answering.citation_check import CitationChecker
from bot.model import Answer, Citation, Outcome, Stage, Trace, Usage
from bot.ports import BackendError, Brief, Cited, Finished, Style, Wrote
from bot.retrieval.retrieval_result import Retrieval
from bot.runtime.deadline import Deadline
from bot.runtime.turns import Turns
from bot.runtime.work_context import added_up, span

OnText = Callable[[str], Awaitable[None]]
OnStage = Callable[[Stage], Awaitable[None]]

SEE_ALSO, NEAREST = 4, 2  # pages named beside an answer, and instead of one
NOT_FOUND = "I couldn't find an answer to that in the docs."
BROKEN_OFF = "*The answer breaks off here: {why}*"
CUT = "*The answer was cut here: it reached its greatest length.*"
_QUICK = 4_000  # characters of passages that are checked against in about a millisecond
T = TypeVar("T")
UNWRITTEN = "I found pages about this but can't write an answer right now ({why}). Reference: `{id}`"


class Draft:
    """Collects what becomes one Answer, which `end`, `written`, `broken_off` or `unwritten` makes at the end."""

    def __init__(
        self,
        id: str,  # noqa: A002 - the answer's own field
        deadline: Deadline,
        on_text: OnText | None,
        on_stage: OnStage | None = None,
        not_found: str = "",
    ) -> None:
        self.id = id
        self._not_found = not_found
        self.deadline = deadline
        self.degraded: list[str] = []
        self.usage: list[Usage] = []
        self.examples: tuple[str, ...] = ()
        self.queries: tuple[str, ...] = ()
        self.style = Style()
        self.found: Retrieval | None = None
        self._on_text = on_text
        self._on_stage = on_stage
        self._stage: Stage | None = None
        self._text = ""
        self._more = True
        self._detailed = False
        self._weighty = False
        self._checker: CitationChecker | None = None
        self._dropped: list[str] = []
        self._seconds: dict[str, float] = {}

    @property
    def shown(self) -> bool:
        return bool(self._text)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        start = self.deadline.spent
        try:
            with span(stage):
                yield
        finally:
            self._seconds[stage] = self._seconds.get(stage, 0.0) + self.deadline.spent - start

    @asynccontextmanager
    async def in_one_piece(self) -> AsyncIterator[None]:
        """Hold back what is shown within, and show it at the end: showing may take long."""
        on_text, before = self._on_text, len(self._text)
        self._on_text = None
        try:
            yield
        finally:
            self._on_text = on_text
        if on_text is not None and len(self._text) > before:
            await on_text(self._text[before:])

    @asynccontextmanager
    async def turn(self, turns: Turns) -> AsyncIterator[None]:
        """Wait for this draft's turn among `turns`, and give it back at the end. No time limit counts the wait."""

        async def tell(ahead: int) -> None:
            await self.tell(Stage("waiting", ahead))

        with self.timed("waiting"), self.deadline.paused():
            await turns.entered(tell)
        try:
            yield
        finally:
            turns.leave()

    async def new_checker(self, brief: Brief) -> None:
        """Begin to write, or to write anew; nothing of an earlier try was shown."""
        self._keep_dropped()
        self._detailed = brief.detailed
        own = (brief.style.opening, brief.style.closing, *brief.style.phrases)
        self._weighty = sum(len(passage.text) for passage in brief.passages) > _QUICK
        self._checker = await self._off_the_loop(
            lambda: CitationChecker(
                brief.passages, trusted=own, each=brief.style.cite_each, question=brief.question
            )
        )

    async def feed(self, event: Wrote | Cited) -> None:
        """Take an event of the writer, and show what it makes showable."""
        checker = self._checker
        if checker is not None:
            await self.show(await self._off_the_loop(lambda: checker.feed(event)))

    async def tell(self, stage: Stage) -> None:
        """Tell who waits what is being done, as long as no text is shown."""
        if self._on_stage is not None and stage != self._stage and not self._text:
            self._stage = stage
            await self._on_stage(stage)

    async def show(self, text: str) -> None:
        if not text:
            return
        if not self._text:
            self._seconds["first_text"] = self.deadline.spent
        self._text += text
        if self._on_text is not None:
            await self._on_text(text)

    async def finish(self, event: Finished) -> None:
        """Take the writer's last event, and show the rest."""
        self.usage.append(event.usage)
        self._more = event.more and not self._detailed
        if event.degraded:
            self.degraded.append(event.degraded)
        if self._checker is not None:
            await self.show(await self._off_the_loop(self._checker.finish))
        if self._text and event.reason == "length":
            await self.show(f"\n\n{CUT}")

    def written(self) -> Answer:
        """Return the answer that was written; NOT_FOUND where no sentence of it rested on what was found."""
        if self._text:
            return self.end(Outcome.ANSWERED, self._text)
        said = self._checker.said(self.style.phrases) if self._checker is not None else ""
        if said:
            return self.refused(said, decisions.GUIDES_WORDS)
        return self.not_found(decisions.UNCOVERED)

    async def known(self, answer: Answer) -> Answer:
        """Show a verified answer unchanged, and return it as this question's."""
        await self.show(answer.text)
        made = self.end(Outcome.ANSWERED, self._text, decision=answer.trace.decision)
        return replace(made, citations=answer.citations, strong=True, verified=answer.verified)

    def not_found(self, decision: str) -> Answer:
        """Return NOT_FOUND, in the words of the asker's place or of the style guide if they have some."""
        text = (
            self._not_found
            or self.style.not_found
            or "\n\n".join(filter(None, (NOT_FOUND, self.style.hand_over)))
        )
        return self.end(Outcome.NOT_FOUND, text, decision=decision)

    async def broken_off(self, error: BackendError) -> Answer:
        """Return what was shown before a failure, with a word that the answer is incomplete."""
        await self.show(f"\n\n{BROKEN_OFF.format(why=error)}")
        self.degraded.append(f"The answer is incomplete: {error.reason}")
        return self.end(Outcome.ANSWERED, self._text, decision=f"broken off: {error}")

    def unwritten(self, error: BackendError) -> Answer:
        text = UNWRITTEN.format(why=str(error).rstrip("."), id=self.id)
        text = "\n\n".join(filter(None, (text, self.style.hand_over)))
        return self.end(Outcome.UNAVAILABLE, text, decision=f"writing failed: {error}")

    def refused(self, text: str, decision: str) -> Answer:
        """Return a refusal in the style guide's words.

        It names no pages: pages near the question would be an answer of a kind.
        """
        return replace(self.end(Outcome.NOT_FOUND, text, decision=decision), nearest=(), gap=False)

    def end(self, outcome: Outcome, text: str, *, decision: str = "", gap: bool = True) -> Answer:
        self._keep_dropped()
        found = self.found
        self._seconds["total"] = self.deadline.spent
        answered = outcome is Outcome.ANSWERED
        return Answer(
            id=self.id,
            outcome=outcome,
            text=text,
            citations=self._checker.citations if self._checker is not None and answered else (),
            degraded=in_one_line(self.degraded),
            nearest=self._nearest(answered=answered),
            strong=found is not None and found.strong and answered,
            usage=summed(self.usage),
            more=self._more,
            gap=gap and (found is None or not found.hidden),
            trace=Trace(
                queries=tuple(found.queries) if found is not None else self.queries,
                candidates=tuple(found.candidates) if found is not None else (),
                evidence=dict(found.evidence) if found is not None else {},
                decision=decision or (found.decision if found is not None else ""),
                examples=self.examples,
                dropped_sentences=tuple(self._dropped),
                seconds=dict(self._seconds),
            ),
        )

    async def _off_the_loop(self, check: Callable[[], T]) -> T:
        """Run a check, in a thread where the passages are long: it then takes many milliseconds."""
        with added_up("check"):
            return await asyncio.to_thread(check) if self._weighty else check()

    def _nearest(self, *, answered: bool) -> tuple[Citation, ...]:
        """Return the closest pages that the answer doesn't cite."""
        if self.found is None:
            return ()
        cited = self._checker.citations if answered and self._checker is not None else ()
        pages = {one.doc_id for one in cited}
        further = [page for page in self.found.nearest if page.doc_id not in pages]
        return tuple(_spread(further)[: SEE_ALSO if answered else NEAREST])

    def _keep_dropped(self) -> None:
        if self._checker is not None:
            self._dropped += self._checker.dropped
            self._checker.dropped = []


def _spread(pages: Sequence[Citation]) -> list[Citation]:
    """Sort pages so that each folder's best comes before a second one of any: neighbours tell much the same."""
    folders = [page.doc_id.rpartition("/")[0] for page in pages]
    order = sorted(range(len(pages)), key=lambda at: folders[at] in folders[:at])
    return [pages[at] for at in order]


def in_one_line(degraded: Sequence[str]) -> tuple[str, ...]:
    """Join the lines about parts that were down into one, which tells a shared reason once.

    Each of `degraded` is "what was done instead: why".
    """
    done: dict[str, tuple[list[str], str]] = {}
    for line in dict.fromkeys(degraded):
        what, _, why = line.partition(": ")
        reason, _, _ = why.partition(" (not tried again")
        done.setdefault(reason.rstrip("."), ([], why))[0].append(what)
    lines = [": ".join(filter(None, (_list(whats), why))) for whats, why in done.values()]
    return (" ".join(lines),) if lines else ()


def _list(whats: Sequence[str]) -> str:
    first, *others = whats
    return ", ".join((first, *(f"{each[:1].lower()}{each[1:]}" for each in others)))


def summed(usages: Sequence[Usage]) -> tuple[Usage, ...]:
    """Add up usages by model: one for each model."""
    total: dict[str, Usage] = {}
    for usage in usages:
        before = total.get(usage.model, Usage(usage.model))
        total[usage.model] = Usage(
            usage.model,
            calls=before.calls + usage.calls,
            texts=before.texts + usage.texts,
            input_tokens=before.input_tokens + usage.input_tokens,
            output_tokens=before.output_tokens + usage.output_tokens,
        )
    return tuple(total.values())
