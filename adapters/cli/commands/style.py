"""Defines `docent style …`: checking the style guide, and reviewing answers saved in chat."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.command import CommandError, run
from bot.config.loader import Settings
from bot.ports import Lesson

if TYPE_CHECKING:
    from bot.curation.curation import Curation

app = typer.Typer(help="The style guide: check it, review what was saved in chat.", no_args_is_help=True)


@app.command("check")
def check(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Look for duplicates, broken rules, facts that the docs no longer hold, secrets, personal data, size.

    The exit code is 1 if there are errors. Facts are looked up in the index as it is.

    ```
    docent style check
    ```
    """

    async def main(settings: Settings) -> int:
        return await _check(settings, as_json=as_json)

    run(context, main, quiet=True)


async def _check(settings: Settings, *, as_json: bool) -> int:
    from adapters.cli.output import count, show, show_json
    from bot.bootstrap import open_app
    from bot.style.guide import StyleGuide
    from bot.style.lint import Finding
    from bot.style.lint import check as lint
    from bot.style.load import load
    from bot.style.pages import IndexedPages

    if settings.style.path is None:
        raise CommandError("docent.yaml names no style guide: set style: to its folder.", code=2)
    problems: list[str] = []
    findings: list[Finding] = []
    base = load(settings.style.path)
    folders = {"": settings.style.path} | {name: one.path for name, one in settings.style.guides.items()}
    async with open_app(settings) as app_:
        indexed = await app_.store.format() is not None
        pages = IndexedPages(settings, app_.shown, app_.retriever) if indexed else None
        for name, folder in folders.items():
            loaded = base if not name else load(folder)
            problems += [str(problem) for problem in loaded.problems]
            own = StyleGuide(
                loaded.guide.rules.over(base.guide.rules) if name else loaded.guide.rules,
                loaded.guide.samples,
                loaded.guide.file,
            )
            findings += await lint(
                own,
                pages,
                tokens=settings.style.tokens,
                most=settings.limits.answer_characters,
                audience=(name and settings.style.guides[name].audience) or settings.default_audience,
            )
    errors = len(problems) + sum(one.level == "error" for one in findings)
    if as_json:
        found = [{"level": one.level, "file": str(one.file), "message": one.message} for one in findings]
        show_json({"problems": problems, "findings": found, "facts_checked": indexed, "errors": errors})
        return 1 if errors else 0
    for problem in problems:
        show(problem)
    for one in findings:
        show(f"{one.file}: {one.level}: {one.message}")
    if not indexed:
        show("There is no index yet: facts were not looked up. Make it with: docent index")
    samples = len(base.guide.samples)
    warnings = len(findings) + len(problems) - errors
    show(f"{count(samples, 'example')}: {count(errors, 'error')}, {count(warnings, 'warning')}")
    return 1 if errors else 0


@app.command("review")
def review(
    context: typer.Context,
    accept: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Accept it; may be repeated.")
    ] = None,
    reject: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Reject it; may be repeated.")
    ] = None,
    edit: Annotated[str, typer.Option(metavar="ID", help="Give it another question or answer.")] = "",
    question: Annotated[str, typer.Option(metavar="TEXT", help="The question, with --edit.")] = "",
    answer: Annotated[str, typer.Option(metavar="TEXT", help="The answer, with --edit.")] = "",
    by: Annotated[str, typer.Option(metavar="NAME", help="Who accepts, for files and commits.")] = "an admin",
    in_use: Annotated[bool, typer.Option("--all", help="List what is in use, too.")] = False,
) -> None:
    """List what was saved in chat or withdrawn, and accept, edit or reject it.

    With `--all` also what is in use; `docent style withdraw` takes one of those back.
    An accepted example becomes a file of the guide; an accepted verified answer is given again. With
    `style: {git: {branch: …}}` examples are committed to that branch.

    ```
    docent style review
    docent style review --accept 3f9c2a1b77d0 --by "Dana Whitfield"
    ```
    """

    async def main(settings: Settings) -> int:
        if in_use and not (accept or reject or edit):
            await _list_in_use(settings)
        return await _review(settings, accept or [], reject or [], (edit, question, answer), by)

    run(context, main, quiet=True)


