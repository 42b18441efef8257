"""The journal, on SQLite and on a real PostgreSQL."""

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.journal import codec
from bot.journal.database import Database
from bot.journal.forms.migrate import begin_anew
from bot.journal.records.lessons import SqlLessons
from bot.journal.records.lookback import SqlLookback
from bot.journal.records.questions import SqlJournal
from bot.journal.running.leases import SqlLeases
from bot.journal.running.runs import SqlRuns
from bot.model import (
    Answer,
    Candidate,
    Citation,
    Failure,
    Outcome,
    Passage,
    Progress,
    Question,
    SyncReport,
    Trace,
    Turn,
    Usage,
)
from bot.ports import (
    SCHEDULE,
    Asked,
    Feedback,
    Lesson,
    Place,
    QuestionFilter,
    Rights,
    Scope,
    Someone,
    SyncRequest,
)
from tests.support import postgres

NOW = datetime(2026, 5, 3, tzinfo=UTC)
WEEK = timedelta(days=7)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a PostgreSQL of this test run: an empty one at POSTGRES_TEST_URL, or our own."""
    if given := os.environ.get("POSTGRES_TEST_URL"):
        yield given
        return
    if postgres.program("initdb") is None or postgres.program("postgres") is None:
        pytest.skip("there is no PostgreSQL on this machine (initdb, postgres)")
    import socket  # noqa: PLC0415

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with postgres.running(Path(folder), port) as address:
            yield address


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
async def address(request: pytest.FixtureRequest) -> str | None:
    """DATABASE_URL of an empty database; None for the default, SQLite in a folder."""
    if request.param == "sqlite":
        return None
    url = make_url(request.getfixturevalue("server"))
    engine = create_async_engine(url.set(drivername="postgresql+asyncpg"))
    async with engine.begin() as connection:
        await connection.execute(text("drop schema public cascade"))
        await connection.execute(text("create schema public"))
    await engine.dispose()
    return url.render_as_string(hide_password=False)


@pytest.fixture
async def open_database(address: str | None, data: Path) -> AsyncIterator[Callable[[], Database]]:
    """Opens the database of this test, each time as another process would."""
    opened: list[Database] = []

    def open_it() -> Database:
        opened.append(Database(folder=data, url=address))
        return opened[-1]

    yield open_it
    for database in opened:
        await database.close()


@pytest.fixture
def database(open_database: Callable[[], Database]) -> Database:
    return open_database()


@pytest.fixture
def journal(database: Database) -> SqlJournal:
    return SqlJournal(database)


@pytest.fixture
def lookback(database: Database) -> SqlLookback:
    return SqlLookback(database)


@pytest.fixture
def runs(database: Database) -> SqlRuns:
    return SqlRuns(database)


def asked(name: str = "1", words: str = "How many days off?", **more) -> Asked:
    question = Question(
        words, frozenset({"everyone"}), (Turn("user", "Hello"),), sources=frozenset({"handbook"})
    )
    return replace(Asked(f"id{name}", f"key{name}", "slack", Place("C1"), "U1", question), **more)


def passage() -> Passage:
    """As the journal keeps it: what `why` shows."""
    return Passage("", "h:a", "", 1, "Time off", "Annual", "", "")


def answer(outcome: Outcome = Outcome.ANSWERED, name: str = "1") -> Answer:
    cited = Citation(
        1, "h:a", "Time off", "Annual", "https://x/a", "25 days", datetime(2026, 1, 2, tzinfo=UTC)
    )
    trace = Trace(
        ("days off",), (Candidate(passage(), 1.5, None, 0.7, dropped="too far"),), {"dense": 0.6}, "enough"
    )
    used = (Usage("m", 1, 0, 100, 20),)
    return Answer(f"id{name}", outcome, "25 days [1]", (cited,), ("slow",), usage=used, trace=trace)


async def age(database: Database, table: str, column: str, seconds: float) -> None:
    """Make what stands there as old as if so much time had passed."""
    async with database.writing() as connection:
        older = f"update {table} set {column} = {column} - {seconds}"  # noqa: S608 - our own words
        await connection.execute(text(older))


# --- questions ------------------------------------------------------------------------------------


async def test_a_question_is_accepted_once(journal: SqlJournal):
    """The second delivery of a message is refused, whatever its id."""
    assert await journal.accept(asked(), worker="a") == 1
    assert await journal.accept(asked(id="other"), worker="b") == 0
    assert await journal.recorded("other") is None


async def test_of_many_processes_one_accepts(open_database: Callable[[], Database]):
    """Of several processes that get a message at once exactly one may answer, on an unmigrated database."""
    journals = [SqlJournal(open_database()) for _ in range(6)]
    taken = await asyncio.gather(
        *(journal.accept(asked(id=f"i{n}"), worker=f"w{n}") for n, journal in enumerate(journals))
    )
    assert sum(taken) == 1


async def test_a_question_comes_back_as_it_was(journal: SqlJournal):
    """What was accepted and how it ended is read back the same."""
    await journal.accept(asked(), worker="a")
    await journal.set_reply("id1", "C1/17.5")
    await journal.finish("id1", answer(), seconds=1.25)
    found = await journal.recorded("id1")
    assert found is not None
    assert found.asked == asked(reply="C1/17.5")
    assert (found.answer, found.reply, found.seconds) == (answer(), "C1/17.5", 1.25)
    assert abs(datetime.now(UTC) - found.asked_at) < timedelta(minutes=1)


async def test_an_answer_is_found_by_its_message(journal: SqlJournal):
    """The message under which a button was pressed leads to its question, on its platform alone."""
    await journal.accept(asked(reply="C1/17.5"), worker="a")
    found = await journal.recorded_by_reply("slack", "C1/17.5")
    assert found is not None
    assert found.asked.id == "id1"
    assert await journal.recorded_by_reply("discord", "C1/17.5") is None


async def test_a_persons_questions_are_counted(journal: SqlJournal, database: Database):
    """The count is of one person's questions within the time alone."""
    await journal.accept(asked("1"), worker="a")
    await age(database, "questions", "asked_at", 120)
    await journal.accept(asked("2"), worker="a")
    await journal.accept(asked("3", person="U2"), worker="a")
    assert await journal.asked_by("slack", "U1", within=60) == 1
    assert await journal.asked_by("slack", "U1", within=600) == 2


