"""Opens the models that docent.yaml chooses: the composition root's part that names their backends.

Each vendor is imported only where it is chosen, and two parts at one server share its connections.
"""

from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from bot.backends.anthropic.options import PRODUCTION as ANTHROPIC
from bot.backends.anthropic.options import Access as AnthropicAccess
from bot.backends.shared.errors import Service
from bot.backends.shared.writing.chat_writer import Pace
from bot.config.loader import Settings
from bot.config.models import LocalEmbedderSettings, Nothing
from bot.config.services import (
    OllamaWriterSettings,
    OpenAIAddress,
    OpenAIWriterSettings,
    WriterPace,
)
from bot.ports import Embedder, Judge, Reranker, Unauthorized, Writer

if TYPE_CHECKING:
    from bot.backends.cohere.factory import CohereFactory
    from bot.backends.openai.factory import OpenAIFactory
    from bot.backends.openai.options import Access, ChatOptions

# A model on a small machine reads for minutes before it writes.
_LOCAL: Final = {"first_token": 180.0, "between_tokens": 60.0, "answer": 600.0}
_JUDGE_SECONDS: Final = 30.0
_KEYS: Final = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY", "cohere": "COHERE_API_KEY"}


class OpenedModels:
    """The models. Whoever takes a part closes it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cohere: CohereFactory | None = None
        self._servers: dict[Access, OpenAIFactory] = {}

    async def embedder(self) -> Embedder | None:
        settings, choice = self._settings, self._settings.embedder_choice
        if choice.kind == "cohere":
            return (await self._at_cohere()).embedder()
        if choice.kind == "local":
            return await open_local(choice.local, settings.data / "models")
        if choice.kind == "static":
            return await open_local(choice.static, settings.data / "models")
        if (wanted := choice.openai) is not None:
            from bot.backends.openai.options import EmbedOptions

            options = EmbedOptions(
                model=wanted.model,
                dimensions=wanted.dimensions,
                sized=wanted.shorten,
                batch=wanted.batch,
                calls_per_minute=wanted.calls_per_minute,
                texts_per_minute=wanted.texts_per_minute,
                calls_at_once=wanted.calls_at_once,
                batch_seconds=wanted.batch_deadline,
                query_seconds=settings.limits.embed_deadline,
                patience_seconds=wanted.patience,
                query_prefix=wanted.query_prefix,
                document_prefix=wanted.document_prefix,
            )
            return (await self._at_server(_access(settings, wanted))).embedder(options)
        return None

    async def reranker(self) -> Reranker | None:
        settings, choice = self._settings, self._settings.reranker_choice
        if choice.kind == "cohere":
            return (await self._at_cohere()).reranker()
        if choice.kind == "local":
            from bot.backends.fastembed.reranker import LocalReranker

            return LocalReranker(choice.local, settings.data / "models")
        if (wanted := choice.url) is not None:
            from bot.backends.rerank_url import RerankOptions, UrlReranker

            key = wanted.api_key.get_secret_value().strip() if wanted.api_key else ""
            options = RerankOptions(
                url=wanted.url,
                model=wanted.model,
                api_key=key,
                raw=wanted.raw,
                batch=wanted.batch,
                seconds=settings.limits.rerank_deadline,
            )
            return UrlReranker(options)
        return None

    async def writers(
        self, embedder: Embedder | None, reranker: Reranker | None
    ) -> tuple[Writer, Writer | None]:
        """Return the writer, and who answers when it can't. Only models that cost nothing help with quoting."""
        from bot.backends.extractive.writer import ExtractiveWriter

        settings = self._settings
        extractive = ExtractiveWriter(
            embedder if settings.embedder_choice.kind in ("static", "local") else None,
            reranker if settings.reranker_choice.kind == "local" else None,
        )
        choice = settings.writer_choice
        pace = writer_pace(settings)
        if choice.kind == "cohere":
            return (await self._at_cohere()).writer(), extractive
        if (served := choice.openai or choice.ollama) is not None:
            server = await self._at_server(_access(settings, served))
            at_once = calls_at_once(settings, served)
            return server.writer(_chat(served), pace, at_once), extractive
        if (wanted := choice.anthropic) is not None:
            from bot.backends.anthropic import connect
            from bot.backends.anthropic.options import ChatOptions

            service = await connect(_anthropic(settings))
            options = ChatOptions(wanted.model, wanted.max_tokens, wanted.context)
            return service.writer(options, pace, wanted.calls_at_once), extractive
        return extractive, None

    async def _at_cohere(self) -> "CohereFactory":
        if self._cohere is None:
            from bot.backends.cohere import connect
            from bot.backends.cohere.from_settings import options

            self._cohere = await connect(options(self._settings))
        return self._cohere

    async def _at_server(self, access: "Access") -> "OpenAIFactory":
        from bot.backends.openai import connect

        if access not in self._servers:
            self._servers[access] = await connect(access)
        return self._servers[access]


async def open_local(model: LocalEmbedderSettings | Nothing, folder: Path) -> Embedder:
    """Open an embedder that needs nobody's server, `static` without settings; what it downloads goes into the folder."""
    if isinstance(model, Nothing):
        from bot.backends.static_embedder import open_embedder as open_static

        return await open_static()
    from bot.backends.fastembed.embedder import open_embedder

    return await open_embedder(model, folder)