@app.command("withdraw")
def withdraw(
    context: typer.Context,
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="As `docent style review --all` has it.")],
    by: Annotated[str, typer.Option(metavar="NAME", help="Who does.")] = "an admin",
) -> None:
    """Take back saved answers that are in use: they are used no more, and wait for review.

    ```
    docent style withdraw 3f9c2a1b77d0
    ```
    """

    async def main(settings: Settings) -> int:
        return await _withdraw(settings, ids, by)

    run(context, main, quiet=True)


async def _withdraw(settings: Settings, ids: list[str], by: str) -> int:
    from adapters.cli.output import show
    from bot.bootstrap import open_app
    from bot.curation.curation import Unteachable

    async with open_app(settings) as app_:
        learning = app_.learning
        for id_ in ids:
            lesson = await _saved(learning, id_)
            try:
                await learning.withdraw(lesson, by=by)
            except Unteachable as error:
                raise CommandError(f"{id_}: {error}") from error
            show(f"{id_}: withdrawn")
    return 0


async def _list_in_use(settings: Settings) -> None:
    from bot.bootstrap import open_app

    async with open_app(settings) as app_:
        found = await app_.learning.in_use()
    _show(found, "Take one back: docent style withdraw ID.", "No saved answer is in use.")


async def _saved(learning: "Curation", id_: str) -> Lesson:
    lesson = await learning.lesson(id_)
    if lesson is None:
        raise CommandError(f"Nothing was saved with the id {id_}.", code=2)
    return lesson


def _show(lessons: Sequence[Lesson], hint: str, none: str) -> None:
    """Print saved answers and what can be done with them, or `none` if there are none."""
    from adapters.cli.output import note, show

    for line in (line for lesson in lessons for line in _lines(lesson)):
        show(line)
    if lessons:
        note(hint)
    else:
        show(none)


def _lines(lesson: Lesson) -> list[str]:
    """Return the lines of a saved answer for a terminal."""
    reason = f"; withdrawn: {lesson.reason}" if lesson.reason else ""
    pages = ", ".join(dict.fromkeys(citation.title for citation in lesson.citations))
    return [
        f"{lesson.id}  {lesson.kind}, saved by {lesson.by} on {lesson.saved_at:%Y-%m-%d}{reason}",
        f"  Q: {lesson.question}",
        "  A: " + lesson.answer.replace("\n", "\n     "),
        *([f"  cites: {pages}"] if pages else []),
    ]


async def _review(
    settings: Settings, accept: list[str], reject: list[str], edits: tuple[str, str, str], by: str
) -> int:
    from adapters.cli.output import show
    from bot.bootstrap import open_app
    from bot.curation.curation import Unteachable

    edit, question, answer = edits
    async with open_app(settings) as app_:
        learning = app_.learning
        try:
            if edit:
                lesson = await _saved(learning, edit)
                await learning.edit(
                    lesson, question=question or lesson.question, answer=answer or lesson.answer
                )
                show(f"{edit}: edited")
            for id_ in accept:
                kept = await learning.accept(await _saved(learning, id_), by=by)
                show(f"{id_}: accepted" + (f", {kept.file}" if kept.file else ""))
            for id_ in reject:
                await learning.reject(await _saved(learning, id_))
                show(f"{id_}: rejected")
        except Unteachable as error:
            raise CommandError(str(error)) from error
        if accept or reject or edit:
            return 0
        waiting = await learning.open()
    hint = "Decide: docent style review --accept ID, --reject ID, or --edit ID --answer TEXT."
    _show(waiting, hint, "Nothing waits for review.")
    return 0
