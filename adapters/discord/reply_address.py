"""Describes where a question in Discord was asked and its answer goes, as the journal keeps it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from adapters.chat.answer_view import Press
from bot.ports import Asked, Place

Message = tuple[int, int]  # by its channel and id


@dataclass(frozen=True, slots=True)
class DiscordAddress:
    """Where an answer goes; the journal keeps it.

    `channel` and `message` are where it was asked, `reply_to` what that replied to; `answer_in` is thread,
    reply or place. `token` belongs to an interaction (good for 15 minutes). `asked_in` is the channel of a
    question that is answered by direct message. `automated`: another bot asked.
    """

    channel: int
    user: int
    guild: int = 0
    message: int = 0
    answer_in: str = "place"
    thread: int = 0
    answer: int = 0
    name: str = ""
    private: bool = False
    unprompted: bool = False
    application: int = 0
    token: str = ""
    reply_to: int = 0
    can_ask_human: bool = False
    asked_in: int = 0
    automated: bool = False

    def offered(self, presses: tuple[Press, ...]) -> tuple[Press, ...]:
        """Return the buttons that make sense here.

        A human can be asked only where there is a help channel; in a direct message only what was asked
        elsewhere can be shared.
        """
        here = {Press.HUMAN: self.can_ask_human, Press.SHARE: bool(self.guild or self.asked_in)}
        return tuple(press for press in presses if here.get(press, True))

    @property
    def conversation(self) -> str:
        """The channel or thread that holds the answer, or the message that begins a thread."""
        return str(self.channel if self.answer_in == "place" or not self.message else self.message)

    @property
    def quoted(self) -> str:
        """The question in one line, for readers who don't see it otherwise."""
        return f"> {self.name}" if self.name else ""

    @property
    def address(self) -> str:
        return f"{self.thread or self.channel}/{self.answer}" if self.answer or self.thread else ""

    def at(self, address: str) -> "DiscordAddress":
        """Return the same place, with the message that an address names."""
        channel, _, message = address.partition("/")
        if not message:
            return self
        moved = int(channel) if int(channel) != self.channel else 0
        return replace(self, thread=moved, answer=int(message))


@dataclass(frozen=True, slots=True)
class DiscordPlace:
    """Where a question was asked, and what it comes with.

    `before`: what came before this message in its channel is history (0: nothing). `files` are the messages whose files
    go with it.
    """

    address: DiscordAddress
    before: int = 0
    files: tuple[Message, ...] = ()

    def dump(self) -> Place:
        """Return the place as the journal keeps it."""
        said = {key: value for key, value in asdict(self.address).items() if value}
        return Place(
            thread=self.address.conversation,
            direct=not self.address.guild,
            automated=self.address.automated,
            details={"address": said, "before": self.before, "files": self.files},
        )

    @classmethod
    def load(cls, place: Place) -> "DiscordPlace":
        """Return the place that `dump` made, in this process or from the journal."""
        details: Mapping[str, Any] = place.details
        files = ((int(channel), int(message)) for channel, message in details.get("files") or ())
        return cls(DiscordAddress(**details["address"]), int(details.get("before") or 0), tuple(files))

    @classmethod
    def of(cls, asked: Asked, reply: str = "") -> "DiscordPlace":
        """Return a question's place, with the message that holds its answer, if that is known."""
        place = cls.load(asked.place)
        return replace(place, address=place.address.at(reply))
