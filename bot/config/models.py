"""Settings of the models that embed, rerank and write, and of the vendors' access and limits."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from bot.config.base import FilePath, Identifiers, Seconds, Secret, Section
from bot.config.services import (
    AnthropicWriter,
    OllamaWriter,
    OpenAIEmbedderSettings,
    OpenAIWriter,
    UrlRerankerSettings,
    WriterPace,
)

_Positive = Annotated[int, Field(gt=0)]


def _named(value: object) -> object:
    """Read `embedder: local` as `embedder: {local: {}}`; `off` and `false` as `none`."""
    if value is False:
        return {"none": {}}
    return {value: {}} if isinstance(value, str) else value


def _empty(value: object) -> object:
    return {} if value is None else value


def _url_alone(value: object) -> object:
    """Read `reranker: {url: http://…, model: …}` as `url: {url: …, model: …}`."""
    value = _named(value)
    return {"url": value} if isinstance(value, dict) and isinstance(value.get("url"), str) else value


class Nothing(Section):
    """The choice of having none."""


class LocalEmbedderSettings(Section):
    """A model on this machine: by name (downloaded at the first use), or from a folder on disk.

    With `path`, `file` is the ONNX file in that folder, and `dimensions` what its config.json says. `threads` is how many texts are
    computed at once, each on one thread; 0: as many as there are cores. `batch` and `normalize` change nothing
    any more: texts are computed one by one, and vectors are always of length 1.
    """

    model: str = "BAAI/bge-small-en-v1.5"
    path: FilePath | None = None
    file: str = "model.onnx"
    dimensions: _Positive | None = None
    pooling: Literal["mean", "cls"] = "mean"
    normalize: bool = True
    threads: Annotated[int, Field(ge=0)] = 0
    batch: _Positive = 32
    cache: FilePath | None = None
    query_prefix: str | None = None
    document_prefix: str | None = None


class CohereEmbedderSettings(Section):
    """Cohere's embedder. `encoding` is how vectors travel.

    base64 is the same numbers as float for less work, and `auto` takes it for many texts if the server has it; int8
    is rounded.
    """

    model: str = "embed-v4.0"
    dimensions: Literal[256, 512, 1024, 1536, 384, 768] = 1024
    encoding: Literal["auto", "float", "int8", "base64"] = "auto"


class LocalRerankerSettings(Section):
    """A cross-encoder on this machine: by name (downloaded at the first use), or from a folder on disk.

    `file` is the ONNX file in `path`. `enough` is the least relevance (0: as unrelated texts, 1: as answers)
    that a question is answered with.
    """

    model: str = "Xenova/ms-marco-MiniLM-L-6-v2"
    path: FilePath | None = None
    file: str = "model.onnx"
    threads: Annotated[int, Field(ge=0)] = 0
    cache: FilePath | None = None
    enough: Annotated[float, Field(ge=0, le=1)] = 0.5


class CohereRerankerSettings(Section):
    model: str = "rerank-v4.0-fast"
    enough: Annotated[float, Field(ge=0, le=1)] | None = None


class CohereWriterSettings(Section):
    """Cohere's writer. `citations`: `fast` cites as it writes, `accurate` at the end; unset is the model's own way."""

    model: str = "command-a-03-2025"
    temperature: Annotated[float, Field(ge=0, le=1)] = 0.2
    max_tokens: _Positive = 1500
    citations: Literal["fast", "accurate"] | None = None


class _OneOf(Section):
    @model_validator(mode="after")
    def _one(self) -> "_OneOf":
        if len(self.model_fields_set) != 1:
            raise ValueError(f"expected one of {', '.join(type(self).model_fields)}")
        return self

    @property
    def kind(self) -> str:
        """The name of the one that was chosen."""
        return next(iter(self.model_fields_set))


class EmbedderSettings(_OneOf):
    """`embedder: static`, `local`, `cohere` or `none`, or with settings of its own, as openai has to be."""

    static: Annotated[Nothing, BeforeValidator(_empty)] = Nothing()
    local: Annotated[LocalEmbedderSettings, BeforeValidator(_empty)] = LocalEmbedderSettings()
    cohere: Annotated[CohereEmbedderSettings, BeforeValidator(_empty)] = CohereEmbedderSettings()
    openai: OpenAIEmbedderSettings | None = None
    none: Annotated[Nothing, BeforeValidator(_empty)] = Nothing()


class RerankerSettings(_OneOf):
    """`reranker: local`, `cohere` or `none`, `{url: …}`, or with settings of its own."""

    local: Annotated[LocalRerankerSettings, BeforeValidator(_empty)] = LocalRerankerSettings()
    cohere: Annotated[CohereRerankerSettings, BeforeValidator(_empty)] = CohereRerankerSettings()
    url: UrlRerankerSettings | None = None
    none: Annotated[Nothing, BeforeValidator(_empty)] = Nothing()


class WriterSettings(_OneOf):
    """`writer: cohere`, `writer: extractive`, or a model: `{openai: …}`, `{ollama: MODEL}`, `{anthropic: …}`."""

    cohere: Annotated[CohereWriterSettings, BeforeValidator(_empty)] = CohereWriterSettings()
    openai: OpenAIWriter | None = None
    ollama: OllamaWriter | None = None
    anthropic: AnthropicWriter | None = None
    extractive: Annotated[Nothing, BeforeValidator(_empty)] = Nothing()

    @property
    def pace(self) -> WriterPace | None:
        """The chosen writer's own deadlines, if it has some."""
        return next((one for one in (self.openai, self.ollama, self.anthropic) if one is not None), None)


