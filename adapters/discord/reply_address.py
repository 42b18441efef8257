"""Where an answer in Discord goes, as the journal keeps it."""

import json
from dataclasses import asdict, dataclass, replace

from adapters.chat.answer_view import Press


@dataclass(frozen=True, slots=True)
class DiscordAddress:
    """Where an answer goes; the journal keeps it as JSON.

    `channel` and `message` are where it was asked, `reply_to` what that replied to; `answer_in` is thread,
    reply or place. `token` belongs to an interaction (good for 15 minutes). `asked_in` is the channel where what is
    answered in a direct message was asked. `automated`: another bot asked.
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
        """A human can be asked only where there is a help channel, and in a DM only be shared what was asked elsewhere."""
        here = {Press.HUMAN: self.can_ask_human, Press.SHARE: bool(self.guild or self.asked_in)}
        return tuple(press for press in presses if here.get(press, True))

    @property
    def bots_thread(self) -> str:
        """The thread in which a bot asked, or the message that begins one; "" for people."""
        return str(self.channel if self.answer_in == "place" else self.message) if self.automated else ""

    @property
    def quoted(self) -> str:
        """The question in a line, for readers who don't see it otherwise."""
        return f"> {self.name}" if self.name else ""

    @property
    def address(self) -> str:
        return f"{self.thread or self.channel}/{self.answer}" if self.answer or self.thread else ""

    def at(self, address: str) -> "DiscordAddress":
        """The same, with the message that an address names."""
        channel, _, message = address.partition("/")
        if not message:
            return self
        moved = int(channel) if int(channel) != self.channel else 0
        return replace(self, thread=moved, answer=int(message))

    def dump(self) -> str:
        return json.dumps({key: value for key, value in asdict(self).items() if value})

    @classmethod
    def load(cls, text: str) -> "DiscordAddress":
        return cls(**json.loads(text))
