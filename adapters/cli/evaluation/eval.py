"""Defines `docent eval`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.command import CommandError, run
from adapters.cli.commands.ask import audience_of
from bot.config.loader import Settings

if TYPE_CHECKING:
    from bot.evaluation.question_set import Case


def command(
    context: typer.Context,
    questions: Annotated[
        Path | None,
        typer.Argument(metavar="QUESTIONS.jsonl", help="One question a line, as JSON.", show_default=False),
    ] = None,
    answers: Annotated[
        Path | None,
        typer.Option(metavar="OUT.jsonl", help="Write the answers to this file.", show_default=False),
    ] = None,
    audience: Annotated[str, typer.Option(metavar="A,B", help="Ask as somebody of these audiences.")] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the run as JSON, for --against later.")
    ] = False,
    repeats: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, help="Ask each so often. [default: eval.repeats]", show_default=False
        ),
    ] = 0,
    against: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="Compare with this run, question by question.", show_default=False),
    ] = None,
    from_journal: Annotated[
        bool,
        typer.Option(
            "--from-journal", help="Don't ask: write past questions with 👍 or 👎 to QUESTIONS.jsonl."
        ),
    ] = False,
    ablation: Annotated[
        bool,
        typer.Option("--ablation", help="Ask the model alone, with examples, with retrieval, with both."),
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(metavar="OUT.html", help="With --ablation: a page with plots.", show_default=False),
    ] = None,
) -> None:
    """Ask every question of a file and mark retrieval, answers, style and speed.

    A line is `{"id", "question", "gold": [paths], "must_contain": [[alternatives]], "answerable", "kind",
    "also_ok"?: [paths]}`; paths are relative to the source's root. Nothing goes into the journal. The exit code
    is 1 if a bar of docent.yaml (`eval: {bars: {facts: 0.9}}`) is missed.

    ```
    docent eval questions.jsonl --json > before.json
    docent eval questions.jsonl --against before.json
    docent eval --from-journal past.jsonl
    docent eval --ablation questions.jsonl --report ablation.html
    ```
    """
    if report is not None and not ablation:
        raise typer.BadParameter("--report is of --ablation")
    if ablation and (against is not None or answers is not None):
        raise typer.BadParameter("--ablation goes with neither --against nor --answers")

    async def main(settings: Settings) -> int:
        if from_journal:
            from adapters.cli.evaluation.eval_export import export

            return await export(settings, questions)
        cases, asker = _cases(questions, alike=bool(audience)), audience_of(settings, audience)
        if repeats:
            rules = settings.eval.model_copy(update={"repeats": repeats})
            settings = settings.model_copy(update={"eval": rules})
        if ablation:
            from adapters.cli.evaluation.eval_ablation import ablation as compare

            return await compare(settings, cases, asker, report=report, as_json=as_json)
        from adapters.cli.evaluation.eval_gate import evaluated

        return await evaluated(settings, cases, asker, answers=answers, against=against, as_json=as_json)

    run(context, main, quiet=True)


def _cases(questions: Path | None, *, alike: bool) -> "list[Case]":
    """Read the question set. If `alike`, all are asked with the same audience, whatever audience they name."""
    from bot.evaluation.question_set import BadQuestions, read_questions

    if questions is None:
        raise CommandError("Which questions? docent eval QUESTIONS.jsonl", code=2)
    try:
        cases = read_questions(questions)
    except BadQuestions as error:
        raise CommandError(str(error), code=2) from error
    return [case.model_copy(update={"audience": ()}) for case in cases] if alike else cases
