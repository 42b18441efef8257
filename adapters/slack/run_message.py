"""Shows a reindex in a message in Slack."""

import asyncio

from adapters.chat.admin import sync_progress
from adapters.slack.connection.transport import Lost, SlackError
from adapters.slack.connection.web_api import SlackWebApi
from adapters.slack.replies import rendering
from adapters.slack.replies.mrkdwn import fallback
from bot.ports import SyncRun

_PAUSE = 5.0


class SlackProgressMessage:
    """The message that shows a run."""

    def __init__(self, slack: SlackWebApi, channel: str, ts: str) -> None:
        self._slack = slack
        self._channel = channel
        self._ts = ts

    @property
    def address(self) -> str:
        return f"{self._channel}/{self._ts}"

    @classmethod
    def at(cls, slack: SlackWebApi, address: str) -> "SlackProgressMessage":
        """Return the message with this address."""
        channel, _, ts = address.partition("/")
        return cls(slack, channel, ts)

    async def update(self, run: SyncRun) -> None:
        """Update the message. While Slack is down only the final report is waited for.

        A message that was deleted is posted again.
        """
        text, body = drawn(run)
        while True:
            try:
                await self._slack.update(self._channel, self._ts, text, body)
            except Lost:
                if not sync_progress.ended(run):
                    return
                await asyncio.sleep(_PAUSE)
            except SlackError:
                self._ts = await self._slack.post(self._channel, text, body)
                return
            else:
                return


def drawn(run: SyncRun) -> tuple[str, list[rendering.Block]]:
    """Return the run's fallback text and its blocks."""
    text = sync_progress.describe(run)
    buttons = [rendering.button(press, run.id) for press in sync_progress.buttons(run)]
    return fallback(text), rendering.admin_message(text, buttons=buttons)
