"""Shows Discord's "… is typing" until an answer begins."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import discord

from adapters.chat.background_tasks import logged_at_its_end
from adapters.discord.connection.transport import Failed, call
from adapters.discord.replies.streaming_edits import QUICK

_ONCE_IN = 5.0  # seconds
_LASTS = 8.0  # seconds; Discord's clients show it for ten


class Typing:
    """Shows "… is typing", at most once in five seconds for a channel, however many answers it waits for."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self._shown: dict[int, float] = {}

    async def show(self, channel: int) -> None:
        """Show it in the channel, unless it is shown there already. Doesn't raise."""
        now = time.monotonic()
        self._shown = {one: at for one, at in self._shown.items() if now - at < _ONCE_IN}
        if channel in self._shown:
            return
        self._shown[channel] = now
        with suppress(Failed):
            await call(lambda: self._client.http.send_typing(channel), deadline=5, patience=0)

    def keep(self, channel: int, where: Callable[[], int | None]) -> "asyncio.Task[None]":
        """Keep showing it, in the channel and then wherever `where` says, until that returns None."""
        task = asyncio.create_task(self._keep(channel, where), name="typing")
        task.add_done_callback(logged_at_its_end)
        return task

    async def _keep(self, channel: int, where: Callable[[], int | None]) -> None:
        await self.show(channel)
        await asyncio.sleep(QUICK)
        while (there := where()) is not None:
            await self.show(there)
            await asyncio.sleep(_LASTS)
