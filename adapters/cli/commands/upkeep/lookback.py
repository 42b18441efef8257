"""Defines `docent questions`, `docent why` and `docent gaps`: what people asked, and how it went."""

from typing import Annotated, Literal

import typer

from adapters.cli.command import CommandError, run
from adapters.cli.commands.upkeep.forget import someone
from bot.config.loader import Settings
from bot.curation.open_gaps import GapReview
from bot.model import Outcome
from bot.ports import Gap, Judged, Lookback, QuestionFilter, Recorded

_Ended = Literal["answered", "not-found", "unavailable"]
_OUTCOMES: dict[_Ended, Outcome] = {
    "answered": Outcome.ANSWERED,
    "not-found": Outcome.NOT_FOUND,
    "unavailable": Outcome.UNAVAILABLE,
}
_NO_TEXT = "(not kept: journal.questions is off)"


def questions(
    context: typer.Context,
    days: Annotated[int, typer.Option(min=1, help="Those of so many days.")] = 7,
    bad: Annotated[bool, typer.Option("--bad", help="Only those with a thumb down.")] = False,
    outcome: Annotated[
        _Ended | None,
        typer.Option(help="Only those that ended so.", metavar="answered|not-found|unavailable"),
    ] = None,
    person: Annotated[
        str, typer.Option(metavar="PERSON", help="Only this person's: slack:U0123, discord:345, or an id.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the latest first.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
) -> None:
    """List what people asked: when, how it ended, what they thought of it, and the id for `docent why`.

    ```
    docent questions --bad --days 30
    docent questions --outcome not-found
    ```
    """

    async def main(settings: Settings) -> int:
        wanted = QuestionFilter(
            days=days,
            outcome=_OUTCOMES[outcome] if outcome else None,
            bad=bad,
            person=someone(person) if person else None,
            limit=limit,
        )
        return await _questions(settings, wanted, as_json=as_json)

    run(context, main, quiet=True)


async def _questions(settings: Settings, wanted: QuestionFilter, *, as_json: bool) -> int:
    from adapters.cli.output import note, show, show_json
    from bot.opened_records import open_records

    records = open_records(settings)
    try:
        found = await records.lookback.questions(wanted)
    finally:
        await records.close()
    if as_json:
        show_json([_to_json(one) for one in found])
        return 0
    for one in found:
        for line in _lines(one):
            show(line)
    if not found:
        show(f"No such question in the last {wanted.days} days.")
    else:
        note("How one came about: docent why ID.")
    return 0


def _lines(one: Judged) -> list[str]:
    recorded, asked = one.recorded, one.recorded.asked
    ended = str(recorded.answer.outcome) if recorded.answer else "not ended"
    who = f"{asked.platform}:{asked.person}" if asked.person else asked.platform
    thumbs = "".join("👎" if each.verdict == "down" else "👍" for each in one.feedback)
    head = [asked.id, f"{recorded.asked_at.astimezone():%Y-%m-%d %H:%M}", ended, who, thumbs]
    said = [
        f"    {each.person}: {', '.join(filter(None, (each.complaint, each.comment)))}"
        for each in one.feedback
        if each.complaint or each.comment
    ]
    return ["  ".join(filter(None, head)), f"    {' '.join(asked.question.text.split()) or _NO_TEXT}", *said]


def _to_json(one: Judged) -> dict[str, object]:
    recorded, asked = one.recorded, one.recorded.asked
    return {
        "id": asked.id,
        "asked_at": recorded.asked_at,
        "platform": asked.platform,
        "person": asked.person,
        "question": asked.question.text,
        "outcome": recorded.answer.outcome if recorded.answer else None,
        "answer": recorded.answer.text if recorded.answer else None,
        "seconds": recorded.seconds,
        "feedback": [
            {
                "person": each.person,
                "verdict": each.verdict,
                "complaint": each.complaint,
                "comment": each.comment,
            }
            for each in one.feedback
        ],
    }


def why(
    context: typer.Context,
    answer_id: Annotated[
        str, typer.Argument(metavar="[ID]", help="The answer's id; without one, the latest question's.")
    ] = "",
) -> None:
    """Tell how an answer came about: what decided in a sentence, then searches, scores and times.

    Ids are in `docent questions`, and in chat `/docent why LINK` tells the same of a link.

    ```
    docent why 3f9c2a1b77d0
    ```
    """

    async def main(settings: Settings) -> int:
        return await _why(settings, answer_id)

    run(context, main, quiet=True)


async def _why(settings: Settings, answer_id: str) -> int:
    from adapters.cli.output import show, why_lines
    from bot.answering.explanation import explain
    from bot.opened_records import open_records

    records = open_records(settings)
    try:
        found = await records.journal.recorded(answer_id) if answer_id else await _latest(records.lookback)
    finally:
        await records.close()
    if found is None:
        none = (
            f"The journal has no question with the id {answer_id}" if answer_id else "Nothing was asked yet"
        )
        raise CommandError(f"{none}: docent questions lists what it has.")
    show(
        f"{found.asked.id}, {found.asked_at.astimezone():%Y-%m-%d %H:%M}: {found.asked.question.text or _NO_TEXT}"
    )
    if found.answer is None:
        show("It is still being answered.")
        return 0
    show(explain(found.answer))
    for line in why_lines(found.answer):
        show(line)
    return 0


async def _latest(lookback: Lookback) -> Recorded | None:
    found = await lookback.questions(QuestionFilter(days=36500, limit=1))
    return found[0].recorded if found else None


def gaps(
    context: typer.Context,
    dismiss: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Never list it again; may be repeated.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, most asked first.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
) -> None:
    """List questions that the docs don't answer, each asked again first: those with an answer by now drop out.

    With a model that answers, each costs a call of it.

    ```
    docent gaps
    docent gaps --dismiss 4be1c07a
    ```
    """

    async def main(settings: Settings) -> int:
        return await _gaps(settings, dismiss or [], limit, as_json=as_json)

    run(context, main, quiet=True)


async def _gaps(settings: Settings, dismissed: list[str], limit: int, *, as_json: bool) -> int:
    from adapters.cli.open_sources import check_index
    from adapters.cli.output import note, show, show_json
    from bot.bootstrap import open_app
    from bot.curation.open_gaps import GapReviewer

    async with open_app(settings) as app:
        reviewer = GapReviewer(app.records.lookback, app.journal, app.answerer)
        for gap_id in dismissed:
            if not await reviewer.dismiss(gap_id):
                raise CommandError(f"There is no gap with the id {gap_id}: docent gaps lists them.", code=2)
            show(f"{gap_id}: dismissed")
        if dismissed:
            return 0
        await check_index(app.store)
        await app.ready()
        if not as_json:
            note("Asking them again…")
        found = await reviewer.review(limit=limit)
    if as_json:
        show_json(
            {
                "open": [_gap_json(one.gap, [page.title for page in one.nearest]) for one in found.open],
                "solved": [_gap_json(gap, []) for gap in found.solved],
            }
        )
        return 0
    for line in _gap_lines(found):
        show(line)
    if found.open:
        note("Never list one again: docent gaps --dismiss ID.")
    return 0


def _gap_lines(found: GapReview) -> list[str]:
    lines = []
    for one in found.open:
        lines.append(
            f"{one.gap.id}  {one.gap.times}×, last {one.gap.last_asked:%Y-%m-%d}: {one.gap.question}"
        )
        for page in one.nearest[:1]:
            owners = f", of {', '.join(page.owners)}" if page.owners else ""
            lines.append(f"    nearest: {page.title}{owners}")
        if not one.asked:
            lines.append("    it couldn't be asked again")
    if found.solved:
        solved = len(found.solved)
        lines.append(f"{solved} {'has' if solved == 1 else 'have'} an answer by now: no gap any more.")
    return lines or ["No gaps: every question so far was answered from the docs."]


def _gap_json(gap: Gap, nearest: list[str]) -> dict[str, object]:
    return {
        "id": gap.id,
        "question": gap.question,
        "times": gap.times,
        "last_asked": gap.last_asked,
        "audience": sorted(gap.audience) if gap.audience is not None else None,
        "nearest": nearest,
    }
