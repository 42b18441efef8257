"""Prints an answer while it is written: drawn as Markdown on a terminal, as plain text elsewhere."""

import sys
from typing import TYPE_CHECKING

from adapters.cli.output import clean, show

if TYPE_CHECKING:
    from rich.console import Console

    from bot.model import Stage

_WIDEST = 100
_FENCES = ("```", "~~~")


class AnswerStream:
    """Prints the text as it comes, and the whole answer again where it turned out differently.

    On a terminal a paragraph, list or table is drawn once it is complete, so that nothing has to be redrawn.
    """

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._console = _console() if shown and sys.stdout.isatty() else None
        self._text = ""
        self._told = False
        self._printed = 0

    async def tell(self, stage: "Stage") -> None:
        """Show what is being done on the current line, until something is written."""
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
        """Print the next piece of text."""
        self._wipe()
        self._text += text
        if self._shown:
            self._print(self._text, to_its_end=False)

    def end(self, text: str) -> None:
        """Print the rest of the final answer, or all of it if it differs from what was printed."""
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
        """Print what isn't printed yet of `text`; on a terminal only whole blocks, unless `to_its_end`."""
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
    """Return the Markdown as lines for the terminal, without empty lines around it."""
    from rich.markdown import Markdown
    from rich.text import Text

    with console.capture() as capture:
        console.print(Markdown(text, code_theme="ansi_dark", hyperlinks=False))
    lines = [line.rstrip(" ") for line in capture.get().splitlines()]
    told = [number for number, line in enumerate(lines) if Text.from_ansi(line).plain.strip()]
    return "".join(f"{line}\n" for line in lines[told[0] : told[-1] + 1]) if told else ""


def _with_bars(text: str) -> str:
    """Return the text with unescaped bars in table rows, so that commands can be copied from cells as they are."""
    lines, fenced = text.split("\n"), False
    for number, line in enumerate(lines):
        if line.lstrip().startswith(_FENCES):
            fenced = not fenced
        elif not fenced and line.startswith("|"):
            lines[number] = line.replace("\\|", "|")
    return "\n".join(lines)


def _blocks(text: str) -> list[str]:
    """Return the text, cut after each blank line outside of code blocks. The last block may be unfinished."""
    blocks, fenced = [""], False
    for line in text.splitlines(keepends=True):
        blocks[-1] += line
        if line.lstrip().startswith(_FENCES):
            fenced = not fenced
        elif not line.strip() and not fenced:
            blocks.append("")
    return blocks
