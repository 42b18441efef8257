"""Prices models' usage. List prices change: `cohere: {prices: …}` in docent.yaml goes before this table."""

from collections.abc import Iterable, Mapping
from typing import Final

from bot.config.models import Price
from bot.model import Usage

AS_OF: Final = "June 2026"

# US dollars: a million tokens in and out, a thousand searches (rerankers).
PRICES: Final[Mapping[str, Price]] = {
    "command-a-03-2025": Price(input=2.5, output=10.0),
    "command-r-plus-08-2024": Price(input=2.5, output=10.0),
    "command-r-08-2024": Price(input=0.15, output=0.6),
    "command-r7b-12-2024": Price(input=0.0375, output=0.15),
    "embed-v4.0": Price(input=0.12),
    "embed-english-v3.0": Price(input=0.1),
    "embed-multilingual-v3.0": Price(input=0.1),
    "rerank-v4.0-fast": Price(calls=2.0),
    "rerank-v4.0-pro": Price(calls=2.5),
    "rerank-v3.5": Price(calls=2.0),
}


def cost(usage: Usage, own: Mapping[str, Price] | None = None) -> float | None:
    """Return the price in US dollars; None for a model whose price isn't known."""
    price = (own or {}).get(usage.model) or PRICES.get(usage.model)
    if price is None:
        return None
    tokens = usage.input_tokens * price.input + usage.output_tokens * price.output
    return tokens / 1e6 + usage.calls * price.calls / 1e3


def total(usages: Iterable[Usage], own: Mapping[str, Price] | None = None) -> float:
    """Return the price in US dollars of those usages whose price is known."""
    return sum(cost(usage, own) or 0.0 for usage in usages)
