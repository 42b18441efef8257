"""The answering core with fakes of our own ports."""

import asyncio

import pytest

from bot.answering.answerer import Answerer
from bot.limits import AnswerLimits
from bot.model import Outcome, Question, Turn
from bot.ports import (
    Corrupt,
    RateLimited,
    Refused,
    Rejected,
    Style,
    StyleExample,
    Unauthorized,
    Unavailable,
    Wrote,
)
from bot.runtime.circuit_breaker import CircuitBreaker
from tests.support.fakes import (
    FakeClock,
    FakeRetrieval,
    FakeRetriever,
    FakeWriter,
    Hangs,
    Says,
    make_passage,
)
from tests.support.waiting import given_up, patiently

LEAVE = make_passage("You get 25 days of leave. Ask your manager first.")
SICK = make_passage("Sick leave is 10 days a year.", page="sick.md", title="Sick leave")
FOUND = FakeRetrieval(passages=(LEAVE, SICK), strong=True, decision="dense .61")
GOOD = (Says("You get 25 days. ", on=(0,)), Says("Sick leave is 10 days.", on=(1,)))
QUOTE = (Says("You get 25 days of leave.", on=(0,)),)
DOWN = Unavailable("the writer", "it does not answer.")
FAST = AnswerLimits(answer=5.0, standalone=0.5, search=0.5, first_token=0.5, between_tokens=0.5, quoting=2.0)


def ask(text: str = "How many days off do I get?", **fields) -> Question:
    return Question(text, frozenset({"everyone"}), **fields)


def answerer(writer=None, *, found=FOUND, failing=(), **parts) -> Answerer:
    parts.setdefault("limits", patiently(FAST))
    writer = writer or FakeWriter(GOOD)
    return Answerer(retriever=FakeRetriever(found, failing=failing), writer=writer, **parts)


class Screen:
    def __init__(self) -> None:
        self.pieces: list[str] = []

    async def __call__(self, text: str) -> None:
        self.pieces.append(text)

    @property
    def text(self) -> str:
        return "".join(self.pieces)


async def test_answers_with_numbered_citations() -> None:
    """An answer's sentences carry markers that its citations explain."""
    answer = await answerer().answer(ask(), id="q1")
    assert answer.outcome is Outcome.ANSWERED
    assert answer.id == "q1"
    assert answer.text == "You get 25 days. [1] Sick leave is 10 days. [2]"
    assert [(c.number, c.title, c.quote) for c in answer.citations] == [
        (1, "Time off", "You get 25 days of leave."),
        (2, "Sick leave", "Sick leave is 10 days a year."),
    ]
    assert answer.strong
    assert answer.usage[0].output_tokens > 0
    assert {"retrieve", "write", "first_text", "total"} <= set(answer.trace.seconds)


async def test_streams_whole_sentences_that_add_up_to_the_answer() -> None:
    """What is streamed is append-only, whole sentences, and equals the answer's text."""
    screen = Screen()
    words = [
        Says(word, on=(0,))
        for word in ["You get ", "25 days. ", "Ask ", "your manager ", "first. ", "Really."]
    ]
    answer = await answerer(FakeWriter(words)).answer(ask(), on_text=screen)
    assert screen.pieces == ["You get 25 days. [1]", " Ask your manager first. [1]", " Really. [1]"]
    assert screen.text == answer.text


@pytest.mark.parametrize("text", ["", "   \n\t ", "\x00\x07\x1b", "🎉🎉 👍", "?!…"])
async def test_a_question_without_words_gets_a_friendly_hint(text: str) -> None:
    """Nothing is searched for a question that holds no words."""
    core = answerer()
    answer = await core.answer(ask(text))
    assert answer.outcome is Outcome.NOT_FOUND
    assert "question in words" in answer.text
    assert core._retriever.asked == []


async def test_a_huge_question_is_cut_with_a_note() -> None:
    """Of 10,000 characters the beginning and the end are read, and the asker is told."""
    core = answerer()
    answer = await core.answer(ask("start " + "filler " * 1_500 + "how long is the leave?"))
    searched = core._retriever.asked[0][1]
    assert searched.startswith("start")
    assert searched.endswith("how long is the leave?")
    assert len(searched) <= 2_010
    assert answer.outcome is Outcome.ANSWERED
    assert any("long" in line for line in answer.degraded)


@pytest.mark.parametrize(
    "text", ["¿Cuántos días?", "Сколько дней отпуска?", "休暇は何日ですか", "PTO", "วันหยุด"]
)
async def test_other_languages_and_single_words_are_searched(text: str) -> None:
    """Any question that holds a word goes to the search as it is."""
    core = answerer()
    assert (await core.answer(ask(text))).outcome is Outcome.ANSWERED
    assert core._retriever.asked[0][1] == text