async def test_a_question_has_its_number_among_its_persons(journal: SqlJournal, database: Database):
    """Who accepts it learns how many questions of the same person there were within a minute."""
    numbers = [await journal.accept(asked(name), worker=name) for name in ("1", "2")]
    await age(database, "questions", "asked_at", 61)
    numbers.append(await journal.accept(asked("3"), worker="a"))
    numbers.append(await journal.accept(asked("4", person="U2"), worker="a"))
    numbers.append(await journal.accept(asked("5", platform="discord"), worker="a"))
    numbers.append(await journal.accept(asked("6"), worker="a", within=120.0))
    assert numbers == [1, 2, 1, 1, 1, 4]


async def test_processes_count_together(open_database: Callable[[], Database]):
    """Of a person's questions that many processes accept at once each has a number of its own."""
    journals = [SqlJournal(open_database()) for _ in range(6)]
    numbers = await asyncio.gather(
        *(journal.accept(asked(str(n)), worker=f"w{n}") for n, journal in enumerate(journals))
    )
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]


async def test_places_are_those_of_a_platform(journal: SqlJournal, database: Database):
    """The latest first, each question's, and no more than wanted; of one thread, or of direct messages."""
    details = {"address": {"channel": "C1", "user": "U1"}, "files": ["F1"], "history": None}
    there, bots = Place("C1/1", details=details), Place("C1/1", automated=True)
    direct = Place("D1/2", direct=True)
    for name, place in (("1", there), ("2", bots), ("3", Place()), ("4", direct)):
        await journal.accept(asked(name, place=place), worker="a")
        await age(database, "questions", "asked_at", 1)
    await journal.accept(asked("5", place=there, platform="discord"), worker="a")
    assert await journal.places("slack", limit=9) == [direct, Place(), bots, there]
    assert await journal.places("slack", limit=2) == [direct, Place()]
    assert await journal.places("slack", thread="C1/1", limit=9) == [bots, there]
    assert await journal.places("slack", thread="C1/1", direct=True, limit=9) == []
    assert await journal.places("slack", direct=True, limit=9) == [direct]
    assert await journal.places("slack", direct=False, limit=9) == [Place(), bots, there]
    assert await journal.places("slack", thread="", limit=9) == [Place()]


async def test_any_text_is_taken(journal: SqlJournal):
    """NUL and broken surrogates, which databases refuse, are replaced."""
    await journal.accept(asked(words="what\0is \ud800 this 🎉?"), worker="a")
    found = await journal.recorded("id1")
    assert found is not None
    assert found.asked.question.text == "what is ? this 🎉?"


async def test_without_texts_the_question_is_not_kept(database: Database):
    """With the setting, neither the question nor its history nor the search's words are in the database."""
    journal = SqlJournal(database, keep_texts=False)
    await journal.accept(asked(words="secret words"), worker="a")
    await journal.finish("id1", replace(answer(Outcome.NOT_FOUND), trace=Trace(("secret words",))), seconds=1)
    async with database.reading() as connection:
        row = (await connection.execute(text("select * from questions"))).one()
    assert "secret" not in str(row)
    assert "Hello" not in str(row)
    assert await SqlLookback(database).gaps() == []
    assert await journal.accept(asked(), worker="b") == 0


# --- whose questions ------------------------------------------------------------------------------


async def test_a_dead_workers_questions_are_adopted_once(open_database: Callable[[], Database]):
    """What a silent worker left open goes to one of those who look for it."""
    first, second = SqlJournal(open_database()), SqlJournal(open_database())
    await first.beat("dead")
    await first.accept(asked("1"), worker="dead")
    await first.accept(asked("2"), worker="dead")
    await first.finish("id2", answer(name="2"), seconds=1)
    await age(open_database(), "workers", "seen_at", 60)
    taken = await asyncio.gather(
        first.adopt("slack", worker="a", silent_for=15), second.adopt("slack", worker="b", silent_for=15)
    )
    assert sorted(len(each) for each in taken) == [0, 1]
    assert [found.asked.id for each in taken for found in each] == ["id1"]


async def test_a_living_workers_questions_are_left_to_it(journal: SqlJournal):
    """Neither a worker that beats nor the asker's own worker loses a question."""
    await journal.beat("alive")
    await journal.accept(asked("1"), worker="alive")
    await journal.accept(asked("2"), worker="me")
    assert await journal.adopt("slack", worker="me", silent_for=15) == []
    assert await journal.adopt("discord", worker="other", silent_for=0) == []


async def test_what_a_process_that_is_known_to_have_died_left_needs_no_wait(journal: SqlJournal):
    """A worker that beat a moment ago loses its questions to whoever knows that it has died."""
    await journal.beat("killed")
    await journal.accept(asked(), worker="killed")
    taken = await journal.adopt("slack", worker="b", silent_for=999, died=lambda worker: worker == "killed")
    assert [found.asked.id for found in taken] == ["id1"]


async def test_questions_that_were_given_back_go_to_the_next(journal: SqlJournal):
    """A worker that ends in order leaves its questions to whoever asks next, without a wait."""
    await journal.beat("a")
    await journal.accept(asked(), worker="a")
    await journal.give_back("a")
    assert [found.asked.id for found in await journal.adopt("slack", worker="b", silent_for=999)] == ["id1"]


# --- feedback, gaps, figures ----------------------------------------------------------------------


async def test_feedback_counts_once_for_each_person(journal: SqlJournal):
    """A later word of the same person replaces the earlier one."""
    await journal.give_feedback(Feedback("id1", "U1", "up"))
    await journal.give_feedback(Feedback("id1", "U2", "up"))
    await journal.give_feedback(Feedback("id1", "U1", "down", "wrong", "it is 30"))
    said = {each.person: each for each in await journal.feedback("id1")}
    assert said == {
        "U1": Feedback("id1", "U1", "down", "wrong", "it is 30"),
        "U2": Feedback("id1", "U2", "up"),
    }


