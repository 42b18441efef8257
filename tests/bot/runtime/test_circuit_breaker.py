"""The breaker, with a clock of its own."""

import pytest

from bot.ports import RateLimited, Refused, Unauthorized, Unavailable
from bot.runtime.circuit_breaker import CircuitBreaker
from tests.support.fakes import FakeClock

DOWN = Unavailable("the writer", "it does not answer.")


async def call(breaker: CircuitBreaker, error: Exception | None = None) -> bool:
    """True if the part was called."""
    called = False
    try:
        async with breaker.guard():
            called = True
            if error is not None:
                raise error
    except (Unavailable, Unauthorized, Refused):
        pass
    return called


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def breaker(clock: FakeClock) -> CircuitBreaker:
    return CircuitBreaker("the writer", clock=clock)


async def test_opens_after_five_failures(breaker: CircuitBreaker) -> None:
    """The sixth call isn't made, and fails with the reason."""
    assert [await call(breaker, DOWN) for _ in range(6)] == [True] * 5 + [False]
    with pytest.raises(Unavailable, match="does not answer"):
        async with breaker.guard():
            pass


async def test_a_wrong_key_stays_one(breaker: CircuitBreaker) -> None:
    """While it is open a key that isn't accepted is still told as that, with what to do."""
    wrong = Unauthorized("the writer", "the key is wrong.", remedy="Check THE_KEY.")
    for _ in range(5):
        await call(breaker, wrong)
    with pytest.raises(
        Unauthorized, match=r"the key is wrong \(not tried again for 15 s\)\. Check THE_KEY\."
    ):
        async with breaker.guard():
            pass


async def test_failures_long_ago_do_not_count(breaker: CircuitBreaker, clock: FakeClock) -> None:
    """Five failures in more than thirty seconds leave it closed."""
    for _ in range(8):
        assert await call(breaker, DOWN)
        clock.move(8)
    assert not breaker.is_open


async def test_probes_after_a_while_and_closes(breaker: CircuitBreaker, clock: FakeClock) -> None:
    """After fifteen seconds one call goes through; if it works, all do."""
    for _ in range(5):
        await call(breaker, DOWN)
    clock.move(14)
    assert not await call(breaker)
    clock.move(1.1)
    assert await call(breaker)
    assert not breaker.is_open
    assert await call(breaker, DOWN)
    assert not breaker.is_open


async def test_a_failed_probe_keeps_it_open(breaker: CircuitBreaker, clock: FakeClock) -> None:
    """A probe that fails starts the wait anew."""
    for _ in range(5):
        await call(breaker, DOWN)
    clock.move(16)
    assert await call(breaker, DOWN)
    assert not await call(breaker)
    clock.move(16)
    assert await call(breaker)


async def test_only_one_probe_at_a_time(breaker: CircuitBreaker, clock: FakeClock) -> None:
    """While a probe runs nobody else calls."""
    for _ in range(5):
        await call(breaker, DOWN)
    clock.move(16)
    async with breaker.guard():
        assert not await call(breaker)
    assert await call(breaker)


async def test_refusals_do_not_count(breaker: CircuitBreaker) -> None:
    """What was refused says nothing about the next call."""
    for _ in range(9):
        assert await call(breaker, Refused("the writer", "it declined."))
    assert not breaker.is_open


async def test_a_rate_limit_is_kept(breaker: CircuitBreaker, clock: FakeClock) -> None:
    """An open breaker waits as long as the part asked for."""
    for _ in range(5):
        await call(breaker, RateLimited("the writer", "slow down.", retry_after=40))
    clock.move(20)
    assert not await call(breaker)
    clock.move(21)
    assert await call(breaker)
