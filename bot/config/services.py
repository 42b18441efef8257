"""Settings of models behind an API other than Cohere's: OpenAI's, which many servers have, Ollama, Anthropic, `/rerank`."""

from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from bot.config.base import Seconds, Secret, Section

_Positive = Annotated[int, Field(gt=0)]
_Window = Annotated[int, Field(ge=512)]
_Model = Annotated[str, Field(min_length=1)]
_Url = Annotated[str, Field(pattern=r"^https?://\S+$")]


class WriterPace(Section):
    """How long a writer may be silent and write, and how many answers it writes at once; others wait their turn.

    Without values of its own: Ollama and servers on this machine get minutes and one call at once, others seconds
    and no limit.
    """

    first_token: Seconds | None = None
    between_tokens: Seconds | None = None
    answer: Seconds | None = None
    calls_at_once: _Positive | None = None


class OpenAIAddress(Section):
    """Where a part's server is, if not where OPENAI_BASE_URL or AZURE_OPENAI_ENDPOINT say, and its own key."""

    base_url: _Url | None = None
    api_key: Secret | None = None
    azure_endpoint: _Url | None = None
    api_version: str | None = None


class OpenAIWriterSettings(WriterPace, OpenAIAddress):
    """A writer with OpenAI's API. `context` is the model's window in tokens; without it the server is asked.

    `temperature: none` sends none.
    """

    model: _Model
    max_tokens: _Positive = 1500
    temperature: Annotated[
        float | None, Field(ge=0, le=2), BeforeValidator(lambda v: None if v == "none" else v)
    ] = 0.2
    context: _Window | None = None


class OllamaWriterSettings(WriterPace):
    """`ollama: qwen3:8b`. `context` is what Ollama gives the model (OLLAMA_CONTEXT_LENGTH); without it, it is asked."""

    model: _Model
    base_url: _Url = "http://localhost:11434/v1"
    max_tokens: _Positive = 1500
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.2
    context: _Window | None = None


class AnthropicWriterSettings(WriterPace):
    """A writer of Anthropic's. `context` is the model's window in tokens; without it it is taken for large."""

    model: _Model
    max_tokens: _Positive = 1500
    context: _Window | None = None


class OpenAIEmbedderSettings(OpenAIAddress):
    """An embedder with OpenAI's API. `dimensions` is how many the model has.

    With `shorten` it is asked for so many (text-embedding-3 can). `batch` is the most texts that a call takes.
    `query_prefix` and `document_prefix` are what some models want before a text.
    """

    model: _Model
    dimensions: _Positive
    shorten: bool = False
    batch: Annotated[int, Field(ge=1, le=2048)] = 96
    calls_at_once: _Positive = 4
    calls_per_minute: _Positive | None = None
    texts_per_minute: _Positive | None = None
    batch_deadline: Seconds = 60.0
    patience: Seconds = 300.0
    query_prefix: str = ""
    document_prefix: str = ""


class UrlRerankerSettings(Section):
    """A server with `POST /v1/rerank` (vLLM, text-embeddings-inference, llama.cpp, Infinity, Jina).

    `url` may name the path, otherwise `/v1/rerank` is put behind it. `raw: true`: scores are logits, not 0 to 1; it
    shows by itself once one of them is no number between.
    """

    url: _Url
    model: str = ""
    api_key: Secret | None = None
    raw: bool | None = None
    batch: Annotated[int, Field(ge=1, le=1000)] = 100


class OpenAISettings(Section):
    """Access for parts that have none of their own.

    OPENAI_API_KEY, OPENAI_BASE_URL, AZURE_OPENAI_API_KEY, AZURE_OPENAI_ENDPOINT and OPENAI_API_VERSION are the
    environment's.
    """

    api_key: Secret | None = None
    base_url: str | None = None
    azure_api_key: Secret | None = None
    azure_endpoint: str | None = None
    api_version: str | None = None


class AnthropicSettings(Section):
    """Access to Anthropic. ANTHROPIC_API_KEY and ANTHROPIC_BASE_URL are the environment's."""

    api_key: Secret | None = None
    base_url: str | None = None


def model_alone(value: object) -> object:
    """Read `ollama: qwen3:8b` as `ollama: {model: qwen3:8b}`."""
    return {"model": value} if isinstance(value, str) else value


OllamaWriter = Annotated[OllamaWriterSettings, BeforeValidator(model_alone)]
OpenAIWriter = Annotated[OpenAIWriterSettings, BeforeValidator(model_alone)]
AnthropicWriter = Annotated[AnthropicWriterSettings, BeforeValidator(model_alone)]


class JudgeSettings(Section):
    """Who marks style: `judge: MODEL` is Cohere's, `judge: {openai: {model: …}}` another's."""

    cohere: str | None = None
    openai: OpenAIWriter | None = None
    ollama: OllamaWriter | None = None
    anthropic: AnthropicWriter | None = None

    @model_validator(mode="after")
    def _one(self) -> "JudgeSettings":
        if len(self.model_fields_set) != 1:
            raise ValueError(f"expected one of {', '.join(type(self).model_fields)}")
        return self


def judge(value: object) -> object:
    """Read `judge: none`, `judge: MODEL`, or a model with its vendor."""
    if value in (None, False, "none"):
        return None
    return {"cohere": value} if isinstance(value, str) else value


Judge = Annotated[JudgeSettings | None, BeforeValidator(judge)]