async def test_what_is_claimed_is_the_first_ones(journal: SqlJournal):
    """Of many at once one gets it; after a release the next one does."""
    got = await asyncio.gather(*(journal.claim("share id1 C1") for _ in range(8)))
    assert sorted(got) == [False] * 7 + [True]
    assert await journal.claim("share id1 C2")
    await journal.release("share id1 C1")
    assert await journal.claim("share id1 C1")
    assert not await journal.claim("share id1 C1")


async def test_judged_questions_come_with_their_feedback(journal: SqlJournal, lookback: SqlLookback):
    """Only questions with feedback are listed, each with all of it."""
    for name in ("1", "2"):
        await journal.accept(asked(name), worker="a")
    await journal.give_feedback(Feedback("id1", "U1", "down"))
    await journal.give_feedback(Feedback("id1", "U2", "up"))
    (judged,) = await lookback.judged()
    assert judged.recorded.asked.id == "id1"
    assert {each.person for each in judged.feedback} == {"U1", "U2"}


async def test_what_is_no_fault_of_the_docs_is_no_gap(journal: SqlJournal, lookback: SqlLookback):
    """A question whose asker may not see what the docs say is not listed as one that they don't answer."""
    await journal.accept(asked("1", "What does L4 earn?"), worker="w")
    await journal.finish("id1", replace(answer(Outcome.NOT_FOUND), gap=False), seconds=0.1)
    assert await lookback.gaps() == []
    kept = await journal.recorded("id1")
    assert kept is not None
    assert kept.asked.question.text == "What does L4 earn?"


async def test_gaps_are_grouped_by_wording(journal: SqlJournal, lookback: SqlLookback):
    """Unanswered questions that differ in case and punctuation are one gap, shown in the usual wording."""
    words = [
        "Can I bring my cat?",
        "can i bring my cat",
        "Can I bring my cat?",
        "Who is the CEO?",
        "Answered?",
    ]
    for number, each in enumerate(words):
        await journal.accept(asked(str(number), each), worker="a")
        outcome = Outcome.ANSWERED if each == "Answered?" else Outcome.NOT_FOUND
        await journal.finish(f"id{number}", answer(outcome, str(number)), seconds=1)
    gaps = await lookback.gaps()
    assert [(gap.question, gap.times) for gap in gaps] == [("Can I bring my cat?", 3), ("Who is the CEO?", 1)]
    assert len(await lookback.gaps(limit=1)) == 1


@pytest.mark.slow
async def test_the_tally_counts_outcomes(journal: SqlJournal):
    """Outcomes, open and degraded questions and the time they took are summed up."""
    for number in range(4):
        await journal.accept(asked(str(number)), worker="a")
    await journal.finish("id0", answer(name="0"), seconds=1)
    await journal.finish("id1", replace(answer(name="1"), degraded=()), seconds=3)
    await journal.finish("id2", answer(Outcome.NOT_FOUND, "2"), seconds=2)
    tally = await journal.tally()
    assert tally.outcomes == {Outcome.ANSWERED: 2, Outcome.NOT_FOUND: 1, Outcome.UNAVAILABLE: 0}
    assert (tally.unfinished, tally.degraded) == (1, 2)
    assert (tally.seconds_p50, tally.seconds_p95) == (2, 3)


async def test_an_empty_journal_has_no_figures(journal: SqlJournal, lookback: SqlLookback):
    """Nothing asked yet is no error."""
    tally = await journal.tally()
    assert (tally.unfinished, tally.seconds_p50) == (0, None)
    assert await lookback.gaps() == []
    assert await journal.spent() == []
    assert await lookback.judged() == []


async def test_usage_is_summed_by_model(journal: SqlJournal, runs: SqlRuns):
    """Answers, syncs and what else was billed add up by model."""
    await journal.accept(asked(), worker="a")
    await journal.finish("id1", answer(), seconds=1)
    await journal.spend([Usage("m", 1, 0, 11, 5), Usage("e", 2, 96, 500), Usage("unused")])
    run, _ = await runs.request(SyncRequest("h"))
    await runs.end(run.id, "done", [SyncReport("h", embedded=4, tokens=70, model="e")])
    assert await journal.spent() == [Usage("e", 2, 100, 570, 0), Usage("m", 2, 0, 111, 25)]


async def test_a_question_takes_little_room(journal: SqlJournal, database: Database):
    """An answer with all that was found takes less than 3 kB, and comes back with what `why` shows."""
    found = tuple(
        Candidate(
            Passage(
                f"h:{n}#1",
                f"h:people/benefits/page-{n * 7919}.md",
                "h",
                n,
                f"Page {n * 104729}",
                f"Part {n} > Section {n * 31}",
                f"https://docs.example.com/{n}#section",
                "text " * 300,
                0.5,
            ),
            keyword=n / 7,
            vector=n / 31,
            fused=n / 97,
            dropped="" if n < 6 else "below a tenth of the best",
        )
        for n in range(30)
    )
    given = answer()
    quotes = tuple(
        replace(given.citations[0], quote=f"{n} {' '.join(str(k * n) for k in range(50))}") for n in range(3)
    )
    given = replace(
        given, citations=quotes, trace=replace(given.trace, candidates=found), text="Take 25 days. " * 30
    )
    await journal.accept(asked(), worker="a")
    await journal.finish("id1", given, seconds=1.0)
    async with database.reading() as connection:
        stored = await connection.scalar(text("select length(cast(answer as text)) from questions"))
    assert stored < 3_000
    back = await journal.recorded("id1")
    assert back is not None
    assert back.answer is not None
    assert back.answer.citations == quotes
    shown = [(one.passage.doc_id, one.passage.title, one.dropped) for one in back.answer.trace.candidates]
    assert shown == [(one.passage.doc_id, one.passage.title, one.dropped) for one in found[:10]]


