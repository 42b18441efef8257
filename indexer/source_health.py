"""Says what admins are warned of about a source, in the same words in `docent status`, in chat and in the log."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from bot.config.loader import Settings
from bot.config.reading import cron
from bot.config.sources import SourceSettings
from bot.model import SyncReport

_KINDS: Final = 6  # of endings, that are named


def next_runs(settings: Settings, source: SourceSettings, count: int = 3) -> list[datetime]:
    """Find the next `count` times of a source's crontab line, in its time zone; none for a cycle of seconds."""
    every = source.every or settings.indexer.every
    return cron.next_moments(every.cron, source.timezone, datetime.now(UTC), count) if every.cron else []


def next_runs_told(settings: Settings, source: SourceSettings) -> str:
    """Write them as `Mon 2026-03-02 06:00, … (Europe/Berlin)`; "" for a cycle of seconds."""
    found = [f"{moment:%a %Y-%m-%d %H:%M}" for moment in next_runs(settings, source)]
    return f"{', '.join(found)} ({source.timezone})" if found else ""


def troubles(
    report: SyncReport | None, good: datetime | None, now: datetime, oldest: float | None, confirm: str
) -> list[str]:
    """List what is wrong with a source, [] if all is well, by its last report and its last good sync.

    A good sync may be `oldest` seconds old. `confirm` are the words of the command that deletes what was held back.
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
        found += [report.machines] if report.machines else []
    return found


def lossy(pages: int) -> str:
    """Say how many pages hold much more than can be found of them."""
    return "1 page lacks most of its words" if pages == 1 else f"{pages:,} pages lack most of their words"


def left_out(report: SyncReport) -> list[str]:
    """Say what a source holds that isn't in the index, and why."""
    found = []
    if report.drafts:
        found.append("1 draft" if report.drafts == 1 else f"{report.drafts:,} drafts")
    if report.empty:
        found.append(f"{report.empty:,} {'page' if report.empty == 1 else 'pages'} without text")
    if report.untaken:
        found.append(untaken(report.untaken))
    return found


def untaken(endings: Mapping[str, int]) -> str:
    """Write `3 files that no pattern of include takes (2 .png, 1 without an ending)`."""
    return files_by_ending(endings, " that no pattern of include takes")


def files_by_ending(endings: Mapping[str, int], which: str = "") -> str:
    """Write `3 files (2 .png, 1 without an ending)`; `which` continues the sentence after "files"."""
    usual = sorted(endings.items(), key=lambda each: (-each[1], each[0]))
    said = [
        f"{number:,} .{ending}" if ending else f"{number:,} without an ending" for ending, number in usual
    ]
    kinds = ", ".join(said[:_KINDS] + ["…"] * (len(said) > _KINDS))
    number = sum(endings.values())
    return f"{number:,} {'file' if number == 1 else 'files'}{which} ({kinds})"


def audiences_told(source: SourceSettings) -> str:
    """Write a source's audiences as `everyone; managers/** → managers`."""
    folders = [f"{glob} → {', '.join(sorted(words))}" for glob, words in source.audience_of.items()]
    return "; ".join([", ".join(sorted(source.audience)), *folders])


def forgotten(name: str, pages: int) -> str:
    """Say that a source has left docent.yaml while its pages are still in the index."""
    held = "1 page is" if pages == 1 else f"{pages:,} pages are"
    return (
        f"{name} is no longer in docent.yaml: its {held} shown to nobody, and deleted when an indexer starts"
    )


def misfits(unfit: Sequence[str], left_out: int = 0) -> list[str]:
    """Name the patterns that fit no page, and how many pages wait for them."""
    found = [f"{each} fits no page: correct or remove it" for each in unfit]
    if left_out:
        pages = "1 new page is" if left_out == 1 else f"{left_out:,} new pages are"
        found.append(f"{pages} left out until every pattern that gives an audience fits (strict_audiences)")
    return found


def confirm_command(source: str) -> str:
    """Write the shell command that deletes what was held back."""
    return f"`docent reindex {source} --confirm-deletes`"


def held_back(pages: int, confirm: str) -> str:
    """Say how many deletions wait for an admin's word."""
    if pages == 1:
        return f"1 page is gone, more at once than usual; it stays until {confirm}"
    return f"{pages:,} pages are gone at once; they stay until {confirm}"
