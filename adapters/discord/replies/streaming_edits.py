"""Shows an answer while it is written, by edits in the background, at most once a second."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from adapters.chat.background_tasks import logged_at_its_end
from adapters.discord.replies.discord_markdown import as_messages

_EVERY = 1.1  # seconds
QUICK = 0.4  # seconds: an answer that comes within is shown once, whole


class StreamingEdits:
    """Calls `show` with the first message's text; what comes too soon waits for a later edit.

    `lead` precedes the text.
    """

    def __init__(self, show: Callable[[str], Coroutine[Any, Any, None]], *, lead: str = "") -> None:
        self._show = show
        self._written = f"{lead}\n\n" if lead else ""
        self._shown = ""
        self._next = time.monotonic() + QUICK
        self._running: asyncio.Task[None] | None = None

    def start_editing(self) -> None:
        """Start the delay before the first edit."""
        self._next = time.monotonic() + QUICK

    def tell(self, doing: str) -> None:
        """Show what is being done, until something is written."""
        self._put(f"{self._written}*{doing[:1].upper()}{doing[1:]}…*")

    def write(self, text: str) -> None:
        """Show more of the answer, unless the last edit was a moment ago or is still running."""
        self._written += text
        self._put(self._written)

    def _put(self, text: str) -> None:
        now = time.monotonic()
        if now < self._next or (self._running and not self._running.done()):
            return
        first = as_messages(text)[0]
        if first != self._shown:
            self._shown = first
            self._next = now + _EVERY
            self._running = asyncio.create_task(self._show(first), name="an edit")
            self._running.add_done_callback(logged_at_its_end)

    async def end(self) -> None:
        """Wait for a running edit, and until the whole answer may be shown."""
        if self._running:
            await asyncio.wait([self._running])
            await asyncio.sleep(self._next - time.monotonic())
