"""Makes Slack's questions as the journal keeps them, each with its reply and what comes with it."""

import asyncio
import logging
import re
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from adapters.chat.incoming import history
from adapters.chat.questions.reply import Context, Recall, Reply
from adapters.slack.access.permissions import SlackPermissions
from adapters.slack.connection.transport import Failed
from adapters.slack.connection.web_api import SlackWebApi
from adapters.slack.incoming import message_parts
from adapters.slack.incoming.own_threads import OwnThreads
from adapters.slack.replies.ephemeral_reply import EphemeralReply
from adapters.slack.replies.thread_reply import ThreadReply
from adapters.slack.reply_address import SlackAddress, SlackPlace
from bot.config.chat import PlaceSettings
from bot.config.live import LiveSettings
from bot.config.loader import Settings
from bot.model import Question, Turn
from bot.ports import Asked, Recorded

log = logging.getLogger(__name__)

Event = dict[str, Any]  # Slack's own JSON

_QUIET = PlaceSettings()
_RESPONSE_URL_LIVES = 1700.0


class SlackQuestions:
    """Makes `Asked` and its `Reply`, also from records of the journal."""

    def __init__(
        self,
        slack: SlackWebApi,
        people: SlackPermissions,
        live: LiveSettings,
        own: tuple[str, str],
        threads: OwnThreads,
    ) -> None:
        """Take `own`: the bot's ids, as a user and as a bot."""
        self._slack = slack
        self._people = people
        self._live = live
        self._bot, self._own = own[0], frozenset(filter(None, own))
        self._threads = threads

    @property
    def _settings(self) -> Settings:
        return self._live.now

    def key(self, team: str, channel: str, ts: str) -> str:
        """Return a message's key: the same for every delivery, and for the `message` twin of a mention."""
        return f"slack:{team}:{channel}:{ts}"

    def words_of(self, message: Event) -> str:
        """Return a message's words, or those of what was forwarded with it if it has none."""
        return message_parts.question_in(message, self._bot)[0]

    def place(self, channel: str) -> PlaceSettings:
        return self._settings.slack.channels.get(channel, _QUIET)

    def asked(
        self,
        address: SlackAddress,
        text: str,
        *,
        key: str,
        history: tuple[str, str] | None = None,
        direct: bool = False,
        detailed: bool = False,
        about: tuple[str, ...] = (),
        files: tuple[str, ...] = (),
    ) -> tuple[Asked, Reply]:
        """Return a question to answer at `address`, and its reply.

        `history` is the thread's ts and the ts before which its messages are history. `about` is what was
        forwarded with it, `files` are the ids of its files.
        """
        settings = self.place(address.channel)
        here = self._settings.slack.workspace(address.workspace or address.team)
        place = SlackPlace(address, history, direct, files)
        asked = Asked(
            id=uuid.uuid4().hex[:12],
            key=key,
            platform="slack",
            place=place.dump(),
            person=address.user,
            question=Question(
                text=text,
                audience=frozenset(),
                sources=settings.sources,
                guide=settings.guide or here.guide,
                language=settings.language or here.language,
                detailed=detailed,
                platform="slack",
                about=about,
            ),
        )
        return asked, self._reply(asked, place)

    def go_on(self, earlier: Recorded, asked: Asked) -> Reply:
        """Return the reply that makes an earlier answer's message the answer to `asked`."""
        return self.revive(replace(earlier, asked=asked), mark=earlier.asked.id)

    def revive(self, recorded: Recorded, *, mark: str = "") -> Reply:
        """Return the reply of a question whose process died.

        `mark` is its messages' mark, if not the question's id.
        """
        place = SlackPlace.of(recorded.asked, recorded.reply)
        if (datetime.now(UTC) - recorded.asked_at).total_seconds() > _RESPONSE_URL_LIVES:
            place = replace(place, address=replace(place.address, response_url=""))
        return self._reply(recorded.asked, place, revived=True, mark=mark)

    async def untouched(self, recorded: Recorded) -> bool:
        """Return whether nobody has written in the thread after the answer. True for private answers."""
        place = SlackPlace.of(recorded.asked, recorded.reply).address
        if place.private or not place.ts:
            return True
        try:
            said = await self._slack.thread(place.channel, place.thread_ts, pages=2)
        except Failed:
            return False
        return not any(float(m["ts"]) > float(place.ts) and not self._slack.is_own(m) for m in said)

    def address_of(self, link: str) -> str:
        """Return the address of the answer's message that a permalink leads to; "" if it leads to none."""
        found = re.search(r"/archives/([A-Z0-9]+)/p(\d{7,})", link)
        return f"{found[1]}/{found[2][:-6]}.{found[2][-6:]}" if found else ""

    def _reply(
        self,
        asked: Asked,
        place: SlackPlace,
        *,
        revived: bool = False,
        mark: str = "",
    ) -> Reply:
        recall, address = self._recalling(place), place.address
        if address.private:
            return EphemeralReply(self._slack, address, recall)
        streaming = self._settings.slack.streaming
        return ThreadReply(
            self._slack,
            address,
            mark or asked.id,
            recall,
            streaming=streaming,
            revived=revived,
            question=asked.question.text,
        )

    def _recalling(self, place: SlackPlace) -> Recall:
        async def recall() -> Context:
            channel, history = place.address.channel, place.history
            return Context(
                history=await self._history(channel, *history) if history else (),
                files=tuple([await self._slack.file(one) for one in place.files]),
            )

        return recall

    async def _history(self, channel: str, thread_ts: str, before: str) -> tuple[Turn, ...]:
        """Return the thread so far, whoever wrote it."""
        try:
            async with asyncio.timeout(self._slack.pace.thread):
                messages = await self._slack.thread(channel, thread_ts, until=before)
        except (Failed, TimeoutError) as error:
            log.warning("a question is answered without its thread: %s", error)
            return ()
        earlier = [m for m in messages if float(m["ts"]) < float(before)]
        said = [history.turn(self.words_of(m), own=self._slack.is_own(m)) for m in earlier]
        return history.kept(said, self._settings.limits)


def files_of(asked: Asked) -> tuple[str, ...]:
    """Return the ids of the files that were sent with a question."""
    return SlackPlace.of(asked).files
