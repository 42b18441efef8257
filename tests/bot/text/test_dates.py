"""Dates as servers and people write them."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from bot.text.dates import moment, retry_after, written_moment

MAY = datetime(2024, 5, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["2024-05-03", "2024-05-03T00:00:00Z", "2024-05-03T02:00:00+02:00", "Fri, 03 May 2024 00:00:00 GMT"],
)
def test_a_server_s_date(text: str) -> None:
    """ISO 8601 and HTTP's own dates are read, without a zone as UTC."""
    assert moment(text) == MAY


@pytest.mark.parametrize("value", ["", "soon", "May", "03.05.2024", None, 5, ["2024-05-03"]])
def test_what_is_no_server_s_date(value: object) -> None:
    """Nothing is guessed, and nothing filled in from today."""
    assert moment(value) is None


@pytest.mark.parametrize(
    "value",
    [
        *(
            "2024-05-03",
            "2024/05/03",
            "03.05.2024",
            "3 May 2024",
            "May 3, 2024",
            "2024-05-03 00:00:00 +00:00",
        ),
        MAY,
        MAY.date(),
    ],
)
def test_a_page_s_date(value: object) -> None:
    """A page's date is read as people write it, the day before the month where dots are between them."""
    assert written_moment(value) == MAY


@pytest.mark.parametrize("value", ["", "May", "05/03/2024", None, 2024])
def test_what_is_no_page_s_date(value: object) -> None:
    """A date that could be two days is none."""
    assert written_moment(value) is None


@pytest.mark.parametrize(("value", "seconds"), [("0", 0.0), ("7", 7.0), (" 1.5 ", 1.5), ("-3", 0.0)])
def test_seconds_to_wait(value: str, seconds: float) -> None:
    """A wait in seconds is never shorter than none."""
    assert retry_after(value) == seconds


def test_a_date_to_wait_for() -> None:
    """A wait until a date ends then."""
    at = format_datetime(datetime.now(UTC) + timedelta(hours=5), usegmt=True)
    assert retry_after(at) == pytest.approx(5 * 3600, abs=600)


def test_a_date_that_has_passed() -> None:
    """Nobody waits for a date that has passed."""
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0


@pytest.mark.parametrize("value", ["", "later", "Fri"])
def test_no_wait_is_told(value: str) -> None:
    """What is neither seconds nor a date tells nothing."""
    assert retry_after(value) is None
