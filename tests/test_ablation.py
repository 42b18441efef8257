"""Measuring what examples and retrieval bring."""

import json
from pathlib import Path

from bot.ablation import Ablation, Figure, Said, figure, gain, mark, verdict
from bot.evaluate import Case
from bot.model import Answer, Outcome
from bot.style.guide import Rules
from tests.cohere_docent import QUESTION
from tests.cohere_server import CohereServer
from tests.command_line import HANDBOOK, CommandLine
from tests.test_cohere_commands import docent, server  # noqa: F401 - fixtures
from tests.test_style import RULES, folder, text_of

CASE = Case(id="a", question="How many days of leave?", gold=("leave.md",), must_contain=(("27",),))


def said(answer: Answer, rules: Rules = Rules(), case: Case = CASE) -> Said:  # noqa: B008 - frozen
    return mark(case, "base", answer, 0.1, rules=rules, most=900, known="27 days of leave", dollars=None)


def test_what_stands_in_no_page_is_invented():
    """Numbers, names and commands that neither the pages nor the question hold."""
    assert said(Answer("", Outcome.ANSWERED, "27 days.")).invented == 0
    assert said(Answer("", Outcome.ANSWERED, "27 days, 31 for Bob Stone.")).invented == 1
    assert said(Answer("", Outcome.NOT_FOUND, "Not 99.")).invented == 0


def test_rules_of_style_are_checked_by_code():
    """An answer that breaks one says which."""
    rules = Rules.model_validate({"words": {"avoid": ["kindly"]}})
    marked = said(Answer("", Outcome.ANSWERED, "Kindly take 27 days."), rules)
    assert (marked.style, marked.broken) == (0, ("avoid: has “kindly”",))


def test_a_difference_within_its_interval_is_a_tie():
    """The same figures come out each time; the interval holds the mean."""
    found = figure([0.0, 1.0, 1.0, 0.0, 1.0])
    assert found == figure([0.0, 1.0, 1.0, 0.0, 1.0])
    assert found is not None
    assert found.low <= found.mean <= found.high
    assert verdict(Figure(0.1, -0.1, 0.3, 5)) == "tie"
    assert verdict(Figure(0.2, 0.1, 0.3, 5)) == "better"
    assert verdict(Figure(0.2, 0.1, 0.3, 5), less_is_better=True) == "worse"
    assert verdict(None) == "can't be measured"


def test_gains_are_question_by_question():
    """A question that only one side has doesn't count."""
    good, bad = Answer("", Outcome.ANSWERED, "27."), Answer("", Outcome.ANSWERED, "28.")
    other = said(good, case=CASE.model_copy(update={"id": "b"}))
    found = gain([said(bad)], [said(good), other], "facts")
    assert found is not None
    assert (found.mean, found.questions) == (1.0, 1)
    assert Ablation("m", (said(good),), ()).arms() == ["base"]


def test_without_a_model_it_says_what_it_can_not_measure(tmp_path: Path):
    """Two ways of asking instead of four, a table, a report that needs nothing else."""
    run = CommandLine(tmp_path)
    run.config.write_text(run.config.read_text() + "style: ./style\n")
    run.write(HANDBOOK)
    folder(tmp_path / "style", {"leave.yaml": text_of("How much leave?", "27 days.")}, RULES)
    (tmp_path / "q.jsonl").write_text(CASE.model_dump_json() + "\n")
    run("index")
    done = run("eval", "--ablation", "q.jsonl", "--report", "out.html")
    assert done.returncode == 0, done.stderr
    assert "the model alone, and what examples bring, can't be measured" in done.stdout
    page = (tmp_path / "out.html").read_text()
    assert "<svg" in page
    assert "src=" not in page
    assert "href=" not in page


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
    assert list(found["arms"]) == ["base", "+ examples", "+ retrieval", "+ both"]
    assert found["unmeasured"] == []
    assert all(one["input_tokens"] > 0 for one in found["answers"])
    assert all(one["dollars"] > 0 for one in found["answers"])
