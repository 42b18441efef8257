"""docent.yaml and the environment. Nothing else reads either.

Order: the environment wins over docent.yaml, which wins over the defaults. Secrets stand in the environment
only; any text in the file may take one from there as `${NAME}`.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from bot.config.base import FilePath, Identifiers, Section
from bot.config.chat import (
    AttachmentSettings,
    DiscordSettings,
    JournalSettings,
    LimitSettings,
    LogSettings,
    SlackSettings,
)
from bot.config.error_messages import (
    ConfigError,
    KeyPath,
    Origin,
    Problem,
    dotted,
    explained,
    nearest,
)
from bot.config.evaluation import EvalSettings
from bot.config.models import (
    BreakerSettings,
    CohereSettings,
    EmbedderChoice,
    EmbedderSettings,
    Price,
    RerankerChoice,
    RerankerSettings,
    StyleChoice,
    StyleSettings,
    WeaviateChoice,
    WeaviateSettings,
    WriterChoice,
    WriterSettings,
    long_form,
)
from bot.config.secret_values import secret_values
from bot.config.services import AnthropicSettings, OpenAISettings
from bot.config.sources import AudienceSettings, IndexerSettings, SourceSettings
from bot.config.yaml_with_lines import Located, read

__all__ = ["ConfigError", "Environment", "Settings", "default_path", "load"]

# Where in docent.yaml a value of the environment belongs.
PLACES: Final[Mapping[str, KeyPath]] = {
    "docent_data": ("data",),
    "database_url": ("journal", "url"),
    "cohere_api_key": ("cohere", "api_key"),
    "cohere_base_url": ("cohere", "base_url"),
    "openai_api_key": ("openai", "api_key"),
    "openai_base_url": ("openai", "base_url"),
    "azure_openai_api_key": ("openai", "azure_api_key"),
    "azure_openai_endpoint": ("openai", "azure_endpoint"),
    "openai_api_version": ("openai", "api_version"),
    "anthropic_api_key": ("anthropic", "api_key"),
    "anthropic_base_url": ("anthropic", "base_url"),
    "weaviate_url": ("weaviate", "url"),
    "weaviate_grpc_url": ("weaviate", "grpc_url"),
    "weaviate_api_key": ("weaviate", "api_key"),
    "weaviate_client_secret": ("weaviate", "client_secret"),
    "weaviate_token": ("weaviate", "token"),
    "weaviate_refresh_token": ("weaviate", "refresh_token"),
    "slack_bot_token": ("slack", "bot_token"),
    "slack_app_token": ("slack", "app_token"),
    "slack_signing_secret": ("slack", "signing_secret"),
    "slack_api_url": ("slack", "api_url"),
    "discord_token": ("discord", "token"),
    "discord_api_url": ("discord", "api_url"),
    "discord_gateway_url": ("discord", "gateway_url"),
}

# Keys of single parts: from the environment by whatever name.
KEYS: Final[tuple[KeyPath, ...]] = (
    ("writer", "openai", "api_key"),
    ("embedder", "openai", "api_key"),
    ("reranker", "api_key"),
    ("reranker", "url", "api_key"),
    ("eval", "judge", "openai", "api_key"),
)


class Environment(BaseModel):
    """Every name of the environment that Docent reads, beside those that docent.yaml takes as `${NAME}`.

    An empty value is none, and case doesn't matter.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    docent_config: Path | None = None
    docent_data: Path | None = None
    database_url: SecretStr | None = None
    cohere_api_key: SecretStr | None = None
    cohere_base_url: str | None = None
    openai_api_key: SecretStr | None = None
    openai_base_url: str | None = None
    azure_openai_api_key: SecretStr | None = None
    azure_openai_endpoint: str | None = None
    openai_api_version: str | None = None
    anthropic_api_key: SecretStr | None = None
    anthropic_base_url: str | None = None
    weaviate_url: str | None = None
    weaviate_grpc_url: str | None = None
    weaviate_api_key: SecretStr | None = None
    weaviate_client_secret: SecretStr | None = None
    weaviate_token: SecretStr | None = None
    weaviate_refresh_token: SecretStr | None = None
    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_api_url: str | None = None
    discord_token: SecretStr | None = None
    discord_api_url: str | None = None
    discord_gateway_url: str | None = None

    @classmethod
    def read(cls) -> "Environment":
        """As it is now."""
        return cls.model_validate({name.lower(): value for name, value in os.environ.items() if value})


