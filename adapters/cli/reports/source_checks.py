"""Checks a source for `docent doctor`: whether it opens and lists, what it leaves out, who can see it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Final

from adapters.cli.open_sources import opened_source
from bot.config.loader import ConfigError, Settings
from bot.config.sources import SourceSettings
from bot.diagnostics.audiences import check_pages
from bot.diagnostics.checks import tried
from bot.diagnostics.findings import Check, error, ok, warning
from bot.model import Failure
from bot.ports import BackendError, Runs, Store
from indexer.reading.words_kept import lossy_pages
from indexer.source_health import (
    audiences_told,
    confirm_command,
    held_back,
    lossy,
    misfits,
    next_runs_told,
    untaken,
)
from indexer.sources.base import Source, SourceError, Unlisted
from indexer.sync.strict_audiences import told

_LISTING: Final = 20.0
_ENOUGH: Final = 1000
_NAMED: Final = 20
_LACKING: Final = (
    "`docent show PAGE` prints what is in the index; what is missing can't be found until the file is mended."
)
_UNLISTED: Final = "Mend or leave out what is named; until then those pages stay as they are."
# By type: the option with the source's location, and what to check if it can't be read.
_LOOK_AT: Final = {
    "folder": ("path", "that it is there and may be read"),
    "git": ("repo", "that it is there, its `branch` and `path`, and that this machine may read it"),
    "web": ("site", "that it opens in a browser on this machine"),
    "confluence": ("site", "its address, `email` and token, and what the account may read"),
    "notion": ("token", "the token, and that the pages are shared with the integration"),
    "gdrive": ("folder", "its id, the key, and that it is shared with the service account"),
    "objects": ("bucket", "its name and region, and the rights to list and read it"),
    "slack_channel": ("channels", "their ids, the token's scopes, and that the bot is in them"),
    "discord_channel": ("channels", "their ids, and what the bot may see there"),
}


async def check_source(settings: Settings, wanted: SourceSettings) -> list[Check]:
    """Return a finding for each mistake in the source's options, or else one on what it lists."""
    part = f"source {wanted.name}"
    try:
        source = opened_source(settings, wanted)
    except ConfigError as failed:
        return [error(part, str(problem), "Mend docent.yaml.") for problem in failed.problems]
    try:
        async with asyncio.timeout(_LISTING):
            pages = await _pages(source)
    except (SourceError, BackendError) as failed:
        return [error(part, str(failed), _remedy(wanted))]
    except TimeoutError:
        return [warning(part, f"its listing takes more than {_LISTING:.0f} seconds.", "")]
    finally:
        await source.close()
    return [_listed(settings, wanted, source, pages)]


def _remedy(wanted: SourceSettings) -> str:
    key, what = _LOOK_AT.get(wanted.type, ("type", "its settings and its rights"))
    return f"Check `{key}` in docent.yaml{wanted.at_line(key)}: {what}."


def _listed(settings: Settings, wanted: SourceSettings, source: Source, pages: int) -> Check:
    part = f"source {wanted.name}"
    rest = f"; {untaken(source.selection.untaken)}" if source.selection.untaken else ""
    if not pages:
        remedy = f"Check `include` and `exclude` in docent.yaml{wanted.at_line('include')}."
        return warning(part, f"it lists no page{rest}.", remedy)
    if source.unlisted:
        said = f"{wanted.type}, {pages:,} pages; not all can be listed: {_named(source.unlisted)}."
        return warning(part, said, _UNLISTED)
    if unfit := misfits([told(each) for each in source.misfits()]):
        remedy = "Correct or remove it in docent.yaml: it decides who may see pages."
        return warning(part, f"{wanted.type}, {pages:,} pages; {'; '.join(unfit)}.", remedy)
    more = " or more" if pages >= _ENOUGH else ""
    when = next_runs_told(settings, wanted)
    said = f"{wanted.type}, {pages:,} pages{more}, for {audiences_told(wanted)}{rest}"
    return ok(part, f"{said}; next synced {when}" if when else said)


async def _pages(source: Source) -> int:
    """Return how many pages the source lists, counting no further than is needed for a verdict."""
    found = 0
    source.selection.start_listing()
    async for entry in source.entries():
        found += 1
        source.selection.seen(entry.path)
        if found >= _ENOUGH and not source.misfits():
            break
    return found


async def check_held(settings: Settings, store: Store) -> AsyncIterator[Check]:
    """Yield findings on pages indexed without most of their words, and on pages that nobody can see."""
    held: dict[str, Mapping[str, str]] = {}

    async def lacking(name: str) -> Check:
        held[name] = await store.revisions(name)
        return _lacking(name, held[name])

    for source in settings.sources:
        check = await tried("index", partial(lacking, source.name))
        if check.verdict != "ok":
            yield check
        if check.verdict == "error":
            return
    async for check in check_pages(settings, store, held):
        yield check


async def check_deletions(settings: Settings, runs: Runs) -> AsyncIterator[Check]:
    """Yield findings on sources whose deletions wait for confirmation.

    While the journal is down there are none: that is a finding of its own.
    """
    for source in settings.sources:
        check = await tried("deletions", partial(_waiting, source.name, runs))
        if check.verdict == "error":
            return
        if check.verdict != "ok":
            yield check


async def _waiting(name: str, runs: Runs) -> Check:
    report = await runs.last_report(name)
    if report is None or not report.held_back:
        return ok("deletions", f"{name}: none waits")
    more = "; …" if report.held_back > len(report.held) else ""
    named = f" ({'; '.join(report.held)}{more})" if report.held else ""
    remedy = f"If they shall go: {confirm_command(name)}; if not, bring them back at their source."
    return warning(
        "deletions", f"{name}: {held_back(report.held_back, 'somebody confirms it')}{named}.", remedy
    )


def _lacking(name: str, revisions: Mapping[str, str]) -> Check:
    pages = lossy_pages(revisions)
    if not pages:
        return ok("words", f"{name}: its pages have theirs")
    return warning("words", f"{name}: {lossy(len(pages))}: {_named(pages)}.", _LACKING)


def _named(pages: Sequence[Failure | Unlisted]) -> str:
    """Return the first pages with their reasons: `a.pdf: it is broken; b.pdf: it is empty; and 3 more`."""
    named = [f"{page.name}: {page.reason}" for page in pages[:_NAMED]]
    more = [f"and {len(pages) - _NAMED:,} more"] if len(pages) > _NAMED else []
    return "; ".join([*named, *more])
