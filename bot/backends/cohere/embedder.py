"""Embeddings by Cohere."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bot.backends.cohere.embedding_batcher import BATCH, EmbeddingBatcher
from bot.backends.cohere.options import EmbedOptions
from bot.backends.cohere.transport.client import CohereClient
from bot.backends.cohere.transport.errors import NoAdvice
from bot.backends.cohere.transport.http import CallSlot
from bot.backends.cohere.transport.rate_limiter import RateLimiter
from bot.backends.cohere.usage import UsageCounter
from bot.model import Usage
from bot.ports import RateLimited, Rejected, Unavailable, Vector
from bot.runtime.usage_meter import spend

PART = "the embedder"
_TINY = np.float32(1e-12)
_QUERY_RETRY = 0.1

log = logging.getLogger(__name__)


class CohereEmbedder:
    """A text that is blank has no direction: its row is zeros, and it is never sent."""

    def __init__(
        self, client: CohereClient, options: EmbedOptions, bucket: RateLimiter | None = None
    ) -> None:
        self._client = client.use()
        self._options = options
        self._tally = UsageCounter(options.model)
        self._bucket = bucket or RateLimiter(
            calls_per_minute=options.calls_per_minute, texts_per_minute=options.texts_per_minute
        )
        self._compact: bool | None = None  # whether the server has base64; None: not known yet
        self._feed = EmbeddingBatcher(
            self._send_documents,
            self._bucket,
            dimensions=options.dimensions,
            calls_at_once=options.calls_at_once,
            patience=options.patience_seconds,
        )

    @property
    def model(self) -> str:
        """int8 makes other vectors than float and base64, which are the same numbers."""
        rounded = ":int8" if self._options.encoding == "int8" else ""
        return f"cohere:{self._options.model}:{self._options.dimensions}{rounded}"

    @property
    def dimensions(self) -> int:
        return self._options.dimensions

    @property
    def calls_at_once(self) -> int:
        return self._options.calls_at_once

    async def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return await self._feed.embed(texts)

    async def embed_query(self, text: str) -> Vector:
        """Doesn't wait behind indexing, and for a 429's time only as long as a question may take."""
        if not text.strip():
            return np.zeros(self.dimensions, dtype=np.float32)
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._options.query_seconds
        wait = self._bucket.paused_for
        if wait >= self._options.query_seconds:
            raise RateLimited(PART, "Cohere's rate limit is reached.", retry_after=wait)
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
        await self._client.release()

    async def _send_query(self, text: str, seconds: float) -> Vector:
        encoding = "float" if self._options.encoding == "auto" else self._options.encoding
        vector: Vector = (await self._send([text], "search_query", seconds, encoding))[0]
        return vector

    async def _send_documents(self, texts: Sequence[str], turn: CallSlot) -> NDArray[np.float32]:
        seconds, encoding = self._options.batch_seconds, self._options.encoding
        if encoding != "auto":
            return await self._send(texts, "search_document", seconds, encoding, turn)
        if self._compact is None and len(texts) == BATCH:
            self._compact = False  # for the others, until it is known
            try:
                rows = await self._send(texts, "search_document", seconds, "base64", turn)
            except (Rejected, Unavailable) as error:
                if isinstance(error, RateLimited):
                    self._compact = None
                    raise
                log.info("%s: vectors travel as text: base64 is not to be had", self._options.model)
            else:
                self._compact = True
                return rows
        chosen: Literal["float", "base64"] = "base64" if self._compact else "float"
        return await self._send(texts, "search_document", seconds, chosen, turn)

    async def _send(
        self,
        texts: Sequence[str],
        input_type: str,
        seconds: float,
        encoding: Literal["float", "int8", "base64"],
        turn: CallSlot | None = None,
    ) -> NDArray[np.float32]:
        sizeable = not any(old in self._options.model for old in ("-v2.", "-v3."))
        try:
            rows, billed = await self._client.embed(
                texts,
                model=self._options.model,
                input_type=input_type,
                dimensions=self.dimensions if sizeable else None,
                encoding=encoding,
                part=PART,
                seconds=seconds,
                turn=turn,
            )
        except RateLimited as error:
            self._bucket.pause(None if isinstance(error, NoAdvice) else error.retry_after)
            raise
        self._bucket.succeeded()
        spend(self._tally.add(calls=1, texts=len(texts), input_tokens=billed.input_tokens))
        if rows.shape[1] != self.dimensions:
            reason = f"{self._options.model} gives {rows.shape[1]} dimensions, not {self.dimensions}."
            raise Rejected(PART, reason, remedy="Set the embedder's dimensions to that, and index anew.")
        lengths: NDArray[np.float32] = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.divide(rows, np.maximum(lengths, _TINY), dtype=np.float32)
