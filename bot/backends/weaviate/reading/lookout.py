"""Looks up in the background, all the time, what a question would have to ask first."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from bot.backends.weaviate.index import Index
from bot.backends.weaviate.reading.lexicon import Lexicon
from bot.backends.weaviate.reading.view import Doubts, Words, Writes
from bot.backends.weaviate.server.connection import Connection
from bot.backends.weaviate.server.sdk_types import WeaviateAsyncClient
from bot.ports import BackendError

# A process that nobody asks for so long stops looking; the next question begins it anew.
IDLE: Final = 600.0
# How long the first question waits for the vocabulary, and how long one look may take.
FIRST_WAIT: Final = 1.0
LOOK: Final = 20.0
_log = logging.getLogger(__name__)


class Lookout:
    """Keeps three things fresh: where the alias points, which pages are being written, and the vocabulary."""

    def __init__(
        self,
        connection: Connection,
        index: Callable[[WeaviateAsyncClient], Awaitable[Index | None]],
        *,
        fresh: float,
        doubt_all: bool,
    ) -> None:
        self.words = Words()
        self._connection = connection
        self._index = index
        self._every = fresh / 2
        self._writes = Writes(fresh)
        self._doubt_all = doubt_all
        self._asked_at = float("-inf")
        self._looking: asyncio.Task[None] | None = None
        self._counting: asyncio.Task[None] | None = None
        self._first = asyncio.Event()

    async def doubts(self, index: Index) -> Doubts:
        known = await self._writes.doubts(index)
        return Doubts(known.pages, all=known.all or self._doubt_all)

    async def vocabulary(self, seconds: float) -> Lexicon | None:
        """Return the vocabulary as it was last loaded; only a process's first question waits for it, and not for long."""
        self.start_looking()
        if not self._first.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(min(seconds, FIRST_WAIT)):
                    await self._first.wait()
        return self.words.latest

    def start_looking(self) -> None:
        """Begin to look, unless somebody does; called for each question."""
        self._asked_at = time.monotonic()
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._keep_looking())

    async def reload(self) -> None:
        """Load the vocabulary that this process has counted anew, if any question has needed it."""
        if self._looking is None:
            return
        await self._connection.patiently(self._load, LOOK)

    async def close(self) -> None:
        tasks = [each for each in (self._looking, self._counting) if each is not None]
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_looking(self) -> None:
        while time.monotonic() - self._asked_at < IDLE:
            if self.words.outdated and (self._counting is None or self._counting.done()):
                self._counting = asyncio.create_task(self._count())
            # What failed here is told by the question that needs it.
            with suppress(BackendError):
                await self._connection.read(self._look, LOOK)
            await asyncio.sleep(self._every)

    async def _look(self, client: WeaviateAsyncClient) -> None:
        index = await self._index(client)
        if index is not None:
            await self._writes.look(index)

    async def _count(self) -> None:
        try:
            await self._connection.read(self._load, LOOK)
        except BackendError as error:
            _log.info("the vocabulary was not loaded, so typos aren't mended: %s", error)
        finally:
            self._first.set()

    async def _load(self, client: WeaviateAsyncClient) -> None:
        index = await self._index(client)
        if index is not None:
            await self.words.look(index)
