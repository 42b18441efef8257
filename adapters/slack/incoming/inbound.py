"""Turns Slack's events into questions: which ones are for the bot, where the answer goes, what came before."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from adapters.chat import markdown_text
from adapters.chat.incoming.revision import Edit
from adapters.chat.questions.reply import Reply
from adapters.slack.connection.transport import Failed
from adapters.slack.incoming import message_parts
from adapters.slack.incoming.questions import SlackQuestions, files_of
from adapters.slack.replies.mrkdwn import addressed, mentions
from adapters.slack.reply_address import SlackAddress
from bot.config.chat import PlaceSettings
from bot.ports import Asked
from bot.text.questions.question_text import leans

log = logging.getLogger(__name__)

Event = dict[str, Any]  # Slack's own JSON
Ack = Callable[..., Awaitable[Any]]  # Bolt's

TOMBSTONE: Final = "tombstone"  # what is left of a deleted message that has a thread
_IGNORED_SUBTYPES_BUT = {None, "", "file_share", "thread_broadcast"}


@dataclass(frozen=True, slots=True)
class Heard:
    """A question. `if_in_thread`: it is for the bot only if the bot has written in the thread."""

    asked: Asked
    reply: Reply
    if_in_thread: bool = False

    @property
    def says_something(self) -> bool:
        """Whether it holds words, a forwarded message or a file."""
        return bool(self.asked.question.text or files_of(self.asked))


class SlackInbound(SlackQuestions):
    """Turns what people do into `Asked` and its `Reply`."""

    # --- what is a question -----------------------------------------------------------------------

    def of_event(self, event: Event, team: str) -> "Heard | None":
        """Return the question in a mention or a message; None if it isn't one for the bot."""
        if not self._is_message(event):
            return None
        if event.get("bot_id"):
            return self._of_bot(event, team)
        if event.get("channel_type") == "im" or str(event["channel"]).startswith("D"):
            return self._heard(event, team, direct=True)
        place = self.place(event["channel"])
        if not self._people.listens(event["channel"]):
            return None
        if event.get("type") == "app_mention" or mentions(event.get("text") or "", self._bot):
            return self._heard(event, team)
        return self._overheard(event, team, place)

    def _of_bot(self, event: Event, team: str) -> "Heard | None":
        """Return the question in a mention by a bot or a workflow that may ask, else None.

        Not where answers are private: nobody would see them.
        """
        place = self.place(event["channel"])
        allowed = self._settings.slack.allow_bots | place.allow_bots
        ids = (event.get("bot_id"), event.get("user"), event.get("app_id"))
        asker = next((str(one) for one in ids if one in allowed), "")
        mentioned = mentions(event.get("text") or "", self._bot)
        if not (asker and mentioned and self._people.listens(event["channel"])) or place.answers == "private":
            return None
        return self._heard({**event, "user": asker}, team, automated=True)

    def _overheard(self, event: Event, team: str, place: PlaceSettings) -> "Heard | None":
        """Return the question in a message without a mention, where the channel's settings allow that."""
        text, thread = event.get("text") or "", event.get("thread_ts")
        asks = markdown_text.is_question(text)
        if thread:
            wanted = asks or leans(text) if place.followups is None else place.followups
        else:
            wanted = place.unasked and asks
        if addressed(text) or not wanted or place.answers == "private":
            return None  # private answers are only for people who asked the bot
        return self._heard(event, team, unprompted=True)

    def is_own(self, event: Event) -> bool:
        """Return whether the bot itself wrote or did it."""
        return event.get("user") in self._own or event.get("bot_id") in self._own

    async def question_before(self, channel: str, message: Event) -> str:
        """Return the first message of the thread that `message` is in; "" if it is the first itself."""
        first = await self._first(channel, message)
        return self.words_of(first) if first else ""

    async def pointed_at(self, event: Event, team: str) -> "Heard | None":
        """Return the question of a mention without words: the thread's first message, with its files.

        None if there is none.
        """
        first = await self._first(event["channel"], event)
        if first is None:
            return None
        parts = {key: first.get(key) for key in ("blocks", "attachments", "files")}
        said = f"<@{self._bot}> {first.get('text') or ''}"
        heard = self.of_event({**event, **parts, "text": said}, team)
        return heard if heard and heard.says_something else None

    async def _first(self, channel: str, message: Event) -> Event | None:
        """Return the first message of the thread that `message` is in.

        None if it is the first itself, or that one is the bot's, deleted or can't be read.
        """
        thread = message.get("thread_ts")
        if not thread or thread == message["ts"]:
            return None
        try:
            said = await self._slack.thread(channel, thread, until=message["ts"], pages=1)
        except Failed as error:
            log.warning("what a thread began with can't be read: %s", error)
            return None
        first = said[0] if said else {}
        return None if not first or self.is_own(first) or first.get("subtype") == TOMBSTONE else first

    def _is_message(self, event: Event) -> bool:
        """Return whether somebody other than this bot said something: a person, or another bot."""
        return bool(
            (event.get("subtype") in _IGNORED_SUBTYPES_BUT or event.get("subtype") == "bot_message")
            and (event.get("user") or event.get("bot_id"))
            and not self.is_own(event)
            and event.get("channel")
            and event.get("ts")
        )

    async def is_in(self, channel: str, thread_ts: str) -> bool:
        """Return whether the bot has written in the thread."""
        asked_for = self.place(channel).followups is True
        return await self._threads.holds(channel, thread_ts, ask_slack=asked_for)

    def joins(self, channel: str, thread_ts: str) -> None:
        """Note that the bot is about to write in the thread."""
        self._threads.joins(channel, thread_ts)

    def _heard(
        self,
        event: Event,
        team: str,
        *,
        direct: bool = False,
        unprompted: bool = False,
        automated: bool = False,
    ) -> "Heard":
        place = SlackAddress(
            channel=event["channel"],
            user=event["user"],
            team=event.get("team") or team,
            workspace=team,
            thread_ts=event.get("thread_ts") or event["ts"],
            in_thread=bool(event.get("thread_ts")),
            private=not direct and self.place(event["channel"]).answers == "private",
            unprompted=unprompted,
            automated=automated,
        )
        asked, reply = self.of_message(
            place,
            event,
            key=self.key(team, event["channel"], event["ts"]),
            history=(event["thread_ts"], event["ts"]) if event.get("thread_ts") else None,
            direct=direct,
        )
        return Heard(asked, reply, if_in_thread=unprompted and place.in_thread)

    def of_message(
        self,
        address: SlackAddress,
        message: Event,
        *,
        key: str,
        history: tuple[str, str] | None,
        direct: bool,
    ) -> tuple[Asked, Reply]:
        """Return the question in a message, with what was forwarded and its files. See `asked`."""
        text, about = message_parts.question_in(message, self._bot)
        files = message_parts.files(message)
        return self.asked(address, text, key=key, history=history, direct=direct, about=about, files=files)

    def of_shortcut(
        self,
        message: Event,
        channel: str,
        *,
        user: str,
        team: str,
        private: bool = False,
        response_url: str = "",
    ) -> tuple[Asked, Reply]:
        """Return the question that a shortcut or reaction makes of somebody else's message.

        It is asked once for its thread, or once for each person who asks in private.
        """
        private = private or self.place(channel).answers == "private"
        thread = message.get("thread_ts")
        place = SlackAddress(
            channel=channel,
            user=user,
            team=team,
            thread_ts=thread or message["ts"],
            in_thread=bool(thread),
            private=private,
            response_url=response_url if private else "",
        )
        return self.of_message(
            place,
            message,
            key=f"{self.key(team, channel, message['ts'])}:shortcut:{user if private else 'thread'}",
            history=(thread, message["ts"]) if thread and thread != message["ts"] else None,
            direct=channel.startswith("D"),
        )

    def of_edit(self, event: Event, team: str) -> Edit | None:
        """Return the question in an edited message; None if it isn't for the bot, or only got a link preview."""
        message, before = event.get("message") or {}, event.get("previous_message") or {}
        number = (message.get("edited") or {}).get("ts")
        if not number or message.get("text") == before.get("text"):
            return None
        about: Event = {key: event[key] for key in ("channel", "channel_type") if key in event}
        heard = self.of_event({**message, **about, "type": "message"}, team)
        if heard is None:
            return None
        said = datetime.fromtimestamp(float(message["ts"]), UTC)
        return Edit(heard.asked, heard.reply, str(number), said)
