"""Remembers the fingerprints of a source's pages from one sync to the next."""

from collections.abc import Iterable
from weakref import WeakKeyDictionary

from indexer.reading.page_builder import meta
from indexer.sources.base import Entry, Source

_KEPT = 20_000

# Of each source's last listing: most of it is the same the next time.
_KNOWN_METAS: WeakKeyDictionary[Source, dict[Entry, str]] = WeakKeyDictionary()


def metas(source: Source, entries: Iterable[Entry]) -> dict[Entry, str]:
    """Find each entry's fingerprint (`page_builder.meta`), made anew only for entries that the last listing didn't have."""
    known = _KNOWN_METAS.get(source, {})
    found = {entry: known.get(entry) or meta(source.settings, entry) for entry in entries}
    if len(found) <= _KEPT:
        _KNOWN_METAS[source] = found
    return found