async def open_judge(settings: Settings) -> Judge | None:
    """Open the judge of style for `docent eval`; None if docent.yaml names none. Whoever opens it closes it."""
    wanted = settings.eval.judge
    if wanted is None:
        return None
    if wanted.cohere is not None:
        if settings.cohere.api_key is None:
            raise _keyless("cohere")
        from bot.backends.cohere import connect as to_cohere
        from bot.backends.cohere.from_settings import options

        return (await to_cohere(options(settings))).judge(wanted.cohere)
    served = wanted.openai or wanted.ollama
    if served is not None:
        from bot.backends.openai import connect as to_server

        seconds = served.answer or (_LOCAL["answer"] if _is_here(settings, served) else _JUDGE_SECONDS)
        return (await to_server(_access(settings, served))).judge(_chat(served), seconds)
    from bot.backends.anthropic import connect
    from bot.backends.anthropic.options import ChatOptions

    if wanted.anthropic is None or settings.anthropic.api_key is None:
        raise _keyless("anthropic")
    service = await connect(_anthropic(settings))
    return service.judge(ChatOptions(wanted.anthropic.model, wanted.anthropic.max_tokens), _JUDGE_SECONDS)


def writer_pace(settings: Settings) -> Pace:
    """Return the writer's deadlines: its own, or what suits where it is."""
    limits, own = settings.limits, settings.writer_choice.pace
    if own is None:
        cohere = settings.cohere
        return Pace(
            cohere.first_token, cohere.between_tokens, limits.answer_deadline, limits.rewrite_deadline
        )
    usual = Pace(answer=limits.answer_deadline, rewrite=limits.rewrite_deadline)
    if _is_here(settings, own):
        usual = Pace(**_LOCAL, rewrite=_LOCAL["first_token"])
    first = own.first_token or usual.first_token
    return Pace(
        first_token=first,
        between_tokens=own.between_tokens or usual.between_tokens,
        answer=own.answer or max(usual.answer, first),
        rewrite=max(limits.rewrite_deadline, first),
    )


def calls_at_once(settings: Settings, own: WriterPace) -> int | None:
    """Return how many calls it gets at once: small servers do one after the other, whether or not the caller has left."""
    return own.calls_at_once or (1 if _is_here(settings, own) else None)


def _is_here(settings: Settings, own: WriterPace) -> bool:
    """Tell whether the model is on this machine, or an Ollama."""
    if isinstance(own, OllamaWriterSettings):
        return True
    if not isinstance(own, OpenAIWriterSettings):
        return False
    access = _access(settings, own)
    host = urlsplit(access.azure or access.base_url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _access(settings: Settings, own: "OpenAIAddress | OllamaWriterSettings") -> "Access":
    """Return the access. Raises Unauthorized where a key is needed and there is none."""
    from bot.backends.openai.options import PRODUCTION, Access

    if isinstance(own, OllamaWriterSettings):
        model = f"Fetch it: ollama pull {own.model}"
        service = Service("Ollama", key="", url=f"Is it running at {own.base_url}? ollama serve", model=model)
        return Access(service, base_url=own.base_url, native=True)
    shared = settings.openai
    secret = own.api_key or shared.api_key
    azure = own.azure_endpoint or ("" if own.base_url else shared.azure_endpoint) or ""
    if azure:
        secret = own.api_key or shared.azure_api_key or shared.api_key
        service = Service(
            "Azure OpenAI",
            key="Check AZURE_OPENAI_API_KEY.",
            url="Check AZURE_OPENAI_ENDPOINT and OPENAI_API_VERSION.",
            model="Check the deployment's name.",
        )
        key = secret.get_secret_value().strip() if secret else ""
        return Access(service, key, azure=azure, api_version=own.api_version or shared.api_version or "")
    base = (own.base_url or shared.base_url or PRODUCTION).strip().rstrip("/")
    key = secret.get_secret_value().strip() if secret else ""
    if base == PRODUCTION and not key:
        raise _keyless("openai")
    place = urlsplit(base)
    name = "OpenAI" if base == PRODUCTION else place.netloc.rpartition("@")[2]
    known = "Check OPENAI_API_KEY." if own.api_key is None else "Check its api_key."
    where = "base_url in docent.yaml" if own.base_url else "OPENAI_BASE_URL"
    return Access(Service(name, key=known, url=f"Check {where}: most end in /v1."), key, base)


def _anthropic(settings: Settings) -> AnthropicAccess:
    secret = settings.anthropic.api_key
    if secret is None:
        raise _keyless("anthropic")
    base = (settings.anthropic.base_url or ANTHROPIC).strip().rstrip("/").removesuffix("/v1")
    return AnthropicAccess(secret.get_secret_value().strip(), base)


def _chat(own: OpenAIWriterSettings | OllamaWriterSettings) -> "ChatOptions":
    from bot.backends.openai.options import ChatOptions

    return ChatOptions(own.model, own.max_tokens, own.temperature, own.context)


def _keyless(vendor: str) -> Unauthorized:
    remedy = f"Set {_KEYS[vendor]} in the environment."
    return Unauthorized(vendor, "it needs a key.", remedy=remedy)