EmbedderChoice = Annotated[EmbedderSettings, BeforeValidator(_named)]
RerankerChoice = Annotated[RerankerSettings, BeforeValidator(_url_alone)]
WriterChoice = Annotated[WriterSettings, BeforeValidator(_named)]


class Price(Section):
    """US dollars for a million tokens in and out, or for a thousand calls (rerankers)."""

    input: Annotated[float, Field(ge=0)] = 0.0
    output: Annotated[float, Field(ge=0)] = 0.0
    calls: Annotated[float, Field(ge=0)] = 0.0


class CohereSettings(Section):
    """Access to Cohere and its limits. COHERE_API_KEY and COHERE_BASE_URL are the environment's.

    `calls_at_once` and the `*_per_minute` are for embedding while indexing; without limits of its own it goes
    as fast as the server's 429s let it. `patience` is how long it puts up with them while nothing gets
    through. `first_token` and `between_tokens` bound the writer's silence. `prices` go before bot.runtime.prices.
    """

    api_key: Secret | None = None
    base_url: str | None = None
    calls_at_once: _Positive = 4
    calls_per_minute: _Positive | None = None
    texts_per_minute: _Positive | None = None
    batch_deadline: Seconds = 60.0
    patience: Seconds = 300.0
    first_token: Seconds = 8.0
    between_tokens: Seconds = 15.0
    prices: dict[str, Price] = {}


class WeaviateEmbedded(Section):
    """The client's own server process; `binary` is one that lies ready, otherwise it is downloaded."""

    binary: FilePath | None = None
    path: FilePath | None = None
    version: str | None = None
    port: _Positive = 8079
    grpc_port: _Positive = 50050


def long_form(value: object) -> object:
    """Read `weaviate: embedded`, `weaviate: none`, `weaviate: http://…` as keys with values."""
    if value is False or value == "none":
        return {"enabled": False}
    if value == "embedded":
        return {"embedded": {}}
    if isinstance(value, str):
        if not value.startswith(("http://", "https://")):
            raise ValueError(f"expected embedded, none, or the address of a server, got {value[:40]!r}")
        return {"url": value}
    return value


class WeaviateSettings(Section):
    """`weaviate: embedded`, or the address of a server. WEAVIATE_URL and the rest may be the environment's.

    `url` is `http://host:8080`, `grpc_url` is `host:50051` or `grpc://host:50051` (by default the host of
    `url`, port 50051). An https url of a cloud cluster uses TLS on both. Either may list the nodes of one
    cluster, with commas between: they take turns, and another is asked when one is slow or fails.
    Access is an API key, OIDC's client credentials (`client_secret`, `scope`), or a `token` that lives for
    `token_life` and is refreshed with `refresh_token`; `headers` go along with each call, and `ca` is a PEM
    file of one's own authority. With a `tenant` several Docents share collections, each with its own part.
    `shards`, `ef`, `ef_construction`, `max_connections` and `quantization` are what an index is built with:
    changing them means a rebuild. Without them the server's own defaults count.
    """

    enabled: bool = True
    url: str | None = None
    grpc_url: str | None = None
    api_key: Secret | None = None
    client_secret: Secret | None = None
    scope: str | None = None
    token: Secret | None = None
    refresh_token: Secret | None = None
    token_life: Seconds = 60.0
    headers: dict[str, Secret] = {}
    ca: FilePath | None = None
    embedded: Annotated[WeaviateEmbedded, BeforeValidator(_empty)] | None = None
    collection: Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9_]*$")] = "Docent"
    tenant: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,49}$")] | None = None
    replication: Annotated[int, Field(ge=1)] = 1
    consistency: Literal["one", "quorum", "all"] = "quorum"
    quantization: Literal["rq8", "rq1", "bq", "none"] = "rq8"
    shards: _Positive | None = None
    ef: Annotated[int, Field(ge=-1)] | None = None
    ef_construction: _Positive | None = None
    max_connections: _Positive | None = None
    writes_at_once: _Positive = 4
    backups: Literal["filesystem", "s3", "gcs", "azure"] = "filesystem"
    search_deadline: Seconds = 3.0
    write_deadline: Seconds = 60.0

    @property
    def chosen(self) -> bool:
        """Whether Weaviate is the store."""
        return self.enabled and (self.url is not None or self.embedded is not None)


WeaviateChoice = Annotated[WeaviateSettings, BeforeValidator(long_form)]


class BreakerSettings(Section):
    """A part that failed `failures` times within `window` is left alone for `pause`, then tried again."""

    failures: _Positive = 5
    window: Seconds = 30.0
    pause: Seconds = 15.0


class GitSettings(Section):
    """Accepted style examples are committed to this branch of the guide's repository."""

    branch: str
    push: bool = False


class GuideSettings(Section):
    """A further style guide; what it doesn't say, the base guide says."""

    path: FilePath
    audience: Identifiers = frozenset()
    platforms: Identifiers = frozenset()


def _style(value: object) -> object:
    return {"path": value} if isinstance(value, str | Path) else value


class StyleSettings(Section):
    """The few-shot style guide: a folder of the team's own. `verified_days`: verified answers' life."""

    path: FilePath | None = None
    guides: dict[str, GuideSettings] = {}
    examples: Annotated[int, Field(ge=0, le=12)] = 4
    tokens: _Positive = 1500
    reload: Seconds = 2.0
    verified_days: _Positive = 180
    git: GitSettings | None = None


StyleChoice = Annotated[StyleSettings, BeforeValidator(_style)]
