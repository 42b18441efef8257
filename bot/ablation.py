"""Is fine-tuning needed? The same questions to the model alone, with examples, with retrieval, with both.

The base model without pages is asked through the same writer with no passages; what it says can cite nothing,
so its facts are marked on what it wrote, not on what Docent would have let through.
"""

import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean

from bot.evaluate import Case
from bot.metrics import first_seen, holds_facts, percentile, plain
from bot.model import Answer, Outcome, Question, Usage
from bot.style.guide import Rules
from bot.style.lint import facts
from bot.style.rules import broken, checkable

ARMS = ("base", "+ examples", "+ retrieval", "+ both")
RESAMPLES = 1000
_SEED = 7


@dataclass(frozen=True, slots=True)
class Said:
    """One answer and its marks. `cited` and `facts` are None where they can't be marked."""

    id: str
    arm: str
    text: str
    facts: float | None
    cited: float | None
    invented: float
    declined: float | None
    style: float
    broken: tuple[str, ...]
    seconds: float
    input_tokens: int
    output_tokens: int
    dollars: float | None


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean with its 95 % interval (percentile bootstrap over the questions, seeded)."""

    mean: float
    low: float
    high: float
    questions: int

    def __str__(self) -> str:
        return f"{self.mean:.2f} ({self.low:.2f}–{self.high:.2f})"


FIGURES = ("facts", "cited", "invented", "declined", "style")
MEANING = {
    "facts": "answerable questions whose facts are all in the answer",
    "cited": "answerable questions whose answer cites a right page",
    "invented": "answers that state a number, name or command that stands in no page",
    "declined": "unanswerable questions that were declined",
    "style": "answers that keep every rule that code can check",
}


def mark(
    case: Case,
    arm: str,
    answer: Answer,
    seconds: float,
    *,
    rules: Rules,
    most: int,
    known: str,
    dollars: float | None,
) -> Said:
    """`known` is the text of all pages, plain; `most` an answer's length where the guide says none."""
    answered = answer.outcome is Outcome.ANSWERED
    text = answer.text if answered else ""
    wrong = broken(text, rules, most=most) if answered else []
    cited = set(first_seen(c.doc_id.partition(":")[2] for c in answer.citations))
    right = bool(cited & (set(case.gold) | set(case.also_ok)))
    made_up = [
        fact
        for fact in facts(text, case.lang)
        if plain(fact) not in known and plain(fact) not in plain(case.question)
    ]
    usage = answer.usage
    return Said(
        id=case.id,
        arm=arm,
        text=text,
        facts=float(answered and holds_facts(text, case.must_contain)) if case.answerable else None,
        cited=float(answered and right) if case.answerable else None,
        invented=float(bool(made_up)),
        declined=None if case.answerable else float(not answered),
        style=float(not wrong),
        broken=tuple(f"{one.rule}: {one.how}" for one in wrong),
        seconds=seconds,
        input_tokens=sum(one.input_tokens for one in usage),
        output_tokens=sum(one.output_tokens for one in usage),
        dollars=dollars,
    )


def figure(values: Sequence[float]) -> Figure | None:
    """None of nothing."""
    if not values:
        return None
    chance = random.Random(_SEED)  # noqa: S311 - resampling, the same each time
    means = sorted(fmean(chance.choices(values, k=len(values))) for _ in range(RESAMPLES))
    low, high = means[int(0.025 * RESAMPLES)], means[int(0.975 * RESAMPLES) - 1]
    return Figure(fmean(values), low, high, len(values))


def gain(before: Sequence[Said], after: Sequence[Said], name: str) -> Figure | None:
    """How much better `after` is, question by question (paired, which is narrower than two intervals)."""
    old = {one.id: getattr(one, name) for one in before}
    pairs = [
        getattr(one, name) - old[one.id]
        for one in after
        if one.id in old and getattr(one, name) is not None and old[one.id] is not None
    ]
    return figure(pairs)


def verdict(gained: Figure | None, *, less_is_better: bool = False) -> str:
    """A difference whose interval holds 0 is a tie."""
    if gained is None:
        return "can't be measured"
    if gained.low <= 0 <= gained.high:
        return "tie"
    return "better" if (gained.mean > 0) is not less_is_better else "worse"


