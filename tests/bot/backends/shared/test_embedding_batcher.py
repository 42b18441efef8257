"""Texts of several callers on their way to a service: packed, sent once, and never waited for in vain."""

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from bot.backends.shared.embedding_batcher import CallSlot, EmbeddingBatcher, Rows
from bot.backends.shared.rate_limiter import RateLimiter
from bot.ports import RateLimited, Rejected


class Sender:
    """Stands in for one call: each text's vector is its length. `failing` are raised first, one a call."""

    def __init__(self, *failing: Exception) -> None:
        self.failing = list(failing)
        self.batches: list[list[str]] = []
        self.most = 0
        self.called = asyncio.Event()
        self.go = asyncio.Event()
        self._busy = 0

    async def __call__(self, texts: Sequence[str], turn: CallSlot) -> Rows:
        self.batches.append(list(texts))
        async with turn():
            self._busy += 1
            self.most = max(self.most, self._busy)
            self.called.set()
            await self.go.wait()
            await asyncio.sleep(0)
            self._busy -= 1
        if self.failing:
            raise self.failing.pop(0)
        return np.array([[len(text)] for text in texts], dtype=np.float32)


def _feed(sender: Sender, *, at_once: int = 2, patience: float = 0.0) -> EmbeddingBatcher:
    return EmbeddingBatcher(
        sender, RateLimiter(), dimensions=1, batch=96, calls_at_once=at_once, patience=patience
    )


def _texts(count: int, name: str = "t") -> list[str]:
    return [f"{name}{'x' * number}" for number in range(count)]


async def test_full_batches_as_many_at_once_as_allowed():
    """500 texts go in five full calls and the rest, two at once."""
    sender = Sender()
    sender.go.set()

    rows = await _feed(sender).embed(_texts(500))

    assert rows[:, 0].tolist() == [float(number + 1) for number in range(500)]
    assert sorted(map(len, sender.batches)) == [20, 96, 96, 96, 96, 96]
    assert sender.most == 2


async def test_a_bug_reaches_who_waits():
    """What is no failure of Cohere's comes out where the texts went in."""
    sender = Sender(KeyError("bug"))
    sender.go.set()
    feed = _feed(sender)

    with pytest.raises(KeyError):
        await feed.embed(["text"])

    assert (await feed.embed(["text"])).tolist() == [[4.0]]


async def test_what_nobody_waits_for_any_more_is_not_sent():
    """A caller that gave up takes its waiting texts along."""
    sender = Sender()
    feed = _feed(sender, at_once=1)
    first = asyncio.create_task(feed.embed(["first"]))
    await sender.called.wait()
    given_up = asyncio.create_task(feed.embed(["given up"]))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    sender.go.set()

    await first
    await feed.embed(["last"])

    assert [text for batch in sender.batches for text in batch] == ["first", "last"]


async def test_a_text_on_its_way_is_shared():
    """Who asks for a text that is under way gets the same answer."""
    sender = Sender()
    feed = _feed(sender)
    first = asyncio.create_task(feed.embed(["text"]))
    await sender.called.wait()
    second = asyncio.create_task(feed.embed(["text"]))
    await asyncio.sleep(0)
    sender.go.set()

    assert (await first).tolist() == (await second).tolist() == [[4.0]]
    assert sender.batches == [["text"]]


async def test_closing_leaves_nobody_waiting():
    """Who still waits is cancelled."""
    feed = _feed(Sender())
    waiting = asyncio.create_task(feed.embed(["text"]))
    await asyncio.sleep(0)

    await feed.close()

    with pytest.raises(asyncio.CancelledError):
        await waiting


@pytest.mark.parametrize("error", [Rejected("x", "no"), RateLimited("x", "wait", retry_after=1)])
async def test_what_cannot_be_had_fails_every_caller_of_its_batch(error):
    """Each gets an error of its own, of the same kind."""
    sender = Sender(error)
    feed = _feed(sender, patience=-1.0)
    both = asyncio.gather(feed.embed(["one"]), feed.embed(["two"]), return_exceptions=True)
    sender.go.set()

    first, second = await both

    assert type(first) is type(second) is type(error)
    assert first is not second
    assert str(first) == str(error)


async def test_a_batch_that_is_ready_waits_for_a_pause():
    """Its turn comes when the pause is over, though it was made before."""
    now, slept = 0.0, []

    async def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(seconds)
        now += seconds

    bucket = RateLimiter(clock=lambda: now, sleep=sleep)
    sender = Sender()
    feed = EmbeddingBatcher(sender, bucket, dimensions=1, batch=96, calls_at_once=1, patience=0.0)
    both = asyncio.create_task(feed.embed(_texts(192)))
    await sender.called.wait()
    bucket.pause(7.0)
    sender.go.set()

    await both

    assert [len(batch) for batch in sender.batches] == [96, 96]
    assert slept == [7.0]
