"""An answer as it is written, on a terminal."""

import sys

from bot.commands.output import clean, show


class Stream:
    """Prints what comes, and the whole answer where that turned out otherwise."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._text = ""

    async def feed(self, text: str) -> None:
        """The next piece."""
        self._text += text
        if self._shown:
            sys.stdout.write(clean(text))
            sys.stdout.flush()

    def end(self, text: str) -> None:
        """The answer is this."""
        if self._shown and text == self._text:
            show()
            return
        if self._shown and self._text:
            show("\n\nThe answer, as it stands now:\n")
        show(text)