def test_an_answer_of_an_older_version_is_read():
    """Before answers were packed they stood there as they were; then what is long of them was, with its defaults."""
    assert codec.loaded(Answer, json.loads(json.dumps(codec.dumped(answer())))) == answer()
    kept = {
        "id": "id1",
        "outcome": "ANSWERED",
        "text": "Four weeks. [1]",
        "degraded": [],
        "more": True,
        "audience": None,
        "packed": "c=?N1)=aC$no2!@v6ow#oMBH^a?P+x#Fb)=5T5W!O)N`A@rhr4NoH~?^%Ae4o+%>jLKMPNuaPOf^ox;V5h)ZkNrJ@{fWig}k2;qs80e"
        "WAkdaE^DbSF(6bK1mq5~3^FjDjrk<x~HW?8C28ZeUdFcYVdnXZAUu7P2Qfq@kmMIk3wC6~m!L?yID8(Rwisv5fg",
    }
    read = codec.loaded(Answer, kept)
    assert (read.text, read.citations[0].owners) == ("Four weeks. [1]", ("Dana",))
    assert read.trace.decision == "words 1.00 ≥ 0.50"


async def test_the_file_shrinks(journal: SqlJournal, database: Database):
    """What was forgotten is given back to the disk."""
    if not database.is_sqlite:
        pytest.skip("PostgreSQL does it by itself")
    for number in range(40):
        await journal.accept(asked(str(number), "word " * 20_000), worker="a")
    async with database.reading() as connection:
        before = await connection.scalar(text("select page_count from pragma_page_count"))
    await age(database, "questions", "asked_at", 100 * 86_400)
    assert await journal.purge(older_than_days=10) == 40
    async with database.reading() as connection:
        after = await connection.scalar(text("select page_count from pragma_page_count"))
    assert after < before / 5


async def test_old_entries_are_purged(journal: SqlJournal, runs: SqlRuns, database: Database):
    """What is older than the setting goes, with its feedback; what is younger stays."""
    await journal.accept(asked("1"), worker="a")
    await journal.give_feedback(Feedback("id1", "U1", "up"))
    run, _ = await runs.request(SyncRequest("h"))
    await runs.end(run.id, "done", [])
    days = 11 * 86400
    for table, column in (("questions", "asked_at"), ("feedback", "at"), ("runs", "requested_at")):
        await age(database, table, column, days)
    await journal.accept(asked("2"), worker="a")
    assert await journal.purge(older_than_days=10) == 1
    assert await journal.recorded("id1") is None
    assert await journal.feedback("id1") == []
    assert await runs.latest() == []
    assert await journal.recorded("id2") is not None


# --- runs -----------------------------------------------------------------------------------------


async def test_a_run_goes_its_way(runs: SqlRuns):
    """Asked for, taken, reported on, ended: every reader sees where it is."""
    run, new = await runs.request(SyncRequest("h", full=True, asked_by="U1"))
    assert (new, run.state) == (True, "waiting")
    taken = await runs.take("w")
    assert taken is not None
    assert (taken.id, taken.state, taken.request) == (
        run.id,
        "running",
        SyncRequest("h", full=True, asked_by="U1"),
    )
    await runs.report_progress(run.id, Progress("h", "indexing", 3, 10, 1.5))
    seen = await runs.run(run.id)
    assert seen is not None
    assert seen.progress == Progress("h", "indexing", 3, 10, 1.5)
    report = SyncReport("h", added=1, failed=(Failure("a.pdf", "encrypted"),), stages={"embed": 0.5})
    await runs.end(run.id, "done", [report])
    ended = await runs.run(run.id)
    assert ended is not None
    assert (ended.state, ended.reports, ended.progress) == ("done", (report,), seen.progress)
    assert ended.ended_at is not None
    assert await runs.take("w") is None


async def test_one_run_for_each_source(runs: SqlRuns):
    """A second request for a source that waits or runs is shown the first; another source has its own."""
    first, _ = await runs.request(SyncRequest("h"))
    again, new = await runs.request(SyncRequest("h"))
    assert (again.id, new) == (first.id, False)
    await runs.take("w")
    again, new = await runs.request(SyncRequest("h"))
    assert (again.id, again.state, new) == (first.id, "running", False)
    assert (await runs.request(SyncRequest("other")))[1]
    assert (await runs.request(SyncRequest()))[1]
    await runs.end(first.id, "done", [])
    assert (await runs.request(SyncRequest("h")))[1]


async def test_a_waiting_run_takes_in_more(runs: SqlRuns):
    """A request that asks for more than the waiting one widens it."""
    await runs.request(SyncRequest("h"))
    await runs.request(SyncRequest("h", confirm_deletes=True))
    taken = await runs.take("w")
    assert taken is not None
    assert taken.request.confirm_deletes


@pytest.mark.parametrize(
    "more",
    [{"full": True}, {"confirm_deletes": True}, {"anew": True}, {"full": True, "confirm_deletes": True}],
)
async def test_more_than_what_runs_waits(runs: SqlRuns, more: dict[str, bool]):
    """What a run that goes on won't do waits for its end, once; what it does isn't done again."""
    first, _ = await runs.request(SyncRequest("h"))
    await runs.take("w")
    wish = SyncRequest("h", **more)
    second, new = await runs.request(wish)
    assert (new, second.state, second.request) == (True, "waiting", wish)
    assert (await runs.request(SyncRequest("h")))[0].id == first.id
    assert (await runs.request(wish))[0].id == second.id
    assert len(await runs.latest()) == 2
    assert await runs.take("w") is None
    await runs.end(first.id, "done", [])
    taken = await runs.take("w")
    assert taken is not None
    assert taken.request == wish


async def test_asked_for_after_a_cancel(runs: SqlRuns):
    """A run that is being cancelled does nothing more: a request then is a run of its own."""
    first, _ = await runs.request(SyncRequest("h"))
    await runs.take("w")
    await runs.cancel(first.id)
    second, new = await runs.request(SyncRequest("h"))
    assert (new, second.state) == (True, "waiting")


async def test_begun_beside_what_waits(runs: SqlRuns):
    """`begin_run` that finds another at work leaves nothing behind, and takes nothing from what waits."""
    await runs.begin_run(SyncRequest("h"), worker="w")
    waiting, _ = await runs.request(SyncRequest("h", confirm_deletes=True))
    assert (await runs.begin_run(SyncRequest("h", full=True), worker="w2"))[1] is False
    assert await runs.run(waiting.id) == waiting
    assert len(await runs.latest()) == 2


