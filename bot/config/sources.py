"""Settings of where pages come from, when they are fetched, and who may see them."""

import builtins
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
)

from bot.config.base import Id, Identifiers, Seconds, Secret, Section, seconds
from bot.config.cluster import Dask
from bot.config.reading import cron
from bot.config.reading.error_messages import ConfigError, Origin, explained, nearest

OptionsT = TypeVar("OptionsT", bound=BaseModel)

_NAME: Final = r"[a-z0-9][a-z0-9_-]{0,62}"


@dataclass(frozen=True, slots=True)
class Every:
    """A cycle: a number of seconds, or a cron line of five fields or @daily and the like, as in crontab."""

    seconds: float | None = None
    cron: str | None = None


def _every(value: object) -> object:
    if isinstance(value, Every):
        return value
    if cron.is_line(value):
        line = str(value).strip()
        cron.checked(line)
        return Every(cron=line)
    try:
        return Every(seconds=max(1.0, seconds(value)))
    except ValueError:
        raise ValueError(
            'expected a cycle such as 15m or 2h, or a cron line such as "0 6 * * 1-5" or @daily'
        ) from None


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = nearest(value, available_timezones())
        raise ValueError(f"expected a time zone such as Europe/Berlin, got {value[:40]!r}{hint}") from None
    return value


# Whose software shows the pages, and so makes the anchors of their headings.
AnchorRule = Literal[
    "asciidoctor",
    "confluence",
    "confluence-server",
    "docusaurus",
    "github",
    "gitlab",
    "hugo",
    "mkdocs",
    "pymdownx",
    "sphinx",
    "vitepress",
]

# When a source is synced.
Cycle = Annotated[Every, BeforeValidator(_every)]


class SourceSettings(Section):
    """One entry of `sources`. What belongs to its type is in `options`, checked by `parse`.

    `url` makes a page's public address (`https://handbook.example.com/{path}`; `{path}`, `{stem}` is the
    path without its suffix). `audience_of` narrows folders: `{"hr/pay/**": [people-team]}`, the last
    pattern that fits wins. `strict_audiences`: while one of them fits no page, new pages are left out.
    `drafts`: pages that say of themselves that they aren't finished are read, too.
    `anchors`: what shows the pages, None for what their folder looks like. `attributes` are AsciiDoc's, of all pages.
    `max_deleted_share` overrides the indexer's. `webhook` is the secret of
    `POST /hooks/<name>`.
    """

    model_config = ConfigDict(extra="allow")

    name: Annotated[str, StringConstraints(pattern=rf"^{_NAME}$")]
    type: str
    audience: Annotated[Identifiers, Field(min_length=1)]
    audience_of: dict[str, Identifiers] = {}
    strict_audiences: bool = True
    drafts: bool = False
    anchors: AnchorRule | None = None
    attributes: dict[str, Id] = {}
    url: str = ""
    language: str = "en"
    owners: tuple[str, ...] = ()
    every: Cycle | None = None
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    jitter: Seconds = 0.0
    max_deleted_share: Annotated[float, Field(ge=0, le=1)] | None = None
    max_bytes: Annotated[int, Field(gt=0)] | None = None
    webhook: Secret | None = None

    _origin: Origin = PrivateAttr(default_factory=Origin)

    @field_validator("webhook")
    @classmethod
    def _kept(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().strip():
            raise ValueError("an empty secret would let everybody in; set one, or leave webhook out")
        return value

    @field_validator("name")
    @classmethod
    def _plain(cls, value: str) -> str:
        if not re.fullmatch(_NAME, value):
            raise ValueError("expected small letters, digits, - and _")
        return value

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        """Leave the options out: some are secrets, and only the source's type knows which."""
        return [(name, getattr(self, name)) for name in type(self).model_fields]

    @property
    def options(self) -> Mapping[str, Any]:
        """The keys that belong to the source's type, as they were written."""
        return dict(self.__pydantic_extra__ or {})

    @property
    def audiences(self) -> frozenset[str]:
        """All audiences that it, or a folder of it, is for."""
        return self.audience.union(*self.audience_of.values())

    @property
    def folder(self) -> Path:
        """The folder where relative paths of the options start: docent.yaml's."""
        return self._origin.folder

    def at_line(self, key: str) -> str:
        """Return `, line 9`, the line in docent.yaml of that key, or else of the source; "" if nobody knows."""
        line = self._origin.line((key,))
        return f", line {line}" if line else ""

    def parse(self, model: "builtins.type[OptionsT]") -> OptionsT:
        """Read the options as the type's own model. Raises ConfigError, with line and nearest word, if they don't fit."""
        common = tuple(SourceSettings.model_fields)
        try:
            return model.model_validate(dict(self.options), context={"folder": self.folder})
        except ValidationError as error:
            raise ConfigError(explained(error, self._origin, model, also=common)) from None

    def wrong(self, key: str, message: str) -> ConfigError:
        """Make the error for a value that only its user can judge."""
        return ConfigError([self._origin.problem((key,), message)])

    def located(self, origin: Origin) -> "SourceSettings":
        """Return the same settings, which know where in the file they stand."""
        self._origin = origin
        return self


class AudienceSettings(Section):
    """Who belongs to an audience, beside the people and channels that list it themselves."""

    description: str = ""
    slack_users: Identifiers = frozenset()
    slack_groups: Identifiers = frozenset()
    discord_users: Identifiers = frozenset()
    discord_roles: Identifiers = frozenset()


class IndexerSettings(Section):
    """The indexer's own settings. If more than `max_deleted_share` of a source is gone at once, an admin is asked."""

    every: Cycle = Every(seconds=3600.0)
    jitter: Seconds = 0.0
    max_deleted_share: Annotated[float, Field(ge=0, le=1)] = 0.2
    max_bytes: Annotated[int, Field(gt=0)] = 20_000_000
    workers: Annotated[int, Field(ge=1, le=64)] = 2
    dask: Dask | None = None
    lease: Seconds = 20.0
    poll: Seconds = 1.0
    stale_after_cycles: Annotated[int, Field(ge=1)] = 3
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] | None = None
