"""Gaps that still are some: each is asked again before it is listed."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

from bot.model import Answer, Citation, Outcome, Question
from bot.ports import Gap, Journal, Lookback, Rights

_ROUNDS = 4


class Answering(Protocol):
    """What is needed of bot.answering.answerer.Answerer."""

    async def answer(self, question: Question) -> Answer: ...


@dataclass(frozen=True, slots=True)
class OpenGap:
    """`nearest` are the closest pages, as those who asked may see them; `asked` False: it couldn't be asked again."""

    gap: Gap
    nearest: tuple[Citation, ...] = ()
    asked: bool = True


@dataclass(frozen=True, slots=True)
class GapReview:
    """`solved` have an answer now, and are no gaps any more."""

    open: tuple[OpenGap, ...]
    solved: tuple[Gap, ...] = ()


class GapReviewer:
    """What each question of the review costs is counted like any other's; none of them is written down."""

    def __init__(self, lookback: Lookback, journal: Journal, answers: Answering) -> None:
        self._lookback = lookback
        self._journal = journal
        self._answers = answers

    async def review(self, *, limit: int, rights: Rights | None = None) -> GapReview:
        """Up to so many that are open, most asked first. Raises BackendError."""
        found: list[OpenGap] = []
        solved: list[Gap] = []
        seen: set[tuple[str, frozenset[str] | None]] = set()
        for _ in range(_ROUNDS):
            known = await self._lookback.gaps(limit=limit + len(seen) - len(solved), rights=rights)
            some = [gap for gap in known if (gap.id, gap.audience) not in seen][: limit - len(found)]
            if not some:
                break
            seen.update((gap.id, gap.audience) for gap in some)
            for gap, answer in zip(some, await asyncio.gather(*map(self._again, some)), strict=True):
                if answer is None or answer.outcome is Outcome.UNAVAILABLE:
                    found.append(OpenGap(gap, asked=False))
                elif answer.outcome is Outcome.ANSWERED:
                    await self._lookback.solve(gap)
                    solved.append(gap)
                elif answer.gap:
                    found.append(OpenGap(gap, answer.nearest))
        return GapReview(tuple(found), tuple(solved))

    async def _again(self, gap: Gap) -> Answer | None:
        """None where it isn't known whom it was asked for."""
        if gap.audience is None:
            return None
        answer = await self._answers.answer(Question(gap.question, gap.audience))
        await self._journal.spend(answer.usage)
        return answer

    async def dismiss(self, gap_id: str, *, rights: Rights | None = None) -> bool:
        """Never list it again; False if there is no such gap. Raises BackendError."""
        return await self._lookback.dismiss(gap_id, rights=rights)
