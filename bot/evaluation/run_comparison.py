"""Compares two runs of `docent eval` question by question, and a run with its bars. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from bot.evaluation.confidence_intervals import Figure
from bot.evaluation.scored_answer import (
    FIGURES,
    LESS_IS_BETTER,
    ScoredAnswer,
    dollars,
    figures,
    gain,
    seconds,
    values,
)

# The names of bars in docent.yaml that aren't those of figures.
SPELLED = {"hit@1": "hit_1", "hit@5": "hit_5", "ndcg@10": "ndcg_10"}


@dataclass(frozen=True, slots=True)
class Row:
    """One figure in both runs."""

    name: str
    before: Figure | None
    after: Figure | None
    gained: Figure | None
    verdict: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A question whose marks differ between the runs, and which of them."""

    id: str
    question: str
    better: tuple[str, ...]
    worse: tuple[str, ...]

    def __str__(self) -> str:
        marks = [f"{name} better" for name in self.better] + [f"{name} worse" for name in self.worse]
        return f"{self.id}  {self.question}  ({', '.join(marks)})"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs compared. `alone` are ids of questions that only one run has, which count nowhere."""

    rows: tuple[Row, ...]
    better: tuple[Moved, ...]
    worse: tuple[Moved, ...]
    mixed: tuple[Moved, ...]
    alone: tuple[str, ...]

    def table(self) -> list[list[str]]:
        """Return a head and a row for each figure."""
        head = ["figure", "before", "now", "difference", "verdict"]
        return [head] + [
            [row.name, *(str(one or "–") for one in (row.before, row.after, row.gained)), row.verdict]
            for row in self.rows
        ]

    def to_json(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar and what the run came to, `got`; if that is None it can't be measured, and the bar is missed."""

    name: str
    wanted: float
    got: float | None

    @property
    def missed(self) -> bool:
        if self.got is None:
            return True
        return self.got > self.wanted if self.name in LESS_IS_BETTER else self.got < self.wanted

    def __str__(self) -> str:
        sign = "at most" if self.name in LESS_IS_BETTER else "at least"
        got = "can't be measured" if self.got is None else f"{self.got:.3g}"
        return f"{'MISSED' if self.missed else 'kept'}: {self.name} {got}, {sign} {self.wanted:g}"


def compare(before: Sequence[ScoredAnswer], after: Sequence[ScoredAnswer]) -> Comparison:
    """Compare the questions that both runs have."""
    ids = {one.id for one in before} & {one.id for one in after}
    old, new = ([one for one in run if one.id in ids] for run in (before, after))
    then, now = figures(old), figures(new)
    there = [name for name in FIGURES if then[name] or now[name]]
    rows = [Row(name, then[name], now[name], *gain(old, new, name)) for name in there]
    moved = [one for one in _moved(old, new) if one.better or one.worse]
    return Comparison(
        rows=tuple(rows),
        better=tuple(one for one in moved if not one.worse),
        worse=tuple(one for one in moved if not one.better),
        mixed=tuple(one for one in moved if one.better and one.worse),
        alone=tuple(sorted({one.id for one in (*before, *after)} - ids)),
    )


def _moved(before: Sequence[ScoredAnswer], after: Sequence[ScoredAnswer]) -> list[Moved]:
    then = {name: values(before, name) for name in FIGURES}
    now = {name: values(after, name) for name in FIGURES}
    found = []
    for id_, question in {one.id: one.question for one in after}.items():
        gained = {
            name: (now[name][id_] - then[name][id_]) * (-1 if name in LESS_IS_BETTER else 1)
            for name in FIGURES
            if id_ in then[name] and id_ in now[name]
        }
        better = tuple(name for name, value in gained.items() if value > 0)
        found.append(Moved(id_, question, better, tuple(name for name, value in gained.items() if value < 0)))
    return found


def bars(said: Sequence[ScoredAnswer], wanted: Mapping[str, float]) -> list[Bar]:
    """Return each bar of docent.yaml with what the run came to; dollars are of one answer."""
    found = figures(said)
    spent = dollars(said)
    came: dict[str, float | None] = {name: one.mean if one else None for name, one in found.items()}
    came |= {"p50": seconds(said, 0.5), "p95": seconds(said, 0.95)}
    came |= {"dollars": None if spent is None else spent / max(1, len(said))}
    return [Bar(name, least, came[SPELLED.get(name, name)]) for name, least in wanted.items()]
