"""Defines `docent sources`."""

from collections.abc import Mapping
from typing import Annotated

import typer

from adapters.cli.command import run
from bot.config.loader import Settings
from bot.config.sources import Every
from bot.text.sanitize import without_credentials


def command(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
) -> None:
    """List the sources of docent.yaml: type, where, audience, cycle, and what the index holds of them.

    How their last syncs went is told by `docent status`.

    ```
    docent sources
    ```
    """

    async def main(settings: Settings) -> int:
        return await _list(settings, as_json=as_json)

    run(context, main, quiet=True)


async def _list(settings: Settings, *, as_json: bool) -> int:
    from adapters.cli.open_sources import check_sources_open
    from adapters.cli.output import note, show, show_json, table
    from adapters.cli.reports.status_report import gather
    from indexer.source_health import audiences_told, next_runs, next_runs_told

    await check_sources_open(settings)
    state = await gather(settings)
    held = {each.name: each for each in state.sources}
    found = [
        {
            "name": source.name,
            "type": source.type,
            "where": _where(source.options),
            "audience": sorted(source.audience),
            "audience_of": {glob: sorted(words) for glob, words in source.audience_of.items()},
            "every": _every(source.every or settings.indexer.every),
            "next": [moment.isoformat() for moment in next_runs(settings, source)],
            "documents": held[source.name].documents,
            "last_good_sync": held[source.name].last_good_sync,
        }
        for source in settings.sources
    ]
    if as_json:
        show_json(found)
    elif not found:
        show(f"{settings.path} lists no sources.")
    else:
        head = ["source", "type", "where", "audience", "every", "pages"]
        rows = [
            [
                str(f["name"]),
                str(f["type"]),
                str(f["where"]),
                audiences_told(s),
                str(f["every"]),
                str(f["documents"]),
            ]
            for f, s in zip(found, settings.sources, strict=True)
        ]
        show(table([head, *rows]))
        for each in settings.sources:
            if said := next_runs_told(settings, each):
                show(f"{each.name}: next synced {said}")
    for problem in state.problems:
        note(f"Problem: {problem}")
    return 1 if state.problems else 0


def _where(options: Mapping[str, object]) -> str:
    """Return where a source's docs are, without credentials. Source types name the option differently."""
    names = ("repo", "site", "bucket", "folder", "drive", "channels", "path", "url")
    where = next((options[name] for name in names if name in options), "")
    shown = ", ".join(map(str, where)) if isinstance(where, list) else str(where)
    return without_credentials(shown)


def _every(every: Every) -> str:
    from adapters.wording import duration

    return every.cron or duration(every.seconds or 0.0)
