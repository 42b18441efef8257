"""An answer as it is written: drawn as Markdown on a terminal, as it is elsewhere."""

import sys
from typing import TYPE_CHECKING

from bot.commands.output import clean, show

if TYPE_CHECKING:
    from rich.console import Console

_WIDEST = 100
_FENCES = ("```", "~~~")


class Stream:
    """Prints what comes, and the whole answer where that turned out otherwise.

    On a terminal a paragraph, a list or a table is drawn as soon as it is whole, so that what was drawn stays.
    """

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._console = _console() if shown and sys.stdout.isatty() else None
        self._text = ""
        self._printed = 0

    async def feed(self, text: str) -> None:
        """The next piece."""
        self._text += text
        if self._shown:
            self._print(self._text, up_to=_whole(self._text) if self._console else len(self._text))

    def end(self, text: str) -> None:
        """The answer is this."""
        if not self._shown:
            show(text)
            return
        if text != self._text:
            if self._text:
                show("\n\nThe answer, as it stands now:\n")
            self._printed = 0
        self._print(text, up_to=len(text))
        if self._console is None:
            show()

    def _print(self, text: str, *, up_to: int) -> None:
        """What of `text` isn't there yet."""
        if up_to <= self._printed:
            return
        piece, first = clean(text[self._printed : up_to]), self._printed == 0
        self._printed = up_to
        if self._console is None:
            sys.stdout.write(piece)
        elif piece.strip():
            sys.stdout.write("" if first else "\n")
            sys.stdout.write(_drawn(self._console, piece))
        sys.stdout.flush()


def _console() -> "Console":
    from rich.console import Console

    console = Console(highlight=False)
    console.width = min(console.width, _WIDEST)
    return console


def _drawn(console: "Console", text: str) -> str:
    """The Markdown as lines for the terminal, without the empty ones around it."""
    from rich.markdown import Markdown
    from rich.text import Text

    with console.capture() as capture:
        console.print(Markdown(text, code_theme="ansi_dark", hyperlinks=False))
    lines = [line.rstrip(" ") for line in capture.get().splitlines()]
    told = [number for number, line in enumerate(lines) if Text.from_ansi(line).plain.strip()]
    return "".join(f"{line}\n" for line in lines[told[0] : told[-1] + 1]) if told else ""


def _whole(text: str) -> int:
    """Where the last blank line ends that is in no code block."""
    end, at, fenced = 0, 0, False
    for line in text.splitlines(keepends=True):
        at += len(line)
        if line.lstrip().startswith(_FENCES):
            fenced = not fenced
        elif not line.strip() and not fenced:
            end = at
    return end
