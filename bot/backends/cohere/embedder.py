"""Embeds by Cohere: what of its API differs from other services'."""

import logging
from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from bot.backends.cohere.options import EmbedOptions
from bot.backends.cohere.transport.client import CohereClient
from bot.backends.shared.embedder import PART, FeedOptions, Kind, ServiceEmbedder
from bot.backends.shared.embedding_batcher import CallSlot
from bot.backends.shared.rate_limiter import RateLimiter
from bot.ports import RateLimited, Rejected, Unavailable

BATCH: Final = 96  # the most that Cohere takes

Encoding = Literal["float", "int8", "base64"]
_Rows = tuple[NDArray[np.float32], int]

log = logging.getLogger(__name__)


def embedder(
    client: CohereClient, options: EmbedOptions, bucket: RateLimiter | None = None
) -> ServiceEmbedder:
    """Make the embedder. int8 makes other vectors than float and base64, which are the same numbers."""
    rounded = ":int8" if options.encoding == "int8" else ""
    feed = FeedOptions(
        model=options.model,
        dimensions=options.dimensions,
        batch=BATCH,
        calls_per_minute=options.calls_per_minute,
        texts_per_minute=options.texts_per_minute,
        calls_at_once=options.calls_at_once,
        query_seconds=options.query_seconds,
        patience_seconds=options.patience_seconds,
    )
    name = f"cohere:{options.model}:{options.dimensions}{rounded}"
    call = _Call(client.use(), options)
    return ServiceEmbedder(name, feed, call, service="Cohere", release=client.release, bucket=bucket)


class _Call:
    """Makes one call. The encoding that vectors travel in is settled by the first full batch."""

    def __init__(self, client: CohereClient, options: EmbedOptions) -> None:
        self._client = client
        self._options = options
        self._compact: bool | None = None  # whether the server has base64; None: not known yet

    async def __call__(
        self, texts: Sequence[str], kind: Kind, *, seconds: float | None, turn: CallSlot | None
    ) -> _Rows:
        encoding = self._options.encoding
        if encoding != "auto":
            return await self._send(texts, kind, seconds, encoding, turn)
        if kind == "query":
            return await self._send(texts, kind, seconds, "float", turn)
        if self._compact is None and len(texts) == BATCH:
            self._compact = False  # for the others, until it is known
            try:
                found = await self._send(texts, kind, seconds, "base64", turn)
            except (Rejected, Unavailable) as error:
                if isinstance(error, RateLimited):
                    self._compact = None
                    raise
                log.info("%s: vectors travel as text: base64 is not to be had", self._options.model)
            else:
                self._compact = True
                return found
        chosen: Encoding = "base64" if self._compact else "float"
        return await self._send(texts, kind, seconds, chosen, turn)

    async def _send(
        self,
        texts: Sequence[str],
        kind: Kind,
        seconds: float | None,
        encoding: Encoding,
        turn: CallSlot | None,
    ) -> _Rows:
        sizeable = not any(old in self._options.model for old in ("-v2.", "-v3."))
        rows, billed = await self._client.embed(
            texts,
            model=self._options.model,
            input_type=f"search_{kind}",
            dimensions=self._options.dimensions if sizeable else None,
            encoding=encoding,
            part=PART,
            seconds=self._options.batch_seconds if seconds is None else seconds,
            turn=turn,
        )
        return rows, billed.input_tokens
