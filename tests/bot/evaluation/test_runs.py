"""Two runs side by side, bars, and questions from the journal."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.config.loader import ConfigError, load
from bot.evaluation.confidence_intervals import (
    FEWEST,
    Figure,
    difference,
    share,
    verdict,
)
from bot.evaluation.journal_export import exported
from bot.evaluation.question_set import Case, read_questions
from bot.evaluation.run_comparison import bars, compare
from bot.evaluation.scored_answer import BadRun, ScoredAnswer, read
from bot.journal.database import Database
from bot.journal.records.questions import SqlJournal
from bot.model import Answer, Citation, Outcome, Question, Trace, Turn
from bot.ports import Asked, Feedback, Judged, Place, Recorded
from tests.bot.evaluation.test_ablation import said
from tests.support.command_line import HANDBOOK, CommandLine

EVERYONE = frozenset({"everyone"})


def run(*facts: str) -> list[ScoredAnswer]:
    return [said(text, id=f"q{number}") for number, text in enumerate(facts)]


# --- intervals ------------------------------------------------------------------------------------


def test_an_interval_is_never_without_width():
    """Ten of ten right is no certainty (Wilson), and one question says nearly nothing."""
    ten, one = share([1.0] * 10), share([1.0])
    assert ten is not None
    assert one is not None
    assert (ten.mean, ten.high) == (1.0, 1.0)
    assert 0.7 < ten.low < 0.75
    assert one.low < 0.25
    assert share([]) is None


def test_a_difference_within_its_interval_is_a_tie():
    """So is one that rests on too few questions; the same figures come out each time."""
    before = {str(n): 0.0 for n in range(20)}
    after = {str(n): float(n < 8) for n in range(20)}
    gained = difference(before, after)
    assert gained == difference(before, after)
    assert gained is not None
    assert gained.low <= gained.mean <= gained.high
    assert verdict(gained) == "better"
    assert verdict(gained, less_is_better=True) == "worse"
    few = difference({str(n): 0.0 for n in range(FEWEST - 1)}, {str(n): 1.0 for n in range(FEWEST - 1)})
    assert verdict(few) == "tie"
    assert verdict(Figure(0.1, -0.1, 0.3, 50, 50)) == "tie"
    assert verdict(None) == "can't be measured"


# --- two runs -------------------------------------------------------------------------------------


def test_runs_are_compared_question_by_question():
    """Which got better or worse, in what; questions that only one run has count nowhere."""
    before = run("27 days.", "28 days.", "27.")
    after = [*run("99 days.", "27 days.", "27.")[:2], said("27.", id="new")]
    found = compare(before, after)
    (better,), (worse,) = found.better, found.worse
    assert (better.id, better.better) == ("q1", ("facts", "invented"))
    assert (worse.id, worse.worse) == ("q0", ("facts", "invented"))
    assert found.alone == ("new", "q2")
    facts = next(row for row in found.rows if row.name == "facts")
    assert (str(facts.before)[:4], str(facts.after)[:4], facts.verdict) == ("0.50", "0.50", "tie")


def test_a_clear_change_is_told():
    """Ten questions that all lose their facts are no tie."""
    found = compare(run(*["27 days."] * 10), run(*["Some days."] * 10))
    verdicts = {row.name: row.verdict for row in found.rows}
    assert (verdicts["facts"], verdicts["hit_5"]) == ("worse", "tie")
    assert len(found.worse) == 10


def test_bars_are_least_values_but_of_what_should_be_little():
    """What can't be measured misses its bar: a gate must not open by itself."""
    wanted = {"facts": 0.6, "invented": 0.4, "hit@5": 1.0, "p95": 0.05, "judged": 0.5, "dollars": 1.0}
    held = {bar.name: bar.missed for bar in bars(run("27 days.", "28 days."), wanted)}
    assert held == {
        "facts": True, "invented": True, "hit@5": False, "p95": True, "judged": True, "dollars": False,
    }  # fmt: skip


def test_a_wrong_bar_is_named(tmp_path: Path):
    """docent.yaml says which names there are."""
    config = tmp_path / "docent.yaml"
    config.write_text("eval: {bars: {fact: 0.9}}\n")
    with pytest.raises(ConfigError, match="facts"):
        load(config)


@pytest.fixture
def docent(tmp_path: Path) -> CommandLine:
    made = CommandLine(tmp_path)
    made.write(HANDBOOK)
    assert made("index").returncode == 0
    cases = [
        Case(id="a", question="How many days of annual leave are there?", gold=("leave.md",), must_contain=(("27",),)),
        Case(id="b", question="When are dogs welcome?", gold=("dogs.md",), must_contain=(("Fridays",),)),
        Case(id="c", question="What is the pay range of L4?", gold=("pay/bands.md",), audience=("everyone", "managers")),
        Case(id="d", question="Who paints the lighthouse?", answerable=False, kind="unanswerable"),
    ]  # fmt: skip
    (tmp_path / "q.jsonl").write_text("".join(case.model_dump_json() + "\n" for case in cases))
    return made


