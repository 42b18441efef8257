"""What can be set about Anthropic. Plain values: whoever reads the configuration fills them in."""

from dataclasses import dataclass, field

PRODUCTION = "https://api.anthropic.com"


@dataclass(frozen=True, slots=True)
class Access:
    api_key: str = field(repr=False)
    base_url: str = PRODUCTION


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """Options of a writer. `context` is the model's window in tokens; None is taken for large."""

    model: str
    max_tokens: int = 1500
    context: int | None = None