async def test_too_little_evidence_costs_no_writing() -> None:
    """Too little evidence ends in NOT_FOUND with the nearest pages; the writer isn't called."""
    writer = FakeWriter(GOOD)
    near = (await answerer().answer(ask())).citations
    found = FakeRetrieval(passages=(LEAVE,), enough=False, nearest=(*near, near[0]), decision="dense .12")
    answer = await answerer(writer, found=found).answer(ask())
    assert answer.outcome is Outcome.NOT_FOUND
    assert answer.nearest == near
    assert answer.citations == ()
    assert writer.briefs == []
    assert answer.trace.decision == "dense .12"


async def test_what_nobody_asked_costs_no_model_unless_the_evidence_is_strong() -> None:
    """Neither to write what nobody would see, nor to rewrite what was said before it."""
    weak = FakeRetrieval(passages=(LEAVE, SICK), decision="words 0.6")
    history = (Turn("user", "How many days off do I get?"),)
    writer = FakeWriter(GOOD, standalone=Rejected("the writer", "it was asked to rewrite."))
    made = answerer(writer, found=weak)
    answer = await made.answer(ask("And who approves them?", history=history, unasked=True))
    assert (answer.outcome, writer.briefs) == (Outcome.NOT_FOUND, [])
    assert (await made.answer(ask(unasked=False))).outcome is Outcome.ANSWERED
    strong = answerer(writer)
    assert (await strong.answer(ask("And who?", history=history, unasked=True))).outcome is Outcome.ANSWERED
    assert len(writer.briefs) == 2


async def test_a_follow_up_is_searched_as_the_writer_rewrote_it() -> None:
    """With history the writer makes the question stand alone."""
    core = answerer(FakeWriter(GOOD, standalone="How many days off do contractors get?"))
    history = (Turn("user", "How many days off do employees get?"), Turn("assistant", "25. [1]"))
    await core.answer(ask("and for contractors?", history=history))
    assert core._retriever.asked[0][1] == "How many days off do contractors get?"
    assert core._writer.briefs[0].question == "How many days off do contractors get?"


async def test_a_follow_up_is_merged_when_the_writer_cannot() -> None:
    """If the writer fails, the words of the turn before stand in."""
    core = answerer(FakeWriter(GOOD, standalone=DOWN))
    history = (Turn("user", "How many days off do employees get?"), Turn("assistant", "25. [1]"))
    await core.answer(ask("and for contractors?", history=history))
    assert core._retriever.asked[0][1] == "and for contractors? How many days off employees"


async def test_the_guides_style_reaches_the_writer() -> None:
    """The style chosen for a question is in the brief, its examples in the trace."""

    class Guide:
        async def style(self, question: Question, standalone: str) -> Style:
            return Style(rules=("Be kind.",), examples=(StyleExample("ex-1", "Q?", "A."),))

    core = answerer(guide=Guide())
    answer = await core.answer(ask())
    assert core._writer.briefs[0].style.rules == ("Be kind.",)
    assert answer.trace.examples == ("ex-1",)


# --- what no passage covers -------------------------------------------------------------------------


async def test_uncovered_facts_are_dropped_and_counted() -> None:
    """A sentence with a number that rests on nothing is not shown."""
    writer = FakeWriter([Says("You get 25 days. ", on=(0,)), Says("Bonus is 5,000 euros. "), Says("Enjoy!")])
    answer = await answerer(writer).answer(ask())
    assert answer.text == "You get 25 days. [1] Enjoy!"
    assert answer.trace.dropped_sentences == ("Bonus is 5,000 euros.",)


async def test_nothing_covered_is_not_found() -> None:
    """An answer that rests on nothing is NOT_FOUND, and nothing of it was ever shown."""
    screen = Screen()
    writer = FakeWriter([Says("I guess it's fine. "), Says("Probably 30 days.")])
    answer = await answerer(writer).answer(ask(), on_text=screen)
    assert answer.outcome is Outcome.NOT_FOUND
    assert screen.pieces == []
    assert "30" not in answer.text


# --- degradation ------------------------------------------------------------------------------------


async def test_embedder_and_reranker_down_are_noted() -> None:
    """What retrieval did without stands on the answer."""
    found = FakeRetrieval(
        passages=(LEAVE, SICK), degraded=("Searched by keywords alone: the embedder is down.",)
    )
    answer = await answerer(found=found).answer(ask())
    assert answer.outcome is Outcome.ANSWERED
    assert answer.degraded == ("Searched by keywords alone: the embedder is down.",)


async def test_store_down_is_retried_once() -> None:
    """A search that fails once is tried again."""
    answer = await answerer(failing=[Unavailable("search", "it does not answer.")]).answer(ask())
    assert answer.outcome is Outcome.ANSWERED
    assert answer.degraded == ()


