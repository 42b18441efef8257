"""Asks, marks and judges questions, for `docent eval` and its ablation."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from adapters.cli.command import CommandError
from adapters.cli.open_sources import check_index
from adapters.cli.output import count, note
from adapters.cli.progress import Counter
from bot.bootstrap import App, open_app
from bot.config.loader import Settings
from bot.evaluation import scored_answer
from bot.evaluation.marked_answers import Marked, evaluate
from bot.evaluation.question_set import Case
from bot.evaluation.scored_answer import Marker, ScoredAnswer
from bot.model import Answer, Question
from bot.opened_models import open_judge
from bot.ports import Judge, Span
from bot.runtime.prices import cost
from bot.style.guide import Rules
from bot.style.pages import everyone
from bot.text.matching import plain

_AT_ONCE = 200  # pages

Ask = Callable[[Question], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class EvalRunner:
    """Holds all that marking needs. `repeats` is how often each question is asked."""

    app: App
    marker: Marker
    judge: Judge | None
    repeats: int
    pages: frozenset[str]  # paths

    @property
    def rules(self) -> Rules:
        return self.marker.rules

    async def run(
        self, cases: Sequence[Case], asks: Mapping[str, Ask], audience: frozenset[str], *, shown: bool
    ) -> tuple[list[ScoredAnswer], list[Marked]]:
        """Ask every question in every way, `repeats` times.

        Return all scored answers, and the marked ones of the first round alone.
        """
        self._check(cases)
        found: list[ScoredAnswer] = []
        first: list[Marked] = []
        with Counter("answers", len(cases) * len(asks) * self.repeats, shown=shown) as counter:
            for number in range(self.repeats):
                for arm, ask in asks.items():
                    report = await evaluate(cases, ask, audience, lambda _marked: counter.step())
                    found += [self.marker.mark(one, arm) for one in report.marked]
                    first += report.marked if not number else ()
        failed = [one.failed for one in found if one.failed]
        if failed and len(failed) == len(found):
            raise CommandError(f"No question could be answered: {failed[0]}")
        if failed:
            note(f"{len(failed)} of {len(found)} answers failed and count nowhere, the first: {failed[0]}")
        return (await self._judged(found, shown=shown) if self.judge else found), first

    def _check(self, cases: Sequence[Case]) -> None:
        """Warn of expected pages that aren't in the index: that is a mistake in the questions, not in the search."""
        strange = sorted({path for case in cases for path in case.gold} - self.pages)
        if strange:
            pages = count(len(strange), "page")
            note(
                f"Not in the index: {pages} of `gold`, such as {strange[0]}. Paths start at the source's root."
            )

    async def _judged(self, answers: Sequence[ScoredAnswer], *, shown: bool) -> list[ScoredAnswer]:
        judge, rules = self.judge, (*self.rules.voice, *self.rules.form)
        if judge is None:
            return list(answers)
        found = []
        with Counter("judged", len(answers), shown=shown) as counter:
            for one in answers:
                share, broken = await scored_answer.judged(judge, one, rules)
                found.append(replace(one, judged=share, broken=(*one.broken, *broken)))
                counter.step()
        return found


@asynccontextmanager
async def bench(settings: Settings) -> AsyncIterator[EvalRunner]:
    """Yield a runner with all parts opened. Raises CommandError while nothing is indexed."""
    judge = await open_judge(settings)
    try:
        async with open_app(settings) as app:
            await check_index(app.store)
            await app.ready()
            await app.guides.refresh(now=True)
            pages = await _pages(app)
            marker = Marker(
                rules=app.guides.base.rules,
                most=settings.limits.answer_characters,
                known=await asyncio.to_thread(plain, await _texts(app, pages)),
                price=lambda usage: cost(usage, settings.own_prices),
            )
            paths = frozenset(page.partition(":")[2] for page in pages)
            yield EvalRunner(app, marker, judge, settings.eval.repeats, paths)
    finally:
        if judge is not None:
            await judge.close()


async def _pages(app: App) -> list[str]:
    """Return the ids of all documents."""
    return [
        page for source in app.settings.sources for page in sorted(await app.store.revisions(source.name))
    ]


async def _texts(app: App, pages: Sequence[str]) -> str:
    """Return the text of all pages."""
    texts: list[str] = []
    audience = everyone(app.settings)
    for start in range(0, len(pages), _AT_ONCE):
        spans = [Span(page, 0, 100_000) for page in pages[start : start + _AT_ONCE]]
        for one in await app.store.passages(spans, audience):
            date = f"{one.updated_at:%Y-%m-%d}" if one.updated_at else ""
            texts.append(f"{one.title}\n{one.heading}\n{one.text}\n{date}")
    return "\n".join(texts)
