"""Backs the index and the journal up into a folder, and restores them from it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol, runtime_checkable

from adapters.cli.command import CommandError
from bot.bootstrap import open_store
from bot.config.loader import Settings
from bot.opened_records import open_records
from bot.runtime.process.private_files import private_folder, write_whole

_TOLD: Final = "docent-backup.json"


@runtime_checkable
class Kept(Protocol):
    """A part that can be backed up into a folder, or to a place that it names, and be restored."""

    async def back_up(self, folder: Path) -> dict[str, str]: ...

    async def restore(self, folder: Path, told: Mapping[str, str], *, replace: bool) -> None: ...


async def back_up(settings: Settings, folder: Path) -> list[str]:
    """Back up the index and the journal. Return what was done, as sentences.

    Raises CommandError, BackendError, OSError.
    """
    if (folder / _TOLD).exists():
        raise CommandError(f"{folder} holds a backup already: name another folder.")
    private_folder(folder)
    told: dict[str, Any] = {"made": datetime.now(UTC).isoformat(timespec="seconds")}
    said = []
    async with _parts(settings) as parts:
        for name, part in parts.items():
            told[name] = await part.back_up(folder)
            said.append(f"{name}: {told[name].get('said', 'backed up')}")
    write_whole(folder / _TOLD, json.dumps(told, indent=2).encode())
    return said


async def restore(settings: Settings, folder: Path, *, replace: bool) -> list[str]:
    """Restore the index and the journal. Return what was done, as sentences.

    Raises CommandError, BackendError, OSError.
    """
    try:
        told = json.loads((folder / _TOLD).read_bytes())
    except (OSError, ValueError) as error:
        raise CommandError(f"{folder} holds no backup of `docent backup`.") from error
    said = []
    async with _parts(settings) as parts:
        for name, part in parts.items():
            if name not in told:
                continue
            await part.restore(folder, told[name], replace=replace)
            said.append(f"{name}: {told[name].get('restored', 'restored')}")
    return [*said, f"It was made at {told['made']}. Run `docent index` for what has changed since."]


class _parts:  # noqa: N801 - used as a function
    """Opens the index and the journal, by their names."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def __aenter__(self) -> dict[str, Kept]:
        self._store = await open_store(self._settings)
        self._records = open_records(self._settings)
        parts = {"index": self._store, "journal": self._records.database}
        return {name: part for name, part in parts.items() if isinstance(part, Kept)}

    async def __aexit__(self, *_: object) -> None:
        await self._store.close()
        await self._records.close()
