"""Defines what the question service needs of a platform: a place to show one answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from adapters.chat.answer_view import AnswerView
from adapters.chat.incoming.attachments import Attachment
from bot.model import Turn


class Undeliverable(Exception):
    """Raised when the platform takes the answer nowhere: the channel is gone, the bot was removed."""


class Barred(Undeliverable):
    """Raised when the bot may not write there; trying again doesn't help."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a question comes with: the conversation before it, and the files sent with it."""

    history: tuple[Turn, ...] = ()
    files: tuple[Attachment, ...] = ()


Remember = Callable[[str], Awaitable[None]]
Recall = Callable[[], Awaitable[Context]]


class Reply(Protocol):
    """The place of one answer. Its methods retry, fall back and start new messages as the platform demands.

    `private`: only the asker sees it. `unprompted`: nobody asked the bot, so nothing is shown unless the
    answer is strong. `owed`: the platform shows the asker that a response is coming, so one must come. A
    reply passes the address of whatever it shows to `remember` at once: another process revives it from there
    if this one dies.
    """

    private: bool
    unprompted: bool
    owed: bool

    @property
    def recall(self) -> Recall:
        """A function that fetches what the question comes with from the platform."""
        ...

    async def show_working(self, remember: Remember) -> None:
        """Show that work goes on. Called once; for an unprompted reply only just before `finish`."""
        ...

    async def tell(self, doing: str) -> None:
        """Show what is being done ("reading 6 pages"), where the platform can. Doesn't raise.

        Called only before anything is written.
        """
        ...

    async def write(self, text: str) -> None:
        """Show more of the answer, or keep it for later."""
        ...

    async def finish(self, answer: AnswerView) -> None:
        """Show the whole answer in place of what was shown so far."""
        ...

    async def say(self, text: str) -> None:
        """Show a short message, to the asker alone where the platform can."""
        ...

    async def leave(self) -> str:
        """Stop showing work, and return the address of what was shown for another reply to reuse.

        Doesn't raise.
        """
        ...

    async def withdraw(self) -> None:
        """Delete what was shown: the question is gone."""
        ...