class Settings(Section):
    """All settings. `path` is docent.yaml's; relative paths in it start at its folder.

    `default_audience` is what people and channels have without being listed anywhere. State lies in `data`.
    """

    sources: tuple[SourceSettings, ...] = ()
    audiences: dict[str, AudienceSettings] = {}
    default_audience: Identifiers = frozenset({"everyone"})
    embedder: EmbedderChoice | None = None
    reranker: RerankerChoice | None = None
    writer: WriterChoice | None = None
    weaviate: WeaviateChoice = WeaviateSettings()
    cohere: CohereSettings = CohereSettings()
    openai: OpenAISettings = OpenAISettings()
    anthropic: AnthropicSettings = AnthropicSettings()
    prices: dict[str, Price] = {}
    style: StyleChoice = StyleSettings()
    limits: LimitSettings = LimitSettings()
    attachments: AttachmentSettings = AttachmentSettings()
    breaker: BreakerSettings = BreakerSettings()
    journal: JournalSettings = JournalSettings()
    slack: SlackSettings = SlackSettings()
    discord: DiscordSettings = DiscordSettings()
    indexer: IndexerSettings = IndexerSettings()
    eval: EvalSettings = EvalSettings()
    log: LogSettings = LogSettings()
    data: FilePath = Path(".docent")
    path: Path = Field(Path("docent.yaml"), exclude=True)  # not a key of the file

    @property
    def folder(self) -> Path:
        """docent.yaml's folder."""
        return self.path.parent

    @property
    def embedder_choice(self) -> EmbedderSettings:
        """As written; otherwise Cohere where there is a key, and the one that needs nothing where there isn't."""
        return self.embedder or EmbedderSettings.model_validate({"cohere" if self._has_key else "static": {}})

    @property
    def reranker_choice(self) -> RerankerSettings:
        return self.reranker or RerankerSettings.model_validate({"cohere" if self._has_key else "none": {}})

    @property
    def writer_choice(self) -> WriterSettings:
        return self.writer or WriterSettings.model_validate({"cohere" if self._has_key else "extractive": {}})

    @property
    def own_prices(self) -> Mapping[str, Price]:
        """What models cost here, by name."""
        return {**self.cohere.prices, **self.prices}

    @property
    def _has_key(self) -> bool:
        return self.cohere.api_key is not None

    def source(self, name: str) -> SourceSettings | None:
        """The source of that name."""
        return next((source for source in self.sources if source.name == name), None)

    def secrets(self) -> tuple[str, ...]:
        """Every secret value, longest first, for keeping them out of logs."""
        return tuple(sorted(set(secret_values(self)), key=len, reverse=True))


def default_path() -> Path:
    """`DOCENT_CONFIG`, otherwise ./docent.yaml."""
    return Environment.read().docent_config or Path("docent.yaml")


def load(config: Path | None = None) -> Settings:
    """The settings of `config` (by default: `default_path()`) and the environment. Raises ConfigError."""
    path = (config or default_path()).expanduser()
    located = read(path, os.environ)
    data, places = _with_environment(located)
    origin = Origin(str(path), path.absolute().parent, located.lines, places)
    try:
        settings = Settings.model_validate(
            {**data, "path": path.absolute()}, context={"folder": origin.folder}
        )
    except ValidationError as error:
        raise ConfigError(explained(error, origin, Settings)) from None
    for number, source in enumerate(settings.sources):
        source.located(origin.below("sources", str(number)))
    if problems := [*_doubles(settings, origin), *_keyless(settings, origin), *_strays(settings, origin)]:
        raise ConfigError(problems)
    return settings


def _with_environment(located: Located) -> tuple[dict[str, Any], dict[KeyPath, str]]:
    environment = Environment.read()
    data = located.data
    problems: list[Problem] = []
    for name, place in PLACES.items():
        secret = "SecretStr" in str(Environment.model_fields[name].annotation)
        if secret and isinstance(located.literal(place), str):
            message = f"is a secret: leave it out here and set {name.upper()} in the environment"
            problems.append(Problem(located.file, located.lines.get(place), dotted(place), message))
    for place in KEYS:
        if isinstance(located.literal(place), str):
            message = "is a secret: write ${NAME} here, and set NAME in the environment"
            problems.append(Problem(located.file, located.lines.get(place), dotted(place), message))
    if "path" in data:
        problems.append(Problem(located.file, located.lines.get(("path",)), "path", "unknown key"))
    if problems:
        raise ConfigError(problems)
    places: dict[KeyPath, str] = {}
    for name, place in PLACES.items():
        value = getattr(environment, name)
        if value is None:
            continue
        data = _put(data, place, value.absolute() if isinstance(value, Path) else value)
        places[place] = name.upper()
    data.setdefault("data", ".docent")
    return data, places


def _put(data: Mapping[str, Any], place: KeyPath, value: object) -> dict[str, Any]:
    """A copy of `data` with the value at its place; a section's short form is left to its own model."""
    if len(place) == 1:
        return {**data, place[0]: value}
    below = data.get(place[0])
    if below is None:
        below = {}
    elif place[0] == "weaviate":
        with suppress(ValueError):
            below = long_form(below)
    return {**data, place[0]: _put(below, place[1:], value)} if isinstance(below, Mapping) else dict(data)


def _doubles(settings: Settings, origin: Origin) -> list[Problem]:
    seen: set[str] = set()
    problems: list[Problem] = []
    for number, source in enumerate(settings.sources):
        if source.name in seen:
            message = f"{source.name} names another source already"
            problems.append(origin.problem(("sources", str(number), "name"), message))
        seen.add(source.name)
    return problems


def _keyless(settings: Settings, origin: Origin) -> list[Problem]:
    if settings.cohere.api_key is not None:
        return []
    chosen = {"embedder": settings.embedder, "reranker": settings.reranker, "writer": settings.writer}
    return [
        origin.problem((name,), "cohere needs COHERE_API_KEY in the environment")
        for name, choice in chosen.items()
        if choice is not None and choice.kind == "cohere"
    ]


def _strays(settings: Settings, origin: Origin) -> list[Problem]:
    """Audiences that are used but not declared, where some are declared: a slip would hide pages."""
    if not settings.audiences:
        return []
    declared = settings.audiences.keys() | settings.default_audience
    used = [
        (("sources", str(number), "audience"), word)
        for number, source in enumerate(settings.sources)
        for word in sorted(source.audience)
    ] + [
        (("slack", "channels", channel, "audience"), word)
        for channel, place in settings.slack.channels.items()
        for word in sorted(place.audience or ())
    ]
    return [
        origin.problem(place, f"{word} is not one of the audiences{nearest(word, declared)}")
        for place, word in used
        if word not in declared
    ]
