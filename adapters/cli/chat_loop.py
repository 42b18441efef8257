"""Holds a conversation on the terminal.

The event loop is paused during the prompt, so that Ctrl-C ends the prompt.
"""

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass

from adapters.cli.answer_stream import AnswerStream
from adapters.cli.journal_record import record
from adapters.cli.open_sources import check_index
from adapters.cli.output import endnotes, note, show, why_lines
from bot.bootstrap import App, open_app
from bot.config.loader import Settings
from bot.model import Answer, Question, Turn

_HELP = "Ask a question; /why, /new, /quit."
_ENDS = {"quit", "exit", "q", "bye", "goodbye", "logout"}


@dataclass(slots=True)
class _Talk:
    """The conversation so far."""

    audience: frozenset[str]
    history: tuple[Turn, ...] = ()
    last: Answer | None = None


def chat(settings: Settings, audience: frozenset[str]) -> int:
    """Answer questions until the input ends. Return 0."""
    talk = _Talk(audience)
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        app = runner.run(stack.enter_async_context(open_app(settings)))
        try:
            runner.run(app.ready())
            runner.run(check_index(app.store))
            note(_HELP)
            while (line := _prompt()) is not None:
                _turn(runner, app, talk, line)
        finally:
            runner.run(stack.aclose())
    return 0


def _prompt() -> str | None:
    """Read a line; None at the end of the input."""
    try:
        line = input("\n> ").strip()
    except (EOFError, KeyboardInterrupt):
        note("")
        return None
    return None if line.strip("/.! ").casefold() in _ENDS else line


def _turn(runner: asyncio.Runner, app: App, talk: _Talk, line: str) -> None:
    if not line:
        return
    if line == "/new":
        talk.history, talk.last = (), None
        note("Forgotten.")
    elif line == "/why":
        for each in why_lines(talk.last) if talk.last else ["There is no answer yet."]:
            show(each)
    elif line.startswith("/") or line.casefold() in ("help", "?"):
        note(_HELP)
    else:
        try:
            runner.run(_answer(app, talk, line))
        except KeyboardInterrupt:
            note("\nStopped.")


async def _answer(app: App, talk: _Talk, line: str) -> None:
    for _ in range(2):  # a change of docent.yaml counts once two looks see the same
        await app.live.look()
    limits = app.settings.limits
    history = talk.history[-limits.history_turns :] if limits.history_turns else ()
    question = Question(line, talk.audience, history)
    stream = AnswerStream(shown=True)
    started = time.monotonic()
    answer = await app.answerer.answer(question, on_text=stream.feed, on_stage=stream.tell)
    stream.end(answer.text)
    for each in endnotes(answer):
        show(each)
    talk.history = (*talk.history, Turn("user", line), Turn("assistant", answer.text))
    talk.last = answer
    await record(app.records, question, answer, time.monotonic() - started)
