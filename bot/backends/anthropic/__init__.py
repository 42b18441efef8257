"""Writes with Anthropic's models through its SDK: answers from documents, with its own citations.

The SDK takes seconds to import, so it is imported by `connect` only, in a thread.
"""

import asyncio
from typing import TYPE_CHECKING

from bot.backends.anthropic.options import Access, ChatOptions
from bot.runtime.process.installed import needing_extras

if TYPE_CHECKING:
    from bot.backends.anthropic.factory import AnthropicFactory

__all__ = ["Access", "ChatOptions", "connect"]


async def connect(access: Access) -> "AnthropicFactory":
    """Return what makes the parts, each of which must be closed. Nothing is called yet. Raises Rejected without the SDK."""
    return await asyncio.to_thread(_load, access)


def _load(access: Access) -> "AnthropicFactory":
    with needing_extras("anthropic", "anthropic"):
        from bot.backends.anthropic.factory import AnthropicFactory  # noqa: PLC0415 - see above
    return AnthropicFactory(access)
