"""Relevance by Cohere's reranker: the evidence for "the docs don't say"."""

from collections.abc import Sequence

from bot.backends.cohere.options import RerankOptions
from bot.backends.cohere.transport.client import CohereClient
from bot.backends.shared.usage import UsageCounter
from bot.model import Usage
from bot.ports import Unavailable
from bot.runtime.usage_meter import spend

PART = "the reranker"


class CohereReranker:
    def __init__(self, client: CohereClient, options: RerankOptions) -> None:
        self._client = client.use()
        self._options = options
        self._tally = UsageCounter(options.model)

    async def rerank(self, question: str, texts: Sequence[str]) -> list[float]:
        """Return the relevances. A blank text is not sent and has 0, as has one that the answer leaves out."""
        sent = [number for number, text in enumerate(texts) if text.strip()]
        scores = [0.0] * len(texts)
        if not sent or not question.strip():
            return scores
        results, billed = await self._client.rerank(
            question,
            [texts[number] for number in sent],
            model=self._options.model,
            part=PART,
            seconds=self._options.seconds,
        )
        spend(self._tally.add(calls=billed.calls, texts=len(sent), input_tokens=billed.input_tokens))
        if not results or not all(0 <= index < len(sent) for index, _ in results):
            raise Unavailable(PART, "Cohere's answer doesn't fit the passages.")
        for index, relevance in results:
            scores[sent[index]] = min(1.0, max(0.0, relevance))
        return scores

    def usage(self) -> Usage:
        return self._tally.usage

    async def close(self) -> None:
        await self._client.release()
