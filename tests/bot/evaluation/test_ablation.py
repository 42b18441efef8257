"""Measuring what examples and retrieval bring."""

import json
from pathlib import Path

import pytest

from bot.evaluation.ablation import (
    BASE,
    BOTH,
    EXAMPLES,
    GUIDED,
    NO_MODEL,
    PAGES,
    RETRIEVAL,
    UNCHECKED,
    Ablation,
)
from bot.evaluation.marked_answers import Marked
from bot.evaluation.question_set import Case
from bot.evaluation.scored_answer import Marker, ScoredAnswer
from bot.model import Outcome, Usage
from bot.style.guide import Rules
from tests.bot.backends.cohere.test_commands import docent, server  # noqa: F401 - fixtures
from tests.bot.style.test_guide import RULES, folder, text_of
from tests.support.cohere_docent import QUESTION
from tests.support.cohere_rules import said as said_by_cohere
from tests.support.cohere_server import CohereServer
from tests.support.command_line import HANDBOOK, CommandLine

CASE = Case(id="a", question="How many days of leave?", gold=("leave.md",), must_contain=(("27",),))


def said(
    text: str,
    arm: str = BASE,
    rules: Rules = Rules(),  # noqa: B008 - frozen
    seconds: float = 0.1,
    **case: object,
) -> ScoredAnswer:
    outcome = Outcome.ANSWERED if text else Outcome.NOT_FOUND
    marked = Marked(
        CASE.model_copy(update=case), outcome, text, (), ("leave.md",), seconds, (Usage("m", 1, 0, 100, 10),)
    )
    marker = Marker(rules, 900, "27 days of leave, 1300 hours", lambda usage: usage.input_tokens / 1e6)
    return marker.mark(marked, arm)


def test_what_stands_in_no_page_is_invented():
    """Numbers, names and commands that neither the pages nor the question hold, as whole words."""
    assert said("27 days.").invented == 0
    assert said("27 days, 31 for Bob Stone.").invented == 1
    assert said("130 days.").invented == 1, "1300 is another number"
    assert said("").invented is None


def test_rules_of_style_are_checked_by_code():
    """An answer that breaks one says which; a declined question has no style to mark."""
    rules = Rules.model_validate({"words": {"avoid": ["kindly"]}})
    marked = said("Kindly take 27 days.", rules=rules)
    assert (marked.style, marked.broken) == (0, ("avoid: has “kindly”",))
    assert said("", rules=rules).style is None


def test_what_is_not_known_is_not_marked():
    """Without facts or pages of a right answer, only what needs neither counts."""
    marked = said("27 days.", must_contain=(), gold=())
    assert (marked.facts, marked.cited, marked.hit_5) == (None, None, None)
    assert marked.invented == 0


def arms(**texts: str) -> tuple[ScoredAnswer, ...]:
    """Eight questions, each arm with one text for all."""
    names = {
        "base": BASE,
        "examples": EXAMPLES,
        "retrieval": RETRIEVAL,
        "both": BOTH,
        "pages": PAGES,
        "guided": GUIDED,
    }
    return tuple(said(text, names[name], id=f"q{n}") for name, text in texts.items() for n in range(8))


@pytest.mark.slow
def test_the_verdict_is_plain():
    """What each part brings, what remains, and whether tuning could mend that."""
    rules = ("length",)
    facts = Ablation("m", arms(base="Some.", examples="Few.", retrieval="27.", both="28 days."), rules)
    told = "\n".join(facts.conclusion())
    assert "Retrieval brings, on top of examples: facts +0.00 (tie)" in told
    assert "Examples bring, on top of retrieval: facts -1.00 (worse)" in told
    assert "8 with wrong or missing facts" in told
    assert "fine-tuning isn't what is needed" in told
    good = Ablation("m", arms(base="Some.", examples="Few.", retrieval="28.", both="27 days."), rules)
    assert "nothing is left that fine-tuning could mend" in "\n".join(good.conclusion())
    assert "facts +1.00 (better)" in "\n".join(good.conclusion())
    assert "Latency: 0.10 s (p50)" in "\n".join(good.conclusion())