@dataclass(frozen=True, slots=True)
class Ablation:
    """All answers. `model` is who wrote; `unmeasured` says what could not be, and why."""

    model: str
    said: tuple[Said, ...]
    rules: tuple[str, ...]
    unmeasured: tuple[str, ...] = ()

    def arms(self) -> list[str]:
        """Those that were asked, in order."""
        there = {one.arm for one in self.said}
        return [arm for arm in ARMS if arm in there]

    def of(self, arm: str) -> list[Said]:
        return [one for one in self.said if one.arm == arm]

    def figures(self, arm: str) -> dict[str, Figure | None]:
        """By name; see MEANING."""
        said = self.of(arm)
        return {
            name: figure([value for one in said if (value := getattr(one, name)) is not None])
            for name in FIGURES
        }

    def table(self) -> list[list[str]]:
        """Head and a row for each arm."""
        rows = [["", *FIGURES, "p50 s", "p95 s", "tokens in", "out", "$"]]
        for arm in self.arms():
            said = self.of(arm)
            shown = [str(found) if found else "–" for found in self.figures(arm).values()]
            times = [f"{percentile((one.seconds for one in said), share):.2f}" for share in (0.5, 0.95)]
            spent = [one.dollars for one in said if one.dollars is not None]
            tokens = [str(sum(one.input_tokens for one in said)), str(sum(one.output_tokens for one in said))]
            rows.append([arm, *shown, *times, *tokens, f"{sum(spent):.4f}" if spent else "–"])
        return rows

    def comparisons(self) -> list[tuple[str, str, Figure | None, str]]:
        """What each part brings: (part, figure, difference, verdict)."""
        found = []
        pairs = (
            ("examples, with retrieval", "+ retrieval", "+ both"),
            ("examples, without retrieval", "base", "+ examples"),
            ("retrieval, with examples", "+ examples", "+ both"),
            ("retrieval, without examples", "base", "+ retrieval"),
        )
        for what, before, after in pairs:
            if before in self.arms() and after in self.arms():
                for name in FIGURES:
                    gained = gain(self.of(before), self.of(after), name)
                    found.append((what, name, gained, verdict(gained, less_is_better=name == "invented")))
        return found

    def conclusion(self) -> list[str]:
        """What examples bring, what retrieval brings, what remains and whether fine-tuning could mend it."""
        lines = []
        for part in ("examples", "retrieval"):
            told = [
                f"{name} {gained.mean:+.2f} ({how})"
                for what, name, gained, how in self.comparisons()
                if what.startswith(part) and " with " in f" {what} " and "without" not in what and gained
            ]
            if told:
                lines.append(f"{part.capitalize()} bring: {', '.join(told)}.")
        best = self.of(self.arms()[-1])
        missing = sum(one.facts == 0 for one in best)
        guessed = sum(one.declined == 0 for one in best)
        unstyled = sum(one.style == 0 for one in best)
        lines.append(
            f"What remains with {self.arms()[-1]}: {missing} answers without all facts, {guessed} unanswerable "
            f"questions answered, {unstyled} answers that break a rule of style."
        )
        if self.unmeasured:
            lines.append("There is no model here to be tuned: ask again with one.")
        elif unstyled > missing + guessed:
            lines.append("Most of it is form: what fine-tuning could mend, after a stricter guide.")
        elif missing + guessed:
            lines.append(
                "Most of it is facts: fine-tuning teaches form, not facts. Better pages and retrieval mend it."
            )
        else:
            lines.append("Nothing is left that fine-tuning could mend.")
        return [*lines, *self.unmeasured]

    def to_json(self) -> dict[str, object]:
        """The shape of `--json`, and of a saved run."""
        return {
            "model": self.model,
            "rules": self.rules,
            "unmeasured": self.unmeasured,
            "arms": {
                arm: {name: asdict(found) if found else None for name, found in self.figures(arm).items()}
                for arm in self.arms()
            },
            "conclusion": self.conclusion(),
            "answers": [asdict(one) for one in self.said],
        }


Ask = Callable[[Question], Awaitable[Answer]]


async def ablate(
    cases: Sequence[Case],
    asks: dict[str, Ask],
    audience: frozenset[str],
    *,
    marking: Callable[[Case, str, Answer, float], Said],
    on_said: Callable[[], None] = lambda: None,
    repeats: int = 1,
) -> list[Said]:
    """Every question to every arm, arm by arm within a question; repeats get an id of their own."""
    said = []
    for case in cases:
        for number in range(repeats):
            asked = case if number == 0 else case.model_copy(update={"id": f"{case.id}#{number + 1}"})
            for arm, ask in asks.items():
                started = time.perf_counter()
                answer = await ask(Question(case.question, audience))
                said.append(marking(asked, arm, answer, time.perf_counter() - started))
                on_said()
    return said


def spent(usage: Sequence[Usage], price: Callable[[Usage], float | None]) -> float | None:
    """Dollars; None if no price is known."""
    known = [value for one in usage if (value := price(one)) is not None]
    return sum(known) if known else None


__all__ = ["ARMS", "Ablation", "Ask", "Said", "ablate", "checkable", "figure", "mark", "spent"]
