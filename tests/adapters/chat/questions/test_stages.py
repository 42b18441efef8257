"""What people see while an answer takes long."""

import asyncio

import pytest

from adapters.chat.questions.stages import StageTeller, words
from bot.model import Stage


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        (Stage("searching"), "searching the docs"),
        (Stage("reading", 1), "reading 1 page"),
        (Stage("reading", 6), "reading 6 pages"),
        (Stage("thinking"), "thinking"),
        (Stage("waiting", 1), "waiting: one question is before yours"),
        (Stage("waiting", 2), "waiting: 2 questions are before yours"),
    ],
)
def test_each_stage_has_its_words(stage, said):
    """Numbers are told as they are."""
    assert words(stage) == said


async def rounds() -> None:
    """Lets it look some more times whether there is something new."""
    for _ in range(9):
        await asyncio.sleep(0)


async def test_the_latest_stage_is_told_and_each_once():
    """Not those that were over when it was time to tell."""
    told: asyncio.Queue[str] = asyncio.Queue()
    teller = StageTeller(told.put, after=0.0, every=0.0)
    await teller.hear(Stage("searching"))
    await teller.hear(Stage("waiting", 2))
    assert await told.get() == "waiting: 2 questions are before yours"
    await rounds()
    assert told.empty()
    await teller.hear(Stage("waiting", 2))
    await teller.hear(Stage("thinking"))
    assert await told.get() == "thinking"
    await teller.stop()
    await teller.hear(Stage("searching"))
    await rounds()
    assert told.empty()


async def test_a_quick_answer_tells_nothing():
    """What is over before the first moment was no wait."""
    told: list[str] = []

    async def tell(doing: str) -> None:
        told.append(doing)

    teller = StageTeller(tell, after=60.0)
    await teller.hear(Stage("searching"))
    await teller.stop()
    assert told == []


async def test_a_fault_in_telling_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """And nothing of it reaches the answer that is written meanwhile."""
    tried = asyncio.Event()

    async def tell(doing: str) -> None:
        tried.set()
        raise ValueError(doing)

    teller = StageTeller(tell, after=0.0, every=0.0)
    await teller.hear(Stage("thinking"))
    await tried.wait()
    await asyncio.sleep(0)
    await teller.stop()
    assert [one.getMessage() for one in caplog.records] == ["telling what is done failed"]