def test_form_that_remains_is_what_tuning_could_mend():
    """Where facts are right and rules are broken."""
    rules = Rules.model_validate({"words": {"avoid": ["days"]}})
    rows = [
        said("27 days.", arm, rules, id=f"q{n}")
        for arm in (BASE, EXAMPLES, RETRIEVAL, BOTH)
        for n in range(8)
    ]
    found = Ablation("m", tuple(rows), ("avoid",))
    assert "most of what is left is form, which fine-tuning could mend" in "\n".join(found.conclusion())
    assert found.rule_table()[1][0] == "avoid"
    assert found.rule_table()[1][1].startswith("0.00")


def test_without_a_model_nothing_is_said_of_tuning():
    """The arms have names of their own, and no line speaks of what examples bring but that it can't be measured."""
    found = Ablation("extractive", arms(pages="27.", guided="27 days."), ("length",))
    told = "\n".join(found.conclusion())
    assert told.startswith(NO_MODEL)
    assert "Verdict" not in told
    assert "Examples bring" not in told
    assert "The guide's rules bring: facts +0.00 (tie)" in told


def test_repeats_are_one_question(tmp_path: Path):
    """Asked thrice, a question counts once, by its mean: repeating makes no interval narrower."""
    once = Ablation("m", arms(base="27."), ())
    thrice = Ablation("m", arms(base="27.") * 3, (), repeats=3)
    assert once.figures(BASE)["facts"] == thrice.figures(BASE)["facts"]


def test_an_answer_that_failed_counts_nowhere():
    """A server that was down says nothing of the model; how many there were is told."""
    marked = Marked(CASE, Outcome.UNAVAILABLE, "", (), (), 0.1, failed="The writer: down.")
    bad = Marker(Rules(), 900, "", lambda _: None).mark(marked, BASE)
    found = Ablation("m", (bad, *arms(base="27.")), ())
    facts = found.figures(BASE)["facts"]
    assert facts is not None
    assert (facts.mean, facts.questions) == (1.0, 8)
    assert "1 of 9 answers failed" in "\n".join(found.conclusion())


@pytest.mark.slow
def test_without_a_model_it_says_what_it_can_not_measure(tmp_path: Path):
    """Two ways of asking instead of four, a table, a report that needs nothing else."""
    run = CommandLine(tmp_path)
    run.config.write_text(run.config.read_text() + "style: ./style\n")
    run.write(HANDBOOK)
    folder(tmp_path / "style", {"leave.yaml": text_of("How much leave?", "27 days.")}, RULES)
    (tmp_path / "q.jsonl").write_text(CASE.model_dump_json() + "\n")
    run("index")
    done = run("eval", "--ablation", "q.jsonl", "--report", "out.html", "--repeats", "2")
    assert done.returncode == 0, done.stderr
    assert NO_MODEL in done.stdout
    page = (tmp_path / "out.html").read_text()
    assert "Made without a language model" in page
    assert "each asked 2 times" in page
    assert "<svg" in page
    for outside in ("src=", "href=", "<script", "@import", "url("):
        assert outside not in page


