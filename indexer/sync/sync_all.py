"""Makes a store match its sources."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from weakref import WeakKeyDictionary

from bot.model import SyncReport
from bot.ports import BackendError, Embedder, IndexFormat, Store
from bot.revisions import content_of
from bot.runtime.work_context import span
from indexer.reading.chunker import CHUNKING
from indexer.sources.base import ListingFailed, Source
from indexer.sync.cancellation import Stopped, unless_stopped
from indexer.sync.diff import deletes_too_much
from indexer.sync.source_sync import DELETE_AT_ONCE, SourceSync, SyncOptions, share_of
from indexer.sync.sync_tally import HELD_NAMED

_AS_USUAL = SyncOptions()
_REBUILDING: WeakKeyDictionary[Store, asyncio.Lock] = WeakKeyDictionary()
log = logging.getLogger(__name__)


def wanted_format(embedder: Embedder | None) -> IndexFormat:
    """Describe an index that would be built now: the embedder's model and dimensions, and how pages are chunked."""
    if embedder is None:
        return IndexFormat("", 0, CHUNKING)
    return IndexFormat(embedder.model, embedder.dimensions, CHUNKING)


async def sync_all(
    sources: Sequence[Source],
    store: Store,
    embedder: Embedder | None,
    options: SyncOptions = _AS_USUAL,
    *,
    only: Collection[str] | None = None,
) -> list[SyncReport]:
    """Sync the sources (`only` those names), or all of them into a new index where the format has changed.

    A new index takes the live one's place when every source is in it whole. Syncing all also deletes the pages of
    sources that are no longer there; at the end, so that a renamed one's vectors are used again. Never raises
    BackendError: the reports say what failed.
    """
    wanted = wanted_format(embedder)
    try:
        if await store.format() != wanted:
            async with _alone(store, options):
                live = await store.format()
                if live != wanted:
                    return await _rebuild(sources, store, embedder, options, live)
        chosen = [source for source in sources if only is None or source.name in only]
        reports = [await sync(source, store, embedder, options) for source in chosen]
        if only is None and not any(report.error or report.cancelled for report in reports):
            left = set((await store.stats()).sources) - {source.name for source in sources}
            reports += await forget(left, store)
        return reports  # noqa: TRY300 - an `else` would be further from its `try`
    except Stopped:
        return [SyncReport(source.name, cancelled=True) for source in sources]
    except BackendError as error:
        return [SyncReport(source.name, error=str(error)) for source in sources]


@asynccontextmanager
async def _alone(store: Store, options: SyncOptions) -> AsyncIterator[None]:
    """Let one run at a time rebuild: runs of two sources may both find that there is no index yet. Raises Stopped."""
    lock = _REBUILDING.setdefault(store, asyncio.Lock())
    await unless_stopped(options.stop, lock.acquire())
    try:
        yield
    finally:
        lock.release()


async def _rebuild(
    sources: Sequence[Source],
    store: Store,
    embedder: Embedder | None,
    options: SyncOptions,
    live: IndexFormat | None,
) -> list[SyncReport]:
    """Build a new index beside the live one, or go on with one, and swap it in if nothing is missing."""
    wanted = wanted_format(embedder)
    options = replace(options, full=False, paths=())
    beside = await store.rebuild(wanted)
    spare = store if live is not None and live.model == wanted.model else None
    old = None if live is None else store
    reports = [await sync(source, beside, embedder, options, spare=spare, live=old) for source in sources]
    if live is not None:
        reports = [
            await _held_back(source, store, beside, report, options)
            for source, report in zip(sources, reports, strict=True)
        ]
    if live is None or not any(report.error or report.cancelled or report.held_back for report in reports):
        await store.swap(wanted)
    else:
        log.warning("the new index doesn't take the old one's place until every source is whole in it")
    return reports


async def _held_back(
    source: Source, live: Store, beside: Store, report: SyncReport, options: SyncOptions
) -> SyncReport:
    """Hold a new index back that lacks too many of the live one's pages: it is no way around the limit for deletions."""
    before, after = await live.revisions(source.name), await beside.revisions(source.name)
    contents = {content_of(revision) for revision in after.values()}
    lacks = [
        doc_id
        for doc_id, revision in before.items()
        if doc_id not in after and content_of(revision) not in contents
    ]
    unsure = any(source.may_still_have(doc_id.removeprefix(f"{source.name}:")) for doc_id in lacks)
    too_many = deletes_too_much(len(lacks), len(before), len(after), share_of(source, options))
    if options.confirm_deletes or not (unsure or too_many):
        return report
    named = tuple(doc_id.removeprefix(f"{source.name}:") for doc_id in sorted(lacks)[:HELD_NAMED])
    return replace(report, held_back=len(lacks), held=named)


async def forget(names: Collection[str], store: Store) -> list[SyncReport]:
    """Delete the pages of sources that docent.yaml no longer has."""
    reports = []
    for name in sorted(names):
        pages = sorted(await store.revisions(name))
        for start in range(0, len(pages), DELETE_AT_ONCE):
            await store.delete(pages[start : start + DELETE_AT_ONCE])
        reports.append(SyncReport(name, deleted=len(pages)))
    return reports


async def sync(
    source: Source,
    store: Store,
    embedder: Embedder | None,
    options: SyncOptions = _AS_USUAL,
    *,
    spare: Store | None = None,
    live: Store | None = None,
) -> SyncReport:
    """Make the store's pages of one source match it, and report. See SourceSync for `spare` and `live`."""
    run = SourceSync(source, store, embedder, options, spare=spare, live=live)
    try:
        with span(source.name):
            await run.all()
    except Stopped:
        return run.report(cancelled=True)
    except ListingFailed as error:
        return run.report(error=f"{source.name} can't be listed: {error}")
    except BackendError as error:
        return run.report(error=str(error))
    except Exception as bug:  # the outermost loop of a source: the others are synced all the same
        log.exception("the sync of %s failed", source.name)
        return run.report(error=f"a bug in Docent stopped it ({type(bug).__name__}); the log has more")
    return run.report()