async def test_a_given_back_run_and_more(runs: SqlRuns):
    """A run that was given back is done, and what more was asked for meanwhile, too."""
    first, _ = await runs.begin_run(SyncRequest("h"), worker="w")
    await runs.request(SyncRequest("h", full=True))
    await runs.give_back(first.id)
    for full in (False, True):
        taken = await runs.take("w")
        assert taken is not None
        assert taken.request.full is full
        await runs.end(taken.id, "done", [])
    assert await runs.take("w") is None


async def test_changed_paths_are_never_lost(runs: SqlRuns):
    """Paths that change while a run goes on wait for the next one, merged."""
    first, _ = await runs.request(SyncRequest("h", paths=("a",)))
    assert await runs.take("w") is not None
    second, new = await runs.request(SyncRequest("h", paths=("b",)))
    assert new
    assert second.id != first.id
    third, new = await runs.request(SyncRequest("h", paths=("c", "b")))
    assert (third.id, new, third.request.paths) == (second.id, False, ("b", "c"))
    await runs.end(first.id, "done", [])
    taken = await runs.take("w")
    assert taken is not None
    assert taken.request.paths == ("b", "c")


async def test_requests_at_once_make_one_run(open_database: Callable[[], Database]):
    """Of many processes that ask at once one makes the run, and one takes it."""
    several = [SqlRuns(open_database()) for _ in range(5)]
    asked_for = await asyncio.gather(*(runs.request(SyncRequest("h")) for runs in several))
    assert sum(new for _, new in asked_for) == 1
    assert len({run.id for run, _ in asked_for}) == 1
    taken = await asyncio.gather(*(runs.take(f"w{n}") for n, runs in enumerate(several)))
    assert sum(run is not None for run in taken) == 1


async def test_a_lost_workers_run_is_taken_over(runs: SqlRuns, database: Database):
    """A run whose worker fell silent goes to the next who looks; one that beats doesn't."""
    run, _ = await runs.request(SyncRequest("h"))
    await runs.take("dead")
    assert await runs.take("w") is None
    await age(database, "runs", "beat_at", 60)
    await runs.beat(run.id)
    assert await runs.take("w") is None
    await age(database, "runs", "beat_at", 60)
    taken = await runs.take("w")
    assert taken is not None
    assert taken.id == run.id


async def test_a_worker_that_beats_keeps_its_run(runs: SqlRuns, journal: SqlJournal, database: Database):
    """A long stage without progress is no loss where the worker itself beats."""
    await runs.request(SyncRequest("h"))
    await runs.take("w1")
    await age(database, "runs", "beat_at", 60)
    await journal.beat("w1")
    assert await runs.take("w2") is None


async def test_a_waiting_run_is_begun_here(runs: SqlRuns):
    """`begin_run` runs at once: a new run, or the one that waits; a running one is left alone."""
    waiting, _ = await runs.request(SyncRequest("h"))
    mine, begun = await runs.begin_run(SyncRequest("h"), worker="w")
    assert (mine.id, mine.state, begun) == (waiting.id, "running", True)
    other, begun = await runs.begin_run(SyncRequest("h"), worker="w2")
    assert (other.id, begun) == (mine.id, False)


async def test_a_dead_workers_run_is_in_nobodys_way(runs: SqlRuns):
    """Whoever asks for the same goes on with it at once, without waiting for its silence to last."""
    killed, _ = await runs.begin_run(SyncRequest(), worker="w1")
    goes_on, begun = await runs.begin_run(SyncRequest(), worker="w2", died=lambda worker: worker == "w1")
    assert (goes_on.id, goes_on.state, begun) == (killed.id, "running", True)
    other, begun = await runs.begin_run(SyncRequest("h"), worker="w3", died=lambda worker: worker == "w1")
    assert (other.id, begun) == (killed.id, False)


async def test_runs_of_all_sources_go_alone(runs: SqlRuns):
    """What has to do with a running sync waits for its end, whoever asks; other sources don't."""
    everything, begun = await runs.begin_run(SyncRequest(), worker="w1")
    assert begun
    other, begun = await runs.begin_run(SyncRequest("h"), worker="w2")
    assert (other.id, begun) == (everything.id, False)
    waiting, _ = await runs.request(SyncRequest("h"))
    assert await runs.take("w2") is None
    await runs.end(everything.id, "done", [])
    taken = await runs.take("w2")
    assert taken is not None
    assert taken.id == waiting.id
    assert (await runs.begin_run(SyncRequest(), worker="w1"))[1] is False
    assert (await runs.begin_run(SyncRequest("other"), worker="w1"))[1] is True


async def test_paths_wait_for_their_sources_run(runs: SqlRuns):
    """Changed paths are synced after the run that goes on, not beside it."""
    whole, _ = await runs.begin_run(SyncRequest("h"), worker="w")
    await runs.request(SyncRequest("h", paths=("a",)))
    assert await runs.take("w") is None
    await runs.end(whole.id, "done", [])
    assert await runs.take("w") is not None


async def test_a_run_is_cancelled(runs: SqlRuns):
    """A waiting run ends at once, a running one when its worker sees the wish; an ended one stays."""
    waiting, _ = await runs.request(SyncRequest("h"))
    await runs.cancel(waiting.id)
    gone = await runs.run(waiting.id)
    assert gone is not None
    assert gone.state == "cancelled"
    running, new = await runs.request(SyncRequest("h"))
    assert new
    await runs.take("w")
    await runs.cancel(running.id)
    wished = await runs.run(running.id)
    assert wished is not None
    assert (wished.state, wished.cancel_wanted) == ("running", True)


async def test_the_last_good_sync_is_known(runs: SqlRuns):
    """A failed, cancelled or partial sync leaves the time of the last good one."""
    for request, report in (
        (SyncRequest("good"), SyncReport("good")),
        (SyncRequest("bad"), SyncReport("bad", error="403")),
        (SyncRequest("stopped"), SyncReport("stopped", cancelled=True)),
        (SyncRequest("part", paths=("a",)), SyncReport("part")),
    ):
        run, _ = await runs.request(request)
        await runs.end(run.id, "done", [report])
    assert set(await runs.last_good()) == {"good"}


