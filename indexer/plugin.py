"""What a package of somebody else's may rely on, and nothing else of Docent: sources of their own.

A name here stays as long as `VERSION` does; what is added leaves it alone. A source may say which version it was
written for (`plugin_api = 1`), and is told about rather than run by a Docent that has another. docs/plugins.md shows a
whole one.
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
