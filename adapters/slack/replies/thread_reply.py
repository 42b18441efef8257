"""Shows one answer in a thread of Slack: as a stream, from a placeholder, or as a single message.

Whatever goes wrong, `finish` leaves one whole answer: a stream that broke is settled by an update, blocks that
are refused become text, a place that is gone becomes a direct message.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from adapters.chat import messages
from adapters.chat.answer_view import AnswerView
from adapters.chat.questions.reply import Recall, Remember, Undeliverable
from adapters.slack.connection.transport import (
    Failed,
    Gone,
    Lost,
    RefusedPayload,
    SlackError,
)
from adapters.slack.connection.web_api import SlackWebApi
from adapters.slack.replies import rendering
from adapters.slack.replies.mrkdwn import escape, markdown
from adapters.slack.replies.posted_message import PostedMessage
from adapters.slack.replies.status_line import StatusLine
from adapters.slack.reply_address import SlackAddress

log = logging.getLogger(__name__)


class ThreadReply:
    """An answer that everybody in the thread (or the direct message) sees."""

    private = owed = False

    def __init__(
        self,
        slack: SlackWebApi,
        place: SlackAddress,
        mark: str,
        recall: Recall,
        *,
        streaming: bool = True,
        revived: bool = False,
        question: str = "",
    ) -> None:
        self.unprompted = place.unprompted
        self.recall = recall
        self._slack = slack
        self._mark = mark
        self._question = question  # "": none that is worth repeating
        self._may_stream = streaming and not place.automated  # a stream is addressed to a person
        self._written = ""  # the answer's text so far
        self._next = 0.0
        self._status = StatusLine(slack, place.channel, place.thread_ts)
        self._standing = PostedMessage(slack, place, mark, revived=revived)

    @property
    def _place(self) -> SlackAddress:
        return self._standing.place

    def is_at(self, channel: str, thread_ts: str) -> bool:
        """Return whether it answers in this thread."""
        return (channel, thread_ts) == (self._place.channel, self._place.thread_ts)

    async def show_working(self, remember: Remember) -> None:
        self._standing.remember = remember
        await self._standing.find()
        if self._place.ts:  # revived: `finish` updates the message
            self._may_stream = False
        elif not self.unprompted:
            await self._show_work()

    async def tell(self, doing: str) -> None:
        await self._status.tell(doing)

    async def write(self, text: str) -> None:
        self._written += text
        now = time.monotonic()
        if not self._may_stream or now < self._next:
            return
        self._next = now + self._slack.pace.append
        shown = markdown(self._written)
        fits = len(shown.encode()) <= rendering.MESSAGE_BYTES
        self._may_stream = fits and await self._standing.stream(shown)

    async def finish(self, answer: AnswerView) -> None:
        """Show the answer whatever Slack replies: as text, in new messages, by DM, or once Slack is back."""
        pages, tail = rendering.pages(answer.text), rendering.tail(answer)
        show = partial(self._standing.settle, pages, tail)
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
                if self._standing.put_text in fallen:
                    raise Undeliverable(str(error)) from error
                fallen.append(self._standing.put_text)
                show = partial(self._standing.put_text, rendering.plain_message(answer))
            except (SlackError, Gone) as error:
                log.warning("answer %s: %s", answer.answer_id, error)
                way = next((way for way in self._ways_out(error) if way not in fallen), None)
                if way is None:
                    raise Undeliverable(str(error)) from error
                fallen.append(way)
                await way()
        await self._standing.clear_stray()
        await self._status.settle()

    def _ways_out(self, error: SlackError | Gone) -> tuple[Callable[[], Awaitable[None]], ...]:
        return (self._to_dm,) if isinstance(error, Gone) else (self._standing.anew, self._to_dm)

    async def _to_dm(self) -> None:
        await self._standing.to_dm()
        await self._status.clear()
        if self._question:
            asked = escape(messages.asked(self._question))
            with suppress(Failed):
                await self._slack.post(self._place.channel, asked, mark=f"{self._mark}/asked")

    async def stop(self) -> None:
        """Handle Slack's stop button: what was written so far stays."""
        text = "\n\n".join(filter(None, (self._written.strip(), f"_{messages.STOPPED}_")))
        await self.finish(AnswerView("", text, (), (), ()))

    async def say(self, text: str) -> None:
        place = self._place
        if place.automated:
            return
        with suppress(Failed):
            if place.channel.startswith("D"):
                await self._slack.post(place.channel, escape(text), thread_ts=place.thread_ts)
            else:
                await self._slack.whisper(
                    place.channel, place.user, escape(text), thread_ts=place.open_thread
                )

    async def leave(self) -> str:
        """Stop showing work and return the address of what was shown. Slack clears the status line by itself."""
        return await self._standing.left()

    async def withdraw(self) -> None:
        await self._standing.take_back()
        if not self._place.ts:
            await self._status.clear()

    async def _show_work(self) -> None:
        """Show the status line, or a placeholder if the line isn't set within a moment."""
        gone = False
        try:
            if await self._status.show():
                return
        except Gone:
            gone = True
        log.info("no status line for question %s", self._mark)
        self._may_stream = False
        if not gone:
            await self._standing.hold(escape(messages.WORKING))
