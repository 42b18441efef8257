"""The three parts and what they share."""

from bot.backends.cohere.embedder import CohereEmbedder
from bot.backends.cohere.judge import CohereJudge
from bot.backends.cohere.options import Options
from bot.backends.cohere.reranker import CohereReranker
from bot.backends.cohere.transport.client import CohereClient
from bot.backends.cohere.writer import CohereWriter


class CohereFactory:
    """Close each part that was taken: the last one closes the connections."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._client = CohereClient(options)

    def embedder(self) -> CohereEmbedder:
        return CohereEmbedder(self._client, self._options.embed)

    def reranker(self) -> CohereReranker:
        return CohereReranker(self._client, self._options.rerank)

    def judge(self, model: str) -> CohereJudge:
        return CohereJudge(self._client, model)

    def writer(self) -> CohereWriter:
        return CohereWriter(self._client, self._options.chat)
