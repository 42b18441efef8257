"""Embeddings by Cohere: batches under one bucket, each text sent once."""

import asyncio
import random
from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.backends.cohere.bucket import Bucket
from bot.backends.cohere.client import Client
from bot.backends.cohere.errors import NoAdvice, is_passing
from bot.backends.cohere.options import EmbedOptions
from bot.backends.cohere.tally import Tally
from bot.model import Usage
from bot.ports import BackendError, RateLimited, Rejected, Unavailable, Vector

PART = "the embedder"
BATCH = 96  # the most that Cohere takes
_ATTEMPTS = 4  # of a batch that fails without being told to wait
_FIRST_RETRY = 0.5
_TINY = np.float32(1e-12)


class CohereEmbedder:
    """A text that is blank has no direction: its row is zeros, and it is never sent."""

    def __init__(self, client: Client, options: EmbedOptions, bucket: Bucket | None = None) -> None:
        self._client = client.use()
        self._options = options
        self._tally = Tally(options.model)
        self._bucket = bucket or Bucket(
            calls_per_minute=options.calls_per_minute,
            texts_per_minute=options.texts_per_minute,
            concurrency=options.concurrency,
        )

    @property
    def model(self) -> str:
        """int8 makes other vectors than float and base64, which are the same numbers."""
        rounded = ":int8" if self._options.encoding == "int8" else ""
        return f"cohere:{self._options.model}:{self._options.dimensions}{rounded}"

    @property
    def dimensions(self) -> int:
        return self._options.dimensions

    async def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        first: dict[str, int] = {}
        for text in texts:
            if text.strip():
                first.setdefault(text, len(first))
        distinct = list(first)
        rows = await _Job(self, distinct).run() if distinct else self._zeros(0)
        if len(distinct) == len(texts):
            return rows
        result = self._zeros(len(texts))
        for number, text in enumerate(texts):
            if text in first:
                result[number] = rows[first[text]]
        return result

    async def embed_query(self, text: str) -> Vector:
        """Doesn't wait behind indexing, but for a 429's time only as long as a question may take."""
        seconds = self._options.query_seconds
        if not text.strip():
            return np.zeros(self.dimensions, dtype=np.float32)
        if self._bucket.paused_for >= seconds:
            raise RateLimited(PART, "Cohere's rate limit is reached.", retry_after=self._bucket.paused_for)
        deadline = asyncio.get_running_loop().time() + seconds
        try:
            rows = await self._send([text], "search_query", seconds)
        except Unavailable as error:
            left = deadline - asyncio.get_running_loop().time()
            wait = error.retry_after if isinstance(error, RateLimited) else 0.1
            if wait + 0.1 > left:
                raise
            await asyncio.sleep(wait)
            rows = await self._send([text], "search_query", left - wait)
        vector: Vector = rows[0]
        return vector

    async def send_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return await self._send(texts, "search_document", self._options.batch_seconds)

    @property
    def bucket(self) -> Bucket:
        return self._bucket

    @property
    def options(self) -> EmbedOptions:
        return self._options

    def usage(self) -> Usage:
        return self._tally.usage

    async def close(self) -> None:
        await self._client.release()

    async def _send(self, texts: Sequence[str], input_type: str, seconds: float) -> NDArray[np.float32]:
        sizeable = not any(old in self._options.model for old in ("-v2.", "-v3."))
        try:
            rows, billed = await self._client.embed(
                texts,
                model=self._options.model,
                input_type=input_type,
                dimensions=self.dimensions if sizeable else None,
                encoding=self._options.encoding,
                part=PART,
                seconds=seconds,
            )
        except RateLimited as error:
            self._bucket.pause(None if isinstance(error, NoAdvice) else error.retry_after)
            raise
        self._bucket.succeeded()
        self._tally.add(calls=1, texts=len(texts), input_tokens=billed.input_tokens)
        if rows.shape[1] != self.dimensions:
            reason = f"{self._options.model} gives {rows.shape[1]} dimensions, not {self.dimensions}."
            raise Rejected(PART, reason, remedy="Set the embedder's dimensions to that, and index anew.")
        lengths: NDArray[np.float32] = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.divide(rows, np.maximum(lengths, _TINY), dtype=np.float32)

    def _zeros(self, rows: int) -> NDArray[np.float32]:
        return np.zeros((rows, self.dimensions), dtype=np.float32)


class _Job:
    """Texts on their way, taken by as many workers as there may be calls at once."""

    def __init__(self, embedder: CohereEmbedder, texts: Sequence[str]) -> None:
        self._embedder = embedder
        self._bucket = embedder.bucket
        self._texts = texts
        self._rows = np.zeros((len(texts), embedder.dimensions), dtype=np.float32)
        self._left: deque[int] = deque(range(len(texts)))
        self._through_at = asyncio.get_running_loop().time()  # when something last got through

    async def run(self) -> NDArray[np.float32]:
        workers = min(self._embedder.options.concurrency, -(-len(self._texts) // BATCH))
        tasks = [asyncio.create_task(self._work()) for _ in range(workers)]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return self._rows

    async def _work(self) -> None:
        while self._left:
            async with self._bucket.slot():
                await self._batch()

    async def _batch(self) -> None:
        numbers: list[int] = []
        failures = 0
        while wanted := len(numbers) or min(BATCH, len(self._left)):
            room = await self._bucket.take(wanted)
            numbers = numbers or [self._left.popleft() for _ in range(min(room, len(self._left)))]
            self._left.extendleft(reversed(numbers[room:]))
            numbers = numbers[:room]
            if not numbers:  # the others took the rest meanwhile
                return
            try:
                self._rows[numbers] = await self._embedder.send_documents([self._texts[n] for n in numbers])
            except BackendError as error:
                failures += not isinstance(error, RateLimited)
                await self._wait_after(error, failures)
            else:
                self._through_at = asyncio.get_running_loop().time()
                return

    async def _wait_after(self, error: BackendError, failures: int) -> None:
        """Returns when the batch may be tried again; raises the error if it isn't worth it."""
        silent = asyncio.get_running_loop().time() - self._through_at
        if isinstance(error, RateLimited):
            if silent + self._bucket.paused_for > self._embedder.options.patience_seconds:
                raise error
            return  # the bucket waits
        if not is_passing(error) or failures >= _ATTEMPTS:
            raise error
        await asyncio.sleep(_FIRST_RETRY * 2 ** (failures - 1) * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
