"""What can be set about Cohere. Plain values: whoever reads the configuration fills them in."""

from dataclasses import dataclass, field
from typing import Literal

PRODUCTION = "https://api.cohere.com"

Encoding = Literal["auto", "float", "int8", "base64"]


@dataclass(frozen=True, slots=True)
class EmbedOptions:
    """`encoding` is how numbers travel; benchmarks/cohere.md says what each costs.

    "auto" is float, and for many texts base64 if the server has it: the same numbers for less work.
    Limits of None are left to the server: its 429s slow everything down that embeds.
    """

    model: str = "embed-v4.0"
    dimensions: int = 1024
    encoding: Encoding = "auto"
    calls_per_minute: int | None = None
    texts_per_minute: int | None = None
    calls_at_once: int = 4
    batch_seconds: float = 60.0
    query_seconds: float = 3.0
    patience_seconds: float = 300.0  # how long indexing puts up with 429s while nothing gets through


@dataclass(frozen=True, slots=True)
class RerankOptions:
    model: str = "rerank-v4.0-fast"
    seconds: float = 3.0


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """`citations` None is the model's own way: command-a cites as it writes, older models at the end."""

    model: str = "command-a-03-2025"
    first_token_seconds: float = 8.0
    stall_seconds: float = 15.0  # between two pieces of text
    whole_seconds: float = 60.0
    rewrite_seconds: float = 5.0
    max_tokens: int = 1024
    temperature: float = 0.2
    citations: Literal["FAST", "ACCURATE"] | None = None


@dataclass(frozen=True, slots=True)
class Options:
    api_key: str = field(repr=False)
    base_url: str = PRODUCTION
    embed: EmbedOptions = field(default_factory=EmbedOptions)
    rerank: RerankOptions = field(default_factory=RerankOptions)
    chat: ChatOptions = field(default_factory=ChatOptions)
