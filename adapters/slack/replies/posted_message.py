"""Posts an answer in Slack as a stream or as messages, and keeps track of where it is."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace

from adapters.chat.background_tasks import looked_at
from adapters.chat.questions.reply import Remember, Undeliverable
from adapters.slack.connection.transport import (
    RATE_LIMITED,
    Failed,
    Gone,
    Lost,
    RefusedPayload,
    SlackError,
)
from adapters.slack.connection.web_api import SlackWebApi
from adapters.slack.replies import rendering
from adapters.slack.reply_address import SlackAddress

log = logging.getLogger(__name__)

_UPDATE_TEXT = 3900  # characters that chat.update takes without blocks


class PostedMessage:
    """An answer's messages in Slack, of which none is posted twice.

    `remember` is told their address at once. `mark` identifies them among the bot's messages. `revived`: an
    earlier process may have posted some that this one doesn't know of.
    """

    def __init__(self, slack: SlackWebApi, place: SlackAddress, mark: str, *, revived: bool) -> None:
        self.place = place
        self.remember: Remember | None = None
        self._slack = slack
        self._mark = mark
        self._revived = revived
        self._unsure = revived
        self._further: dict[int, str] = {}  # the ts of each page after the first
        self._shown = ""  # the stream's text so far
        self._whole = True  # the stream is unbroken: it holds exactly `_shown`
        self._update_taken = False
        self._beginning: asyncio.Task[str] | None = None

    async def find(self) -> None:
        """Look for a message that a process posted before it died, without its address in the journal."""
        place = self.place
        if place.ts or not self._unsure:
            return
        with suppress(Lost):
            found = await self._slack.find(place.channel, place.thread_ts, f"{self._mark}/0")
            if found:
                await self._moved(ts=found)
                return
        await self._find_lost_stream()

    async def stream(self, text: str) -> bool:
        """Show this much of the answer. Return False if the rest can only be shown at the end."""
        if self.place.ts:
            return await self._append(text)
        return self._slack.may_stream() and await self._start(text)

    async def _start(self, shown: str) -> bool:
        place = self.place
        beginning = self._slack.start_stream(place.channel, place.thread_ts, place.user, place.team, shown)
        self._beginning = asyncio.create_task(beginning)
        self._beginning.add_done_callback(looked_at)
        try:
            ts = await asyncio.shield(self._beginning)
        except Failed as error:
            log.info("no stream: %s", error)
            if isinstance(error, Lost):
                await self._find_lost_stream()
            return False
        self._shown = shown
        await self._moved(ts=ts, streaming=True)
        return True

    async def left(self) -> str:
        """Return the address of what was shown for another reply to reuse, once a starting stream has one."""
        if self._beginning is not None and not self.place.ts:
            with suppress(Failed):
                self.place = replace(self.place, ts=await self._beginning)
        return self.place.address

    async def _find_lost_stream(self) -> None:
        """Look for a stream that began although Slack's answer was lost; `settle` then finishes it."""
        with suppress(SlackError, Lost, Gone):
            for message in reversed(await self._slack.thread(self.place.channel, self.place.thread_ts)):
                if message.get("streaming_state") == "in_progress" and self._slack.is_own(message):
                    self._whole = False
                    await self._moved(ts=str(message["ts"]), streaming=True)
                    return

    async def _append(self, shown: str) -> bool:
        if not self._whole or not shown.startswith(self._shown) or shown == self._shown:
            return True
        if not self._slack.may_append():
            return True
        try:
            await self._slack.append_stream(self.place.channel, self.place.ts, shown[len(self._shown) :])
            self._shown = shown
        except Failed as error:
            if isinstance(error, SlackError) and error.code == RATE_LIMITED:
                return True  # refused: the next append sends this text as well
            log.info("stream %s broke: %s", self.place.ts, error)
            self._whole = False
        return self._whole

    async def _stop_quietly(self) -> None:
        if self.place.streaming:
            with suppress(Failed):
                await self._slack.stop_stream(self.place.channel, self.place.ts, "")
            await self._moved(streaming=False)

    async def hold(self, text: str) -> None:
        """Post a placeholder, if the rate limit has room for the update that turns it into the answer."""
        if self._slack.may_update():
            self._update_taken = True
            with suppress(Failed):
                await self._put_page(0, text, [rendering.context(text)])

    async def settle(self, pages: list[str], tail: list[rendering.Block]) -> None:
        """Show the whole answer in place of what was shown so far."""
        place = self.place
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

    async def _put(self, pages: list[str], tail: list[rendering.Block]) -> None:
        """Show the pages as messages; those that exist already are updated."""
        for number, (text, body) in enumerate(rendering.as_messages(pages, tail)):
            await self._put_page(number, text, body)

    async def put_text(self, text: str) -> None:
        """Show the answer as text without blocks. What is too long for an update becomes a new message."""
        await self._stop_quietly()
        if len(text) > _UPDATE_TEXT:
            await self.anew()
        await self._put_page(0, text, [])

    async def _put_page(self, number: int, text: str, body: list[rendering.Block]) -> None:
        place, mark = self.place, f"{self._mark}/{number}"
        ts = self._further.get(number, "") if number else place.ts
        if not ts and self._unsure:
            ts = await self._slack.find(place.channel, place.thread_ts, mark, text)
        if not ts or not await self._updated(ts, text, body, mark):
            self._unsure = True
            ts = await self._slack.post(place.channel, text, body, thread_ts=place.thread_ts, mark=mark)
            self._unsure = False
        if number:
            self._further[number] = ts
        else:
            await self._moved(ts=ts)

    async def _updated(self, ts: str, text: str, body: list[rendering.Block], mark: str) -> bool:
        """Update a message. Return False if it no longer exists."""
        for _ in range(3):
            try:
                taken, self._update_taken = self._update_taken, False
                await self._slack.update(self.place.channel, ts, text, body, taken=taken, mark=mark)
            except SlackError as error:
                if error.code == "message_not_found":
                    return False
                if error.code != "streaming_state_conflict":
                    raise
                with suppress(SlackError, Lost, RefusedPayload):
                    await self._slack.stop_stream(self.place.channel, ts, "")
                await asyncio.sleep(0.2)
            else:
                return True
        raise SlackError("chat.update", "streaming_state_conflict")

    async def anew(self) -> None:
        """Delete what was shown, as it can't be updated to the answer, and continue with new messages."""
        await self.take_back()
        self._further.clear()
        self._mark += "/anew"
        await self._moved(ts="", streaming=False)

    async def to_dm(self) -> None:
        """Continue in a direct message to the asker: the place can't be written to any more."""
        try:
            channel = await self._slack.direct(self.place.user)
        except Failed as error:
            raise Undeliverable(str(error)) from error
        self._further.clear()
        await self._moved(channel=channel, thread_ts="", ts="", streaming=False)

    async def clear_stray(self) -> None:
        """Delete duplicates of the answer: a call of the process that died may have arrived late."""
        if not self._revived:
            return
        place = self.place
        with suppress(Failed):
            for ts in await self._slack.all_with(place.channel, place.thread_ts, f"{self._mark}/0"):
                if ts != place.ts:
                    await self._slack.delete(place.channel, ts)

    async def take_back(self) -> None:
        """Delete all messages of the answer."""
        await self._stop_quietly()
        await self.find()
        for ts in filter(None, (self.place.ts, *self._further.values())):
            with suppress(Failed):
                await self._slack.delete(self.place.channel, ts)

    async def _moved(self, **changes: str | bool) -> None:
        before = self.place.address
        self.place = replace(self.place, **changes)  # type: ignore[arg-type] # fields of Place
        if self.remember and self.place.address != before:
            await self.remember(self.place.address)