async def test_failing_pages_are_known_since_when(runs: SqlRuns, database: Database):
    """A page that fails again keeps its date; one that is mended is gone from the list."""

    async def sync(*failed: Failure) -> None:
        run, _ = await runs.request(SyncRequest("h"))
        await runs.end(run.id, "done", [SyncReport("h", failed=failed)])

    await sync(Failure("a.pdf", "encrypted"), Failure("b.pdf", "empty"))
    await age(database, "failing", "since", 7 * 86400)
    await sync(Failure("a.pdf", "still encrypted"), Failure("c.pdf", "binary"))
    found = {each.failure.name: each for each in await runs.failing()}
    assert set(found) == {"a.pdf", "c.pdf"}
    assert found["a.pdf"].failure.reason == "still encrypted"
    assert found["c.pdf"].since - found["a.pdf"].since >= WEEK
    await sync()
    assert await runs.failing() == []


async def test_the_latest_runs_come_first(runs: SqlRuns):
    """Runs are listed from the youngest on."""
    ids = []
    for source in "abc":
        run, _ = await runs.request(SyncRequest(source))
        ids.append(run.id)
    assert [run.id for run in await runs.latest(limit=2)] == ids[:0:-1]


@pytest.mark.slow
async def test_what_goes_on(runs: SqlRuns):
    """Runs that wait or go on are listed from the oldest on, however many ended since."""
    first, _ = await runs.request(SyncRequest("a"))
    await runs.take("w")
    second, _ = await runs.request(SyncRequest("b"))
    for _ in range(120):
        done, _ = await runs.request(SyncRequest("c"))
        await runs.end(done.id, "done", [])
    assert [(run.id, run.state) for run in await runs.going_on()] == [
        (first.id, "running"),
        (second.id, "waiting"),
    ]


# --- leases ---------------------------------------------------------------------------------------


async def test_a_lease_has_one_holder(open_database: Callable[[], Database]):
    """One of many gets it, renews it, and nobody else gets it until it is released."""
    several = [SqlLeases(open_database()) for _ in range(5)]
    got = await asyncio.gather(*(each.acquire("l", f"h{n}", seconds=60) for n, each in enumerate(several)))
    assert sum(got) == 1
    holder = f"h{got.index(True)}"
    leases = several[0]
    assert await leases.acquire("l", holder, seconds=60)
    assert await leases.held("l")
    assert not await leases.held("l", died=lambda who: who == holder)
    assert not await leases.held("other")
    assert not await leases.acquire("l", "other", seconds=60)
    await leases.release("l", "other")
    assert not await leases.acquire("l", "other", seconds=60)
    await leases.release("l", holder)
    assert not await leases.held("l")
    assert await leases.acquire("l", "other", seconds=60)


async def test_a_lease_ends(database: Database):
    """A lease that ran out is free for others."""
    leases = SqlLeases(database)
    await leases.acquire("l", "a", seconds=30)
    await age(database, "leases", "until", 31)
    assert await leases.acquire("l", "b", seconds=30)
    assert not await leases.acquire("l", "a", seconds=30)


async def test_a_lease_of_a_dead_process_is_free(database: Database):
    """Where the machine knows that the holder is gone, nobody waits for the end of its lease."""
    leases = SqlLeases(database)
    await leases.acquire("l", "killed", seconds=60)
    assert not await leases.acquire("l", "b", seconds=30, died=lambda holder: holder == "somebody else")
    assert await leases.acquire("l", "b", seconds=30, died=lambda holder: holder == "killed")
    assert not await leases.acquire("l", "c", seconds=30, died=lambda holder: holder == "killed")


async def test_runs_of_a_dead_process_wait_again(runs: SqlRuns):
    """What it was at is taken by the next worker at once; what others are at goes on."""
    first, _ = await runs.request(SyncRequest("docs"))
    second, _ = await runs.request(SyncRequest("wiki"))
    assert await runs.take("killed")
    assert await runs.take("alive")
    await runs.break_off(lambda worker: worker == "killed")
    taken = await runs.take("next")
    assert taken is not None
    assert taken.id == first.id
    assert await runs.take("next") is None
    alive = await runs.run(second.id)
    assert alive is not None
    assert alive.state == "running"


async def test_a_lease_that_ends_too_far_ahead_is_void(database: Database, caplog: pytest.LogCaptureFixture):
    """A lease that a clock wrote which was a day ahead holds nobody up, and the log has a word about it."""
    leases = SqlLeases(database)
    await leases.acquire("l", "a", seconds=30)
    await age(database, "leases", "until", -86_400)
    assert await leases.acquire("l", "b", seconds=5)
    assert "clock" in caplog.text
    assert not await leases.acquire("l", "c", seconds=5)


async def test_a_long_lease_is_not_void_for_who_asks_for_a_short_one(database: Database):
    """What counts is how long the lease itself was taken for."""
    leases = SqlLeases(database)
    await leases.acquire("l", "a", seconds=3600)
    assert not await leases.acquire("l", "b", seconds=5)


async def test_a_worker_from_tomorrow_is_not_alive(database: Database, runs: SqlRuns):
    """A run whose worker was last heard of by a clock that was ahead is taken up by another."""
    asked_for, _ = await runs.request(SyncRequest("docs"))
    assert await runs.take("killed")
    await age(database, "runs", "beat_at", -86_400)
    taken = await runs.take("next")
    assert taken
    assert taken.id == asked_for.id


# --- the database itself --------------------------------------------------------------------------


async def test_what_was_written_outlasts_the_process(open_database: Callable[[], Database]):
    """Another process reads what one has written, and opening again migrates nothing."""
    await SqlJournal(open_database()).accept(asked(), worker="a")
    assert await SqlJournal(open_database()).recorded("id1") is not None


