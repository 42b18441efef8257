"""Defines `docent forget`."""

from typing import Annotated

import typer

from adapters.cli.command import CommandError, run
from bot.config.loader import Settings
from bot.ports import Forgotten, Someone

_PLATFORMS = ("slack", "discord", "cli")


def command(
    context: typer.Context,
    people: Annotated[
        list[str], typer.Argument(metavar="PERSON...", help="slack:U0123, discord:345, or an id.")
    ],
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--name", metavar="NAME", help="A name under which they saved answers; may be repeated."
        ),
    ] = None,
) -> None:
    """Remove what the journal holds of somebody: questions with their answers, feedback, ids, names.

    Answers and examples that they saved stay, without their name. Messages in Slack and Discord stay too: they are
    removed there. A name in the history of a style guide's git repository stays in it.

    ```
    docent forget slack:U0123456789 discord:345678901234567890
    ```
    """

    async def main(settings: Settings) -> int:
        return await _forget(settings, [someone(one) for one in people], names or [])

    run(context, main, quiet=True)


def someone(text: str) -> Someone:
    """Parse `slack:U0123`, or an id alone. Raises CommandError for an unknown platform."""
    platform, colon, number = text.strip().partition(":")
    if not colon:
        return Someone("", platform)
    if platform not in _PLATFORMS or not number:
        raise CommandError(f"{text} is nobody: expected slack:ID, discord:ID or an id.", code=2)
    return Someone(platform, number)


async def _forget(settings: Settings, people: list[Someone], names: list[str]) -> int:
    from adapters.cli.output import count, show
    from bot.bootstrap import open_app
    from bot.opened_records import open_records
    from bot.style.example_files import NotKept

    records = open_records(settings)
    try:
        gone = await records.forgetting.forget(people, names)
    finally:
        await records.close()
    for line in _lines(gone):
        show(line)
    async with open_app(settings) as app:
        try:
            files = await app.learning.unsign(gone.names)
        except NotKept as error:
            raise CommandError(f"the style guide still has the name: {error}") from error
    for file in files:
        show(f"{file}: without their name")
    if gone == Forgotten(names=gone.names) and not files:
        show("Nothing of them was there.")
    else:
        show(f"Removed: {count(gone.questions, 'question')}, {count(gone.feedback, 'piece')} of feedback.")
    return 0


def _lines(gone: Forgotten) -> list[str]:
    """Return lines on the records that stay, without the people's names."""
    found = {"reindexes that they asked for": gone.runs, "saved answers": gone.lessons}
    return [f"{number} {what}: kept without their name" for what, number in found.items() if number]
