"""Embeds by a service: packs documents and sends them within its limits, and questions at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from bot.backends.shared.embedding_batcher import CallSlot, EmbeddingBatcher
from bot.backends.shared.errors import NoAdvice
from bot.backends.shared.rate_limiter import RateLimiter
from bot.backends.shared.usage import UsageCounter
from bot.model import Usage
from bot.ports import RateLimited, Rejected, Unavailable, Vector
from bot.runtime.usage_meter import spend

PART = "the embedder"
_TINY = np.float32(1e-12)
_QUERY_RETRY = 0.1

Kind = Literal["document", "query"]


@dataclass(frozen=True, slots=True)
class FeedOptions:
    """`batch` is the most texts that a call takes. Limits of None are left to the server's 429s.

    `patience_seconds` is how long indexing puts up with 429s while nothing gets through.
    """

    model: str
    dimensions: int
    batch: int
    calls_per_minute: int | None = None
    texts_per_minute: int | None = None
    calls_at_once: int = 4
    query_seconds: float = 3.0
    patience_seconds: float = 300.0


class EmbeddingCall(Protocol):
    """Makes one attempt of one call, within its own deadline. Raises BackendError."""

    def __call__(
        self, texts: Sequence[str], kind: Kind, *, seconds: float | None, turn: CallSlot | None
    ) -> Awaitable[tuple[NDArray[np.float32], int]]:
        """Return an array with one row a text, and the input tokens.

        `seconds` None: a batch's own deadline, from when it has its `turn`.
        """
        ...


class ServiceEmbedder:
    """Implements ports.Embedder. A blank text has no direction: its row is zeros, and it is never sent.

    `name` stands for what its vectors are; all vectors of an index have one. `release` is awaited at the end.
    """

    def __init__(
        self,
        name: str,
        options: FeedOptions,
        call: EmbeddingCall,
        *,
        service: str,
        release: Callable[[], Awaitable[None]],
        bucket: RateLimiter | None = None,
    ) -> None:
        self.model = name
        self._options = options
        self._call = call
        self._service = service
        self._release = release
        self._tally = UsageCounter(options.model)
        self._bucket = bucket or RateLimiter(
            calls_per_minute=options.calls_per_minute, texts_per_minute=options.texts_per_minute
        )
        self._feed = EmbeddingBatcher(
            self._send_documents,
            self._bucket,
            dimensions=options.dimensions,
            batch=options.batch,
            calls_at_once=options.calls_at_once,
            patience=options.patience_seconds,
        )

    @property
    def dimensions(self) -> int:
        return self._options.dimensions

    @property
    def calls_at_once(self) -> int:
        return self._options.calls_at_once

    async def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return await self._feed.embed(texts)

    async def embed_query(self, text: str) -> Vector:
        """Embed a question. It doesn't wait behind indexing, and after a 429 only as long as a question may take."""
        if not text.strip():
            return np.zeros(self.dimensions, dtype=np.float32)
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._options.query_seconds
        wait = self._bucket.paused_for
        if wait >= self._options.query_seconds:
            raise RateLimited(PART, f"{self._service}'s rate limit is reached.", retry_after=wait)
        await asyncio.sleep(wait)
        try:
            return await self._send_query(text, deadline - clock())
        except Unavailable as error:
            wait = error.retry_after if isinstance(error, RateLimited) else _QUERY_RETRY
            if clock() + wait + _QUERY_RETRY > deadline:
                raise
        await asyncio.sleep(wait)
        return await self._send_query(text, deadline - clock())

    def usage(self) -> Usage:
        return self._tally.usage

    async def close(self) -> None:
        await self._feed.close()
        await self._release()

    async def _send_query(self, text: str, seconds: float) -> Vector:
        vector: Vector = (await self._send([text], "query", seconds, None))[0]
        return vector

    async def _send_documents(self, texts: Sequence[str], turn: CallSlot) -> NDArray[np.float32]:
        return await self._send(texts, "document", None, turn)

    async def _send(
        self, texts: Sequence[str], kind: Kind, seconds: float | None, turn: CallSlot | None
    ) -> NDArray[np.float32]:
        try:
            rows, tokens = await self._call(texts, kind, seconds=seconds, turn=turn)
        except RateLimited as error:
            self._bucket.pause(None if isinstance(error, NoAdvice) else error.retry_after)
            raise
        self._bucket.succeeded()
        spend(self._tally.add(calls=1, texts=len(texts), input_tokens=tokens))
        if rows.shape[1] != self.dimensions:
            reason = f"{self._options.model} gives {rows.shape[1]} dimensions, not {self.dimensions}."
            raise Rejected(PART, reason, remedy="Set the embedder's dimensions to that, and index anew.")
        lengths: NDArray[np.float32] = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.divide(rows, np.maximum(lengths, _TINY), dtype=np.float32)
