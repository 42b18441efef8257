"""Tells for whom the settings have a page. Pure."""

from typing import TYPE_CHECKING

from bot.model import narrower
from bot.text.globs import matches, may_match

if TYPE_CHECKING:  # pydantic takes as long to import as reading a page does
    from bot.config.sources import SourceSettings


def configured_audience(settings: "SourceSettings", path: str) -> frozenset[str]:
    """Return the audience of the last glob that fits.

    Where another spelling of the path would narrow it, it is narrowed.
    """
    audience = other = settings.audience
    for glob, words in settings.audience_of.items():
        if matches(path, glob):
            audience = words
        if may_match(path, glob):
            other = words
    return narrower(audience, other)
