"""Tells whether fine-tuning is needed: asks the model alone, with the guide, with retrieval, and with both. Pure.

The base model without pages is asked through the same writer with no passages; what it says can cite nothing, so
its facts are marked on what it wrote, not on what Docent would have let through. "Examples" stands for the whole
guide, its rules and the examples nearest to the question: that is what one would fine-tune instead.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean

from bot.evaluation.confidence_intervals import Figure, share
from bot.evaluation.scored_answer import (
    OF_ANSWERS,
    ScoredAnswer,
    dollars,
    figures,
    gain,
    seconds,
    to_json,
    values,
)
from bot.model import Usage

BASE, EXAMPLES, RETRIEVAL, BOTH = ARMS = ("base", "+ examples", "+ retrieval", "+ both")
# What was written with both, before it was checked: its citations are those that the model gave.
UNCHECKED = "+ both, unchecked"
# Where no model writes; the first stands beside a model's answers, too.
PAGES, GUIDED = "pages", "pages + rules"
_ORDER = (BASE, EXAMPLES, RETRIEVAL, UNCHECKED, BOTH, PAGES, GUIDED)

_PAIRS = (
    ("examples, with retrieval", RETRIEVAL, BOTH),
    ("examples, without retrieval", BASE, EXAMPLES),
    ("retrieval, with examples", EXAMPLES, BOTH),
    ("retrieval, without examples", BASE, RETRIEVAL),
    ("the support check", UNCHECKED, BOTH),
    ("the model, beside quoted pages", PAGES, BOTH),
    ("the guide's rules", PAGES, GUIDED),
)
_BRING = {
    "examples, with retrieval": "Examples bring, on top of retrieval",
    "retrieval, with examples": "Retrieval brings, on top of examples",
    "the support check": "The support check brings",
    "the model, beside quoted pages": "The model brings, beside quoted pages",
    "the guide's rules": "The guide's rules bring",
}
NO_MODEL = (
    "Made without a language model: the writer quotes pages. So this says nothing about fine-tuning: the model "
    "alone, and what examples bring, can't be measured, since nobody here reads examples. Ask again with a model."
)


@dataclass(frozen=True, slots=True)
class Gain:
    """What a part brings to a figure."""

    part: str
    name: str
    gained: Figure | None
    verdict: str


@dataclass(frozen=True, slots=True)
class Ablation:
    """All answers of a run. `model` wrote them; code checked `rules`, and `judge`, if there is one, marked the others."""

    model: str
    said: tuple[ScoredAnswer, ...]
    rules: tuple[str, ...]
    repeats: int = 1
    judge: Usage | None = None

    @property
    def with_model(self) -> bool:
        return BOTH in self.arms()

    @property
    def _last(self) -> str:
        """The arm that Docent answers with."""
        return BOTH if self.with_model else self.arms()[-1]

    def arms(self) -> list[str]:
        """Return the arms that were asked, in order."""
        there = {one.arm for one in self.said}
        return [arm for arm in _ORDER if arm in there]

    def of(self, arm: str) -> list[ScoredAnswer]:
        return [one for one in self.said if one.arm == arm]

    def names(self) -> list[str]:
        """Return the names of the figures that there are."""
        return [name for name in OF_ANSWERS if any(values(self.of(arm), name) for arm in self.arms())]

    def figures(self, arm: str) -> dict[str, Figure | None]:
        """Return the arm's figures by name; see bot.evaluation.scored_answer.MEANING."""
        return figures(self.of(arm))

    def table(self) -> list[list[str]]:
        """Return the head and a row for each arm. Tokens and dollars are of one answer."""
        rows = [["", *self.names(), "p50 s", "p95 s", "tokens in", "out", "$ an answer"]]
        for arm in self.arms():
            said = self.of(arm)
            shown = [str(self.figures(arm)[name] or "–") for name in self.names()]
            times = [f"{seconds(said, at):.2f}" for at in (0.5, 0.95)]
            tokens = [f"{fmean(one.input_tokens for one in said):.0f}"]
            tokens.append(f"{fmean(one.output_tokens for one in said):.0f}")
            spent = dollars(said)
            rows.append([arm, *shown, *times, *tokens, "–" if spent is None else f"{spent / len(said):.5f}"])
        return rows

    def rule_table(self) -> list[list[str]]:
        """Return a row for each rule: the share of each arm's answers that keeps it."""
        judged = sorted({rule for one in self.said for rule in one.broken if rule.startswith("judge: ")})
        rows = [["rule", *self.arms()]]
        for rule in (*self.rules, *judged):
            kept = [self._kept(arm, rule) for arm in self.arms()]
            rows.append([rule, *(str(one or "–") for one in kept)])
        return rows

    def _kept(self, arm: str, rule: str) -> Figure | None:
        marks: dict[str, list[float]] = {}
        for one in self.of(arm):
            if one.text:
                breaks = any(each == rule or each.startswith(f"{rule}: ") for each in one.broken)
                marks.setdefault(one.id, []).append(float(not breaks))
        return share([fmean(each) for each in marks.values()])

    def gains(self) -> list[Gain]:
        """Return what each part brings."""
        return [
            Gain(part, name, *gain(self.of(before), self.of(after), name))
            for part, before, after in _PAIRS
            if before in self.arms() and after in self.arms()
            for name in self.names()
        ]

    def gain_table(self) -> list[list[str]]:
        rows = [[one.part, one.name, str(one.gained or "–"), one.verdict] for one in self.gains()]
        return [["part", "figure", "difference", "verdict"], *rows]

    def conclusion(self) -> list[str]:
        """Return sentences: what examples and retrieval bring, what remains, and whether fine-tuning could mend it."""
        lines = [] if self.with_model else [NO_MODEL]
        for part, bring in _BRING.items():
            told = [
                f"{one.name} {one.gained.mean:+.2f} ({one.verdict})"
                for one in self.gains()
                if one.part == part and one.gained is not None
            ]
            if told:
                lines.append(f"{bring}: {', '.join(told)}.")
        best = self.of(self._last)
        lines.append(self._remaining(best))
        if self.with_model:
            lines += self._tuning(best)
        if failed := sum(bool(one.failed) for one in self.said):
            lines.append(f"{failed} of {len(self.said)} answers failed and count nowhere.")
        if self.judge is not None:
            lines.append(self._judged(self.judge))
        return lines

    def _remaining(self, best: Sequence[ScoredAnswer]) -> str:
        facts, form = _facts_wrong(best), _form_wrong(best)
        return (
            f"What remains with {self._last}, of {len(best)} answers: {facts} with wrong or missing facts "
            f"(or that should have been declined), {form} that break a rule of style."
        )

    def _tuning(self, best: Sequence[ScoredAnswer]) -> list[str]:
        facts, form = _facts_wrong(best), _form_wrong(best)
        if not facts and not form:
            verdict = "Verdict: nothing is left that fine-tuning could mend."
        elif form > facts:
            verdict = (
                "Verdict: most of what is left is form, which fine-tuning could mend. A stricter guide with more "
                "examples comes first: it costs an edit."
            )
        else:
            verdict = (
                "Verdict: fine-tuning isn't what is needed. Most of what is left are facts, and tuning teaches "
                "form, not facts: better pages and retrieval mend those."
            )
        plainly = self.of(RETRIEVAL)
        more = fmean(one.input_tokens for one in best) - fmean(one.input_tokens for one in plainly)
        latency = (
            f"Latency: {seconds(best, 0.5):.2f} s (p50) with the guide in the prompt, {seconds(plainly, 0.5):.2f} s "
            f"without; a tuned model could save its {max(0.0, more):.0f} tokens a question."
        )
        return [verdict, latency]

    def _judged(self, judge: Usage) -> str:
        asked = sum(bool(one.text) for one in self.said)
        marked = sum(one.judged is not None for one in self.said)
        return f"Judged by {judge.model}: {marked} of {asked} answers, for {judge.input_tokens} tokens in and {judge.output_tokens} out."

    def to_json(self) -> dict[str, object]:
        """Return the data that `--json` prints."""
        return {
            "model": self.model,
            "judge": self.judge.model if self.judge else None,
            "repeats": self.repeats,
            "rules": self.rules,
            "measured_with_a_model": self.with_model,
            "arms": {
                arm: {name: asdict(one) if one else None for name, one in self.figures(arm).items()}
                for arm in self.arms()
            },
            "gains": [asdict(one) for one in self.gains()],
            "conclusion": self.conclusion(),
            "answers": to_json(self.said),
        }


def _facts_wrong(said: Sequence[ScoredAnswer]) -> int:
    return sum(not one.failed and (one.facts == 0 or one.declined == 0 or one.invented == 1) for one in said)


def _form_wrong(said: Sequence[ScoredAnswer]) -> int:
    return sum(one.style == 0 for one in said)
