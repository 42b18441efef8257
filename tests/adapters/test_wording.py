"""Words that chat and the command line share."""

from dataclasses import replace

import pytest

from adapters.wording import duration, page_counts
from bot.model import SyncReport


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.42, "0.4 s"),
        (9.96, "10.0 s"),
        (42, "42 s"),
        (99.4, "99 s"),
        (100, "2 min"),
        (200, "3 min"),
        (3569, "59 min"),
        (3570, "1 h"),
        (3600, "1 h"),
        (3900, "1 h 5 min"),
        (10_700, "2 h 58 min"),
        (18_000, "5 h"),
        (18_300, "5 h"),
        (100_000, "28 h"),
        (172_800, "2 days"),
        (864_000, "10 days"),
    ],
)
def test_durations_are_short(seconds: float, said: str) -> None:
    """A time is said as a person would."""
    assert duration(seconds) == said


def test_a_reports_pages_are_counted_by_what_became_of_them() -> None:
    """In the order in which they are told, none left out."""
    report = replace(SyncReport("handbook"), added=2, deleted=1)
    assert list(page_counts(report).items()) == [
        ("added", 2),
        ("changed", 0),
        ("renamed", 0),
        ("deleted", 1),
        ("unchanged", 0),
        ("failed", 0),
    ]
