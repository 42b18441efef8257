"""Marks one answer in every way that `docent eval` and its ablation count, compare and keep."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.evaluation.confidence_intervals import Figure, difference, share, verdict
from bot.evaluation.marked_answers import Marked
from bot.evaluation.metrics import hit, ndcg, percentile
from bot.model import Usage
from bot.ports import BackendError, Judge
from bot.style.guide import Rules
from bot.style.lint import facts
from bot.style.rules import broken
from bot.text.matching import plain, stands_in

# From 0 to 1 each. None: it can't be marked on that question.
MEANING = {
    "facts": "answerable questions whose facts are all in the answer",
    "cited": "answerable questions whose answer cites a right page",
    "declined": "unanswerable questions that were declined",
    "invented": "answers that state a number, name or command that stands in no page",
    "style": "answers that keep every rule that code can check",
    "judged": "share of the other rules that an answer keeps, as the judge model says",
    "hit_1": "answerable questions whose right page was found first",
    "hit_5": "answerable questions whose right page was among the first five found",
    "ndcg_10": "how far up the right pages were found (nDCG@10)",
    "precision": "pages that an answer quotes, of which the right ones",
    "answer_first": "answered questions whose answer begins with a fact of a right page",
    "see_also": "answerable questions whose answer cites a right page or names it beside",
    "to_the_point": "answers without anything that their question says is beside the point",
}
FIGURES = tuple(MEANING)
OF_ANSWERS = FIGURES[:6]
LESS_IS_BETTER = frozenset({"invented", "seconds", "p50", "p95", "dollars"})


class BadRun(Exception):
    """The file holds no run: a sentence for people."""


@dataclass(frozen=True, slots=True)
class ScoredAnswer:
    """An answer and its marks. `arm` is how it was asked. `failed` says why there is no answer; it then counts nowhere."""

    id: str
    question: str
    arm: str
    text: str
    facts: float | None
    cited: float | None
    declined: float | None
    invented: float | None
    style: float | None
    judged: float | None
    hit_1: float | None
    hit_5: float | None
    ndcg_10: float | None
    broken: tuple[str, ...]
    seconds: float
    input_tokens: int
    output_tokens: int
    dollars: float | None
    failed: str = ""
    precision: float | None = None
    answer_first: float | None = None
    see_also: float | None = None
    to_the_point: float | None = None


@dataclass(frozen=True, slots=True)
class Marker:
    """Marks answers. `known` is the plain text of all pages, `most` an answer's length where the guide says none."""

    rules: Rules
    most: int
    known: str
    price: Callable[[Usage], float | None]

    def mark(self, marked: Marked, arm: str = "") -> ScoredAnswer:
        """Give all marks that code can tell."""
        case, text, right = marked.case, marked.text, bool(marked.case.gold) and bool(marked.ranked)
        wrong = broken(text, self.rules, most=self.most) if text else []
        gold = dict.fromkeys(case.gold, 1)
        spent = [price for one in marked.usage if (price := self.price(one)) is not None]
        return ScoredAnswer(
            id=case.id,
            question=case.question,
            arm=arm,
            text=text,
            facts=float(marked.facts_right) if case.answerable and case.must_contain else None,
            cited=float(marked.cited_right) if case.answerable and case.gold else None,
            declined=None if case.answerable else float(marked.declined),
            invented=float(bool(self.invented(text, case.question, case.lang))) if text else None,
            style=float(not wrong) if text else None,
            judged=None,
            hit_1=float(hit(marked.ranked, case.gold, at=1)) if right else None,
            hit_5=float(hit(marked.ranked, case.gold, at=5)) if right else None,
            ndcg_10=ndcg(marked.ranked, gold) if right else None,
            broken=tuple(f"{one.rule}: {one.how}" for one in wrong),
            seconds=marked.seconds,
            input_tokens=sum(one.input_tokens for one in marked.usage),
            output_tokens=sum(one.output_tokens for one in marked.usage),
            dollars=sum(spent) if spent else None,
            failed=marked.failed,
            precision=marked.precision if case.answerable and case.gold else None,
            answer_first=float(marked.answer_first) if case.must_contain and text else None,
            see_also=float(marked.named_right) if case.answerable and case.gold else None,
            to_the_point=float(marked.to_the_point) if case.must_not_contain and text else None,
        )

    def invented(self, text: str, question: str, language: str) -> list[str]:
        """Return facts that neither the pages nor the question hold."""
        asked = plain(question)
        return [
            fact
            for fact in facts(text, language)
            if not stands_in(self.known, fact) and not stands_in(asked, fact)
        ]


async def judged(
    judge: Judge, said: ScoredAnswer, rules: Sequence[str]
) -> tuple[float | None, tuple[str, ...]]:
    """Return the share of the rules that it keeps, and those that it breaks; None if the judge can't be asked."""
    if not said.text or not rules:
        return None, ()
    try:
        numbers = await judge.broken(said.question, said.text, rules)
    except BackendError:
        return None, ()
    return 1 - len(numbers) / len(rules), tuple(f"judge: {rules[number]}" for number in sorted(numbers))


def values(said: Sequence[ScoredAnswer], name: str) -> dict[str, float]:
    """Return each question's mark, the mean over its repeats; questions that have none are left out."""
    found: dict[str, list[float]] = {}
    for one in said:
        if not one.failed and (value := getattr(one, name)) is not None:
            found.setdefault(one.id, []).append(value)
    return {id_: fmean(marks) for id_, marks in found.items()}


def figures(said: Sequence[ScoredAnswer]) -> dict[str, Figure | None]:
    """Return the figures by name; see MEANING."""
    return {name: share(list(values(said, name).values())) for name in FIGURES}


def seconds(said: Sequence[ScoredAnswer], at: float) -> float:
    """Return a percentile of the answers' times."""
    return percentile((one.seconds for one in said if not one.failed), at)


def dollars(said: Sequence[ScoredAnswer]) -> float | None:
    """Return all that was spent, in dollars; None if no price is known."""
    spent = [one.dollars for one in said if one.dollars is not None]
    return sum(spent) if spent else None


def gain(
    before: Sequence[ScoredAnswer], after: Sequence[ScoredAnswer], name: str
) -> tuple[Figure | None, str]:
    """Return how much more `after` has of the figure, question by question, and what that means."""
    gained = difference(values(before, name), values(after, name))
    return gained, verdict(gained, less_is_better=name in LESS_IS_BETTER)


def to_json(said: Sequence[ScoredAnswer]) -> list[dict[str, Any]]:
    return [asdict(one) for one in said]


def read(path: Path) -> tuple[Mapping[str, Any], list[ScoredAnswer]]:
    """Read a run as `docent eval --json` printed it: all of it, and its answers. Raises BadRun."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return data, TypeAdapter(list[ScoredAnswer]).validate_python(data["questions"])
    except (OSError, UnicodeDecodeError) as error:
        raise BadRun(f"{path} can't be read: {error}") from error
    except (ValueError, ValidationError, KeyError, TypeError) as error:
        raise BadRun(f"{path} is no run: make one with docent eval QUESTIONS.jsonl --json > RUN") from error
