"""Keeps settings as docent.yaml is now: a running process takes over what may change without a restart."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from bot.config.base import Section
from bot.config.environment.env_file import ENV_FILE
from bot.config.environment.names import PLACES, is_secret
from bot.config.loader import Settings, marks_of
from bot.config.reading.error_messages import ConfigError

log = logging.getLogger(__name__)

# Raises ConfigError for settings that its part can't go by.
Check = Callable[[Settings], Awaitable[None]]

# What may change while it runs. Anything else is built into parts that were opened with it.
_SECTIONS: Final = frozenset({"sources", "audiences", "default_audience", "prices", "eval"})
_KEYS: Final[Mapping[str, frozenset[str]]] = {
    "slack": frozenset(
        {
            "admin_groups",
            "admins",
            "channels",
            "listed_only",
            "name",
            "org_deploy_enabled",
            "prompts",
            "streaming",
            "workspace_admins",
            "workspaces",
        }
    ),
    "discord": frozenset({"admins", "guilds", "listed_only", "prompts"}),
    "indexer": frozenset(
        {"every", "jitter", "max_bytes", "max_deleted_share", "stale_after_cycles", "workers"}
    ),
}
_UNTOLD: Final = frozenset({"path"})


class LiveSettings:
    """The settings in force, in `now`. `problem` says why docent.yaml, as it is, isn't in force; "" if it is.

    `restart_for` are the keys that were changed and take a restart. `version` is of the files as they were last
    read, in force or not.
    """

    def __init__(self, settings: Settings) -> None:
        self.now = settings
        self.problem = ""
        self.restart_for: tuple[str, ...] = ()
        self._files = files_of(settings)
        self._read = self._last = settings.marks  # of before they were read: a change since then isn't missed
        self._changed = asyncio.Event()
        self.version = version_of(*self._files)

    @property
    def news(self) -> str:
        """What admins should hear of the file as it is; "" if all of it is in force."""
        if self.problem:
            return f"docent.yaml was changed and can't be taken over; what was in force stays. {self.problem}"
        if self.restart_for:
            return f"docent.yaml was changed: restart Docent for {', '.join(self.restart_for)}."
        return ""

    def changed(self) -> Coroutine[Any, Any, object]:
        """Wait until something is taken over, from this call on."""
        return self._changed.wait()

    async def look(self, check: Check | None = None) -> bool:
        """Take over what has changed in the files, and return whether anything is different now.

        A file is read once it is the same at two looks: whoever writes it may not be done. `check` raises
        ConfigError for what only the parts can judge.
        """
        marks = await asyncio.to_thread(marks_of, *self._files)
        if marks == self._read or marks != self._last:
            self._last = marks
            return False
        self._read, version = marks, await asyncio.to_thread(version_of, *self._files)
        try:
            wanted = await asyncio.to_thread(self.now.read_again)
            if check is not None:
                await check(wanted)
        except ConfigError as error:
            self.problem, self.version = str(error), version
            log.error("docent.yaml can't be taken over, what was in force stays: %s", error)  # noqa: TRY400
            return True
        except BaseException:
            self._read = ()  # it is looked at again
            raise
        self.version = version
        self._take(wanted)
        return True

    def _take(self, wanted: Settings) -> None:
        before, self.now = self.now, _merged(self.now, wanted)
        self.problem = ""
        self.restart_for = tuple(_differing(self.now, wanted))
        changed = ", ".join(_differing(before, self.now)) or "nothing that is in use"
        log.info("docent.yaml was changed and taken over: %s", changed)
        if self.restart_for:
            log.warning("restart Docent for what can't change while it runs: %s", ", ".join(self.restart_for))
        self._changed.set()
        self._changed = asyncio.Event()


def version_of(*files: Path) -> str:
    """Return a digest of what the files hold, in 16 characters. A file that can't be read counts as empty."""
    held = sha256()
    for file in files:
        try:
            data = file.read_bytes()
        except OSError:
            data = b""
        held.update(f"{len(data)}:".encode() + data)
    return held.hexdigest()[:16]


def files_of(settings: Settings) -> tuple[Path, Path]:
    """Return the paths of docent.yaml and the `.env` beside it."""
    return settings.path, settings.folder / ENV_FILE


def _merged(running: Settings, wanted: Settings) -> Settings:
    """Return the settings in force: the wanted ones where they may change."""
    update: dict[str, Any] = {name: getattr(wanted, name) for name in _SECTIONS}
    for section, keys in _KEYS.items():
        new: Section = getattr(wanted, section)
        old: Section = getattr(running, section)
        update[section] = old.model_copy(update={key: getattr(new, key) for key in keys})
    return running.model_copy(update=update)


def _differing(one: Settings, other: Settings) -> Iterator[str]:
    """Give the keys that differ, as they stand in docent.yaml or the environment."""
    names = {place: name.upper() for name, place in PLACES.items() if is_secret(name)}
    for key in sorted(type(one).model_fields.keys() - _UNTOLD):
        mine, yours = getattr(one, key), getattr(other, key)
        if _plain(mine) == _plain(yours):
            continue
        if not (isinstance(mine, Section) and type(mine) is type(yours)):
            yield names.get((key,), key)
            continue
        for below in type(mine).model_fields:
            if _plain(getattr(mine, below)) != _plain(getattr(yours, below)):
                yield names.get((key, below), f"{key}.{below}")


def _plain(value: object) -> object:
    """Return the value without the lines that it stands in, which are no difference."""
    if isinstance(value, Section):
        return value.model_dump()
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, tuple | list) else value
