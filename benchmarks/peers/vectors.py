"""Docent's static vectors, for the peers."""

import asyncio
from collections.abc import Sequence

from numpy.typing import NDArray

from bot.backends.static_embedder import StaticEmbedder, open_embedder


class Vectors:
    """Made at the first text."""

    def __init__(self) -> None:
        self._embedder: StaticEmbedder | None = None

    def __call__(self, texts: Sequence[str]) -> NDArray:
        return asyncio.run(self._embed(texts))

    async def _embed(self, texts: Sequence[str]) -> NDArray:
        if self._embedder is None:
            self._embedder = await open_embedder()
        return await self._embedder.embed_documents(list(texts))