async def test_the_migrations_make_the_tables_of_the_code(database: Database):
    """Alembic finds no difference between the migrated database and the tables in the code."""
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415
    from alembic.migration import MigrationContext  # noqa: PLC0415

    from bot.journal.tables import metadata  # noqa: PLC0415

    async with database.writing() as connection:
        differences = await connection.run_sync(
            lambda c: compare_metadata(MigrationContext.configure(c, opts={"compare_type": True}), metadata)
        )
    assert differences == []


async def test_what_was_asked_before_has_its_place_afterwards(
    open_database: Callable[[], Database], database: Database
):
    """A journal of before keeps its questions: where they came from is read from their places."""
    slack = {"channel": "C1", "user": "U1", "team": "T1", "thread_ts": "17.5", "automated": True}
    server = {"channel": 5, "user": 7, "guild": 9, "message": 6, "answer_in": "thread"}
    direct = {"channel": 5, "user": 7, "message": 6}
    rows = (
        ("slack", {"place": json.dumps(slack), "thread": ["17.5", "18"], "direct": False, "files": ["F1"]}),
        ("discord", {"place": json.dumps(server), "before": 0, "direct": False, "files": []}),
        ("discord", {"place": json.dumps(direct), "before": 6, "direct": True}),
        ("cli", ""),
        ("slack", "C1"),
    )
    lesson = Lesson("l1", "verified", "accepted", "Q", "A", "Dana", NOW, answer_id="id1")
    async with database.writing() as connection:
        await connection.run_sync(begin_anew, "0003")
        for number, (platform, place) in enumerate(rows):
            await connection.execute(
                text(
                    "insert into questions (id, key, platform, place, person, reply, question, text, wording, asked_at,"
                    " outcome, degraded) values (:id, :id, :platform, :place, 'U1', '', '{\"audience\": [\"everyone\"]}',"
                    " 'Days?', 'days', 1, 'ANSWERED', false)"
                ),
                {
                    "id": f"id{number}",
                    "platform": platform,
                    "place": json.dumps(place) if isinstance(place, dict) else place,
                },
            )
            await connection.execute(
                text(
                    "insert into feedback (answer_id, person, verdict, complaint, comment, at)"
                    " values (:id, 'U1', 'up', '', '', 1)"
                ),
                {"id": f"id{number}"},
            )
    await database.close()
    database = open_database()
    await SqlLessons(database).add(lesson)
    journal = SqlJournal(database)
    found = [one for number in range(5) if (one := await journal.recorded(f"id{number}"))]
    assert [one.scope.tenant for one in found] == ["slack:T1", "discord:9", "", "", ""]
    assert [one.asked.place for one in found] == [
        Place(
            "C1/17.5", automated=True, details={"address": slack, "files": ["F1"], "history": ["17.5", "18"]}
        ),
        Place("6", details={"address": server, "files": [], "before": 0}),
        Place("5", direct=True, details={"address": direct, "files": [], "before": 6}),
        Place(),
        Place(),
    ]
    assert [(await journal.feedback(f"id{number}"))[0].tenant for number in range(3)] == [
        "slack:T1",
        "discord:9",
        "",
    ]


@pytest.mark.parametrize(
    ("rights", "found"),
    [
        (None, {"Here?", "For leads?", "Elsewhere?", "Before?"}),
        (Rights(None, frozenset({"everyone"})), {"Here?", "Elsewhere?", "Before?"}),
        (Rights(frozenset({"slack:T1"}), frozenset({"everyone"})), {"Here?"}),
        (Rights(frozenset({"slack:T1"}), frozenset({"everyone", "leads"})), {"Here?", "For leads?"}),
        (Rights(frozenset({"slack:T1"}), frozenset({"leads"})), set()),
        (Rights(frozenset(), frozenset({"everyone", "leads"})), set()),
    ],
)
async def test_gaps_are_for_admins_of_their_places(
    journal: SqlJournal, lookback: SqlLookback, rights: Rights | None, found: set[str]
):
    """An admin hears of questions from their places, of audiences that are theirs."""
    everyone = frozenset({"everyone"})
    rows = (
        ("Here?", Scope("slack:T1", everyone)),
        ("For leads?", Scope("slack:T1", everyone | {"leads"})),
        ("Elsewhere?", Scope("discord:9", everyone)),
        ("Before?", None),
    )
    for number, (words, scope) in enumerate(rows):
        await journal.accept(asked(str(number), words), worker="w")
        await journal.finish(f"id{number}", answer(Outcome.NOT_FOUND, str(number)), seconds=1.0, scope=scope)
    assert {gap.question for gap in await lookback.gaps(rights=rights)} == found


async def test_a_gap_shows_the_wording_of_its_admins_places(journal: SqlJournal, lookback: SqlLookback):
    """How others elsewhere wrote the same question isn't shown, however often they did."""
    for number, words in enumerate(("Is there a creche?", "IS THERE A CRECHE", "IS THERE A CRECHE")):
        tenant = "discord:9" if number else "slack:T1"
        await journal.accept(asked(str(number), words), worker="w")
        scope = Scope(tenant, frozenset({"everyone"}))
        await journal.finish(f"id{number}", answer(Outcome.NOT_FOUND, str(number)), seconds=1.0, scope=scope)
    rights = Rights(frozenset({"slack:T1"}), frozenset({"everyone"}))
    (gap,) = await lookback.gaps(rights=rights)
    assert (gap.question, gap.times) == ("Is there a creche?", 1)


EVERYONE = frozenset({"everyone"})
HERE = Rights(frozenset({"slack:T1"}), EVERYONE)


async def unanswered(journal: SqlJournal, *rows: tuple[str, str, frozenset[str]]) -> None:
    """Questions that the docs didn't answer: words, tenant, audience."""
    for number, (words, tenant, audience) in enumerate(rows):
        await journal.accept(asked(str(number), words), worker="w")
        scope = Scope(tenant, audience)
        await journal.finish(f"id{number}", answer(Outcome.NOT_FOUND, str(number)), seconds=1.0, scope=scope)


