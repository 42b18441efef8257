"""Describes where a question in Slack was asked and its answer goes, as the journal keeps it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from bot.ports import Asked, Place


@dataclass(frozen=True, slots=True)
class SlackAddress:
    """Where an answer goes. The journal keeps it, and the `address` of what was shown.

    `team` is the asker's own workspace, `workspace` the one where it was asked ("": the same). `ts` is the
    message that holds the answer (empty until there is one), `streaming` that it is a stream. `automated`:
    another bot asked. `response_url` belongs to a private answer. `in_thread`: the thread has replies already;
    in a thread without any, Slack doesn't show ephemeral messages.
    """

    channel: str
    user: str
    team: str
    thread_ts: str = ""
    ts: str = ""
    streaming: bool = False
    private: bool = False
    unprompted: bool = False
    response_url: str = ""
    in_thread: bool = False
    workspace: str = ""
    automated: bool = False

    @property
    def tenant(self) -> str:
        """The workspace where it was asked, as the journal keeps it."""
        return tenant(self.workspace or self.team)

    @property
    def open_thread(self) -> str:
        """The thread, if an ephemeral message would be visible in it; else ""."""
        return self.thread_ts if self.in_thread or self.ts else ""

    @property
    def address(self) -> str:
        """Channel and ts of the answer's message, as links to it hold them."""
        return f"{self.channel}/{self.ts}" if self.ts else ""

    def at(self, address: str) -> "SlackAddress":
        """Return the same place, with the message that an address names."""
        channel, _, ts = address.partition("/")
        if not ts:
            return self
        return replace(
            self, channel=channel, ts=ts, thread_ts=self.thread_ts if channel == self.channel else ""
        )


@dataclass(frozen=True, slots=True)
class SlackPlace:
    """Where a question was asked, and what it comes with.

    `history` is a thread's ts and the ts before which its messages came before the question. `direct`: nobody
    but the asker reads there. `files` are the ids of the files sent with it.
    """

    address: SlackAddress
    history: tuple[str, str] | None = None
    direct: bool = False
    files: tuple[str, ...] = ()

    def dump(self) -> Place:
        """Return the place as the journal keeps it."""
        said = {key: value for key, value in asdict(self.address).items() if value}
        return Place(
            thread=thread_name(self.address.channel, self.address.thread_ts),
            direct=self.direct,
            automated=self.address.automated,
            details={"address": said, "history": self.history, "files": self.files},
        )

    @classmethod
    def load(cls, place: Place) -> "SlackPlace":
        """Return the place that `dump` made, in this process or from the journal."""
        details: Mapping[str, Any] = place.details
        history = details.get("history")
        return cls(
            SlackAddress(**details["address"]),
            (str(history[0]), str(history[1])) if history else None,
            place.direct,
            tuple(details.get("files") or ()),
        )

    @classmethod
    def of(cls, asked: Asked, reply: str = "") -> "SlackPlace":
        """Return a question's place, with the message that holds its answer, if that is known."""
        place = cls.load(asked.place)
        return replace(place, address=place.address.at(reply))


def thread_name(channel: str, thread_ts: str) -> str:
    """Return a thread's name in the journal; "" for none."""
    return f"{channel}/{thread_ts}" if thread_ts else ""


def tenant(workspace: str) -> str:
    """Return a workspace's name in the journal."""
    return f"slack:{workspace}"
