"""Lines of a crontab: what they mean, and what is said of those that mean nothing."""

from datetime import UTC, datetime

import pytest

from bot.config.reading import cron

MONDAY = datetime(2026, 6, 1, 5, 30, tzinfo=UTC)


def said(line: str, zone: str = "UTC", after: datetime = MONDAY, count: int = 4) -> list[str]:
    return [f"{moment:%a %d %b %H:%M}" for moment in cron.next_moments(line, zone, after, count)]


@pytest.mark.parametrize(
    ("line", "moments"),
    [
        ("0 6 1,15 * 1", ["Mon 01 Jun 06:00", "Mon 08 Jun 06:00", "Mon 15 Jun 06:00", "Mon 22 Jun 06:00"]),
        ("0 6 3 * 5", ["Wed 03 Jun 06:00", "Fri 05 Jun 06:00", "Fri 12 Jun 06:00", "Fri 19 Jun 06:00"]),
        ("0 6 3 * *", ["Wed 03 Jun 06:00", "Fri 03 Jul 06:00", "Mon 03 Aug 06:00", "Thu 03 Sep 06:00"]),
        ("0 6 * * */2", ["Tue 02 Jun 06:00", "Thu 04 Jun 06:00", "Sat 06 Jun 06:00", "Sun 07 Jun 06:00"]),
        ("0 6 * * 1-5/2", ["Mon 01 Jun 06:00", "Wed 03 Jun 06:00", "Fri 05 Jun 06:00", "Mon 08 Jun 06:00"]),
        ("0 6 * * fri-mon", ["Mon 01 Jun 06:00", "Fri 05 Jun 06:00", "Sat 06 Jun 06:00", "Sun 07 Jun 06:00"]),
        ("0 6 * * 5-1", ["Mon 01 Jun 06:00", "Fri 05 Jun 06:00", "Sat 06 Jun 06:00", "Sun 07 Jun 06:00"]),
        ("0 6 * * 7", ["Sun 07 Jun 06:00", "Sun 14 Jun 06:00", "Sun 21 Jun 06:00", "Sun 28 Jun 06:00"]),
        ("0 22-5/3 * * *", ["Mon 01 Jun 22:00", "Tue 02 Jun 01:00", "Tue 02 Jun 04:00", "Tue 02 Jun 22:00"]),
        ("0 0 1 nov-feb *", ["Sun 01 Nov 00:00", "Tue 01 Dec 00:00", "Fri 01 Jan 00:00", "Mon 01 Feb 00:00"]),
        ("*/90 * * * *", ["Mon 01 Jun 06:00", "Mon 01 Jun 07:00", "Mon 01 Jun 08:00", "Mon 01 Jun 09:00"]),
        ("0 6 * * MON", ["Mon 01 Jun 06:00", "Mon 08 Jun 06:00", "Mon 15 Jun 06:00", "Mon 22 Jun 06:00"]),
        ("@daily", ["Tue 02 Jun 00:00", "Wed 03 Jun 00:00", "Thu 04 Jun 00:00", "Fri 05 Jun 00:00"]),
        ("@hourly", ["Mon 01 Jun 06:00", "Mon 01 Jun 07:00", "Mon 01 Jun 08:00", "Mon 01 Jun 09:00"]),
        ("@weekly", ["Sun 07 Jun 00:00", "Sun 14 Jun 00:00", "Sun 21 Jun 00:00", "Sun 28 Jun 00:00"]),
        ("@monthly", ["Wed 01 Jul 00:00", "Sat 01 Aug 00:00", "Tue 01 Sep 00:00", "Thu 01 Oct 00:00"]),
    ],
)
def test_a_line_means_what_crontab_says(line: str, moments: list[str]) -> None:
    """A day of the month or of the week, weeks from Sunday, ranges over the end, names, and @daily."""
    assert said(line) == moments


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("*/0 * * * *", "minute is '*/0'"),
        ("60 * * * *", "minute is '60'"),
        ("0 24 * * *", "hour is '24'"),
        ("0 6 0 * *", "day is '0'"),
        ("0 6 32 * *", "day is '32'"),
        ("0 6 * 13 *", "month is '13'"),
        ("0 6 * foo *", "month is 'foo'"),
        ("0 6 * * abc", "weekday is 'abc'"),
        ("0 6 * * 8", "weekday is '8'"),
        ("0 6 L * *", "day is 'l'"),
        ("0 6 * * 5#2", "weekday is '5#2'"),
        ("0 6 *-3 * *", "day is '*-3'"),
        ("0 6, * * *", "hour is '6,'"),
        ("0 ６ * * *", "hour is '６'"),
        ("0 6 31 2,4 *", "never comes"),
        ("@reboot", "@daily"),
        ("@fortnightly", "@daily"),
    ],
)
def test_a_mistake_is_named(line: str, part: str) -> None:
    """What no crontab takes is said with the field that is wrong, or what there is."""
    with pytest.raises(ValueError, match="cron") as caught:
        cron.checked(line)
    assert part in str(caught.value)


def test_a_line_goes_by_its_zone() -> None:
    """Six o'clock is six o'clock there, in summer and in winter."""
    found = cron.next_moments("0 6 1 1,7 *", "Europe/Berlin", MONDAY, 2)
    assert [moment.isoformat() for moment in found] == [
        "2026-07-01T06:00:00+02:00",
        "2027-01-01T06:00:00+01:00",
    ]


@pytest.mark.parametrize(
    ("line", "after", "moments"),
    [
        ("30 2 * * *", datetime(2026, 3, 28, 12, tzinfo=UTC), ["Sun 29 Mar 03:00", "Mon 30 Mar 02:30"]),
        ("30 2 * * *", datetime(2026, 10, 24, 12, tzinfo=UTC), ["Sun 25 Oct 02:30", "Mon 26 Oct 02:30"]),
        ("0 3 * * *", datetime(2026, 3, 28, 12, tzinfo=UTC), ["Sun 29 Mar 03:00", "Mon 30 Mar 03:00"]),
    ],
)
def test_clocks_that_change_run_each_once(line: str, after: datetime, moments: list[str]) -> None:
    """What falls into the hour that is missing comes right after it; what falls into the double one comes once."""
    assert said(line, "Europe/Berlin", after, 2) == moments


def test_the_longest_gap_of_working_days_is_a_weekend() -> None:
    """From Friday to Monday."""
    assert cron.longest_gap("0 6 * * 1-5", "UTC") == 3 * 86_400
