"""Makes the embedder, the reranker and the writer, and the connections that they share."""

from dataclasses import replace

from bot.backends.cohere.chat import CohereChat
from bot.backends.cohere.embedder import embedder
from bot.backends.cohere.options import Options
from bot.backends.cohere.reranker import CohereReranker
from bot.backends.cohere.transport.client import CohereClient
from bot.backends.shared.embedder import ServiceEmbedder
from bot.backends.shared.judge import ChatJudge
from bot.backends.shared.writing.chat_writer import ChatWriter, Pace


class CohereFactory:
    """Makes parts that share connections. Each part is to be closed; the last one closes the connections."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._client = CohereClient(options)

    def embedder(self) -> ServiceEmbedder:
        return embedder(self._client, self._options.embed)

    def reranker(self) -> CohereReranker:
        return CohereReranker(self._client, self._options.rerank)

    def judge(self, model: str) -> ChatJudge:
        return ChatJudge(CohereChat(self._client, replace(self._options.chat, model=model)))

    def writer(self) -> ChatWriter:
        chat = self._options.chat
        pace = Pace(chat.first_token_seconds, chat.stall_seconds, chat.whole_seconds, chat.rewrite_seconds)
        return ChatWriter(CohereChat(self._client, chat), pace)
