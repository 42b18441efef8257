"""An answer as it is written: drawn as Markdown on a terminal, as it is elsewhere."""

import sys
from typing import TYPE_CHECKING

from adapters.cli.output import clean, show

if TYPE_CHECKING:
    from rich.console import Console

    from bot.model import Stage

_WIDEST = 100
_FENCES = ("```", "~~~")


class AnswerStream:
    """Prints what comes, and the whole answer where that turned out otherwise.

    On a terminal a paragraph, a list or a table is drawn as soon as it is whole, so that what was drawn stays.
    """

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._console = _console() if shown and sys.stdout.isatty() else None
        self._text = ""
        self._told = False
        self._printed = 0

    async def tell(self, stage: "Stage") -> None:
        """What is being done stands on the line below until something is written."""
        if self._shown and sys.stdout.isatty() and sys.stderr.isatty():
            from adapters.chat.questions.stages import words

            said = words(stage)
            sys.stderr.write(f"\r\x1b[K{said[:1].upper()}{said[1:]}…")
            sys.stderr.flush()
            self._told = True

    def _wipe(self) -> None:
        if self._told:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._told = False

    async def feed(self, text: str) -> None:
        """The next piece."""
        self._wipe()
        self._text += text
        if self._shown:
            self._print(self._text, to_its_end=False)

    def end(self, text: str) -> None:
        """The answer is this."""
        self._wipe()
        if not self._shown:
            show(_with_bars(text))
            return
        if text != self._text:
            if self._text:
                show("\n\nThe answer, as it stands now:\n")
            self._printed = 0
        self._print(text, to_its_end=True)
        if self._console is None:
            show()

    def _print(self, text: str, *, to_its_end: bool) -> None:
        """What of `text` isn't there yet; on a terminal its last block only when it is known to be whole."""
        if self._console is None:
            plain = _with_bars(text if to_its_end else text.removesuffix("\\"))
            sys.stdout.write(clean(plain[self._printed :]))
            self._printed = len(plain)
        else:
            blocks = _blocks(text[self._printed :])
            for block in blocks if to_its_end else blocks[:-1]:
                drawn = _drawn(self._console, clean(block))
                sys.stdout.write(f"\n{drawn}" if drawn and self._printed else drawn)
                self._printed += len(block)
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


def _with_bars(text: str) -> str:
    """Rows of tables with the bars of their cells as they are meant: a command is copied from here as it stands."""
    lines, fenced = text.split("\n"), False
    for number, line in enumerate(lines):
        if line.lstrip().startswith(_FENCES):
            fenced = not fenced
        elif not fenced and line.startswith("|"):
            lines[number] = line.replace("\\|", "|")
    return "\n".join(lines)


def _blocks(text: str) -> list[str]:
    """The text cut after each blank line that is in no code block. The last block may be unfinished."""
    blocks, fenced = [""], False
    for line in text.splitlines(keepends=True):
        blocks[-1] += line
        if line.lstrip().startswith(_FENCES):
            fenced = not fenced
        elif not line.strip() and not fenced:
            blocks.append("")
    return blocks
