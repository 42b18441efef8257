"""Shows the line under a thread in Slack that says that an answer is being worked on."""

import asyncio
from contextlib import suppress

from adapters.chat.background_tasks import looked_at
from adapters.slack.connection.transport import Failed, Gone, RefusedPayload, SlackError
from adapters.slack.connection.web_api import SlackWebApi

_STATUS = "is looking it up…"


class StatusLine:
    """The status line of a thread. Slack clears it when a message is posted, but not if it was set late."""

    def __init__(self, slack: SlackWebApi, channel: str, thread_ts: str) -> None:
        self._slack = slack
        self._channel = channel
        self._thread_ts = thread_ts
        self._standing = False
        self._setting: asyncio.Task[None] | None = None  # until it is known to stand

    async def show(self) -> bool:
        """Set the line. Return whether it is known to be set within a moment. Raises Gone."""
        setting = asyncio.create_task(self._slack.status(self._channel, self._thread_ts, _STATUS))
        setting.add_done_callback(looked_at)
        self._setting = setting
        await asyncio.wait([setting], timeout=self._slack.pace.status)
        if not setting.done():
            return False
        if setting.exception() is None:
            self._setting = None
            self._standing = True
        elif isinstance(setting.exception(), Gone):
            await setting
        return self._setting is None

    async def tell(self, doing: str) -> None:
        """Replace the line's text, if it is set."""
        if self._standing:
            with suppress(Failed):
                await self._slack.status(self._channel, self._thread_ts, f"is {doing}…")

    async def settle(self) -> None:
        """Clear a line that may have been set after the answer was posted."""
        if self._setting is None:
            return
        await asyncio.wait([self._setting])
        if not isinstance(self._setting.exception(), SlackError | RefusedPayload | Gone):
            await self.clear()

    async def clear(self) -> None:
        with suppress(Failed):
            await self._slack.status(self._channel, self._thread_ts, "")