async def test_store_down_is_a_clear_notice() -> None:
    """A search that fails twice ends in UNAVAILABLE with the reference id."""
    failing = [Unavailable("search", "it does not answer.")] * 2
    answer = await answerer(failing=failing).answer(ask(), id="ref7")
    assert answer.outcome is Outcome.UNAVAILABLE
    assert "ref7" in answer.text
    assert "it does not answer" in answer.text


async def test_a_wrong_key_is_not_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    """What no waiting mends isn't asked again in a few minutes; what to do stands in the log, each time."""
    wrong = Unauthorized("search", "the key is wrong.", remedy="Set THE_KEY.")
    core = answerer(failing=[wrong] * 5, clock=FakeClock())
    for n in range(7):  # from the sixth on the breaker speaks
        caplog.clear()
        answer = await core.answer(ask(), id=f"ref{n}")
        assert answer.outcome is Outcome.UNAVAILABLE
        assert "the key is wrong" in answer.text
        assert "Waiting won't mend this" in answer.text
        assert "try again" not in answer.text
        assert f"`ref{n}`" in answer.text
        assert f"answer ref{n}: search failed" in caplog.text
        assert "Set THE_KEY." in caplog.text


async def test_a_dead_store_is_not_waited_for_by_every_question() -> None:
    """After a few failures the asker is told at once, and the store is probed later."""
    clock = FakeClock()
    core = answerer(failing=[Unavailable("search", "it does not answer.")] * 5, clock=clock)
    for _ in range(4):
        assert (await core.answer(ask())).outcome is Outcome.UNAVAILABLE
    assert len(core._retriever.asked) == 5
    clock.move(16)
    assert (await core.answer(ask())).outcome is Outcome.ANSWERED


async def test_a_corrupt_store_is_not_retried() -> None:
    """What won't pass by itself is not tried again."""
    core = answerer(
        failing=[Corrupt("search", "the index can't be read.", remedy="Run `docent index --full`.")]
    )
    assert (await core.answer(ask())).outcome is Outcome.UNAVAILABLE
    assert len(core._retriever.asked) == 1


async def test_a_search_that_hangs_ends() -> None:
    """A store that never answers is given up at its deadline."""

    class Hanging:
        async def retrieve(self, question: Question, standalone: str) -> FakeRetrieval:
            await asyncio.Event().wait()
            raise AssertionError

    core = Answerer(retriever=Hanging(), writer=FakeWriter(GOOD), limits=FAST)
    assert (await core.answer(ask())).outcome is Outcome.UNAVAILABLE


@pytest.mark.parametrize(
    "failure",
    [
        DOWN,
        Refused("the writer", "it declined."),
        Hangs(),
        RateLimited("the writer", "slow down.", retry_after=0.01),
    ],
)
async def test_a_writer_that_fails_before_its_first_text_is_tried_again(failure) -> None:
    """One failure with nothing shown yet goes unnoticed."""
    answer = await answerer(FakeWriter([failure], GOOD)).answer(ask())
    assert answer.text == "You get 25 days. [1] Sick leave is 10 days. [2]"
    assert answer.degraded == ()


async def test_an_empty_answer_is_tried_again() -> None:
    """A writer that ends without a word is tried once more."""
    answer = await answerer(FakeWriter([], GOOD)).answer(ask())
    assert answer.outcome is Outcome.ANSWERED


@pytest.mark.parametrize(
    "failure",
    [
        DOWN,
        Unauthorized("the writer", "the key is wrong."),
        Rejected("the writer", "no such model."),
        Hangs(),
    ],
)
async def test_a_dead_writer_gives_way_to_quotes_with_the_reason(failure) -> None:
    """Without a writer the best passages are quoted, and one line says why."""
    core = answerer(FakeWriter([failure]), fallback=FakeWriter(QUOTE))
    answer = await core.answer(ask())
    assert answer.outcome is Outcome.ANSWERED
    assert answer.text == "You get 25 days of leave. [1]"
    assert len(answer.degraded) == 1
    assert "quoted word for word" in answer.degraded[0]


@pytest.mark.parametrize(
    "failure", [Unauthorized("the writer", "the key is wrong.", remedy="Set THE_KEY."), DOWN]
)
async def test_a_dead_writer_is_logged_once(failure, caplog: pytest.LogCaptureFixture) -> None:
    """That quotes were given instead stands in the log, with what to do."""
    await answerer(FakeWriter([failure]), fallback=FakeWriter(QUOTE)).answer(ask(), id="ref9")
    (record,) = caplog.records
    assert record.getMessage() == f"answer ref9: writing failed: {failure}"


