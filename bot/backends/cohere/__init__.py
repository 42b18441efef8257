"""Embeds, reranks and writes with Cohere's models, all over the same connections.

The SDK takes more than a second to import, so it is imported by `connect` only, in a thread.
"""

import asyncio
from typing import TYPE_CHECKING

from bot.backends.cohere.options import ChatOptions, EmbedOptions, Options, RerankOptions
from bot.runtime.process.installed import needing_extras

if TYPE_CHECKING:
    from bot.backends.cohere.factory import CohereFactory

__all__ = ["ChatOptions", "EmbedOptions", "Options", "RerankOptions", "connect"]


async def connect(options: Options) -> "CohereFactory":
    """Return what makes the parts, each of which must be closed. Nothing is called yet. Raises Rejected without the SDK."""
    return await asyncio.to_thread(_load, options)


def _load(options: Options) -> "CohereFactory":
    with needing_extras("CohereFactory"):
        from bot.backends.cohere.factory import CohereFactory  # noqa: PLC0415 - see above
    return CohereFactory(options)
