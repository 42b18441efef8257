"""`docent eval`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.ask import audience_of
from bot.commands.running import CommandError, run
from bot.config import Settings

if TYPE_CHECKING:
    from bot.evaluate import Case


def command(
    context: typer.Context,
    questions: Annotated[
        Path,
        typer.Argument(metavar="QUESTIONS.jsonl", help="One question a line, as JSON.", show_default=False),
    ],
    answers: Annotated[
        Path | None,
        typer.Option(metavar="OUT.jsonl", help="Write the answers to this file.", show_default=False),
    ] = None,
    audience: Annotated[str, typer.Option(metavar="A,B", help="Ask as somebody of these audiences.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    ablation: Annotated[
        bool,
        typer.Option("--ablation", help="Ask the model alone, with examples, with retrieval, with both."),
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(metavar="OUT.html", help="With --ablation: a page with plots.", show_default=False),
    ] = None,
) -> None:
    """Ask every question of a file and mark retrieval, answers and speed.

    A line is `{"id", "question", "gold": [paths], "must_contain": [[alternatives]], "answerable", "kind",
    "also_ok"?: [paths]}`; paths are relative to the source's root. Nothing goes into the journal.

        docent eval questions.jsonl --answers answers.jsonl
        docent eval --ablation questions.jsonl --report ablation.html
    """

    async def main(settings: Settings) -> int:
        if ablation:
            from bot.commands.ablating import ablation as compare

            cases = _cases(questions)
            asker = audience_of(settings, audience)
            return await compare(settings, cases, asker, report=report, as_json=as_json)
        return await _eval(settings, questions, answers, audience_of(settings, audience), as_json=as_json)

    run(context, main, quiet=True)


def _cases(questions: Path) -> "list[Case]":
    from bot.evaluate import BadQuestions, read_questions

    try:
        return read_questions(questions)
    except BadQuestions as error:
        raise CommandError(str(error), code=2) from error


async def _eval(
    settings: Settings, questions: Path, answers: Path | None, audience: frozenset[str], *, as_json: bool
) -> int:
    from bot.bootstrap import open_app
    from bot.commands.opening import check_index
    from bot.commands.output import show, show_json, table
    from bot.commands.progress import Counter
    from bot.evaluate import evaluate, write_answers

    cases = _cases(questions)
    async with open_app(settings) as app:
        await check_index(app.store)
        await app.ready()
        with Counter("questions", len(cases), shown=not as_json) as counter:
            report = await evaluate(cases, app.answerer.answer, audience, lambda _marked: counter.step())
    if answers is not None:
        write_answers(answers, report.marked)
    if as_json:
        show_json(report.to_json())
        return 0
    show(report.summary())
    show()
    show(table(report.table()))
    return 0
