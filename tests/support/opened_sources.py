"""The sources of docent.yaml, opened."""

from bot.bootstrap import App
from indexer.sources import open_source
from indexer.sources.base import Source, Surroundings


def sources_of(app: App) -> list[Source]:
    """Every one. Raises ConfigError, UnknownSource."""
    around = Surroundings(app.settings.data, app.settings.indexer.max_bytes)
    return [open_source(source, around) for source in app.settings.sources]
