"""Asks every question of a set for `docent eval`, and marks rankings, answers and speed.

Answers are written out in the format of the Sourcegraph handbook's question set.
"""

import json
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.evaluation.metrics import hit, holds_facts, mean, ndcg, percentile
from bot.evaluation.question_set import Case
from bot.model import Answer, Outcome, Question, Turn, Usage
from bot.text.matching import first_seen, plain, stands_in

_MARKER = re.compile(r"\[(\d{1,3})\](?!\()")
# Kinds whose facts stand on several pages: all of them must be cited.
_ALL_PAGES = frozenset({"two_page", "conflict"})


@dataclass(frozen=True, slots=True)
class Marked:
    """One answer and its marks. `ranked` are the pages in the order of retrieval, best first.

    `failed` says why nothing was answered, if something was down.
    """

    case: Case
    outcome: Outcome
    text: str
    cited: tuple[str, ...]
    ranked: tuple[str, ...]
    seconds: float
    usage: tuple[Usage, ...] = ()
    failed: str = ""
    see_also: tuple[str, ...] = ()
    first_unit: str = ""  # the text before the first marker
    first_page: str = ""  # and the page that it is of

    @property
    def declined(self) -> bool:
        return not self.text.strip()

    @property
    def facts_right(self) -> bool:
        return not self.declined and holds_facts(self.text, self.case.must_contain)

    @property
    def cited_right(self) -> bool:
        return self._among(self.cited)

    @property
    def named_right(self) -> bool:
        """Whether right pages are cited, or named beside the answer."""
        return self._among((*self.cited, *self.see_also))

    @property
    def precision(self) -> float | None:
        """The share of the quoted pages that are right; None without any."""
        return sum(page in self.case.right for page in self.cited) / len(self.cited) if self.cited else None

    @property
    def answer_first(self) -> bool:
        """Whether the first thing quoted is of a right page and holds a fact that was asked for."""
        told = any(holds_facts(self.first_unit, [group]) for group in self.case.must_contain)
        return told and self.first_page in self.case.right

    @property
    def to_the_point(self) -> bool:
        """Whether it holds nothing that the question says is beside the point."""
        said = plain(self.text)
        return not any(stands_in(said, word) for word in self.case.must_not_contain)

    def _among(self, pages: Sequence[str]) -> bool:
        if self.case.kind in _ALL_PAGES:
            return set(self.case.gold) <= set(pages)
        return bool(self.case.right & set(pages))


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Retrieval's figures over the answerable questions; the gold pages are the relevant ones."""

    questions: int
    hit_1: float
    hit_5: float
    ndcg_10: float


@dataclass(frozen=True, slots=True)
class AnsweredCase:
    """Counts over the questions of one kind, or of all."""

    kind: str
    questions: int
    answerable: int
    with_facts: int
    with_gold: int
    facts: int
    cited: int
    wrongly_declined: int
    unanswerable: int
    declined: int


@dataclass(frozen=True, slots=True)
class Report:
    """What `docent eval` prints. Seconds are of whole answers, one question at a time."""

    retrieval: Retrieved
    answers: tuple[AnsweredCase, ...]
    seconds_p50: float
    seconds_p95: float
    marked: tuple[Marked, ...] = ()
    pages: float = 0.0  # quoted in an answer, on average
    characters_p50: float = 0.0
    characters_p90: float = 0.0

    def table(self) -> list[list[str]]:
        """Return head and rows of the answers' marks, "ALL" first."""
        head = ["kind", "questions", "facts", "cited", "wrongly declined", "declined"]
        return [head] + [
            [
                row.kind,
                str(row.questions),
                _of(row.facts, row.with_facts),
                _of(row.cited, row.with_gold),
                _of(row.wrongly_declined, row.answerable),
                _of(row.declined, row.unanswerable),
            ]
            for row in self.answers
        ]

    def summary(self) -> str:
        found = self.retrieval
        return (
            f"Hit@1 {found.hit_1:.3f}   Hit@5 {found.hit_5:.3f}   nDCG@10 {found.ndcg_10:.3f}   "
            f"over {found.questions} answerable questions; "
            f"p50 {self.seconds_p50 * 1000:.0f} ms   p95 {self.seconds_p95 * 1000:.0f} ms an answer\n"
            f"{self.pages:.2f} pages an answer; characters: median {self.characters_p50:.0f}, p90 {self.characters_p90:.0f}"
        )

    def to_json(self) -> dict[str, object]:
        return {
            "retrieval": asdict(self.retrieval),
            "answers": [asdict(row) for row in self.answers],
            "seconds": {"p50": self.seconds_p50, "p95": self.seconds_p95},
            "pages": self.pages,
            "characters": {"p50": self.characters_p50, "p90": self.characters_p90},
        }


