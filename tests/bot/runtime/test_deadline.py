"""The one time limit of an answer."""

import asyncio

import pytest

from bot.ports import Unavailable
from bot.runtime.deadline import Deadline
from tests.support.fakes import FakeClock


async def refusal(deadline: Deadline, seconds: float) -> str:
    with pytest.raises(Unavailable) as raised:
        await deadline.wait("the writer", asyncio.Event().wait(), seconds=seconds)
    return raised.value.reason


async def test_a_part_that_is_slow_is_told_with_its_own_limit():
    """A part that had its time and didn't use it is told with that time."""
    assert await refusal(Deadline(60), 0.02) == "no answer within 0.02 seconds."


async def test_a_whole_that_is_over_is_told_with_the_whole():
    """What was left of the answer's time says nothing to anybody: all of it is told."""
    clock = FakeClock()
    deadline = Deadline(60, clock=clock)
    clock.move(59.98)
    assert await refusal(deadline, 15) == "60 seconds were over."


async def test_what_is_others_turn_is_not_counted():
    """The whole is as long after a pause as before it; what was spent in all is still told."""
    clock = FakeClock()
    deadline = Deadline(60, clock=clock)
    clock.move(10)
    with deadline.paused():
        clock.move(100)
    assert deadline.left == 50
    assert deadline.spent == 110
