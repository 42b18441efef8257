"""Makes Options of docent.yaml's settings."""

import re
from typing import Literal

from bot.backends.cohere.options import PRODUCTION, ChatOptions, EmbedOptions, Options, RerankOptions
from bot.config.loader import Settings

_MODES: dict[str, Literal["FAST", "ACCURATE"]] = {"fast": "FAST", "accurate": "ACCURATE"}


def options(settings: Settings) -> Options:
    cohere, limits = settings.cohere, settings.limits
    embedder = settings.embedder_choice.cohere
    writer = settings.writer_choice.cohere
    return Options(
        api_key=cohere.api_key.get_secret_value().strip() if cohere.api_key else "",
        base_url=_base(cohere.base_url or PRODUCTION),
        embed=EmbedOptions(
            model=embedder.model,
            dimensions=embedder.dimensions,
            encoding=embedder.encoding,
            calls_per_minute=cohere.calls_per_minute,
            texts_per_minute=cohere.texts_per_minute,
            calls_at_once=cohere.calls_at_once,
            batch_seconds=cohere.batch_deadline,
            query_seconds=limits.embed_deadline,
            patience_seconds=cohere.patience,
        ),
        rerank=RerankOptions(model=settings.reranker_choice.cohere.model, seconds=limits.rerank_deadline),
        chat=ChatOptions(
            model=writer.model,
            first_token_seconds=cohere.first_token,
            stall_seconds=cohere.between_tokens,
            whole_seconds=limits.answer_deadline,
            rewrite_seconds=limits.rewrite_deadline,
            max_tokens=writer.max_tokens,
            temperature=writer.temperature,
            citations=_MODES.get(writer.citations or ""),
        ),
    )


def _base(url: str) -> str:
    """Return the address without the version, which the SDK adds."""
    return re.sub(r"/v[12]$", "", url.strip().rstrip("/"))
