"""Defines `docent ask`."""

import time
import uuid
from typing import Annotated

import typer

from adapters.cli.command import CommandError, run
from bot.config.loader import Settings


def command(
    context: typer.Context,
    question: Annotated[list[str], typer.Argument(help="The question.", show_default=False)],
    audience: Annotated[
        str,
        typer.Option(metavar="A,B", help="Ask as somebody of these audiences. [default: default_audience]"),
    ] = "",
    source: Annotated[list[str] | None, typer.Option(help="Only this source; may be repeated.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
    why: Annotated[bool, typer.Option("--why", help="Show the search: queries, candidates, scores.")] = False,
) -> None:
    """Answer one question from the docs, with citations.

    Without --audience you ask as anybody of `default_audience` in docent.yaml ([everyone]): what only some
    may see is not found.

    ```
    docent ask "How many days of annual leave do I get?"
    docent ask "What is the pay range of L4?" --audience everyone,managers
    docent ask "How do I roll back a release?" --why
    ```
    """

    async def main(settings: Settings) -> int:
        return await _ask(
            settings, " ".join(question), audience=audience, sources=source or [], as_json=as_json, why=why
        )

    run(context, main, quiet=True)


def audience_of(settings: Settings, words: str) -> frozenset[str]:
    """Return the audiences that were named, or the default one.

    Raises CommandError for one that isn't declared, if docent.yaml declares any.
    """
    from bot.config.reading.error_messages import nearest

    named = frozenset(word.strip() for word in words.split(",") if word.strip())
    declared = settings.audiences.keys() | settings.default_audience
    for word in sorted(named - declared) if settings.audiences else ():
        raise CommandError(f"{word} is not one of the audiences{nearest(word, declared)}", code=2)
    return named or settings.default_audience


def check_sources(settings: Settings, names: list[str]) -> None:
    """Raise CommandError for a source that docent.yaml doesn't have."""
    from bot.config.reading.error_messages import nearest

    known = [source.name for source in settings.sources]
    for name in names:
        if name not in known:
            there = f"There are: {', '.join(known)}." if known else "docent.yaml lists none."
            hint = nearest(name, known) or "."
            raise CommandError(f"There is no source {name}{hint} {there}", code=2)


async def _ask(
    settings: Settings, text: str, *, audience: str, sources: list[str], as_json: bool, why: bool
) -> int:
    from adapters.cli.answer_stream import AnswerStream
    from adapters.cli.journal_record import record
    from adapters.cli.open_sources import check_index
    from adapters.cli.output import (
        answer_json,
        endnotes,
        is_terminal,
        note,
        show,
        show_json,
        why_lines,
    )
    from bot.bootstrap import open_app
    from bot.model import Outcome, Question

    check_sources(settings, sources)
    question = Question(
        text, audience_of(settings, audience), sources=frozenset(sources) if sources else None
    )
    async with open_app(settings) as app:
        await app.ready()
        started = time.monotonic()
        stream = AnswerStream(shown=is_terminal() and not as_json)
        answer = await app.answerer.answer(
            question, id=uuid.uuid4().hex[:12], on_text=stream.feed, on_stage=stream.tell
        )
        if answer.outcome is Outcome.NOT_FOUND:
            from bot.diagnostics.audiences import reachable

            await check_index(app.store)
            for word in sorted(question.audience - reachable(settings) - settings.source_audiences):
                note(f"No setting names the audience {word!r}: only a page's own front matter may.")
        if as_json:
            show_json(answer_json(answer, why=why))
        else:
            stream.end(answer.text)
            for line in endnotes(answer) + (why_lines(answer) if why else []):
                show(line)
        await record(app.records, question, answer, time.monotonic() - started)
    return 1 if answer.outcome is Outcome.UNAVAILABLE else 0
