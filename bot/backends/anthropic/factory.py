"""Makes the writer and the judge, and the connections that they share."""

from bot.backends.anthropic.chat import AnthropicChat
from bot.backends.anthropic.client import AnthropicClient
from bot.backends.anthropic.options import Access, ChatOptions
from bot.backends.shared.judge import ChatJudge
from bot.backends.shared.writing.chat_writer import ChatWriter, Pace


class AnthropicFactory:
    """Makes parts that share connections. Each part is to be closed; the last one closes the connections."""

    def __init__(self, access: Access) -> None:
        self._client = AnthropicClient(access)

    def writer(self, options: ChatOptions, pace: Pace, calls_at_once: int | None) -> ChatWriter:
        return ChatWriter(AnthropicChat(self._client, options), pace, calls_at_once=calls_at_once)

    def judge(self, options: ChatOptions, seconds: float) -> ChatJudge:
        return ChatJudge(AnthropicChat(self._client, options), seconds=seconds)
