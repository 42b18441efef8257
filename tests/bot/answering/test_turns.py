"""Many questions at once: a few at a time, in their order, and none loses its time to others."""

import asyncio

import pytest

from bot.answering.answerer import Answerer
from bot.limits import AnswerLimits
from bot.model import Answer, Outcome, Question, Stage, Usage
from bot.ports import Finished, Unavailable
from bot.retrieval.retrieval_result import Retrieval
from tests.support.fakes import FakeClock, FakeRetrieval, FakeRetriever, FakeWriter, Says, make_passage
from tests.support.waiting import until as awaited

LEAVE = make_passage("You get 25 days of leave.")
QUOTE = (Says("You get 25 days of leave.", on=(0,)),)


class Held:
    """A retriever that says who is searching, and waits to be let go."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.most = self._now = 0
        self.go = asyncio.Event()

    async def retrieve(self, question: Question, standalone: str) -> Retrieval:
        self.begun.append(standalone)
        self._now += 1
        self.most = max(self.most, self._now)
        await self.go.wait()
        self._now -= 1
        return Retrieval(passages=(LEAVE,), enough=True)


async def until(true) -> None:
    async def look() -> bool:
        return bool(true())

    await awaited(look)


def ask(text: str) -> Question:
    return Question(text, frozenset({"everyone"}))


def answerer(retriever, *, writer=None, at_once: int | None = 2, **parts) -> Answerer:
    limits = parts.pop("limits", AnswerLimits(at_once=at_once))
    return Answerer(
        retriever=retriever, writer=writer or FakeWriter(QUOTE), limits=limits, quotes=True, **parts
    )


async def waiting(core: Answerer) -> tuple["asyncio.Task[Answer]", list[Stage]]:
    """A question that waits its turn, and what is told meanwhile."""
    stages: list[Stage] = []

    async def hear(stage: Stage) -> None:
        stages.append(stage)

    asked = asyncio.create_task(core.answer(ask("How long is parental leave?"), on_stage=hear))
    await until(lambda: stages)
    return asked, stages


async def test_a_few_at_a_time_in_their_order() -> None:
    """No more than the limit are searched for at once, first come first served."""
    held = Held()
    core = answerer(held)
    asked = [f"How many days of leave in year {n}?" for n in range(7)]
    answers = [asyncio.create_task(core.answer(ask(text))) for text in asked]
    await until(lambda: len(held.begun) == 2)
    assert held.begun == asked[:2]
    held.go.set()
    done = await asyncio.gather(*answers)
    assert {answer.outcome for answer in done} == {Outcome.ANSWERED}
    assert held.begun == asked
    assert held.most == 2


async def test_the_place_is_told() -> None:
    """Who waits hears how many come before, and then that it goes on."""
    held = Held()
    core = answerer(held, at_once=1)
    first = asyncio.create_task(core.answer(ask("How many days of leave?")))
    await until(lambda: held.begun)
    second, stages = await waiting(core)
    held.go.set()
    await asyncio.gather(first, second)
    assert stages[:2] == [Stage("waiting", 1), Stage("searching")]


async def test_waiting_takes_nothing_of_the_limits() -> None:
    """A question that waited longer than an answer may take is answered all the same."""
    held, clock = Held(), FakeClock()
    core = answerer(held, limits=AnswerLimits(answer=60, at_once=1), clock=clock)
    first = asyncio.create_task(core.answer(ask("How many days of leave?")))
    await until(lambda: held.begun)
    second, _ = await waiting(core)
    clock.move(600)
    held.go.set()
    await first
    answer = await second
    assert answer.outcome is Outcome.ANSWERED
    assert answer.trace.seconds["waiting"] == 600


async def test_who_gives_up_leaves_no_gap() -> None:
    """A question that is taken back while it waits lets the next one go on."""
    held = Held()
    core = answerer(held, at_once=1)
    first, second, third = (
        asyncio.create_task(core.answer(ask(f"How many days in year {n}?"))) for n in range(3)
    )
    await until(lambda: held.begun)
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    held.go.set()
    await asyncio.gather(first, third)
    assert held.begun == ["How many days in year 0?", "How many days in year 2?"]


async def test_a_failed_search_gives_its_turn_back() -> None:
    """The next question is answered."""
    down = Unavailable("the index", "it is locked.")
    retriever = FakeRetriever(FakeRetrieval(passages=(LEAVE,)), failing=[down, down])
    core = answerer(retriever, at_once=1)
    assert (await core.answer(ask("How many days of leave?"))).outcome is Outcome.UNAVAILABLE
    assert (await core.answer(ask("How many days of leave?"))).outcome is Outcome.ANSWERED


async def test_those_that_wait_are_counted() -> None:
    """Until it is their turn."""
    held = Held()
    core = answerer(held, at_once=1)
    first = asyncio.create_task(core.answer(ask("How many days of leave?")))
    await until(lambda: held.begun)
    second, _ = await waiting(core)
    assert core.waiting == 1
    held.go.set()
    await asyncio.gather(first, second)
    assert core.waiting == 0


async def test_a_server_that_writes_holds_up_no_search() -> None:
    """While a model writes one answer, the next question is searched for."""
    writing = asyncio.Event()

    class Slow(FakeWriter):
        async def write(self, brief):
            await writing.wait()
            async for event in super().write(brief):
                yield event

    retriever = FakeRetriever(FakeRetrieval(passages=(LEAVE,)))
    core = Answerer(retriever=retriever, writer=Slow(QUOTE), limits=AnswerLimits(at_once=1))
    answers = [asyncio.create_task(core.answer(ask(f"How many days in year {n}?"))) for n in range(3)]
    await until(lambda: len(retriever.asked) == 3)
    writing.set()
    assert {answer.outcome for answer in await asyncio.gather(*answers)} == {Outcome.ANSWERED}


async def test_what_the_writer_did_instead_is_said() -> None:
    """A writer that had to do without a part says so in the answer."""

    class Lame(FakeWriter):
        async def write(self, brief):
            async for event in super().write(brief):
                ended = Finished("complete", Usage("x"), degraded="By words alone: no answer in time.")
                yield ended if isinstance(event, Finished) else event

    answer = await answerer(FakeRetriever(FakeRetrieval(passages=(LEAVE,))), writer=Lame(QUOTE)).answer(
        ask("How many days of leave?")
    )
    assert answer.degraded == ("By words alone: no answer in time.",)


async def test_whoever_shows_it_slowly_holds_up_nobody() -> None:
    """A platform that takes long to show an answer keeps no turn."""
    core = answerer(FakeRetriever(FakeRetrieval(passages=(LEAVE,))), at_once=1)
    showing, shown = asyncio.Event(), asyncio.Event()

    async def slow(text: str) -> None:
        showing.set()
        await shown.wait()

    first = asyncio.create_task(core.answer(ask("How many days of leave?"), on_text=slow))
    await showing.wait()
    assert (await core.answer(ask("How many days of leave?"))).outcome is Outcome.ANSWERED
    shown.set()
    assert (await first).outcome is Outcome.ANSWERED
