"""Gathers the state for `docent status` part by part, so that one that is down doesn't hide the others."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime

from adapters.cli.output import ago, count
from adapters.cli.reports.source_status import (
    SourceStatus,
    source_json,
    source_lines,
    source_status,
    with_report,
)
from adapters.wording import duration
from bot.bootstrap import check_folder, open_guides, open_store
from bot.config.loader import Settings
from bot.diagnostics.audiences import are_given, check_pages
from bot.model import Failure, SyncReport, Usage
from bot.opened_records import Records, open_records
from bot.ports import BackendError, Failing, IndexFormat, SpendingTotals, Store, StoreStats, SyncRun
from bot.runtime.prices import cost
from bot.style.hot_reload import GuideState
from indexer.reading.words_kept import lossy_pages
from indexer.source_health import forgotten

_SHOWN_RUNS = 5
_MB = 1e6


@dataclass(slots=True)
class StatusReport:
    """The state of an instance. A part is None if it can't be reached; `problems` then says why."""

    store: str
    journal: str
    format: IndexFormat | None = None
    stats: StoreStats | None = None
    sources: list[SourceStatus] = field(default_factory=list)
    runs: list[SyncRun] = field(default_factory=list)
    tally: SpendingTotals | None = None
    usage: list[tuple[Usage, float | None]] = field(default_factory=list)
    days: int = 7
    guides: list[GuideState] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    forgotten: dict[str, int] = field(default_factory=dict)
    lossy: dict[str, tuple[Failure, ...]] = field(default_factory=dict)
    unseen: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, object]:
        """Return the JSON of `docent status --json`."""
        stats = self.stats
        return {
            "index": {
                "store": self.store,
                "model": self.format.model if self.format else None,
                "documents": stats.documents if stats else None,
                "chunks": stats.chunks if stats else None,
                "bytes": stats.bytes if stats else None,
            },
            "journal": self.journal,
            "sources": [source_json(source) for source in self.sources],
            "runs": [asdict(run) for run in self.runs],
            "questions": _tally_json(self.tally, self.days),
            "usage": [{**asdict(usage), "dollars": dollars} for usage, dollars in self.usage],
            "guides": [_guide_json(one) for one in self.guides],
            "problems": self.problems,
            "forgotten": self.forgotten,
            "unseen": self.unseen,
        }


async def gather(settings: Settings, days: int = 7) -> StatusReport:
    """Return the state of the index and the journal."""
    await asyncio.to_thread(check_folder, settings.data)
    store = await open_store(settings)
    records = open_records(settings)
    where = "Weaviate" if settings.weaviate.chosen else str(settings.data / "index.db")
    state = StatusReport(where, records.where, days=days)
    good: dict[str, datetime] = {}
    failing: list[Failing] = []
    last: Mapping[str, SyncReport | None] = {}
    try:
        await _index(state, store, settings)
        try:
            good, failing = await _records(state, records, settings, days)
            last = {one.name: await records.runs.last_report(one.name) for one in settings.sources}
        except BackendError as error:
            state.problems.append(str(error))
    finally:
        await store.close()
        await records.close()
    state.guides = await open_guides(settings).state()
    state.problems += [f"style guide: {problem}" for guide in state.guides for problem in guide.problems]
    now = datetime.now(UTC)
    names = {source.name for source in settings.sources}
    held = state.stats.sources if state.stats else {}
    state.forgotten = {name: held[name].documents for name in sorted(held.keys() - names)}
    for source in settings.sources:
        one = source_status(settings, source, state.stats, good.get(source.name), failing, now)
        one = replace(one, lossy=state.lossy.get(source.name, ()))
        if source.name in last:
            one = with_report(one, last[source.name], now, settings.may_be_old(source))
        state.sources.append(one)
    return state


async def _index(state: StatusReport, store: Store, settings: Settings) -> None:
    try:
        state.format = await store.format()
        state.stats = await store.stats()
        held = {source.name: await store.revisions(source.name) for source in settings.sources}
        state.lossy = {name: tuple(lossy_pages(revisions)) for name, revisions in held.items()}
        if are_given(settings):
            state.unseen = [each.finding async for each in check_pages(settings, store, held)]
    except BackendError as error:
        state.problems.append(str(error))


