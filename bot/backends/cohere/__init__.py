"""Cohere: embedder, reranker and writer on one connection pool.

The SDK takes more than a second to import, so it is imported by `connect` only, in a thread.
"""

import asyncio
from typing import TYPE_CHECKING

from bot.backends.cohere.options import ChatOptions, EmbedOptions, Options, RerankOptions

if TYPE_CHECKING:
    from bot.backends.cohere.parts import Cohere

__all__ = ["ChatOptions", "EmbedOptions", "Options", "RerankOptions", "connect"]


async def connect(options: Options) -> "Cohere":
    """Calls nothing yet. Each part that is taken from it must be closed."""
    return await asyncio.to_thread(_load, options)


def _load(options: Options) -> "Cohere":
    from bot.backends.cohere.parts import Cohere  # noqa: PLC0415 - see above

    return Cohere(options)
