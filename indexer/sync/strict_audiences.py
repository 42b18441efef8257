"""Holds pages back while a pattern that gives an audience fits no page: until it does or is gone, nothing is opened."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.config.sources import SourceSettings
from bot.model import narrower
from indexer.reading.page_builder import audience_mark, same_audience
from indexer.sources.base import Entry, Misfit, audience_of


def told(misfit: Misfit) -> str:
    """Write a misfit as `setting: pattern`."""
    return f"{misfit.setting}: {misfit.pattern}"


def held_to(settings: SourceSettings, misfits: Sequence[Misfit]) -> frozenset[str] | None:
    """Find the audience that the misfits may have meant for any page; None where nothing is held back."""
    if not settings.strict_audiences:
        return None
    words: frozenset[str] | None = None
    for misfit in misfits:
        if misfit.words is not None:
            words = misfit.words if words is None else narrower(words, misfit.words)
    return words


def kept(
    settings: SourceSettings, entries: Mapping[str, Entry], stored: Mapping[str, str], words: frozenset[str]
) -> dict[str, Entry]:
    """Leave out new pages; a stored page whose audience would change is for `words` alone."""
    found = {}
    for doc_id, entry in entries.items():
        if doc_id not in stored:
            continue
        same = same_audience(audience_mark(audience_of(settings, entry)), stored[doc_id])
        allowed = words if entry.audience is None else narrower(entry.audience, words)
        found[doc_id] = entry if same else replace(entry, audience=allowed)
    return found
