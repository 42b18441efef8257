"""Takes stored pages from people who may no longer see them, before pages are read and whether or not they can be."""

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
    """Narrow the stored pages whose audience has changed, each write inside `whole`.

    Raises BackendError, and what `whole` raises.
    """
    found = list(_narrowings(source, entries, stored))
    for some in found:
        async with whole():
            await store.narrow(some)
    if found:  # their words are unlearnt at once, too
        async with whole():
            await store.settle()


async def narrow_live(live: Store, source: Source, entries: Mapping[str, Entry], whole: Whole) -> None:
    """Do the same in the live index that another is about to replace. Where that fails, the new one is built all the same."""
    try:
        await narrow(live, source, entries, await live.revisions(source.name), whole)
    except BackendError as error:
        _log.warning("the index that answers until then can't be written: %s", error)


def _narrowings(
    source: Source, entries: Mapping[str, Entry], stored: Mapping[str, str]
) -> Iterator[list[Narrowing]]:
    """Find the stored pages that would get another audience, some at a time."""
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
