"""Lists and fetches pages from where they are kept. `open_source` opens the type that docent.yaml names.

A source also tells what its own permissions are; what is done with its pages belongs to `indexer.sync`.
"""

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import TYPE_CHECKING

from bot.runtime.process.installed import how_to_add
from indexer.sources.base import PLUGIN_API, Source, Surroundings

if TYPE_CHECKING:  # pydantic takes as long to import as reading a page does
    from bot.config.sources import SourceSettings

# Ours; others come as an entry point of the group `docent.sources`, which may also replace one of these.
BUILT_IN: Mapping[str, str] = {
    "folder": "indexer.sources.folder:FolderSource",
    "git": "indexer.sources.git:GitSource",
    "web": "indexer.sources.web.source:WebSource",
    "confluence": "indexer.sources.confluence.source:ConfluenceSource",
    "gdrive": "indexer.sources.gdrive.source:GdriveSource",
    "notion": "indexer.sources.notion.source:NotionSource",
    "objects": "indexer.sources.objects:ObjectsSource",
    "slack_channel": "indexer.sources.slack_channel:SlackChannelSource",
    "discord_channel": "indexer.sources.discord_channel:DiscordChannelSource",
}

# What a type needs beside the core: the module, and the extra that brings it.
_NEEDS: Mapping[str, tuple[str, str]] = {
    "web": ("trafilatura", "web"),
    "gdrive": ("google.auth", "gdrive"),
    "objects": ("fsspec", "objects"),
}


class UnknownSource(Exception):
    """docent.yaml names a type that is not installed."""


def source_types() -> list[str]:
    """List every name that `type:` can have, sorted: our own and those of installed plugins."""
    return sorted({*BUILT_IN, *(found.name for found in entry_points(group="docent.sources"))})


def open_source(settings: "SourceSettings", surroundings: Surroundings) -> Source:
    """Open the source that `settings` describe; it reaches for nothing before it is listed.

    A plugin of the same name comes before ours. Raises UnknownSource, or ConfigError for options that don't fit the type.
    """
    for found in entry_points(group="docent.sources", name=settings.type):
        return _made(_fitting(found, settings), settings, surroundings)
    place = BUILT_IN.get(settings.type)
    if place is None:
        known = ", ".join(source_types())
        raise UnknownSource(f"source {settings.name}: there is no type {settings.type!r}; known are {known}")
    if settings.type in _NEEDS:
        require(settings, *_NEEDS[settings.type])
    module, _, name = place.partition(":")
    return _made(getattr(import_module(module), name), settings, surroundings)


def require(settings: "SourceSettings", module: str, extra: str) -> None:
    """Check that the library `module` of an extra is installed. Raises ConfigError with what to install."""
    package = module.partition(".")[0]
    if find_spec(package) is None or find_spec(module) is None:
        raise settings.wrong("type", f"{settings.type} needs more. {how_to_add(extra)}")


def _fitting(found: EntryPoint, settings: "SourceSettings") -> type[Source]:
    """Load a plugin's class. Raises ConfigError where it can't be loaded, or was written for another version."""
    try:
        kind = found.load()
    except Exception as error:  # whatever its module does
        raise settings.wrong(
            "type", f"the plugin {found.value} can't be loaded: {type(error).__name__}: {error}"
        ) from error
    if not (isinstance(kind, type) and issubclass(kind, Source)):
        raise settings.wrong("type", f"the plugin {found.value} is no indexer.plugin.Source")
    if kind.plugin_api != PLUGIN_API:
        raise settings.wrong(
            "type",
            f"the plugin {found.value} is for version {kind.plugin_api} of the plugin API, this Docent has "
            f"{PLUGIN_API}: install the plugin's version for it",
        )
    return kind


def _made(kind: type[Source], settings: "SourceSettings", surroundings: Surroundings) -> Source:
    return kind(settings, surroundings)
