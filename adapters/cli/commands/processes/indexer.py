"""Defines `docent indexer` and `docent reindex`: syncs on a schedule, and syncs that an admin asks for."""

from typing import Annotated

import typer

from adapters.cli.command import MISUSED, CommandError, run
from adapters.cli.commands.ask import check_sources
from bot.config.loader import Settings


def command(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Sync every source once, and end.")] = False,
) -> None:
    """Keep the index in step: each source in its cycle, and whatever is asked for in chat or by webhook.

    Several may run: one leads, the next takes over within 30 seconds when it dies. Ctrl-C stops it between
    two writes; nothing is lost, and the next start goes on.

    ```
    docent indexer
    docent indexer --once
    ```
    """

    async def main(settings: Settings) -> int:
        if not settings.sources:
            raise CommandError(f"{settings.path} lists no sources; add one under sources:", MISUSED)
        return await (_once(settings) if once else _serve(settings))

    run(context, main)


async def _serve(settings: Settings) -> int:
    from adapters.cli.open_sources import check_sources_open
    from adapters.cli.running.service_runner import serve_one
    from indexer.service import run as service

    await check_sources_open(settings)  # reports a mistake in a source before anything starts
    await serve_one(settings, "the indexer", service, check_sources_open)
    return 0


async def _once(settings: Settings) -> int:
    from adapters.cli.open_sources import opened_sources
    from adapters.cli.output import report_lines, show
    from bot.bootstrap import open_app
    from indexer.service import Indexer

    sources = opened_sources(settings)
    try:
        async with open_app(settings) as app:
            runs = await Indexer(app, sources).once()
    finally:
        for source in sources:
            await source.close()
    for ended in runs:
        for report in ended.reports:
            for line in report_lines(report):
                show(line)
        if ended.error:
            show(ended.error)
    return 0 if all(ended.state == "done" for ended in runs) else 1


def reindex(
    context: typer.Context,
    source: Annotated[
        str | None,
        typer.Argument(help="Only this source; with --cancel a run's id will do, too.", show_default=False),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Read every page again, changed or not.")] = False,
    confirm_deletes: Annotated[
        bool, typer.Option("--confirm-deletes", help="Delete pages that are gone, however many.")
    ] = False,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="End what waits or runs; what it has stored so far is kept.")
    ] = False,
    wait: Annotated[bool, typer.Option(help="Show the progress until it has ended.")] = True,
) -> None:
    """Bring the index in step, now: by the running indexer, or here where none runs.

    It shows the progress until the end. Ctrl-C ends the watching, not the sync: that is what --cancel is for.

    ```
    docent reindex handbook
    docent reindex handbook --confirm-deletes
    docent reindex --cancel
    ```
    """
    if cancel and (full or confirm_deletes):
        raise typer.BadParameter("--cancel goes with neither --full nor --confirm-deletes.")

    async def main(settings: Settings) -> int:
        if cancel:
            from adapters.cli.running.interrupt import cancel_runs

            return await cancel_runs(settings, source, wait=wait)
        check_sources(settings, [source] if source else [])
        return await _reindex(settings, source, full=full, confirm_deletes=confirm_deletes, wait=wait)

    words = f"docent reindex {source} --cancel" if source else "docent reindex --cancel"
    stopped = f"No longer watching. The indexer goes on; see: docent status. To cancel it: {words}"
    run(context, main, stopped="Stopped." if cancel else stopped)


async def _reindex(
    settings: Settings, source: str | None, *, full: bool, confirm_deletes: bool, wait: bool
) -> int:
    from adapters.cli.output import note, report_lines, show
    from adapters.cli.progress import Display
    from adapters.cli.running.reindex import Nobody, followed
    from adapters.cli.running.running_lines import caught_up
    from bot.opened_records import open_records
    from bot.ports import SyncRequest

    for line in await caught_up(settings):
        note(f"(!) {line}")
    records = open_records(settings)
    try:
        wish = SyncRequest(source, full=full, confirm_deletes=confirm_deletes, asked_by="command line")
        asked, new = await records.runs.request(wish)
        show("Asked for." if new else "One waits or runs already.")
        if wait:
            with Display(shown=True) as display:
                asked = await followed(records, asked, display.update)
    except Nobody:
        asked = None
    finally:
        await records.close()
    if asked is None:
        from adapters.cli.index_run import IndexRequest, index

        note("No indexer runs: it is done here. To keep the index in step, start one: docent run")
        wanted = IndexRequest((source,) if source else (), full, confirm_deletes)
        return await index(settings, wanted, as_json=False)
    for report in asked.reports:
        for line in report_lines(report):
            show(line)
    if asked.error:
        show(asked.error)
    if asked.state == "cancelled":
        show("It was cancelled. What was done so far is kept.")
    return 1 if asked.state in ("failed", "cancelled") else 0
