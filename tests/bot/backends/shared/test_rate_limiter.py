"""How much is sent to Cohere, and when: by a clock that only moves when somebody sleeps."""

import asyncio

import pytest

from bot.backends.shared.rate_limiter import RateLimiter


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def _sent(bucket: RateLimiter, clock: Clock, texts: int, batch: int = 96) -> list[tuple[float, int]]:
    sent: list[tuple[float, int]] = []
    while texts > 0:
        room = await bucket.take(min(batch, texts))
        sent.append((clock.now, room))
        texts -= room
    return sent


async def test_no_limit_never_waits(clock):
    """Without limits everything goes at once."""
    sent = await _sent(RateLimiter(clock=clock, sleep=clock.sleep), clock, 5000)

    assert {at for at, _ in sent} == {1000.0}


async def test_texts_a_minute_are_used_up_and_never_exceeded(clock):
    """10,000 texts at 2,000 a minute are sent in the four minutes that the limit permits, at no moment faster."""
    bucket = RateLimiter(texts_per_minute=2000, clock=clock, sleep=clock.sleep)

    sent = await _sent(bucket, clock, 10_000)

    assert sent[-1][0] - sent[0][0] == pytest.approx(240.0)
    assert all(sum(n for at, n in sent if start <= at < start + 60) <= 2000 for start, _ in sent)


async def test_calls_a_minute_are_kept(clock):
    """The 101st call of a minute waits for the next."""
    bucket = RateLimiter(calls_per_minute=100, clock=clock, sleep=clock.sleep)

    sent = await _sent(bucket, clock, 101, batch=1)

    assert [at for at, _ in sent] == [1000.0] * 100 + [1060.0]


async def test_a_limit_below_a_batch_makes_smaller_batches(clock):
    """A limit of 50 texts a minute still lets 50 texts through."""
    bucket = RateLimiter(texts_per_minute=50, clock=clock, sleep=clock.sleep)

    assert await _sent(bucket, clock, 120) == [(1000.0, 50), (1060.0, 50), (1120.0, 20)]


async def test_a_pause_stops_everybody(clock):
    """After a 429 with Retry-After nothing is sent by anyone until the time is up."""
    bucket = RateLimiter(clock=clock, sleep=clock.sleep)

    bucket.pause(7.0)
    bucket.pause(3.0)
    sent = await _sent(bucket, clock, 1)

    assert sent == [(1007.0, 1)]


@pytest.mark.parametrize("advice", [None, 0.0])
async def test_pauses_without_advice_grow_until_something_gets_through(clock, advice):
    """429s without Retry-After, or with one of nothing, wait 1, 2, 4 … seconds; a success starts anew.

    Several that come together count once.
    """
    bucket = RateLimiter(clock=clock, sleep=clock.sleep)
    waits = []
    for _ in range(7):
        bucket.pause(advice)
        bucket.pause(advice)
        waits.append(bucket.paused_for)
        await bucket.take(1)
    bucket.succeeded()
    bucket.pause(None)

    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert bucket.paused_for == 1.0
