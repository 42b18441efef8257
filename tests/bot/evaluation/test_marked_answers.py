"""Marking rankings and answers."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bot.evaluation.marked_answers import evaluate, write_answers
from bot.evaluation.metrics import holds_facts, ndcg, percentile, recall
from bot.evaluation.question_set import BadQuestions, Case, read_questions
from bot.model import Answer, Candidate, Citation, Outcome, Passage, Question, Trace

EVERYONE = frozenset({"everyone"})


def candidate(path: str) -> Candidate:
    passage = Passage(f"{path}#0", f"handbook:{path}", "handbook", 0, path, "", "", "text")
    return Candidate(passage, keyword=1.0, vector=None, fused=1.0)


def answer(
    text: str, cited: tuple[str, ...] = (), ranked: tuple[str, ...] = (), outcome: Outcome = Outcome.ANSWERED
) -> Answer:
    return Answer(
        id="a1",
        outcome=outcome,
        text=text,
        citations=tuple(
            Citation(n, f"handbook:{path}", path, "", "", text) for n, path in enumerate(cited, 1)
        ),
        trace=Trace(candidates=tuple(candidate(path) for path in ranked)),
    )


async def marked(case: Case, given: Answer):
    async def ask(question: Question) -> Answer:
        assert question == Question(case.question, EVERYONE)
        return given

    return await evaluate([case], ask, EVERYONE)


@pytest.mark.parametrize(
    ("text", "wanted", "holds"),
    [
        ("You get **$25,000** for it.", "25000", True),
        ("You get 25 000 USD.", "25,000", True),
        ("See [the Maven page](https://x.example).", "maven page", True),
        ("Within 12 hours.", "2 hours", False),
        ("It\N{RIGHT SINGLE QUOTATION MARK}s one\N{NO-BREAK SPACE}week.", "it's one week", True),
        ("A 2.5yrs cycle", "2.5", False),
        ("Ask #ce there", "#ce", True),
    ],
)
def test_facts_are_found_whatever_their_markdown_but_on_word_boundaries(text, wanted, holds):
    """A fact counts in any markdown, case or grouping of thousands, and not inside of a longer word."""
    assert holds_facts(text, [[wanted]]) is holds


def test_each_group_of_facts_needs_one_alternative():
    """Alternatives are either-or, groups are all needed."""
    assert holds_facts("five days, two weeks", [["5 days", "five days"], ["two weeks"]])
    assert not holds_facts("five days", [["5 days", "five days"], ["two weeks"]])


def test_ndcg_of_a_known_ranking():
    """One of two relevant pages, at the second place, is worth 1/log2(3) of the ideal 1 + 1/log2(3)."""
    assert ndcg(["a", "b"], {"b": 1, "c": 1}) == pytest.approx(0.38685, abs=1e-5)


def test_recall_counts_each_relevant_item_once():
    """An item that is ranked twice doesn't count twice."""
    assert recall(["a", "a", "b"], {"a": 1, "c": 1}, at=3) == 0.5


def test_percentiles_are_nearest_rank():
    """The p95 of twenty values is the nineteenth, and of one it is that one."""
    assert percentile(range(1, 21), 0.95) == 19
    assert percentile([7.0], 0.5) == 7.0
    assert percentile([], 0.5) == 0.0


async def test_a_single_page_question_is_cited_right_by_any_page_that_carries_the_answer():
    """Citing one of gold and also_ok is enough for a question of one page."""
    case = Case(id="1", question="q", gold=("a.md",), also_ok=("b.md",), must_contain=(("x",),))
    report = await marked(case, answer("x [1]", cited=("b.md",), ranked=("c.md", "a.md", "a.md")))
    row = report.answers[0]
    assert (row.facts, row.cited, row.wrongly_declined) == (1, 1, 0)
    assert (report.retrieval.hit_1, report.retrieval.hit_5) == (0.0, 1.0)


async def test_a_two_page_question_needs_both_pages_cited():
    """Half of the pages is not cited right where both are needed."""
    case = Case(id="1", question="q", gold=("a.md", "b.md"), kind="two_page", must_contain=(("x",),))
    half = await marked(case, answer("x", cited=("a.md",)))
    both = await marked(case, answer("x", cited=("b.md", "c.md", "a.md")))
    assert (half.answers[0].cited, both.answers[0].cited) == (0, 1)


