"""Handles what people say in the help channel below a question."""

from typing import Any

from adapters.chat.helping.human_help import HumanHelp
from adapters.chat.questions.reply import Undeliverable
from adapters.slack.access.permissions import SlackPermissions
from adapters.slack.connection.marks import mark_of
from adapters.slack.connection.transport import Failed
from adapters.slack.connection.web_api import SlackWebApi
from adapters.slack.replies import rendering
from adapters.slack.replies.mrkdwn import escape, fallback, incoming, markdown, mentions
from bot.config.live import LiveSettings

Event = dict[str, Any]  # Slack's own JSON

_MARK = "help/"


def help_mark(question_id: str) -> str:
    """Return the mark of the help channel's message about a question."""
    return f"{_MARK}{question_id}"


class SlackHelpThreads:
    """Handles replies to the bot's posts in the help channel."""

    def __init__(
        self, slack: SlackWebApi, people: SlackPermissions, helping: HumanHelp, live: LiveSettings
    ) -> None:
        self._slack = slack
        self._people = people
        self._helping = helping
        self._live = live

    def may_concern(self, event: Event, team: str) -> bool:
        """Return whether a message may be such a reply; a mention of the bot is a question to it instead."""
        thread = event.get("thread_ts")
        return bool(
            event.get("type") == "message"
            and event.get("subtype") in (None, "", "file_share", "thread_broadcast")
            and event.get("user")
            and not event.get("bot_id")
            and thread
            and thread != event.get("ts")
            and event.get("channel") == self._live.now.slack.help_channel_of(team)
            and not mentions(str(event.get("text") or ""), self._slack.me)
        )

    async def take(self, event: Event) -> bool:
        """Bring the reply to the asker; False if its thread is about something else."""
        question = await self.question_id(event["channel"], event["thread_ts"])
        return bool(question) and await self._helping.answered(
            _Helper(self._slack, self._people, event), question
        )

    async def question_id(self, channel: str, thread: str) -> str:
        """Return the id of the question that a thread of the help channel is about; "" if none."""
        try:
            said = await self._slack.thread(channel, thread, until=thread, pages=1)
        except Failed:
            return ""
        first = next((one for one in said if one.get("ts") == thread), None)
        mark = mark_of(first) if first and self._slack.is_own(first) else ""
        return mark.removeprefix(_MARK) if mark.startswith(_MARK) else ""

    async def question(self, channel: str, message: Event) -> str:
        """Return the question that a message in the help channel answers; "" elsewhere. Raises BackendError."""
        thread = message.get("thread_ts")
        found = await self.question_id(channel, thread) if thread else ""
        return await self._helping.question_of(found) if found else ""


class _Helper:
    """Implements `adapters.chat.helping.human_help.HelperContext`."""

    platform = "slack"

    def __init__(self, slack: SlackWebApi, people: SlackPermissions, event: Event) -> None:
        self._slack = slack
        self._people = people
        self._event = event
        self.key = f"slack {event['channel']}/{event['ts']}"
        self.person = str(event["user"])
        self.text = incoming(str(event.get("text") or ""), slack.me)

    async def name(self) -> str:
        return await self._people.name(self.person)

    async def deliver(self, person: str, text: str) -> None:
        body = [rendering.text_block(markdown(text))]
        try:
            await self._slack.post(await self._slack.direct(person), fallback(text), body)
        except Failed as error:
            raise Undeliverable(str(error)) from error

    async def tell(self, text: str) -> None:
        event = self._event
        await self._slack.tell(event["channel"], self.person, escape(text), thread_ts=event["thread_ts"])
