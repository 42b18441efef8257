"""What a task works on, and its stages."""

import asyncio

import pytest

from bot.runtime.work_context import added_up, degraded, span, worked_on, working_on


async def _noted(name: str) -> None:
    with span(name):
        await asyncio.sleep(0)


async def test_stages_lie_within_each_other() -> None:
    """A stage that begins within another is part of it, also in a task that was started there."""
    with working_on("answer", "a1") as work:
        with span("retrieve"):
            await asyncio.gather(*(_noted(name) for name in ("embed", "search")))
        with span("write"):
            pass
    assert [(each.name, each.parent) for each in work.spans] == [
        ("retrieve", None),
        ("embed", 0),
        ("search", 0),
        ("write", None),
    ]


async def test_a_stage_that_failed_is_marked() -> None:
    """What it raised goes on."""
    with working_on("answer", "a1") as work, pytest.raises(ValueError, match="no"), span("embed"):
        raise ValueError("no")
    assert work.spans[0].failed


async def test_two_works_know_nothing_of_each_other() -> None:
    """Questions that are answered at the same time have stages and an id of their own."""

    async def answer(id_: str) -> list[str]:
        with working_on("answer", id_) as work:
            await _noted(id_)
            degraded(f"the {id_}")
            assert worked_on() == ("answer", id_)
            return [each.name for each in work.spans] + sorted(work.degraded)

    assert await asyncio.gather(answer("a"), answer("b")) == [["a", "a"], ["b", "b"]]


def test_without_a_work_nothing_is_kept() -> None:
    """A command measures nothing."""
    with span("embed"), added_up("check"):
        degraded("the embedder")
    assert worked_on() is None


def test_a_work_within_another_begins_at_the_root() -> None:
    """Its stages are its own."""
    with working_on("sync", "s1") as outer, span("docs"), working_on("answer", "a1") as inner, span("embed"):
        pass
    assert [each.name for each in outer.spans] == ["docs"]
    assert [each.parent for each in inner.spans] == [None]


async def test_what_outlives_a_work_is_none_of_it() -> None:
    """A task that serves everybody, started by the first question, doesn't speak of it for ever."""
    go_on, seen = asyncio.Event(), []

    async def serve() -> None:
        seen.append(worked_on())
        await go_on.wait()
        with span("embed"):
            degraded("the embedder")
            seen.append(worked_on())

    with working_on("answer", "a1") as work:
        serving = asyncio.create_task(serve())
        await asyncio.sleep(0)
    go_on.set()
    await serving
    assert seen == [("answer", "a1"), None]
    assert (work.spans, work.degraded) == ([], set())


def test_stages_are_bounded() -> None:
    """Whatever goes round and round fills no memory."""
    with working_on("answer", "a1") as work:
        for _ in range(1000):
            with span("embed"):
                pass
    assert len(work.spans) == 200