async def test_a_writer_cut_off_after_its_first_text_is_marked() -> None:
    """Text that was shown stays and says that it isn't whole."""
    screen = Screen()
    steps = [
        Says("You get 25 days. ", on=(0,)),
        Says("Sick leave is 10 days. ", on=(1,)),
        Says("And then", on=(1,)),
    ]
    writer = FakeWriter(steps, ends=False)
    answer = await answerer(writer, fallback=FakeWriter(QUOTE)).answer(ask(), on_text=screen)
    assert answer.outcome is Outcome.ANSWERED
    assert answer.text.startswith("You get 25 days. [1]")
    assert "breaks off" in answer.text
    assert screen.text == answer.text
    assert any("incomplete" in line for line in answer.degraded)


async def test_no_writer_and_no_fallback_is_unavailable() -> None:
    """With nobody to write, the asker gets a notice with the reference id."""
    answer = await answerer(FakeWriter([DOWN])).answer(ask(), id="ref8")
    assert answer.outcome is Outcome.UNAVAILABLE
    assert "ref8" in answer.text


async def test_the_breaker_spares_a_dead_writer() -> None:
    """Once the breaker is open the writer isn't called, and after a while one probe is."""
    clock = FakeClock()
    writer = FakeWriter([DOWN])
    core = answerer(writer, fallback=FakeWriter(QUOTE), breaker=CircuitBreaker("the writer", clock=clock))
    for _ in range(3):
        await core.answer(ask())
    calls = len(writer.briefs)
    assert calls == 5
    answer = await core.answer(ask())
    assert len(writer.briefs) == calls
    assert answer.text == "You get 25 days of leave. [1]"
    assert "does not answer" in answer.degraded[0]
    clock.move(16)
    writer.scripts = [GOOD]
    assert (await core.answer(ask())).degraded == ()


@pytest.mark.parametrize(
    ("known", "told"),
    [
        (True, ("Answered without the verified answers, which can't be read right now.",)),
        (False, ()),
    ],
    ids=["some", "none"],
)
async def test_an_answer_says_that_verified_ones_were_not_looked_at(known, told) -> None:
    """Whoever may have missed one hears of it; where nobody verified any, nothing was missed."""

    class Unreadable:
        any = known

        async def find(self, question, standalone):
            raise Unavailable("journal", "PostgreSQL at 10.0.0.7:5432 can't be reached.")

    answer = await answerer(known=Unreadable()).answer(ask())
    assert (answer.outcome, answer.degraded) == (Outcome.ANSWERED, told)


async def test_fifty_questions_at_once_are_all_answered() -> None:
    """No question is lost or gets another one's text."""
    core = answerer()
    answers = await asyncio.gather(*(core.answer(ask(), id=f"q{n}") for n in range(50)))
    assert [answer.id for answer in answers] == [f"q{n}" for n in range(50)]
    assert {answer.text for answer in answers} == {"You get 25 days. [1] Sick leave is 10 days. [2]"}


async def test_the_whole_answer_has_a_deadline() -> None:
    """A writer that trickles forever is stopped, and quotes or an honest end follow in time."""

    class Trickling(FakeWriter):
        async def write(self, brief):
            while True:
                await asyncio.sleep(0.01)
                yield Wrote("hm ")

    limits = AnswerLimits(answer=0.6, first_token=0.2, between_tokens=0.2, quoting=0.3)
    core = answerer(Trickling(GOOD), fallback=FakeWriter(QUOTE), limits=limits)
    async with given_up():
        answer = await core.answer(ask())
    assert answer.text == "You get 25 days of leave. [1]"


async def test_bugs_propagate() -> None:
    """An error that isn't a part's failure is not swallowed."""

    class Buggy(FakeRetriever):
        async def retrieve(self, question, standalone):
            raise KeyError("bug")

    with pytest.raises(KeyError):
        await Answerer(retriever=Buggy(FOUND), writer=FakeWriter(GOOD)).answer(ask())


async def test_a_cancelled_answer_closes_the_writers_stream() -> None:
    """Cancelling an answer leaves no stream open."""
    closed = asyncio.Event()

    class Watched(FakeWriter):
        async def write(self, brief):
            try:
                await asyncio.Event().wait()
                yield
            finally:
                closed.set()

    task = asyncio.create_task(answerer(Watched(GOOD), limits=AnswerLimits()).answer(ask()))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert closed.is_set()


@pytest.mark.parametrize(("hidden", "gap"), [(False, True), (True, False)])
async def test_what_is_hidden_from_the_asker_is_no_gap(hidden, gap) -> None:
    """The asker reads the same either way; only the journal knows whether the docs lack it."""
    core = answerer(found=FakeRetrieval(enough=False, hidden=hidden))
    answer = await core.answer(ask())
    assert answer.gap is gap
    assert answer.text == "I couldn't find an answer to that in the docs."
