"""Describes the state of a source, for `docent status`."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Final

from adapters.cli.output import ago, table
from bot.config.loader import Settings
from bot.config.sources import SourceSettings
from bot.model import Failure, SyncReport
from bot.ports import Failing, StoreStats
from indexer.source_health import confirm_command, left_out, lossy, troubles

_SHOWN: Final = 10  # pages


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """The state of one source. `stale`: its last good sync is older than `stale_after_cycles` of its cycles.

    `error` is that of its last sync, "" if that was good; `held_back` deletions wait for an admin's
    confirmation; `warnings` say so in words. `lossy` pages are in the index without most of their words.
    `left_out` is what else the source holds, and why that isn't in the index.
    """

    name: str
    type: str
    documents: int
    chunks: int
    last_good_sync: datetime | None
    stale: bool
    failing: tuple[Failing, ...]
    error: str = ""
    held_back: int = 0
    warnings: tuple[str, ...] = ()
    lossy: tuple[Failure, ...] = ()
    left_out: tuple[str, ...] = ()


def with_report(
    source: SourceStatus, report: SyncReport | None, now: datetime, oldest: float | None
) -> SourceStatus:
    found = troubles(report, source.last_good_sync, now, oldest, confirm_command(source.name))
    report = report or SyncReport(source.name)
    return replace(
        source,
        error=report.error,
        held_back=report.held_back,
        warnings=tuple(found),
        left_out=tuple(left_out(report)),
    )


def source_status(
    settings: Settings,
    source: SourceSettings,
    stats: StoreStats | None,
    good: datetime | None,
    failing: Sequence[Failing],
    now: datetime,
) -> SourceStatus:
    held = stats.sources.get(source.name) if stats else None
    oldest = settings.may_be_old(source)
    stale = good is not None and oldest is not None and oldest < (now - good).total_seconds()
    return SourceStatus(
        name=source.name,
        type=source.type,
        documents=held.documents if held else 0,
        chunks=held.chunks if held else 0,
        last_good_sync=good,
        stale=stale,
        failing=tuple(each for each in failing if each.source == source.name),
    )


def source_lines(sources: Sequence[SourceStatus]) -> list[str]:
    if not sources:
        return ["docent.yaml lists no sources."]
    head = ["source", "type", "pages", "chunks", "last good sync", "failing"]
    rows = [
        [
            source.name,
            source.type,
            f"{source.documents:,}",
            f"{source.chunks:,}",
            ago(source.last_good_sync) + (" (!)" if source.stale or source.last_good_sync is None else ""),
            str(len(source.failing)),
        ]
        for source in sources
    ]
    found = [table([head, *rows])]
    for source in sources:
        found += [f"(!) {source.name}: {warning}" for warning in source.warnings]
        found += [f"  {source.name}: left out: {each}" for each in source.left_out]
        found += _lossy_lines(source)
        failing = [
            f"{each.failure.name}: {each.failure.reason} (since {each.since:%Y-%m-%d})"
            for each in source.failing
        ]
        found += _page_lines(source.name, failing)
    return found


def _lossy_lines(source: SourceStatus) -> list[str]:
    if not source.lossy:
        return []
    told = f"(!) {source.name}: {lossy(len(source.lossy))} (`docent show PAGE` prints what is in the index)"
    return [told, *_page_lines(source.name, [f"{page.name}: {page.reason}" for page in source.lossy])]


def _page_lines(source: str, pages: Sequence[str]) -> list[str]:
    found = [f"  {source}: {page}" for page in pages[:_SHOWN]]
    return [*found, f"  {source}: and {len(pages) - _SHOWN} more"] if len(pages) > _SHOWN else found


def source_json(source: SourceStatus) -> dict[str, object]:
    return {
        **asdict(source),
        "last_good_sync": source.last_good_sync and source.last_good_sync.isoformat(),
        "lossy": [{"name": page.name, "reason": page.reason} for page in source.lossy],
        "failing": [
            {"name": each.failure.name, "reason": each.failure.reason, "since": each.since.isoformat()}
            for each in source.failing
        ],
    }
