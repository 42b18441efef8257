"""Loads docent.yaml and the environment, which nothing else reads.

Order: the environment wins over docent.yaml, which wins over the defaults. Secrets stand in the environment only;
any text in the file may take one from there as `${NAME}`. What the environment doesn't say, `.env` beside
docent.yaml may.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, PrivateAttr, ValidationError

from bot.config.base import FilePath, Identifiers, Section
from bot.config.chat import (
    AttachmentSettings,
    DiscordSettings,
    JournalSettings,
    LimitSettings,
    LogSettings,
    SlackSettings,
)
from bot.config.environment.env_file import ENV_FILE, EnvFile, read_env_file
from bot.config.environment.names import Environment, with_environment
from bot.config.evaluation import EvalSettings
from bot.config.help import HelpSettings
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
)
from bot.config.monitoring import MonitoringSettings
from bot.config.reading import cron
from bot.config.reading.error_messages import ConfigError, Origin, Problem, dotted, explained, nearest
from bot.config.reading.secret_values import secret_values
from bot.config.reading.yaml_with_lines import read
from bot.config.services import AnthropicSettings, OpenAISettings
from bot.config.sources import AudienceSettings, IndexerSettings, SourceSettings

__all__ = ["ConfigError", "Settings", "default_path", "load"]


# Of a file: its time, size and inode; None: it isn't there.
Mark = tuple[int, int, int] | None


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
    help: HelpSettings = HelpSettings()
    slack: SlackSettings = SlackSettings()
    discord: DiscordSettings = DiscordSettings()
    indexer: IndexerSettings = IndexerSettings()
    eval: EvalSettings = EvalSettings()
    log: LogSettings = LogSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    data: FilePath = Path(".docent")
    path: Path = Field(Path("docent.yaml"), exclude=True)  # not a key of the file

    # The environment as it was given, without `.env`, that file, and the names that docent.yaml takes from them.
    _given: Mapping[str, str] = PrivateAttr(default_factory=dict)
    _env_file: EnvFile = PrivateAttr(default_factory=lambda: EnvFile(Path(".env")))
    _names: frozenset[str] = PrivateAttr(default=frozenset())
    _origin: Origin = PrivateAttr(default_factory=Origin)
    _marks: tuple[Mark, ...] = PrivateAttr(default=())

    @property
    def folder(self) -> Path:
        """The folder that docent.yaml is in."""
        return self.path.parent

    @property
    def embedder_choice(self) -> EmbedderSettings:
        """The embedder as written; without one Cohere's where there is a key, and else the one that needs nothing."""
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
        """Return the source of that name."""
        return next((source for source in self.sources if source.name == name), None)

    @property
    def source_audiences(self) -> frozenset[str]:
        """All audiences that sources and their folders are for."""
        return frozenset().union(*(source.audiences for source in self.sources))

    def may_be_old(self, source: SourceSettings) -> float | None:
        """Return how many seconds old a good sync may be, None for any: some cycles, or a cron line's longest ones."""
        every = source.every or self.indexer.every
        cycle = every.seconds if every.cron is None else cron.longest_gap(every.cron, source.timezone)
        return (cycle or 0.0) * self.indexer.stale_after_cycles or None

    @property
    def traced(self) -> bool:
        """Whether the environment names an OpenTelemetry collector. All of its `OTEL_*` the SDK reads itself."""
        said = Environment.read(self._env_file.below(self._given))
        off = str(said.otel_sdk_disabled).lower() == "true" or said.otel_traces_exporter == "none"
        return not off and bool(said.otel_exporter_otlp_endpoint or said.otel_exporter_otlp_traces_endpoint)

    @property
    def env_file(self) -> EnvFile:
        """The `.env` beside docent.yaml, as it was read."""
        return self._env_file

    @property
    def given(self) -> Mapping[str, str]:
        """The environment as it was read, without `.env`."""
        return self._given

    @property
    def names_taken(self) -> frozenset[str]:
        """The names that docent.yaml takes as `${NAME}`."""
        return self._names

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The marks of the files as they were read (see `marks_of`), which tell if these were changed since."""
        return self._marks

    def where(self, *place: str) -> str:
        """Name a key for people, with its line if it stands in the file: `indexer.port (docent.yaml, line 9)`."""
        line = self._origin.lines.get(place)
        return dotted(place) + (f" (docent.yaml, line {line})" if line else "")

    def read_again(self) -> "Settings":
        """Read the same file and the `.env` beside it again. Raises ConfigError."""
        return load(self.path, self._given)

    def secrets(self) -> tuple[str, ...]:
        """Return every secret value, longest first, for keeping them out of logs."""
        return tuple(sorted(set(secret_values(self)), key=len, reverse=True))


def default_path() -> Path:
    """Return `DOCENT_CONFIG`, or else ./docent.yaml."""
    return Environment.read(os.environ).docent_config or Path("docent.yaml")


def marks_of(*files: Path) -> tuple[Mark, ...]:
    """Return time, size and inode of each file; None for one that isn't there."""
    return tuple(_mark(file) for file in files)


def _mark(file: Path) -> Mark:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def data_folder(config: Path | None = None) -> Path:
    """Return where state lies, as far as it can be told without docent.yaml: by the environment, or beside the file."""
    folder = (config or default_path()).expanduser().absolute().parent
    return Environment.read(os.environ).docent_data or folder / ".docent"


def export(settings: Settings) -> None:
    """Put what `.env` says into the environment: git and some libraries look there themselves."""
    for name, value in settings.env_file.values.items():
        os.environ.setdefault(name, value)


def load(config: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Load `config` (by default: `default_path()`) and the environment. Raises ConfigError."""
    path = (config or default_path()).expanduser()
    given = dict(os.environ if environ is None else environ)
    folder = path.absolute().parent
    marks = marks_of(path.absolute(), folder / ENV_FILE)
    env_file = read_env_file(folder)
    located = read(path, env_file.below(given))
    data, places = with_environment(located, given, env_file)
    origin = Origin(str(path), folder, located.lines, places)
    try:
        settings = Settings.model_validate(
            {**data, "path": path.absolute()}, context={"folder": origin.folder}
        )
    except ValidationError as error:
        raise ConfigError(explained(error, origin, Settings)) from None
    settings._given, settings._env_file, settings._names = given, env_file, located.names  # noqa: SLF001
    settings._origin, settings._marks = origin, marks  # noqa: SLF001 - its own
    for number, source in enumerate(settings.sources):
        source.located(origin.below("sources", str(number)))
    if problems := [*_doubles(settings, origin), *_keyless(settings, origin), *_strays(settings, origin)]:
        raise ConfigError(problems)
    return settings


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
    """Return problems with audiences that are used but not declared, where some are: a slip would hide pages."""
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
