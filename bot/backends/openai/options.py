"""What can be set about a server with OpenAI's API. Plain values: whoever reads the configuration fills them in."""

from dataclasses import dataclass, field

from bot.backends.shared.errors import Service

PRODUCTION = "https://api.openai.com/v1"


@dataclass(frozen=True, slots=True)
class Access:
    """Where a server is, and with which key. `azure` and `api_version` are Azure OpenAI's address and its API's date.

    `service` is its name in sentences. `native`: it is an Ollama, which tells more under its own API.
    """

    service: Service
    api_key: str = field(repr=False, default="")
    base_url: str = PRODUCTION
    azure: str = ""
    api_version: str = ""
    native: bool = False


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """Options of a writer. `context` is the model's window in tokens; None: the server is asked.

    `temperature` None is the model's own.
    """

    model: str
    max_tokens: int = 1500
    temperature: float | None = 0.2
    context: int | None = None


@dataclass(frozen=True, slots=True)
class EmbedOptions:
    """Options of an embedder. `sized`: the model is asked for so many dimensions; otherwise it has as many."""

    model: str
    dimensions: int
    sized: bool = False
    batch: int = 96
    calls_per_minute: int | None = None
    texts_per_minute: int | None = None
    calls_at_once: int = 4
    batch_seconds: float = 60.0
    query_seconds: float = 3.0
    patience_seconds: float = 300.0
    query_prefix: str = ""
    document_prefix: str = ""
