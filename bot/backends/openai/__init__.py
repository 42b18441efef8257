"""Every server with OpenAI's API, through OpenAI's SDK: chat completions and embeddings.

The SDK takes more than a second to import, so it is imported by `connect` only, in a thread.
"""

import asyncio
from typing import TYPE_CHECKING

from bot.backends.openai.options import Access, ChatOptions, EmbedOptions
from bot.runtime.installed import needing_extras

if TYPE_CHECKING:
    from bot.backends.openai.factory import OpenAIFactory

__all__ = ["Access", "ChatOptions", "EmbedOptions", "connect"]


async def connect(access: Access) -> "OpenAIFactory":
    """Calls nothing yet; raises Rejected where the SDK is missing. Each part taken from it must be closed."""
    return await asyncio.to_thread(_load, access)


def _load(access: Access) -> "OpenAIFactory":
    with needing_extras("openai", "openai"):
        from bot.backends.openai.factory import OpenAIFactory  # noqa: PLC0415 - see above
    return OpenAIFactory(access)
