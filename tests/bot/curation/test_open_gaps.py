"""Gaps are asked again before they are listed."""

from datetime import UTC, datetime

from bot.curation.open_gaps import GapReviewer
from bot.model import Answer, Citation, Outcome, Question, Usage
from bot.ports import Gap, Rights

NOW = datetime(2026, 5, 3, tzinfo=UTC)
EVERYONE = frozenset({"everyone"})
NEAR = (Citation(1, "h:a", "Children", "", "", ""),)


class Gaps:
    """A lookback of so many gaps, the most asked first."""

    def __init__(self, *questions: str) -> None:
        self.kept = [Gap(text, 9 - n, NOW, f"id{n}", EVERYONE) for n, text in enumerate(questions)]
        self.dismissed: list[tuple[str, Rights | None]] = []

    async def gaps(self, *, limit: int = 20, rights: Rights | None = None) -> list[Gap]:
        return self.kept[:limit]

    async def solve(self, gap: Gap) -> None:
        self.kept.remove(gap)

    async def dismiss(self, gap_id: str, *, rights: Rights | None = None) -> bool:
        self.dismissed.append((gap_id, rights))
        return gap_id == "id0"


class Bills:
    def __init__(self) -> None:
        self.spent: list[Usage] = []

    async def spend(self, spent) -> None:
        self.spent += spent


class Answers:
    """Answers what begins with a word that it knows."""

    def __init__(self, **known: Answer) -> None:
        self.known = known
        self.asked: list[Question] = []

    async def answer(self, question: Question) -> Answer:
        self.asked.append(question)
        word = question.text.split()[0].lower()
        used = (Usage("m", 1, 0, 10, 5),)
        return self.known.get(word) or Answer("x", Outcome.NOT_FOUND, "No.", nearest=NEAR, usage=used)


YES = Answer("x", Outcome.ANSWERED, "Yes. [1]")
DOWN = Answer("x", Outcome.UNAVAILABLE, "Down.")
HIDDEN = Answer("x", Outcome.NOT_FOUND, "No.", gap=False)


async def test_what_has_an_answer_by_now_drops_out() -> None:
    """Asked as those who asked; others come up for it; what it costs is counted."""
    gaps, bills = Gaps("Known one?", "Open one?", "Known two?", "Open two?", "Open three?"), Bills()
    answers = Answers(known=YES)
    found = await GapReviewer(gaps, bills, answers).review(limit=3)
    assert [one.gap.question for one in found.open] == ["Open one?", "Open two?", "Open three?"]
    assert [gap.question for gap in found.solved] == ["Known one?", "Known two?"]
    assert found.open[0].nearest == NEAR
    assert {question.audience for question in answers.asked} == {EVERYONE}
    assert len(answers.asked) == 5
    assert bills.spent == [Usage("m", 1, 0, 10, 5)] * 3


async def test_what_is_no_fault_of_the_docs_is_not_listed() -> None:
    """What others may see is no gap, nor what turns out to be no question; it isn't solved either."""
    gaps = Gaps("Hidden?", "Open?")
    found = await GapReviewer(gaps, Bills(), Answers(**{"hidden?": HIDDEN})).review(limit=5)
    assert [one.gap.question for one in found.open] == ["Open?"]
    assert len(gaps.kept) == 2


async def test_what_cannot_be_asked_again_stays() -> None:
    """While something is down, and where it isn't known whom it was asked for."""
    gaps = Gaps("Down one?", "Open?")
    gaps.kept.append(Gap("Whose?", 1, NOW, "id9", None))
    answers = Answers(down=DOWN)
    found = await GapReviewer(gaps, Bills(), answers).review(limit=5)
    assert [(one.gap.question, one.asked) for one in found.open] == [
        ("Down one?", False),
        ("Open?", True),
        ("Whose?", False),
    ]
    assert [question.text for question in answers.asked] == ["Down one?", "Open?"]


async def test_dismissing_is_passed_on_with_the_rights() -> None:
    """Whose gap it is decides the journal."""
    gaps, rights = Gaps("Open?"), Rights(frozenset({"slack:T1"}), EVERYONE)
    reviewer = GapReviewer(gaps, Bills(), Answers())
    assert await reviewer.dismiss("id0", rights=rights)
    assert not await reviewer.dismiss("id7")
    assert gaps.dismissed == [("id0", rights), ("id7", None)]
