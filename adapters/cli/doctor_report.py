"""What `docent doctor` looks at, in the order of what depends on what."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict
from functools import partial

from adapters.cli.open_sources import opened_source
from adapters.cli.output import count, show, show_json
from bot.bootstrap import open_app
from bot.config.loader import ConfigError, Settings
from bot.config.sources import SourceSettings
from bot.diagnostics.checks import check_data, check_parts, tried
from bot.diagnostics.findings import Check, error, ok, warning
from bot.opened_records import open_records
from bot.ports import BackendError, Store
from indexer.reading.words_kept import lossy_pages
from indexer.source_health import lossy, misfits, next_runs_told
from indexer.sources.base import Source, SourceError
from indexer.sync.strict_audiences import told

_MARKS = {"ok": "ok     ", "warning": "warning", "error": "ERROR  "}
_LISTING = 20.0
_ENOUGH = 1000
_NAMED = 20
_LACKING = (
    "`docent show PAGE` prints what is in the index; what is missing can't be found until the file is mended."
)
_UNLISTED = "Mend or leave out what is named; until then those pages stay as they are."


async def diagnose(settings: Settings, *, slack: bool, discord: bool, as_json: bool) -> int:
    """Show each finding as it comes; 1 if there is an error."""
    found: list[Check] = []
    async for check in _checks(settings, slack=slack, discord=discord):
        found.append(check)
        if not as_json:
            _show(check)
    if as_json:
        show_json([asdict(check) for check in found])
    errors = sum(check.verdict == "error" for check in found)
    warnings = sum(check.verdict == "warning" for check in found)
    if not as_json:
        said = f"{count(errors, 'error')}, {count(warnings, 'warning')}."
        show(f"\n{said if errors or warnings else 'All is well.'}")
    return 1 if errors else 0


def _show(check: Check) -> None:
    show(f"{_MARKS[check.verdict]}  {check.part}: {check.finding}")
    if check.remedy:
        show(f"         → {check.remedy}")


async def _checks(settings: Settings, *, slack: bool, discord: bool) -> AsyncIterator[Check]:
    yield ok("configuration", f"{settings.path}: {count(len(settings.sources), 'source')}")
    for source in settings.sources:
        yield await _source(settings, source)
    if not settings.sources:
        yield warning("sources", "docent.yaml lists none.", "Add one under `sources:`; see the README.")
    yield _style(settings)
    try:
        async with open_app(settings) as app:
            records = open_records(settings)
            try:
                async for check in check_parts(app, records):
                    yield check
                async for check in _lossy(settings, app.store):
                    yield check
            finally:
                await records.close()
    except BackendError as failed:
        yield await asyncio.to_thread(check_data, settings.data)
        yield error(failed.part, failed.reason, failed.remedy)
    async for check in _chat(settings, slack=slack, discord=discord):
        yield check


def _style(settings: Settings) -> Check:
    path = settings.style.path
    if path is None:
        return ok("style", "no style guide: answers are plain")
    if not path.exists():
        return error("style", f"{path} is not there.", "Check style: in docent.yaml.")
    return ok("style", f"{path}")


async def _source(settings: Settings, wanted: SourceSettings) -> Check:
    part = f"source {wanted.name}"
    try:
        source = opened_source(settings, wanted)
    except ConfigError as failed:
        return error(part, str(failed), "Mend docent.yaml.")
    try:
        async with asyncio.timeout(_LISTING):
            pages = await _pages(source)
    except (SourceError, BackendError) as failed:
        return error(part, str(failed), "Check its settings in docent.yaml and its rights.")
    except TimeoutError:
        return warning(part, f"its listing takes more than {_LISTING:.0f} seconds.", "")
    finally:
        await source.close()
    return _listed(settings, wanted, source, pages)


def _listed(settings: Settings, wanted: SourceSettings, source: Source, pages: int) -> Check:
    part = f"source {wanted.name}"
    if not pages:
        return warning(part, "it lists no page.", "Check `include` and `exclude` in docent.yaml.")
    if source.unlisted:
        named = "; ".join(f"{item.name}: {item.reason}" for item in source.unlisted[:_NAMED])
        more = f"; and {len(source.unlisted) - _NAMED:,} more" if len(source.unlisted) > _NAMED else ""
        return warning(
            part, f"{wanted.type}, {pages:,} pages; not all can be listed: {named}{more}.", _UNLISTED
        )
    if unfit := misfits([told(each) for each in source.misfits()]):
        remedy = "Correct or remove it in docent.yaml: it decides who may see pages."
        return warning(part, f"{wanted.type}, {pages:,} pages; {'; '.join(unfit)}.", remedy)
    more = " or more" if pages >= _ENOUGH else ""
    when = next_runs_told(settings, wanted)
    said = f"{wanted.type}, {pages:,} pages{more}, for {', '.join(sorted(wanted.audience))}"
    return ok(part, f"{said}; next synced {when}" if when else said)


async def _lossy(settings: Settings, store: Store) -> AsyncIterator[Check]:
    """Sources of which pages are in the index without most of their words."""
    for source in settings.sources:
        check = await tried("index", partial(_lacking, source.name, store))
        if check.verdict != "ok":
            yield check
        if check.verdict == "error":
            return


async def _lacking(name: str, store: Store) -> Check:
    pages = lossy_pages(await store.revisions(name))
    if not pages:
        return ok("words", f"{name}: its pages have theirs")
    named = "; ".join(f"{page.name}: {page.reason}" for page in pages[:_NAMED])
    more = f"; and {len(pages) - _NAMED:,} more" if len(pages) > _NAMED else ""
    return warning("words", f"{name}: {lossy(len(pages))}: {named}{more}.", _LACKING)


async def _pages(source: Source) -> int:
    """How many it lists, up to a number that says enough where every pattern fits one of them."""
    found = 0
    source.selection.start_listing()
    async for entry in source.entries():
        found += 1
        source.selection.seen(entry.path)
        if found >= _ENOUGH and not source.misfits():
            break
    return found


async def _chat(settings: Settings, *, slack: bool, discord: bool) -> AsyncIterator[Check]:
    if slack or settings.slack.bot_token is not None:
        from adapters.slack.doctor import checks as slack_checks

        async for check in slack_checks(settings):
            yield check
    if discord or settings.discord.token is not None:
        from adapters.discord.doctor import checks as discord_checks

        async for check in discord_checks(settings):
            yield check