async def _records(
    state: StatusReport, records: Records, settings: Settings, days: int
) -> tuple[dict[str, datetime], list[Failing]]:
    state.tally = await records.journal.tally(days=days)
    spent = await records.journal.spent(days=days)
    state.usage = [(usage, cost(usage, settings.own_prices)) for usage in spent]
    state.runs = await records.runs.latest(limit=_SHOWN_RUNS)
    return await records.runs.last_good(), await records.runs.failing()


def lines(state: StatusReport) -> list[str]:
    """Return the state as lines for people."""
    return [
        *_index_lines(state),
        "",
        *source_lines(state.sources),
        *(f"(!) {forgotten(name, pages)}" for name, pages in state.forgotten.items()),
        *(f"(!) {each}" for each in state.unseen),
        *(
            f"Style guide {one.name}: {count(one.examples, 'example')} in {one.folder}"
            for one in state.guides
        ),
        *_question_lines(state),
        *_run_lines(state.runs),
        *(f"Problem: {problem}" for problem in state.problems),
    ]


def _index_lines(state: StatusReport) -> list[str]:
    if state.stats is None:
        return [f"Index: {state.store}: can't be read", f"Journal: {state.journal}"]
    if state.format is None:
        return [f"Index: {state.store}: nothing yet; run: docent index", f"Journal: {state.journal}"]
    size = f", {state.stats.bytes / _MB:.1f} MB" if state.stats.bytes is not None else ""
    model = state.format.model or "keywords alone"
    pages = f"{count(state.stats.documents, 'page')} in {count(state.stats.chunks, 'chunk')}"
    return [f"Index: {state.store}: {pages}{size}; {model}", f"Journal: {state.journal}"]


def _question_lines(state: StatusReport) -> list[str]:
    tally = state.tally
    if tally is None:
        return []
    outcomes = ", ".join(
        f"{number:,} {str(name).lower().replace('_', ' ')}" for name, number in tally.outcomes.items()
    )
    line = f"Questions in {count(state.days, 'day')}: {outcomes}"
    if tally.degraded:
        line += f", {tally.degraded:,} of them degraded"
    if tally.seconds_p50 is not None and tally.seconds_p95 is not None:
        line += f"; p50 {duration(tally.seconds_p50)}, p95 {duration(tally.seconds_p95)}"
    found = ["", line]
    for usage, dollars in state.usage:
        price = f", ${dollars:.2f}" if dollars is not None else ""
        used = f"{count(usage.calls, 'call')}, {count(usage.texts, 'text')}"
        if usage.input_tokens or usage.output_tokens or price:
            used += f", {usage.input_tokens:,} tokens in, {usage.output_tokens:,} out{price}"
        else:
            used += ": on this machine, costs nothing"
        found.append(f"  {usage.model}: {used}")
    return found


def _run_lines(runs: Sequence[SyncRun]) -> list[str]:
    if not runs:
        return []
    return ["", "Syncs:"] + [
        f"  {ago(run.requested_at)}: {run.request.source or 'all sources'}: {run.state}{_outcome(run)}"
        for run in runs
    ]


def _outcome(run: SyncRun) -> str:
    if run.state in ("waiting", "running"):
        return f" ({run.progress.done}/{run.progress.total or '?'} pages)" if run.progress else ""
    errors = [report.error for report in run.reports if report.error] or ([run.error] if run.error else [])
    if errors:
        return f": {errors[0]}"
    added = sum(report.added for report in run.reports)
    changed = sum(report.changed + report.renamed for report in run.reports)
    deleted = sum(report.deleted for report in run.reports)
    failed = sum(len(report.failed) for report in run.reports)
    return f", {added} added, {changed} changed, {deleted} deleted, {failed} failed"


def _guide_json(one: GuideState) -> dict[str, object]:
    return {"name": one.name, "folder": str(one.folder), "examples": one.examples, "problems": one.problems}


def _tally_json(tally: SpendingTotals | None, days: int) -> dict[str, object] | None:
    if tally is None:
        return None
    outcomes = {str(name): number for name, number in tally.outcomes.items()}
    return {"days": days, **asdict(tally), "outcomes": outcomes}
