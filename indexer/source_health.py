"""What admins are warned of about a source: the same words in `docent status`, in chat and in the log."""

from collections.abc import Sequence
from datetime import datetime

from bot.config.loader import Settings
from bot.config.sources import SourceSettings
from bot.model import SyncReport


def may_be_old(settings: Settings, source: SourceSettings) -> float | None:
    """How many seconds a good sync may be old: some of its cycles, of a cron line the longest one. None: any."""
    every = source.every or settings.indexer.every
    cycle = every.seconds
    if cycle is None:
        from indexer.schedule import longest_gap  # noqa: PLC0415 - a scheduler only where there is a cron line

        cycle = longest_gap(every, source.timezone)
    return cycle * settings.indexer.stale_after_cycles or None


def troubles(
    report: SyncReport | None, good: datetime | None, now: datetime, oldest: float | None, confirm: str
) -> list[str]:
    """Of a source's last report and last good sync, which may be `oldest` seconds old; none if all is well.

    `confirm` are the words that delete what was held back.
    """
    found = []
    if good is None:
        found.append("never synced")
    elif oldest is not None and (now - good).total_seconds() > oldest:
        found.append("older than its cycles allow")
    if report is not None and report.error:
        found.append(f"the last sync failed: {report.error}")
    if report is not None and report.held_back:
        found.append(held_back(report.held_back, confirm))
    if report is not None:
        found += misfits(report.unfit, report.left_out)
    return found


def forgotten(name: str, pages: int) -> str:
    """A source whose pages are still in the index."""
    held = "1 page is" if pages == 1 else f"{pages:,} pages are"
    return (
        f"{name} is no longer in docent.yaml: its {held} shown to nobody, and deleted when an indexer starts"
    )


def misfits(unfit: Sequence[str], left_out: int = 0) -> list[str]:
    """Patterns that fit no page, and what waits for them."""
    found = [f"{each} fits no page: correct or remove it" for each in unfit]
    if left_out:
        pages = "1 new page is" if left_out == 1 else f"{left_out:,} new pages are"
        found.append(f"{pages} left out until every pattern that gives an audience fits (strict_audiences)")
    return found


def held_back(pages: int, confirm: str) -> str:
    """Deletions that wait for an admin's word."""
    if pages == 1:
        return f"1 page is gone, more at once than usual; it stays until {confirm}"
    return f"{pages:,} pages are gone at once; they stay until {confirm}"
