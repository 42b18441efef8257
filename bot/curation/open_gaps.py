"""Lists the gaps in the docs that are still open: each question is asked again before it is listed."""

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
    """A gap.

    `nearest` are the closest pages that those who asked may see; `asked` is False if it couldn't be asked again.
    """

    gap: Gap
    nearest: tuple[Citation, ...] = ()
    asked: bool = True


@dataclass(frozen=True, slots=True)
class GapReview:
    """The gaps that are open; `solved` ones have an answer now."""

    open: tuple[OpenGap, ...]
    solved: tuple[Gap, ...] = ()


class GapReviewer:
    """Reviews gaps. The cost of each question counts like any other's; the journal gets none of them."""

    def __init__(self, lookback: Lookback, journal: Journal, answers: Answering) -> None:
        self._lookback = lookback
        self._journal = journal
        self._answers = answers

    async def review(self, *, limit: int, rights: Rights | None = None) -> GapReview:
        """Return up to `limit` open gaps, most asked first. Raises BackendError."""
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
        """Ask again; None where it isn't known for which audience it was asked."""
        if gap.audience is None:
            return None
        answer = await self._answers.answer(Question(gap.question, gap.audience))
        await self._journal.spend(answer.usage)
        return answer

    async def dismiss(self, gap_id: str, *, rights: Rights | None = None) -> bool:
        """Never list the gap again; False if there is no such gap. Raises BackendError."""
        return await self._lookback.dismiss(gap_id, rights=rights)