async def test_what_is_dismissed_is_not_listed_again(journal: SqlJournal, lookback: SqlLookback):
    """However it is written and however often it is asked, among those who dismissed it."""
    here, there = ("x", "slack:T1", EVERYONE), ("X!", "discord:9", EVERYONE)
    await unanswered(journal, here, there, ("Is there a creche?", "slack:T1", EVERYONE))
    (first, _) = await lookback.gaps(rights=HERE)
    gaps = {gap.question: gap for gap in await lookback.gaps(rights=HERE)}
    assert await lookback.dismiss(gaps["x"].id, rights=HERE)
    assert await lookback.dismiss(gaps["x"].id, rights=HERE)  # twice is no fault
    await journal.accept(asked("9", "X?"), worker="w")
    await journal.finish(
        "id9", answer(Outcome.NOT_FOUND, "9"), seconds=1.0, scope=Scope("slack:T1", EVERYONE)
    )
    assert [gap.question for gap in await lookback.gaps(rights=HERE, limit=1)] == ["Is there a creche?"]
    elsewhere = Rights(frozenset({"discord:9"}), EVERYONE)
    assert [gap.question for gap in await lookback.gaps(rights=elsewhere)] == ["X!"]
    assert len(await lookback.gaps()) == 2
    assert await lookback.dismiss(first.id)
    assert first.question not in {gap.question for gap in await lookback.gaps()}


async def test_only_ones_own_gaps_are_dismissed(journal: SqlJournal, lookback: SqlLookback):
    """Not even whether there is such a gap is told of another place."""
    await unanswered(journal, ("Elsewhere?", "discord:9", EVERYONE))
    (gap,) = await lookback.gaps()
    assert not await lookback.dismiss(gap.id, rights=HERE)
    assert not await lookback.dismiss("0" * 8)
    assert await lookback.gaps() == [gap]


async def test_what_is_solved_for_some_is_a_gap_for_others(journal: SqlJournal, lookback: SqlLookback):
    """Solved is what was asked again and answered: for the audience that it was asked again for."""
    leads = EVERYONE | {"leads"}
    await unanswered(journal, ("What is L4?", "slack:T1", leads), ("what is l4", "slack:T1", EVERYONE))
    (gap,) = await lookback.gaps()
    assert (gap.times, gap.audience) == (2, EVERYONE)
    await lookback.solve(replace(gap, audience=leads))
    (left,) = await lookback.gaps()
    assert (left.times, left.audience) == (1, EVERYONE)
    await lookback.solve(left)
    assert await lookback.gaps() == []
    await journal.accept(asked("7", "What is L4?"), worker="w")
    await journal.finish(
        "id7", answer(Outcome.NOT_FOUND, "7"), seconds=1.0, scope=Scope("slack:T1", EVERYONE)
    )
    assert [gap.times for gap in await lookback.gaps()] == [1]


async def test_questions_are_looked_back_at(journal: SqlJournal, lookback: SqlLookback, database: Database):
    """By days, outcome, person and thumb, the latest first, those of one's own places."""
    await unanswered(journal, ("One?", "slack:T1", EVERYONE), ("Two?", "discord:9", EVERYONE))
    await journal.accept(asked("5", "Three?", person="U2"), worker="w")
    await journal.give_feedback(Feedback("id0", "U9", "down", "wrong", "it is 30"))
    await journal.give_feedback(Feedback("id1", "U9", "up"))

    async def found(**wanted) -> list[str]:
        return [one.recorded.asked.id for one in await lookback.questions(QuestionFilter(**wanted))]

    assert await found() == ["id5", "id1", "id0"]
    assert await found(limit=1) == ["id5"]
    assert await found(outcome=Outcome.NOT_FOUND) == ["id1", "id0"]
    assert await found(bad=True) == ["id0"]
    assert await found(person=Someone("slack", "U2")) == ["id5"]
    assert await found(person=Someone("discord", "U2")) == []
    assert await found(person=Someone("", "U2")) == ["id5"]
    assert await found(rights=HERE) == ["id0"]
    (bad,) = await lookback.questions(QuestionFilter(bad=True))
    assert [each.comment for each in bad.feedback] == ["it is 30"]
    await age(database, "questions", "asked_at", 10 * 86400)
    assert await found() == []
    assert await found(days=11) == ["id5", "id1", "id0"]


async def ended_run(runs: SqlRuns, report: SyncReport, **wish) -> str:
    run, _ = await runs.request(SyncRequest(report.source, **wish))
    await runs.take("indexer")
    await runs.end(run.id, "failed" if report.error else "done", [report])
    return run.id


async def test_syncs_that_find_the_same_are_one(runs: SqlRuns):
    """Of those of the schedule that nothing came of the last is kept; all others are."""
    by_schedule = {"asked_by": SCHEDULE}
    kept = [await ended_run(runs, SyncReport("h", added=3, seconds=9.0), **by_schedule)]
    await ended_run(runs, SyncReport("h", unchanged=3, seconds=1.0), **by_schedule)
    await ended_run(runs, SyncReport("h", unchanged=3, seconds=2.0), **by_schedule)
    other = await ended_run(runs, SyncReport("w", unchanged=3), **by_schedule)
    kept.append(await ended_run(runs, SyncReport("h", unchanged=3, seconds=3.0), **by_schedule))
    kept.append(await ended_run(runs, SyncReport("h", unchanged=3), asked_by="slack:U1"))
    kept.append(await ended_run(runs, SyncReport("h", unchanged=3), **by_schedule))
    kept.append(await ended_run(runs, SyncReport("h", error="no network"), **by_schedule))
    kept.append(await ended_run(runs, SyncReport("h", unchanged=3, held_back=2), **by_schedule))
    kept.append(await ended_run(runs, SyncReport("h", unchanged=3), **by_schedule))
    assert [run.id for run in await runs.latest()][::-1] == [kept[0], other, *kept[1:]]
    found = await runs.last_report("h")
    assert found is not None
    assert (found.unchanged, found.held_back) == (3, 0)


def test_head_is_the_last_migration():
    """The revision that the code compares with is the newest of the migrations."""
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    import bot.journal  # noqa: PLC0415

    configuration = Config()
    folder = Path(bot.journal.__file__).parent / "migrations"
    configuration.set_main_option("script_location", str(folder))
    assert ScriptDirectory.from_config(configuration).get_current_head() == bot.journal.HEAD