async def test_declining_is_right_only_where_the_docs_do_not_say():
    """NOT_FOUND counts as declined although its text says so in words."""
    sorry = answer("The docs don't say.", outcome=Outcome.NOT_FOUND)
    unanswerable = Case(id="1", question="q", answerable=False, kind="unanswerable")
    answerable = Case(id="2", question="q", gold=("a.md",))
    assert (await marked(unanswerable, sorry)).answers[0].declined == 1
    assert (await marked(answerable, sorry)).answers[0].wrongly_declined == 1


async def test_answers_are_written_as_the_scorer_reads_them(tmp_path: Path):
    """One JSON object a line; a declined answer is null and cites nothing."""
    case = Case(id="q1", question="q", gold=("a.md",))
    out = tmp_path / "out.jsonl"
    write_answers(out, (await marked(case, answer("Ja, größer.", cited=("a.md", "a.md")))).marked)
    assert json.loads(out.read_text("utf-8")) == {
        "id": "q1",
        "answer": "Ja, größer.",
        "citations": ["a.md"],
        "see_also": [],
    }
    write_answers(out, (await marked(case, answer("Sorry", outcome=Outcome.NOT_FOUND))).marked)
    assert json.loads(out.read_text("utf-8"))["answer"] is None


async def test_the_report_is_told_by_kind_and_as_json():
    """The table has a row for all and one for each kind; JSON holds the same numbers."""
    report = await marked(Case(id="1", question="q", gold=("a.md",)), answer("y", cited=("a.md",)))
    assert [row[0] for row in report.table()] == ["kind", "ALL", "single"]
    assert "Hit@5 0.000" in report.summary()
    assert json.loads(json.dumps(report.to_json()))["answers"][0]["cited"] == 1


def test_a_wrong_line_of_questions_is_named(tmp_path: Path):
    """The message says which line and what is wrong with it."""
    file = tmp_path / "q.jsonl"
    file.write_text('{"id": "1", "question": "ok"}\n\n{"id": "2"}\n', "utf-8")
    with pytest.raises(BadQuestions, match=r"line 3: question"):
        read_questions(file)
    file.write_text("nonsense\n", "utf-8")
    with pytest.raises(BadQuestions, match="line 1"):
        read_questions(file)
    file.write_text("\n", "utf-8")
    with pytest.raises(BadQuestions, match="no question"):
        read_questions(file)
    with pytest.raises(BadQuestions, match="can't be read"):
        read_questions(tmp_path / "missing.jsonl")


async def test_what_stands_beside_the_point_is_counted() -> None:
    """Pages quoted in vain, an answer that comes second, words that have no place, and a page named beside it."""
    case = Case(
        id="q",
        question="q",
        gold=("a.md", "b.md"),
        must_contain=(("27",),),
        must_not_contain=("dogs",),
        kind="two_page",
    )
    said = replace(
        answer("Dogs bark. [1] You get 27 days. [2]", cited=("c.md", "a.md")),
        nearest=(Citation(1, "handbook:b.md", "b.md", "", "", ""),),
    )
    (one,) = (await marked(case, said)).marked
    assert one.precision == 0.5
    assert not one.answer_first
    assert not one.to_the_point
    assert (one.cited_right, one.named_right) == (False, True)
    first = (await marked(case, answer("You get 27 days. [1]", cited=("a.md",)))).marked[0]
    assert (first.precision, first.answer_first, first.to_the_point) == (1.0, True, True)


async def test_a_follow_up_is_asked_with_what_was_said_before() -> None:
    """`after` is the asker's part of the conversation."""
    asked = []

    async def ask(question: Question) -> Answer:
        asked.append(question)
        return answer("No.")

    await evaluate(
        [Case(id="q", question="And in Valencia?", after=("How many days in Bristol?",))], ask, frozenset()
    )
    assert [turn.text for turn in asked[0].history] == ["How many days in Bristol?"]
