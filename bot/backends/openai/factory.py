"""Makes the parts of one server, and the connections that they share."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.backends.openai.chat import OpenAIChat
from bot.backends.openai.client import OpenAIClient
from bot.backends.openai.options import Access, ChatOptions, EmbedOptions
from bot.backends.shared.embedder import PART, FeedOptions, Kind, ServiceEmbedder
from bot.backends.shared.embedding_batcher import CallSlot
from bot.backends.shared.judge import ChatJudge
from bot.backends.shared.writing.chat_writer import ChatWriter, Pace


class OpenAIFactory:
    """Makes parts that share connections. Each part is to be closed; the last one closes the connections."""

    def __init__(self, access: Access) -> None:
        self._client = OpenAIClient(access)

    def writer(self, options: ChatOptions, pace: Pace, calls_at_once: int | None) -> ChatWriter:
        return ChatWriter(OpenAIChat(self._client, options), pace, calls_at_once=calls_at_once)

    def judge(self, options: ChatOptions, seconds: float) -> ChatJudge:
        return ChatJudge(OpenAIChat(self._client, options), seconds=seconds)

    def embedder(self, options: EmbedOptions) -> ServiceEmbedder:
        client = self._client.use()

        async def call(
            texts: Sequence[str], kind: Kind, *, seconds: float | None, turn: CallSlot | None
        ) -> tuple[NDArray[np.float32], int]:
            prefix = options.query_prefix if kind == "query" else options.document_prefix
            return await client.embed(
                [f"{prefix}{text}" for text in texts],
                model=options.model,
                dimensions=options.dimensions if options.sized else None,
                part=PART,
                seconds=options.batch_seconds if seconds is None else seconds,
                turn=turn,
            )

        feed = FeedOptions(
            model=options.model,
            dimensions=options.dimensions,
            batch=options.batch,
            calls_per_minute=options.calls_per_minute,
            texts_per_minute=options.texts_per_minute,
            calls_at_once=options.calls_at_once,
            query_seconds=options.query_seconds,
            patience_seconds=options.patience_seconds,
        )
        prefixed = ":prefixed" if options.query_prefix or options.document_prefix else ""
        name = f"openai:{options.model}:{options.dimensions}{prefixed}"
        return ServiceEmbedder(name, feed, call, service=client.service.name, release=client.release)
