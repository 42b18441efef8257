"""Embeds and writes with every server that has OpenAI's API, through OpenAI's SDK.

The SDK takes more than a second to import, so it is imported by `connect` only, in a thread.
"""

import asyncio
from typing import TYPE_CHECKING

from bot.backends.openai.options import Access, ChatOptions, EmbedOptions
from bot.runtime.process.installed import needing_extras

if TYPE_CHECKING:
    from bot.backends.openai.factory import OpenAIFactory

__all__ = ["Access", "ChatOptions", "EmbedOptions", "connect"]


async def connect(access: Access) -> "OpenAIFactory":
    """Return what makes the parts, each of which must be closed. Nothing is called yet. Raises Rejected without the SDK."""
    return await asyncio.to_thread(_load, access)


def _load(access: Access) -> "OpenAIFactory":
    with needing_extras("openai", "openai"):
        from bot.backends.openai.factory import OpenAIFactory  # noqa: PLC0415 - see above
    return OpenAIFactory(access)
