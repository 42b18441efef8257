"""What the desk needs of a platform: the place of one answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from adapters.chat.answer_view import AnswerView
from adapters.chat.incoming.attachments import Attachment
from bot.model import Turn


class Undeliverable(Exception):
    """The platform won't take the answer anywhere: the channel is gone, the bot was removed."""


class Barred(Undeliverable):
    """The bot may not write there, however often it tries."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a question comes with: what was said before it, and the files beside its words."""

    history: tuple[Turn, ...] = ()
    files: tuple[Attachment, ...] = ()


Remember = Callable[[str], Awaitable[None]]
Recall = Callable[[], Awaitable[Context]]


class Reply(Protocol):
    """The place of one answer. Methods retry, fall back and roll over as the platform demands.

    `private`: only the asker sees it. `unprompted`: nobody asked the bot, so nothing is shown unless
    the answer is strong. `owed`: a word must come, as the platform shows its asker that one is awaited. Whatever a
    reply shows it tells `remember` the address of, at once: from it another process revives the reply if this one dies.
    """

    private: bool
    unprompted: bool
    owed: bool

    @property
    def recall(self) -> Recall:
        """Reads what the question comes with, by a look at the platform."""
        ...

    async def show_working(self, remember: Remember) -> None:
        """Show that work goes on. Called once, also for an unprompted reply just before `finish`."""
        ...

    async def tell(self, doing: str) -> None:
        """Show what is being done ("reading 6 pages"), where the platform can; before anything is written. Doesn't fail."""
        ...

    async def write(self, text: str) -> None:
        """Show more of the answer, or keep it for later."""
        ...

    async def finish(self, answer: AnswerView) -> None:
        """Show the whole answer in place of what was shown so far."""
        ...

    async def say(self, text: str) -> None:
        """A short word to the asker alone where the platform can."""
        ...

    async def leave(self) -> str:
        """Show no more work; what stands stays, for another reply to go on with at this address. Doesn't fail."""
        ...

    async def withdraw(self) -> None:
        """Take back what was shown: the question is gone."""
        ...
