"""Names all of Docent that another package may rely on: what a source of its own needs.

A name here stays for as long as `VERSION` does; additions leave it alone. A source may say which version it was
written for (`plugin_api = 1`); a Docent of another version names it in an error and doesn't run it. docs/plugins.md
shows a whole one.
"""

from typing import Final

from bot.config.base import FilePath, Seconds, Secret, Section
from bot.config.reading.error_messages import ConfigError
from bot.config.sources import SourceSettings
from bot.model import Failure
from indexer.sources.base import (
    PLUGIN_API,
    Entry,
    Fetched,
    ListingFailed,
    PageFailed,
    PageGone,
    PageHidden,
    Source,
    SourceError,
    Surroundings,
    Unlisted,
)

VERSION: Final = PLUGIN_API

__all__ = [
    "VERSION",
    "ConfigError",
    "Entry",
    "Failure",
    "Fetched",
    "FilePath",
    "ListingFailed",
    "PageFailed",
    "PageGone",
    "PageHidden",
    "Seconds",
    "Secret",
    "Section",
    "Source",
    "SourceError",
    "SourceSettings",
    "Surroundings",
    "Unlisted",
]
