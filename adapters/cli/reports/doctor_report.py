"""Runs the checks of `docent doctor`, each after those that it depends on."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing
from dataclasses import asdict

from adapters.cli.output import count, show, show_json
from adapters.cli.reports.source_checks import check_deletions, check_held, check_source
from adapters.cli.running.run_plan import faults_of
from adapters.cli.running.running_lines import behind
from bot.bootstrap import open_app
from bot.config.environment.tokens import TokenFault, token_faults
from bot.config.loader import Settings
from bot.diagnostics.audiences import check_audiences
from bot.diagnostics.checks import check_data, check_parts
from bot.diagnostics.findings import Check, error, ok, warning
from bot.diagnostics.surroundings import (
    check_env_file,
    check_monitoring,
    check_packages,
    check_ports,
    check_style,
)
from bot.opened_records import open_records
from bot.ports import BackendError, Rejected
from bot.runtime.process.installed import how_to_add, needing_extras
from bot.runtime.process.running import Running, running

_MARKS = {"ok": "ok     ", "warning": "warning", "error": "ERROR  "}


async def diagnose(settings: Settings, *, slack: bool, discord: bool, as_json: bool) -> int:
    """Print each finding as it comes. Return 1 if there is an error, else 0."""
    found: list[Check] = []
    async with aclosing(_checks(settings, slack=slack, discord=discord)) as checks:
        async for check in checks:
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


async def _checks(settings: Settings, *, slack: bool, discord: bool) -> AsyncGenerator[Check, None]:
    yield ok("configuration", f"{settings.path}: {count(len(settings.sources), 'source')}")
    faults, beside = token_faults(settings), running(settings.data)
    for check in [
        *check_packages(),
        *check_env_file(settings),
        *_of_faults(faults),
        *_behind(settings, beside),
    ]:
        yield check
    for source in settings.sources:
        for check in await check_source(settings, source):
            yield check
    if not settings.sources:
        yield warning("sources", "docent.yaml lists none.", "Add one under `sources:`; see the README.")
    async for check in _machines(settings):
        yield check
    services = [name for each in beside for name in each.services]
    around = [
        *check_audiences(settings),
        *check_style(settings),
        *check_ports(settings, services),
        *check_monitoring(settings),
    ]
    for check in around:
        yield check
    for part in (_parts(settings), _chat(settings, faults, slack=slack, discord=discord)):
        async with aclosing(part) as checks:  # the reader may stop early
            async for check in checks:
                yield check


async def _machines(settings: Settings) -> AsyncGenerator[Check, None]:
    """Check the Dask cluster, if docent.yaml has pages read on one."""
    wanted = settings.indexer.dask
    if wanted is None:
        return
    try:
        from indexer.dask.check import check_cluster
    except ModuleNotFoundError:
        yield error("dask", "it isn't installed.", f"{how_to_add('dask')}.")
        return
    yield await check_cluster(wanted)


def _behind(settings: Settings, beside: list[Running]) -> Iterator[Check]:
    for line in behind(settings, beside):
        yield warning("running", line, "")


def _of_faults(faults: list[TokenFault]) -> Iterator[Check]:
    """Yield findings on the environment.

    A variable that no platform reads is only a warning: it may be for another program.
    """
    for fault in faults:
        found = error if fault.platform else warning
        yield found(fault.platform or "environment", f"{fault.name} {fault.finding}", fault.remedy)


async def _parts(settings: Settings) -> AsyncGenerator[Check, None]:
    """Check the data folder and all that is opened. If the folder can't be used, what is in it isn't checked."""
    try:
        async with open_app(settings) as app:
            records = open_records(settings)
            try:
                index_is_fine = True
                async for check in check_parts(app, records):
                    index_is_fine = index_is_fine and not (
                        check.part in ("index", "data") and check.verdict == "error"
                    )
                    yield check
                if index_is_fine:
                    async for check in check_held(settings, app.store):
                        yield check
                    async for check in check_deletions(settings, records.runs):
                        yield check
            finally:
                await records.close()
    except BackendError as failed:
        data = await asyncio.to_thread(check_data, settings.data)
        yield data
        if data.verdict != "error":
            yield error(failed.part, failed.reason, failed.remedy)


async def _chat(
    settings: Settings, faults: list[TokenFault], *, slack: bool, discord: bool
) -> AsyncGenerator[Check, None]:
    """Check the chat platforms, except those whose token is malformed."""
    chosen = {
        "slack": slack or settings.slack.bot_token is not None,
        "discord": discord or settings.discord.token is not None,
    }
    for platform, is_asked in chosen.items():
        if not is_asked or faults_of(platform, faults):
            continue
        try:
            with needing_extras(platform, platform):
                checks = _checks_of(platform)
        except Rejected as missing:
            yield error(missing.part, missing.reason, missing.remedy)
        else:
            async for check in checks(settings):
                yield check


def _checks_of(platform: str) -> Callable[[Settings], AsyncIterator[Check]]:
    """Return a platform's checks, imported only when they are needed: each platform is an extra."""
    if platform == "slack":
        from adapters.slack.doctor import checks as of_slack

        return of_slack
    from adapters.discord.doctor import checks as of_discord

    return of_discord
