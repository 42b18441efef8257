"""One answer in a thread of Slack: a stream, a placeholder or a single message.

Whatever goes wrong, `finish` leaves one whole answer: a stream that broke is settled by an update, blocks
that are refused become text, a place that is gone becomes a DM.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial

from adapters import words
from adapters.reply import Fill, Undeliverable
from adapters.slack import blocks
from adapters.slack.api import Slack
from adapters.slack.calls import RATE_LIMITED, Failed, Gone, Lost, RefusedPayload, SlackError
from adapters.slack.place import Place
from adapters.slack.status import StatusLine
from adapters.slack.text import escape, markdown
from adapters.view import AnswerView

log = logging.getLogger(__name__)

_UPDATE_TEXT = 3900  # characters that chat.update takes without blocks


class ThreadReply:
    """An answer that everybody in the thread (or the DM) sees."""

    private = False

    def __init__(
        self,
        slack: Slack,
        place: Place,
        mark: str,
        fill: Fill,
        *,
        streaming: bool = True,
        revived: bool = False,
    ) -> None:
        self.unprompted = place.unprompted
        self.fill = fill
        self._slack = slack
        self._place = place
        self._mark = mark
        self._may_stream = streaming
        self._unsure = revived  # there may be messages that we don't know of
        self._further: dict[int, str] = {}  # the ts of each page after the first
        self._written = ""  # all that the core said so far
        self._shown = ""  # what of it the stream holds
        self._whole = True  # the stream holds exactly `_shown`
        self._next = 0.0
        self._update_taken = False
        self._status = StatusLine(slack, place.channel, place.thread_ts)
        self._remember: Callable[[str], Awaitable[None]] | None = None

    def is_at(self, channel: str, thread_ts: str) -> bool:
        """Whether it answers in this thread."""
        return (channel, thread_ts) == (self._place.channel, self._place.thread_ts)

    async def begin(self, remember: Callable[[str], Awaitable[None]]) -> None:
        self._remember = remember
        if self._unsure and not self._place.ts:
            await self._find_what_stands()
        if self._place.ts:  # revived: what stands there is updated at the end
            self._may_stream = False
        elif not self.unprompted:
            await self._show_work()

    async def write(self, text: str) -> None:
        self._written += text
        now = time.monotonic()
        if not self._may_stream or now < self._next:
            return
        self._next = now + self._slack.pace.append
        shown = markdown(self._written)
        if len(shown.encode()) > blocks.MESSAGE_BYTES:
            self._may_stream = False
        elif self._place.ts:
            await self._append(shown)
        elif self._slack.may_stream():
            await self._start(shown)
        else:
            self._may_stream = False

    async def finish(self, answer: AnswerView) -> None:
        """Whatever Slack says, the answer comes: as text, in new messages, by DM, or once Slack is back."""
        pages, tail = blocks.pages(answer.text), blocks.tail(answer)
        show = partial(self._settle, pages, tail)
        fallen: list[object] = []
        until, pause = time.monotonic() + self._slack.pace.outage, self._slack.pace.again
        while True:
            try:
                await show()
                break
            except Lost as error:
                if time.monotonic() > until:
                    raise Undeliverable(str(error)) from error
                log.warning("answer %s waits for Slack: %s", answer.answer_id, error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 15.0)
            except RefusedPayload as error:
                log.warning("answer %s is sent as text: %s", answer.answer_id, error)
                if self._put_text in fallen:
                    raise Undeliverable(str(error)) from error
                fallen.append(self._put_text)
                show = partial(self._put_text, blocks.plain_message(answer))
            except (SlackError, Gone) as error:
                log.warning("answer %s: %s", answer.answer_id, error)
                way = next((way for way in self._ways_out(error) if way not in fallen), None)
                if way is None:
                    raise Undeliverable(str(error)) from error
                fallen.append(way)
                await way()
        await self._status.settle()

    def _ways_out(self, error: SlackError | Gone) -> tuple[Callable[[], Awaitable[None]], ...]:
        return (self._to_dm,) if isinstance(error, Gone) else (self._anew, self._to_dm)

    async def stop(self) -> None:
        """Somebody pressed Slack's stop button: what was written so far stays."""
        text = "\n\n".join(filter(None, (self._written.strip(), f"_{words.STOPPED}_")))
        await self.finish(AnswerView("", text, (), (), ()))

    async def say(self, text: str) -> None:
        place = self._place
        with suppress(Failed):
            if place.channel.startswith("D"):
                await self._slack.post(place.channel, escape(text), thread_ts=place.thread_ts)
            else:
                await self._slack.whisper(
                    place.channel, place.user, escape(text), thread_ts=place.open_thread
                )

    async def withdraw(self) -> None:
        await self._take_back()
        if not self._place.ts:
            await self._status.clear()

    # --- the first sign ---------------------------------------------------------------------------

    async def _show_work(self) -> None:
        """The status line; a placeholder where there is none within a moment."""
        try:
            if await self._status.show():
                return
            # Without room for an update it would keep the answer waiting, which has to take its place.
            placeholder = self._slack.may_update()
        except Gone:
            placeholder = False
        log.info("no status line for question %s", self._mark)
        self._may_stream = False
        if placeholder:
            self._update_taken = True
            with suppress(Failed):
                await self._put([escape(words.WORKING)], [])

    # --- streaming --------------------------------------------------------------------------------

    async def _start(self, shown: str) -> None:
        place = self._place
        try:
            ts = await self._slack.start_stream(place.channel, place.thread_ts, place.user, place.team, shown)
        except Failed as error:
            log.info("no stream: %s", error)
            self._may_stream = False
            if isinstance(error, Lost):
                await self._find_lost_stream()
            return
        self._shown = shown
        await self._moved(ts=ts, streaming=True)

    async def _find_lost_stream(self) -> None:
        """A stream may have begun although its answer was lost: it is then settled like any other."""
        with suppress(SlackError, Lost, Gone):
            for message in reversed(await self._slack.thread(self._place.channel, self._place.thread_ts)):
                if message.get("streaming_state") == "in_progress" and message.get("bot_id"):
                    self._whole = False
                    await self._moved(ts=str(message["ts"]), streaming=True)
                    return

    async def _find_what_stands(self) -> None:
        """The process that died may have shown something whose address the journal never got."""
        place = self._place
        with suppress(Lost):
            found = await self._slack.find(place.channel, place.thread_ts, f"{self._mark}/0")
            if found:
                await self._moved(ts=found)
                return
        await self._find_lost_stream()

    async def _append(self, shown: str) -> None:
        if not self._whole or not shown.startswith(self._shown) or shown == self._shown:
            return
        if not self._slack.may_append():
            return
        try:
            await self._slack.append_stream(self._place.channel, self._place.ts, shown[len(self._shown) :])
            self._shown = shown
        except Failed as error:
            if isinstance(error, SlackError) and error.code == RATE_LIMITED:
                return  # nothing came of it: the next one has more to say
            log.info("stream %s broke: %s", self._place.ts, error)
            self._whole = self._may_stream = False

    async def _stop_quietly(self) -> None:
        if self._place.streaming:
            with suppress(Failed):
                await self._slack.stop_stream(self._place.channel, self._place.ts, "")
            await self._moved(streaming=False)

    # --- the final form ---------------------------------------------------------------------------

    async def _settle(self, pages: list[str], tail: list[blocks.Block]) -> None:
        place = self._place
        if place.streaming and self._whole and len(pages) == 1 and pages[0].startswith(self._shown):
            try:
                await self._slack.stop_stream(place.channel, place.ts, pages[0][len(self._shown) :], tail)
                await self._moved(streaming=False)
            except (SlackError, Lost, RefusedPayload) as error:
                log.info("stream %s is settled by an update: %s", place.ts, error)
            else:
                return
        await self._stop_quietly()
        await self._put(pages, tail)

    async def _put(self, pages: list[str], tail: list[blocks.Block]) -> None:
        """The pages as messages, into what is there already where something is."""
        for number, (text, body) in enumerate(blocks.messages(pages, tail)):
            await self._put_page(number, text, body)

    async def _put_text(self, text: str) -> None:
        """The answer without any blocks. An update takes little text: then a new message has it."""
        await self._stop_quietly()
        if len(text) > _UPDATE_TEXT:
            await self._anew()
        await self._put_page(0, text, [])

    async def _put_page(self, number: int, text: str, body: list[blocks.Block]) -> None:
        place, mark = self._place, f"{self._mark}/{number}"
        ts = self._further.get(number, "") if number else place.ts
        if not ts and self._unsure:
            ts = await self._slack.find(place.channel, place.thread_ts, mark)
        if not ts or not await self._updated(ts, text, body):
            self._unsure = True
            ts = await self._slack.post(place.channel, text, body, thread_ts=place.thread_ts, mark=mark)
            self._unsure = False
        if number:
            self._further[number] = ts
        else:
            await self._moved(ts=ts)

    async def _updated(self, ts: str, text: str, body: list[blocks.Block]) -> bool:
        """False if there is no such message any more."""
        for _ in range(3):
            try:
                taken, self._update_taken = self._update_taken, False
                await self._slack.update(self._place.channel, ts, text, body, taken=taken)
            except SlackError as error:
                if error.code == "message_not_found":
                    return False
                if error.code != "streaming_state_conflict":
                    raise
                with suppress(SlackError, Lost, RefusedPayload):
                    await self._slack.stop_stream(self._place.channel, ts, "")
                await asyncio.sleep(0.2)
            else:
                return True
        raise SlackError("chat.update", "streaming_state_conflict")

    async def _anew(self) -> None:
        """What stands there can't be made the answer: it goes, and new messages take its place."""
        await self._take_back()
        self._further.clear()
        self._mark += "/anew"
        await self._moved(ts="", streaming=False)

    async def _to_dm(self) -> None:
        """The place can't be written to any more: the asker is told alone."""
        try:
            channel = await self._slack.direct(self._place.user)
        except Failed as error:
            raise Undeliverable(str(error)) from error
        await self._status.clear()
        self._further.clear()
        await self._moved(channel=channel, thread_ts="", ts="", streaming=False)

    async def _take_back(self) -> None:
        await self._stop_quietly()
        if self._unsure and not self._place.ts:
            await self._find_what_stands()
        for ts in filter(None, (self._place.ts, *self._further.values())):
            with suppress(Failed):
                await self._slack.delete(self._place.channel, ts)

    async def _moved(self, **changes: str | bool) -> None:
        before = self._place.address
        self._place = replace(self._place, **changes)  # type: ignore[arg-type] # fields of Place
        if self._remember and self._place.address != before:
            await self._remember(self._place.address)
