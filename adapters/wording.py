"""Words durations and sync reports, for chat and the command line alike."""

from collections.abc import Mapping

from bot.model import SyncReport

_TENTHS = 10.0  # seconds: below that tenths of one matter
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0


def duration(seconds: float) -> str:
    """Return `seconds` in words as people say them: 0.4 s, 42 s, 3 min, 1 h 5 min, 5 h, 2 days."""
    if seconds < _TENTHS:
        return f"{seconds:.1f} s"
    if seconds < 100:  # noqa: PLR2004 - as a watch would say it
        return f"{seconds:.0f} s"
    minutes = round(seconds / _MINUTE)
    if minutes < _HOUR / _MINUTE:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if seconds < 3 * _HOUR and rest:
        return f"{hours} h {rest} min"
    if seconds < 2 * _DAY:
        return f"{seconds / _HOUR:.0f} h"
    return f"{seconds / _DAY:.0f} days"


def page_counts(report: SyncReport) -> Mapping[str, int]:
    """Return how many pages of a source were added, changed and so on, by word, in the order of display.

    Zeros are included.
    """
    return {
        "added": report.added,
        "changed": report.changed,
        "renamed": report.renamed,
        "deleted": report.deleted,
        "unchanged": report.unchanged,
        "failed": len(report.failed),
    }
