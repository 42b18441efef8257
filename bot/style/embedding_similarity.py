"""Tells how alike texts are in meaning, by an embedder whose vectors are kept."""

import hashlib
import io
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.ports import BackendError, Embedder, Unavailable, Vector
from bot.runtime.circuit_breaker import CircuitBreaker
from bot.runtime.deadline import Deadline
from bot.runtime.process.private_files import write_whole

log = logging.getLogger(__name__)

_MOST_KEPT: Final = 2_000


class EmbeddingSimilarity:
    """Keeps the vectors of texts that come again and again, in `folder` under `name` for the next process.

    A question waits for its vector for at most `seconds`; the texts' own, made once, for `first` seconds.
    """

    def __init__(
        self,
        embedder: Embedder | None,
        folder: Path,
        *,
        name: str = "examples",
        seconds: float = 1.5,
        first: float = 10.0,
    ) -> None:
        self._embedder = embedder
        self._folder = folder
        self._name = name
        self._seconds = seconds
        self._first = first
        self._vectors: dict[str, Vector] | None = None
        self._breaker = CircuitBreaker("the embedder")

    async def vectors(self, question: str, texts: Sequence[str]) -> tuple[Vector, NDArray[np.float32]] | None:
        """Return the question's vector and the texts'; None without an embedder, or if it fails or is slow."""
        if self._embedder is None or not texts:
            return None
        try:
            async with self._breaker.guard():
                rows = await Deadline(self._first).wait(
                    "the embedder", self._known(self._embedder, texts), seconds=self._first
                )
                asked = self._embedder.embed_query(question)
                return await Deadline(self._seconds).wait("the embedder", asked, seconds=self._seconds), rows
        except BackendError as error:
            log.info("comparing by words alone: %s", error)
            return None

    async def _known(self, embedder: Embedder, texts: Sequence[str]) -> NDArray[np.float32]:
        keys = [hashlib.sha256(text.encode()).hexdigest()[:32] for text in texts]
        file = self._file(embedder)
        if self._vectors is None:
            self._vectors = _kept(file, embedder.dimensions)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._vectors}
        if missing:
            rows = await embedder.embed_documents(list(missing.values()))
            if len(rows) != len(missing):
                raise Unavailable("the embedder", "it gave too few vectors.")
            self._vectors.update(zip(missing, rows, strict=True))
            _keep(file, self._vectors)
        return np.stack([self._vectors[key] for key in keys])

    def _file(self, embedder: Embedder) -> Path:
        name = hashlib.sha256(embedder.model.encode()).hexdigest()[:16]
        return self._folder / f"{self._name}-{name}.npz"


def _kept(file: Path, dimensions: int) -> dict[str, Vector]:
    """Return what an earlier process kept; nothing if that can't be read."""
    try:
        with np.load(file, allow_pickle=False) as data:
            keys, rows = data["keys"], data["rows"]
    except (OSError, ValueError, KeyError, EOFError):
        return {}
    if rows.ndim != 2 or rows.shape != (len(keys), dimensions):  # noqa: PLR2004 - a table
        return {}
    return {str(key): row.astype(np.float32) for key, row in zip(keys, rows, strict=True)}


def _keep(file: Path, vectors: dict[str, Vector]) -> None:

    recent = dict(list(vectors.items())[-_MOST_KEPT:])
    data = io.BytesIO()
    np.savez(data, keys=np.array(list(recent)), rows=np.stack(list(recent.values())))
    try:
        write_whole(file, data.getvalue())
    except OSError as error:
        log.info("the examples' vectors can't be kept: %s", error.strerror)