@pytest.mark.slow
async def test_with_a_model_all_four_ways_are_asked(docent, server: CohereServer, tmp_path: Path):  # noqa: F811
    """The model alone gets no documents; with examples it gets them as earlier turns; all is marked and priced."""
    folder(tmp_path / "style", {"leave.yaml": text_of("How much leave is there?", "Plenty, dear.")}, RULES)
    (tmp_path / "docent.yaml").write_text((tmp_path / "docent.yaml").read_text() + "\nstyle: ./style\n")
    case = Case(id="a", question=QUESTION, gold=("leave.md",), must_contain=(("1",),))
    (tmp_path / "q.jsonl").write_text(case.model_dump_json() + "\n")
    await docent("index")
    done = await docent("eval", "--ablation", "q.jsonl", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert list(found["arms"]) == [BASE, EXAMPLES, RETRIEVAL, UNCHECKED, BOTH, PAGES]
    assert found["measured_with_a_model"] is True
    written = [one for one in found["answers"] if one["arm"] != PAGES]
    assert all(one["input_tokens"] > 0 for one in written)
    assert all(one["dollars"] > 0 for one in written)
    alone, exampled, plain, both = (one.body for one in server.calls("chat"))
    assert "documents" not in alone
    assert "documents" not in exampled
    assert "Plenty, dear." not in json.dumps(plain)
    assert "Plenty, dear." in json.dumps(exampled)
    assert both["documents"]
    assert "Plenty, dear." in json.dumps(both)


@pytest.mark.slow
async def test_what_was_written_is_marked_before_and_after_the_check(docent, server, tmp_path):  # noqa: F811
    """A number that no page has is invented in the one and gone from the other; quoted pages stand beside them."""
    server.reply = lambda _: said_by_cohere(
        ("Everyone has 25 vacation days.", "1"), " ", ("It costs 4711 euros.", "1")
    )
    (tmp_path / "q.jsonl").write_text(
        Case(id="a", question=QUESTION, gold=("time-off.md",), must_contain=(("25",),)).model_dump_json()
    )
    await docent("index")
    found = json.loads((await docent("eval", "--ablation", "q.jsonl", "--json")).stdout)
    before, after = found["arms"][UNCHECKED], found["arms"][BOTH]
    assert (before["invented"]["mean"], after["invented"]["mean"]) == (1.0, 0.0)
    assert (before["facts"]["mean"], after["facts"]["mean"]) == (1.0, 1.0)
    assert (before["cited"]["mean"], after["cited"]["mean"]) == (1.0, 1.0)
    assert found["arms"][PAGES]["facts"]["mean"] == 1.0


@pytest.mark.slow
async def test_a_judge_marks_the_rules_that_code_can_not_check(docent, server: CohereServer, tmp_path: Path):  # noqa: F811
    """It gets those rules, the question and the answer; its name, marks and tokens stand in the report."""
    folder(tmp_path / "style", {}, "voice: [Answer first., Never be chummy.]\n")
    config = (tmp_path / "docent.yaml").read_text()
    (tmp_path / "docent.yaml").write_text(config + "\nstyle: ./style\neval: {judge: command-r-08-2024}\n")
    (tmp_path / "q.jsonl").write_text(
        Case(id="a", question=QUESTION, gold=("time-off.md",)).model_dump_json()
    )
    await docent("index")
    server.rewrite = lambda _: 'Here: {"broken": [2]}'
    done = await docent("eval", "q.jsonl", "--json")
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    assert run["judge"] == "command-r-08-2024"
    (one,) = run["questions"]
    assert (one["judged"], one["broken"]) == (0.5, ["judge: Never be chummy."])
    asked = next(call.body for call in server.calls("chat") if call.body["model"] == "command-r-08-2024")
    assert "1. Answer first.\n2. Never be chummy." in asked["messages"][0]["content"]
    assert QUESTION in asked["messages"][1]["content"]
    done = await docent("eval", "--ablation", "q.jsonl", "--report", "out.html")
    assert "Judged by command-r-08-2024: 6 of 6 answers, for 720 tokens in" in done.stdout
    assert "command-r-08-2024 judged the other rules" in (tmp_path / "out.html").read_text()


@pytest.mark.slow
async def test_a_judge_that_fails_marks_nothing(docent, server: CohereServer, tmp_path: Path):  # noqa: F811
    """What it says instead of marks is no mark, and the run goes on."""
    folder(tmp_path / "style", {}, "voice: [Answer first.]\n")
    config = (tmp_path / "docent.yaml").read_text()
    (tmp_path / "docent.yaml").write_text(config + "\nstyle: ./style\neval: {judge: command-r-08-2024}\n")
    (tmp_path / "q.jsonl").write_text(Case(id="a", question=QUESTION).model_dump_json())
    await docent("index")
    done = await docent("eval", "q.jsonl", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["questions"][0]["judged"] is None
