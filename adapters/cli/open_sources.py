"""Opens what commands need: the index, and sources."""

from adapters.cli.command import CommandError
from bot.config.loader import Settings
from bot.config.reading.error_messages import nearest
from bot.config.sources import SourceSettings
from bot.ports import Store
from indexer.sources import UnknownSource, open_source, source_types
from indexer.sources.base import Source, Surroundings


async def check_index(store: Store) -> None:
    """Raise CommandError while nothing is indexed, as that differs from nothing found."""
    if await store.format() is None:
        raise CommandError("There is no index yet. Make it with: docent index")
    if (await store.stats()).documents == 0:
        raise CommandError("The index holds no page. See why: docent status")


def opened_sources(settings: Settings) -> list[Source]:
    """Return every source of docent.yaml, opened. Raises ConfigError."""
    return [opened_source(settings, source) for source in settings.sources]


def opened_source(settings: Settings, source: SourceSettings) -> Source:
    """Return the source, opened. Raises ConfigError for an unknown type or options that don't fit it."""
    try:
        return open_source(source, Surroundings(settings.data, settings.indexer.max_bytes))
    except UnknownSource:
        known = source_types()
        message = f"expected one of {', '.join(known)}, got {source.type!r}{nearest(source.type, known)}"
        raise source.wrong("type", message) from None


async def check_sources_open(settings: Settings) -> None:
    """Open and close every source. Raises ConfigError for the first that can't be opened."""
    for source in opened_sources(settings):
        await source.close()
