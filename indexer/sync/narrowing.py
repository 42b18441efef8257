"""Pages that fewer people may see now: the index says so before they are read, and whether or not they can be."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager

from bot.ports import BackendError, Narrowing, Store
from indexer.reading.page_builder import audience_mark, narrowed, same_audience
from indexer.sources.base import Entry, Source, audience_of

_AT_ONCE = 64
Whole = Callable[[], AbstractAsyncContextManager[None]]
_log = logging.getLogger(__name__)


async def narrow(
    store: Store, source: Source, entries: Mapping[str, Entry], stored: Mapping[str, str], whole: Whole
) -> None:
    """Raises BackendError, and what `whole` raises, inside of which all is written."""
    found = list(_narrowings(source, entries, stored))
    for some in found:
        async with whole():
            await store.narrow(some)
    if found:  # their words are unlearnt at once, too
        async with whole():
            await store.settle()


async def narrow_live(live: Store, source: Source, entries: Mapping[str, Entry], whole: Whole) -> None:
    """The same in an index that is about to be replaced. Where that can't be, the new one is made all the same."""
    try:
        await narrow(live, source, entries, await live.revisions(source.name), whole)
    except BackendError as error:
        _log.warning("the index that answers until then can't be written: %s", error)


def _narrowings(
    source: Source, entries: Mapping[str, Entry], stored: Mapping[str, str]
) -> Iterator[list[Narrowing]]:
    """For pages that would get another audience than they were stored with; some at a time."""
    some: list[Narrowing] = []
    for doc_id, entry in entries.items():
        if (before := stored.get(doc_id)) is None:
            continue
        audience = audience_of(source.settings, entry)
        mark = audience_mark(audience)
        if not same_audience(mark, before):
            some.append(Narrowing(doc_id, audience, narrowed(mark, before)))
        if len(some) == _AT_ONCE:
            yield some
            some = []
    if some:
        yield some
