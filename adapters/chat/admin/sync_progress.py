"""Shows a reindex in chat while it runs, and its report, the same on every platform."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from adapters.chat import messages
from adapters.chat.answer_view import Press
from adapters.chat.markdown_text import bare
from adapters.chat.questions.gate import visible
from adapters.wording import duration, page_counts
from bot.model import Progress, SyncReport
from bot.ports import Reader, Runs, SyncRun

ALL = "everyone"  # the audience that everybody belongs to
FAILURES_SHOWN = 10
_ENDED = ("done", "failed", "cancelled")


async def watch(runs: Runs, run_id: str, *, every: float = 1.0) -> AsyncIterator[SyncRun]:
    """Yield the run each time it has changed, the last time when it has ended."""
    last: SyncRun | None = None
    while True:
        run = await runs.run(run_id)
        if run is None:
            return
        if run != last:
            yield run
            last = run
        if run.state in _ENDED:
            return
        await asyncio.sleep(every)


def ended(run: SyncRun) -> bool:
    return run.state in _ENDED


def held_back(run: SyncRun) -> int:
    """Return how many deletions wait for an admin's confirmation."""
    return sum(report.held_back for report in run.reports)


def buttons(run: SyncRun) -> tuple[Press, ...]:
    """Return the buttons for what an admin can do about the run now."""
    if not ended(run) and not run.cancel_wanted:
        return (Press.CANCEL,)
    return (Press.CONFIRM,) if held_back(run) else ()


async def shown_to(run: SyncRun, audience: frozenset[str], store: Reader) -> SyncRun:
    """Return the run as this audience may see it: pages are named only where "everyone" is in it.

    Raises BackendError.
    """
    reports = [await _shown_to(report, audience, store) for report in run.reports]
    return replace(run, reports=tuple(reports))


async def _shown_to(report: SyncReport, audience: frozenset[str], store: Reader) -> SyncReport:
    if ALL in audience:
        return replace(report, held=await held_for_all(report, store))
    unnamed = tuple(replace(failure, for_all=False) for failure in report.failed)
    return replace(report, failed=unnamed, held=())


async def held_for_all(report: SyncReport, store: Reader) -> tuple[str, ...]:
    """Return those pages with a waiting deletion that everybody may see. Raises BackendError."""
    ids = {f"{report.source}:{path}": path for path in report.held}
    named = await visible(store, ids, frozenset({ALL}))
    return tuple(path for doc_id, path in ids.items() if doc_id in named)


def describe(run: SyncRun) -> str:
    """Return a run as Markdown: its progress, or its report once it has ended."""
    what = f"`{run.request.source}`" if run.request.source else "all sources"
    if run.state == "waiting":
        return f"Reindex of {what} is waiting for the indexer, or for another reindex to end."
    if run.state == "running":
        named = run.progress is not None and run.progress.source == run.request.source
        return f"Reindexing {what}: {_progress(run.progress, named=named)}" + (
            " Cancelling…" if run.cancel_wanted else ""
        )
    lines = [report_line(report) for report in run.reports]
    if run.state == "cancelled":
        lines.insert(0, messages.CANCELLED)
    if run.error:
        lines.insert(0, f"⚠️ {run.error}")
    return "\n".join(lines) or f"Reindex of {what}: nothing to report."


def _progress(progress: Progress | None, *, named: bool) -> str:
    """Return the progress in words. The source is left out if it is `named` already."""
    if progress is None:
        return "starting…"
    source = "" if named else f"{progress.source}: "
    if progress.total is None:
        return f"{source}listing, {progress.done} pages so far"
    share = f"{source}{progress.done}/{progress.total} pages"
    rate = f", {progress.rate:.0f}/s" if progress.rate >= 1 else ""
    left = progress.seconds_left
    return share + rate + (f", {duration(left)} left" if left is not None else "")


def report_line(report: SyncReport) -> str:
    """Return one source's report for a channel; failed pages are named where everybody may know them."""
    if report.error:
        return f"⚠️ **{report.source}** could not be synced: {report.error}"
    counts = ", ".join(f"{count} {word}" for word, count in page_counts(report).items() if count)
    lines = [f"**{report.source}**: {counts or 'no pages'} in {duration(report.seconds)}"]
    named = [failure for failure in report.failed if failure.for_all][:FAILURES_SHOWN]
    lines += [f"• `{bare(failure.name)}`: {failure.reason}" for failure in named]
    if unnamed := len(report.failed) - len(named):
        lines.append(f"• {f'and {unnamed} more' if named else 'which'}: see `/docent status`")
    if report.held_back:
        lines.append(f"⚠️ {report.held_back} pages are gone at their source, more than usual: delete them?")
        shown = report.held[:FAILURES_SHOWN]
        lines += [f"• `{bare(path)}`" for path in shown]
        if shown and (left := report.held_back - len(shown)):
            lines.append(f"• and {left} more")
    return "\n".join(lines)
