"""When sources are synced, by clocks that may be wrong."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from bot.config.sources import Every, IndexerSettings
from indexer.schedule import CrontabTrigger, Schedule, trigger
from tests.support.pages import settings

DAY = 86_400.0


@dataclass
class Clocks:
    """The wall's may be set; the steady one only goes on."""

    wall: float
    steady: float = 100.0

    def goes_on(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


@pytest.fixture
def clocks() -> Clocks:
    return Clocks(datetime.now(UTC).timestamp())


@pytest.fixture
async def schedule(clocks: Clocks) -> AsyncIterator[Schedule]:
    async def ask(_: str) -> None:
        return None

    sources = [settings(name="hourly", every="1h"), settings(name="nightly", every="0 3 * * *")]
    made = Schedule(sources, IndexerSettings(), ask, wall=lambda: clocks.wall, steady=lambda: clocks.steady)
    made.start()
    yield made
    await made.stop()


def due(schedule: Schedule, name: str, moment: datetime) -> None:
    job = schedule._scheduler.get_job(name)
    job.modify(next_run_time=moment)


def next_run(schedule: Schedule, name: str) -> datetime:
    moment = schedule._scheduler.get_job(name).next_run_time
    assert isinstance(moment, datetime)
    return moment


async def test_a_clock_set_back_delays_nothing(
    schedule: Schedule, clocks: Clocks, caplog: pytest.LogCaptureFixture
) -> None:
    """After the clock was set back by a day a cycle is due when it was; a cron line goes by the new clock."""
    soon = datetime.fromtimestamp(clocks.wall, UTC) + timedelta(minutes=20)
    due(schedule, "hourly", soon)
    due(schedule, "nightly", soon)
    clocks.wall -= 10 * DAY
    assert schedule.look_at_clock() == -10 * DAY
    assert next_run(schedule, "hourly") == soon - timedelta(days=10)
    nightly = next_run(schedule, "nightly")
    assert 0 < nightly.timestamp() - clocks.wall <= DAY
    assert "the clock was set back by 10 days" in caplog.text


async def test_a_clock_that_goes_right_is_left_alone(
    schedule: Schedule, clocks: Clocks, caplog: pytest.LogCaptureFixture
) -> None:
    """Time that passes, and a clock that is put right by a second, change nothing."""
    before = next_run(schedule, "hourly")
    clocks.goes_on(3600)
    clocks.wall += 1
    assert schedule.look_at_clock() == 0
    assert next_run(schedule, "hourly") == before
    assert caplog.text == ""


async def test_a_clock_set_on_is_told_once(
    schedule: Schedule, clocks: Clocks, caplog: pytest.LogCaptureFixture
) -> None:
    """After a sleep, or a clock that was behind, there is one word in the log."""
    clocks.wall += DAY
    assert schedule.look_at_clock() == DAY
    assert schedule.look_at_clock() == 0
    assert caplog.text.count("the clock was set on by 1 day") == 1


def test_jitter_is_only_ever_later() -> None:
    """A line with jitter comes at its minute or up to so many seconds later."""
    now = datetime(2026, 6, 1, 5, 30, tzinfo=UTC)
    line = trigger(Every(cron="0 6 * * *"), "UTC", 60)
    assert isinstance(line, CrontabTrigger)
    for _ in range(20):
        moment = line.get_next_fire_time(None, now)
        assert moment
        assert 0 <= (moment - datetime(2026, 6, 1, 6, tzinfo=UTC)).total_seconds() <= 60
