"""What stands under a thread in Slack while nothing is written yet."""

from types import SimpleNamespace

from adapters.slack.connection.transport import SlackError
from adapters.slack.replies.status_line import StatusLine


class Api:
    """Our own client's two calls. `refuses` all but the first."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.pace = SimpleNamespace(status=5.0)
        self.said: list[str] = []
        self._refuses = refuses

    async def status(self, channel: str, thread_ts: str, status: str) -> None:
        if self._refuses and self.said:
            raise SlackError("assistant.threads.setStatus", "ratelimited")
        self.said.append(status)


async def test_the_status_line_says_what_is_being_done():
    """In the place of the first word, once that stands."""
    api = Api()
    line = StatusLine(api, "C1", "1.0")
    await line.tell("searching the docs")
    assert await line.show()
    await line.tell("reading 6 pages")
    assert api.said == ["is looking it up…", "is reading 6 pages…"]


async def test_a_refused_status_line_fails_nothing():
    """The answer comes all the same."""
    api = Api(refuses=True)
    line = StatusLine(api, "C1", "1.0")
    assert await line.show()
    await line.tell("reading 6 pages")
    assert api.said == ["is looking it up…"]