async def evaluate(
    cases: Sequence[Case],
    ask: Callable[[Question], Awaitable[Answer]],
    audience: frozenset[str],
    on_marked: Callable[[Marked], None] | None = None,
) -> Report:
    """Ask one question after the other, as `audience`; `on_marked` is for progress."""
    marked = []
    for case in cases:
        started = time.perf_counter()
        history = tuple(Turn("user", text) for text in case.after)
        answer = await ask(Question(case.question, frozenset(case.audience) or audience, history=history))
        marked.append(_mark(case, answer, time.perf_counter() - started))
        if on_marked:
            on_marked(marked[-1])
    return report(marked)


def _mark(case: Case, answer: Answer, seconds: float) -> Marked:
    answered = answer.outcome is Outcome.ANSWERED
    unit, number = _first_unit(answer) if answered else ("", 0)
    pages = {one.number: _path(one.doc_id) for one in answer.citations}
    return Marked(
        case=case,
        outcome=answer.outcome,
        text=answer.text if answered else "",
        cited=tuple(first_seen(_path(c.doc_id) for c in answer.citations)) if answered else (),
        ranked=tuple(first_seen(_path(c.passage.doc_id) for c in answer.trace.candidates)),
        seconds=seconds,
        usage=answer.usage,
        failed=answer.text if answer.outcome is Outcome.UNAVAILABLE else "",
        see_also=tuple(_path(c.doc_id) for c in answer.nearest) if answered else (),
        first_unit=unit,
        first_page=pages.get(number, ""),
    )


def _first_unit(answer: Answer) -> tuple[str, int]:
    """Return what stands before the first marker, and its number."""
    marker = _MARKER.search(answer.text)
    return (answer.text[: marker.start()], int(marker[1])) if marker else (answer.text, 0)


def _path(doc_id: str) -> str:
    return doc_id.partition(":")[2]


def report(marked: Sequence[Marked]) -> Report:
    kinds = sorted({m.case.kind for m in marked})
    return Report(
        retrieval=_retrieved([m for m in marked if m.case.gold]),
        answers=(
            _answered("ALL", marked),
            *(_answered(kind, [m for m in marked if m.case.kind == kind]) for kind in kinds),
        ),
        seconds_p50=percentile((m.seconds for m in marked), 0.5),
        seconds_p95=percentile((m.seconds for m in marked), 0.95),
        marked=tuple(marked),
        pages=mean(len(m.cited) for m in marked if not m.declined),
        characters_p50=percentile((len(m.text) for m in marked if not m.declined), 0.5),
        characters_p90=percentile((len(m.text) for m in marked if not m.declined), 0.9),
    )


def _retrieved(marked: Sequence[Marked]) -> Retrieved:
    return Retrieved(
        questions=len(marked),
        hit_1=mean(hit(m.ranked, m.case.gold, at=1) for m in marked),
        hit_5=mean(hit(m.ranked, m.case.gold, at=5) for m in marked),
        ndcg_10=mean(ndcg(m.ranked, dict.fromkeys(m.case.gold, 1)) for m in marked),
    )


def _answered(kind: str, marked: Sequence[Marked]) -> AnsweredCase:
    answerable = [m for m in marked if m.case.answerable]
    unanswerable = [m for m in marked if not m.case.answerable]
    with_facts = [m for m in answerable if m.case.must_contain]
    with_gold = [m for m in answerable if m.case.gold]
    return AnsweredCase(
        kind=kind,
        questions=len(marked),
        answerable=len(answerable),
        with_facts=len(with_facts),
        with_gold=len(with_gold),
        facts=sum(m.facts_right for m in with_facts),
        cited=sum(m.cited_right for m in with_gold),
        wrongly_declined=sum(m.declined for m in answerable),
        unanswerable=len(unanswerable),
        declined=sum(m.declined for m in unanswerable),
    )


def write_answers(path: Path, marked: Sequence[Marked]) -> None:
    """Write one line an answer: `id`, `answer` (null where declined), `citations` and `see_also` as paths."""
    lines = [
        json.dumps(
            {
                "id": m.case.id,
                "answer": m.text or None,
                "citations": list(m.cited),
                "see_also": list(m.see_also),
            },
            ensure_ascii=False,
        )
        for m in marked
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _of(count: int, whole: int) -> str:
    return f"{count}/{whole}" if whole else "–"
