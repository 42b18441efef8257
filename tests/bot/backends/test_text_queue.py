"""Texts on threads, those of small calls first."""

import asyncio
import threading

import pytest

from bot.backends.fastembed.text_queue import TextQueue


class Work:
    """Text → its length; it holds until it is let go, and remembers the order."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.begun = threading.Event()
        self.go = threading.Event()

    def __call__(self, text: str) -> int:
        self.order.append(text)
        self.begun.set()
        assert self.go.wait(30)
        return len(text)


async def test_in_order():
    """What comes out stands where its text stood."""
    queue: TextQueue[int] = TextQueue(3, "test")
    assert await queue.each(len, ["aaa", "b", "cc", ""]) == [3, 1, 2, 0]
    assert await queue.each(len, []) == []
    queue.close()


async def test_few_before_many():
    """One text passes the three that wait, and a call of two passes them, too; what runs is not interrupted."""
    queue: TextQueue[int] = TextQueue(1, "test")
    work = Work()
    many = asyncio.ensure_future(queue.each(work, ["m1", "m2", "m3", "m4"]))
    await asyncio.to_thread(work.begun.wait, 30)
    few = asyncio.ensure_future(queue.each(work, ["f1", "f2"]))
    one = asyncio.ensure_future(queue.each(work, ["q"]))
    await asyncio.sleep(0)
    work.go.set()
    await asyncio.gather(many, few, one)
    assert work.order == ["m1", "q", "f1", "f2", "m2", "m3", "m4"]
    queue.close()


async def test_what_is_cancelled_is_not_computed():
    """Whoever gave up leaves no work behind."""
    queue: TextQueue[int] = TextQueue(1, "test")
    work = Work()
    many = asyncio.ensure_future(queue.each(work, ["m1", "m2", "m3"]))
    await asyncio.to_thread(work.begun.wait, 30)
    many.cancel()
    with pytest.raises(asyncio.CancelledError):
        await many
    work.go.set()
    assert await queue.each(work, ["x"]) == [1]
    assert work.order == ["m1", "x"]
    queue.close()


async def test_an_error_ends_its_call():
    """The first error is raised, and the next call works."""
    queue: TextQueue[int] = TextQueue(2, "test")

    def failing(text: str) -> int:
        raise ValueError(text)

    with pytest.raises(ValueError, match="a"):
        await queue.each(failing, ["a", "a", "a"])
    assert await queue.each(len, ["ok"]) == [2]
    queue.close()
