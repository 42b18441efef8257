"""Where an answer in Slack goes, as the journal keeps it."""

import json
from dataclasses import asdict, dataclass, replace


@dataclass(frozen=True, slots=True)
class SlackAddress:
    """Where an answer goes. The journal keeps it as JSON, and the `address` of what was shown.

    `team` is the asker's own workspace, `workspace` the one where it was asked ("": the same).
    `ts` is the message that holds the answer (empty until there is one), `streaming` that it is a stream.
    `automated`: another bot asked. `response_url` belongs to a private answer. `in_thread`: there are replies in the thread already; in another Slack
    shows nobody what is for one person alone.
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
    def bots_thread(self) -> str:
        """The thread in which a bot asked; "" for people."""
        return self.thread_ts if self.automated else ""

    @property
    def open_thread(self) -> str:
        """The thread, where something for the asker alone would be seen in it."""
        return self.thread_ts if self.in_thread or self.ts else ""

    @property
    def address(self) -> str:
        """Channel and ts of the answer's message, as links to it hold them."""
        return f"{self.channel}/{self.ts}" if self.ts else ""

    def at(self, address: str) -> "SlackAddress":
        """The same, with the message that an address names."""
        channel, _, ts = address.partition("/")
        if not ts:
            return self
        return replace(
            self, channel=channel, ts=ts, thread_ts=self.thread_ts if channel == self.channel else ""
        )

    def dump(self) -> str:
        return json.dumps({key: value for key, value in asdict(self).items() if value})

    @classmethod
    def load(cls, text: str) -> "SlackAddress":
        return cls(**json.loads(text))


def tenant(workspace: str) -> str:
    """A workspace as the journal keeps it."""
    return f"slack:{workspace}"