@pytest.mark.slow
def test_the_command_compares_and_holds_bars(docent: CommandLine):
    """A change of the docs shows by question; the exit code is 1 once a bar is missed, and 0 while it is kept."""
    docent.config.write_text(docent.config.read_text() + "eval: {bars: {facts: 0.9}, repeats: 2}\n")
    before = docent("eval", "q.jsonl", "--json")
    assert before.returncode == 0, before.stderr
    saved = docent.folder / "before.json"
    saved.write_text(before.stdout)
    data, answers = read(saved)
    assert len(answers) == 8
    assert data["figures"]["facts"]["questions"] == 2, "two have facts, however often they are asked"
    assert [one.cited for one in answers if one.id == "c"] == [1.0, 1.0], "asked as its own audience"
    docent.write({"leave.md": HANDBOOK["leave.md"].replace("27", "28")})
    docent("index")
    after = docent("eval", "q.jsonl", "--against", "before.json")
    assert after.returncode == 1
    assert "MISSED: facts 0.5, at least 0.9" in after.stdout
    assert (
        "Worse: 1\n  a  How many days of annual leave are there?  (facts worse, answer_first worse)"
        in after.stdout
    )
    assert "Better: 0" in after.stdout
    as_json = json.loads(docent("eval", "q.jsonl", "--against", "before.json", "--json").stdout)
    assert [one["id"] for one in as_json["against"]["worse"]] == ["a"]
    assert as_json["bars"] == [{"name": "facts", "wanted": 0.9, "got": 0.5, "missed": True}]


@pytest.mark.slow
def test_what_is_no_run_is_told(docent: CommandLine, tmp_path: Path):
    """With the command that makes one; likewise without questions, and for options that don't go together."""
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(BadRun, match="is no run"):
        read(tmp_path / "x.json")
    for words, told in (
        (("q.jsonl", "--against", "x.json"), "docent eval QUESTIONS.jsonl --json > RUN"),
        (("q.jsonl", "--against", "gone.json"), "can't be read"),
        ((), "Which questions?"),
        (("q.jsonl", "--report", "x.html"), "--report is of --ablation"),
        (("q.jsonl", "--ablation", "--against", "x.json"), "goes with neither"),
    ):
        done = docent("eval", *words)
        assert (done.returncode, told in done.stderr) == (2, True), done.stderr


# --- from the journal -----------------------------------------------------------------------------


def judged(text: str, *feedback: Feedback, id: str = "q1", **question: object) -> Judged:  # noqa: A002 - the field's name
    cites = Citation(1, "handbook:leave.md", "Leave", "", "", "")
    answer = Answer(id, Outcome.ANSWERED, "27 days. [1]", (cites,), trace=Trace(queries=("Leave in Spain?",)))
    asked = Asked(id, id, "slack", Place("p"), "U1", Question(text, EVERYONE, **question))
    return Judged(Recorded(asked, datetime(2026, 5, 1, tzinfo=UTC), answer, "", 1.0), feedback)


def test_good_answers_bring_their_pages_and_bad_ones_what_was_said():
    """A 👎 among several counts; the same wording is written once; a follow-up as it was understood."""
    up = Feedback("q1", "U1", "up")
    down = Feedback("q1", "U2", "down", "wrong", "It's 28.")
    past = exported(
        [
            judged("How much leave?", up),
            judged("how much leave", up, down, id="q2"),
            judged("Who pays?", up, down, id="q3"),
            judged("And in Spain?", up, id="q4", history=(Turn("user", "How much leave?"),)),
            judged("", up, id="q5"),
        ]
    )
    assert (past.up, past.down, past.untold) == (2, 1, 1)
    good, bad, follow_up = past.cases
    assert (good["id"], good["kind"], good["gold"]) == ("q1", "up", ["leave.md"])
    assert (bad["kind"], bad["gold"], bad["was"]["complaints"]) == ("down", [], ["wrong: It's 28."])
    assert follow_up["question"] == "Leave in Spain?"
    assert good["audience"] == ["everyone"]


async def fill(folder: Path, *, keep_texts: bool) -> None:
    database = Database(folder=folder / ".docent")
    journal = SqlJournal(database, keep_texts=keep_texts)
    for number, verdict_ in enumerate(("up", "down")):
        one = judged(f"When are dogs welcome, {number}?", id=f"q{number}")
        await journal.accept(replace(one.recorded.asked), worker="w")
        assert one.recorded.answer is not None
        await journal.finish(f"q{number}", one.recorded.answer, seconds=1.0)
        await journal.give_feedback(Feedback(f"q{number}", "U1", verdict_))
    await database.close()


@pytest.mark.slow
def test_the_command_writes_questions_that_it_can_ask_again(docent: CommandLine, tmp_path: Path):
    """From 👍 and 👎 to a run; a file that people may have filled in is never overwritten."""
    asyncio.run(fill(tmp_path, keep_texts=True))
    done = docent("eval", "--from-journal", "past.jsonl")
    assert (done.returncode, "2 questions: 1 👍, 1 👎." in done.stderr) == (0, True), done.stderr
    cases = read_questions(tmp_path / "past.jsonl")
    assert {case.kind: case.gold for case in cases} == {"up": ("leave.md",), "down": ()}
    again = docent("eval", "--from-journal", "past.jsonl")
    assert (again.returncode, "is there already" in again.stderr) == (2, True)
    assert len(docent("eval", "--from-journal").stdout.splitlines()) == 2
    run_ = json.loads(docent("eval", "past.jsonl", "--json").stdout)
    assert {one["id"]: one["cited"] for one in run_["questions"]}["q1"] is None, "nobody said what is right"


@pytest.mark.slow
def test_a_journal_without_texts_says_so(docent: CommandLine, tmp_path: Path):
    """`journal: {questions: false}`: nothing is written, and the setting is named."""
    docent.config.write_text(docent.config.read_text() + "journal: {questions: false}\n")
    asyncio.run(fill(tmp_path, keep_texts=False))
    done = docent("eval", "--from-journal", "past.jsonl")
    assert done.returncode == 1
    assert "leaves the texts of questions out of the journal" in done.stderr
    assert "2 questions with 👍 or 👎 are in the journal without a text" in done.stderr
    assert not (tmp_path / "past.jsonl").exists()
