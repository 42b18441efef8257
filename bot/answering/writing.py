"""Has a draft written: by the writer, once more after a failure that may pass, or else by the fallback."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from bot.answering.draft import Draft
from bot.limits import AnswerLimits
from bot.model import Answer, Stage
from bot.ports import (
    BackendError,
    Brief,
    Cited,
    Finished,
    RateLimited,
    Refused,
    Unavailable,
    Waiting,
    Writer,
    Wrote,
)
from bot.runtime.circuit_breaker import CircuitBreaker
from bot.runtime.turns import Turns
from bot.runtime.work_context import degraded

Events = AsyncIterator[Wrote | Cited | Finished | Waiting]

log = logging.getLogger(__name__)

QUOTED_INSTEAD = "The best passages quoted word for word: {why}"


class Writing:
    """Writes answers with `writer`, guarded by `breaker`, or with `fallback`, which waits for its turn."""

    def __init__(
        self,
        writer: Writer,
        fallback: Writer | None,
        limits: AnswerLimits,
        breaker: CircuitBreaker,
        turns: Turns,
    ) -> None:
        self._writer = writer
        self._fallback = fallback
        self._limits = limits
        self._breaker = breaker
        self._turns = turns

    async def write(self, brief: Brief, draft: Draft) -> Answer:
        """Write the answer, whatever fails; no BackendError comes out.

        What was shown before a failure stays, and the answer says that it breaks off there.
        """
        with draft.timed("write"):
            try:
                await self._with_writer(brief, draft)
            except BackendError as error:
                log.warning("answer %s: writing failed: %s", draft.id, error)
                degraded("the writer")
                if draft.shown:
                    return await draft.broken_off(error)
                if self._fallback is None:
                    return draft.unwritten(error)
                draft.degraded.append(QUOTED_INSTEAD.format(why=error.reason))
                return await self._quoted(self._fallback, brief, draft)
        return draft.written()

    async def _quoted(self, fallback: Writer, brief: Brief, draft: Draft) -> Answer:
        try:
            async with draft.in_one_piece(), draft.turn(self._turns):
                await self._stream(fallback, brief, draft, first=self._limits.quoting, keep=0.0)
        except BackendError as error:
            return await draft.broken_off(error) if draft.shown else draft.unwritten(error)
        return draft.written()

    async def _with_writer(self, brief: Brief, draft: Draft) -> None:
        """Write, and once more after a failure that may have passed, if nothing was shown yet."""
        try:
            await self._guarded(brief, draft)
        except (Unavailable, Refused) as error:
            wait = error.retry_after if isinstance(error, RateLimited) else 0.0
            if draft.shown or self._breaker.is_open or wait > self._limits.patience:
                raise
            log.info("answer %s: writing failed, trying again: %s", draft.id, error)
            await asyncio.sleep(wait)
            await self._guarded(brief, draft)

    async def _guarded(self, brief: Brief, draft: Draft) -> None:
        keep = self._limits.quoting if self._fallback is not None else 0.0
        await draft.tell(Stage("reading", len({passage.doc_id for passage in brief.passages})))
        async with self._breaker.guard():
            await self._stream(self._writer, brief, draft, first=self._limits.first_token, keep=keep)

    async def _stream(self, writer: Writer, brief: Brief, draft: Draft, *, first: float, keep: float) -> None:
        """Show what the writer writes, checked. Raises Unavailable if it takes too long or ends without a word."""
        await draft.new_checker(brief)
        seconds, wrote = first, False
        async with _closing(writer.write(brief)) as events:
            while True:
                event = await draft.deadline.wait(
                    "the writer", anext(events, None), seconds=seconds, keep=keep
                )
                if event is None:
                    raise Unavailable("the writer", "its answer was cut off.")
                if isinstance(event, Waiting):
                    await draft.tell(Stage("waiting" if event.ahead else "thinking", event.ahead))
                    seconds = first if event.ahead else self._limits.between_tokens
                    continue
                if isinstance(event, Finished):
                    break
                wrote = wrote or isinstance(event, Wrote)
                await draft.feed(event)
                seconds = self._limits.between_tokens
        if not wrote:
            raise Unavailable("the writer", "its answer was empty.")
        await draft.finish(event)


@asynccontextmanager
async def _closing(events: Events) -> AsyncIterator[Events]:
    """Close the events at the end, as `aclosing` does, also where they are an iterator that can't be closed."""
    try:
        yield events
    finally:
        if isinstance(events, AsyncGenerator):
            await events.aclose()
