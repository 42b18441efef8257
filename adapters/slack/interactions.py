"""Shows the results of buttons and admin commands in the place in Slack where they were used."""

import logging
import re
from collections.abc import Sequence
from typing import Any, Final

from adapters.chat import messages
from adapters.chat.answer_view import DECISIONS, AnswerView, Press
from adapters.chat.markdown_text import split
from adapters.chat.questions.reply import Reply, Undeliverable
from adapters.slack.access.origin import workspace_of
from adapters.slack.access.permissions import SlackPermissions
from adapters.slack.connection.transport import (
    Failed,
    Gone,
    Lost,
    RefusedPayload,
    SlackError,
)
from adapters.slack.connection.web_api import SlackWebApi
from adapters.slack.helping.help_thread import help_mark
from adapters.slack.incoming.inbound import Event, SlackInbound
from adapters.slack.replies import rendering
from adapters.slack.replies.ephemeral_reply import private_payload
from adapters.slack.replies.mrkdwn import escape, fallback, link, markdown
from adapters.slack.reply_address import SlackAddress, SlackPlace, tenant
from adapters.slack.run_message import SlackProgressMessage, drawn
from bot.ports import Asked, Recorded, Rights, SyncRun

_RESPONSES: Final = 5  # a response_url takes no more

log = logging.getLogger(__name__)

_USER_GROUP = re.compile(r"S[A-Z0-9]{6,}")
_ON_CALL = 10  # names


class SlackPressContext:
    """A press under an answer; made from the interaction's body."""

    def __init__(
        self,
        *,
        slack: SlackWebApi,
        inbound: SlackInbound,
        people: SlackPermissions,
        help_channel: str | None,
        body: Event,
    ) -> None:
        self._slack = slack
        self._inbound = inbound
        self._people = people
        self._help_channel = help_channel
        self._container: Event = body.get("container") or {}
        self._under: Event = body.get("message") or {}
        self._response_url = str(body.get("response_url") or "") if self._private else ""
        self._team = workspace_of(body)
        self.tenant = tenant(self._team)
        self.person = str(body["user"]["id"])
        self.place = str((body.get("channel") or {}).get("id") or body.get("docent_channel") or "")

    @property
    def thread(self) -> str:
        """The thread of the message with the button, which some bodies don't name; then ""."""
        return str(self._container.get("thread_ts") or self._under.get("thread_ts") or "")

    @property
    def _private(self) -> bool:
        return bool(self._container.get("is_ephemeral"))

    async def name(self) -> str:
        return await self._people.name(self.person)

    async def audience(self, *, alone: bool) -> frozenset[str]:
        direct = alone or self.place.startswith("D")
        return await self._people.audience(self.person, self.place, direct=direct)

    async def tell(self, text: str) -> None:
        await self._tell(escape(text), [])

    async def show_sources(self, answer: AnswerView) -> None:
        await self._tell("Sources", rendering.sources_message(answer))

    async def _tell(self, text: str, body: list[rendering.Block]) -> None:
        if self._response_url:  # it works even where the bot isn't a member
            payload = private_payload(text, body, self.thread)
            if await self._slack.respond(self._response_url, payload):
                return
        await self._slack.tell(self.place, self.person, text, body, thread_ts=self.thread)

    def where_asked(self, recorded: Recorded) -> "SlackPressContext":
        """Return the same press in the question's thread: Slack shows a private answer to a mention outside it."""
        asked = SlackPlace.of(recorded.asked).address
        if not self.thread and asked.channel == self.place:
            self._container = {**self._container, "thread_ts": asked.thread_ts}
        return self

    async def share(self, answer: AnswerView) -> None:
        for number, (text, body) in enumerate(
            rendering.as_messages(rendering.pages(answer.text), rendering.tail(answer))
        ):
            mark = f"share/{answer.answer_id}/{number}"
            try:
                await self._slack.post(self.place, text, body, thread_ts=self.thread, mark=mark)
            except (SlackError, Lost, RefusedPayload) as error:
                raise Undeliverable(str(error)) from error

    def more(self, recorded: Recorded) -> tuple[Asked, Reply]:
        under = str(self._container.get("message_ts") or "")
        before = SlackPlace.of(recorded.asked)
        place = SlackAddress(
            channel=self.place,
            user=self.person,
            team=self._team,
            thread_ts=self.thread or ("" if self._private else under),
            in_thread=bool(self.thread),
            private=self._private,
            response_url=self._response_url,
        )
        who = self.person if self._private else "thread"
        return self._inbound.asked(
            place,
            recorded.asked.question.text,
            key=f"slack:more:{recorded.asked.id}:{who}",
            history=before.history,  # the same as for the first answer
            direct=self.place.startswith("D"),
            detailed=True,
            about=recorded.asked.question.about,
            files=before.files,
        )

    async def help(self, text: str, question_id: str) -> bool:
        if not self._help_channel:
            return False
        where = await self.where()
        ways = [messages.HELP_THREAD, *([link("Go to the conversation", where)] if where else [])]
        body = [rendering.text_block(markdown(text)), rendering.context(" · ".join(ways))]
        try:
            await self._slack.post(self._help_channel, fallback(text), body, mark=help_mark(question_id))
        except (SlackError, Lost, RefusedPayload) as error:
            raise Undeliverable(str(error)) from error
        return True

    async def rotation(self, on_call: str) -> str:
        if not _USER_GROUP.fullmatch(on_call):
            return on_call
        try:
            members = sorted(await self._slack.group_members(on_call))[:_ON_CALL]
        except Failed as error:
            log.warning("who is on call isn't known: %s", error)
            return ""
        return ", ".join([await self._people.name(one) for one in members])

    async def where(self) -> str:
        if self._private or not self._container.get("message_ts"):
            return ""
        try:
            return await self._slack.permalink(self.place, self._container["message_ts"])
        except Failed:
            return ""


async def tell(slack: SlackWebApi, user: str, text: str, presses: Sequence[tuple[Press, str]]) -> None:
    """Send a direct message; `presses` are its buttons, each with its value. Raises Failed."""
    body = rendering.admin_message(text, buttons=[rendering.button(*press) for press in presses])
    await slack.post(await slack.direct(user), fallback(text), body)


class SlackAdminConsole:
    """An admin's command (with its response_url) or button."""

    def __init__(
        self,
        slack: SlackWebApi,
        people: SlackPermissions,
        *,
        user: str,
        workspace: str,
        channel: str,
        response_url: str = "",
    ) -> None:
        self._slack = slack
        self._people = people
        self._user = user
        self._channel = channel
        self._response_url = response_url
        self._responses = 0
        self._workspace = workspace
        self.person = f"slack:{user}"
        self.tenant = tenant(workspace)

    async def rights(self) -> Rights | None:
        return await self._people.rights(self._user, self._workspace)

    async def audience(self) -> frozenset[str]:
        return await self._people.of_channel(self._channel)

    async def answer(self, text: str) -> None:
        for part in split(text, 2900)[:4]:
            await self._tell(fallback(part), [rendering.text_block(markdown(part))])

    async def _tell(self, text: str, body: list[rendering.Block]) -> None:
        if self._response_url and self._responses < _RESPONSES:
            self._responses += 1
            payload: dict[str, Any] = {"text": text, "blocks": body, "response_type": "ephemeral"}
            if await self._slack.respond(self._response_url, payload):
                return
        await self._slack.tell(self._channel, self._user, text, body)

    async def name(self) -> str:
        return await self._people.name(self._user)

    async def offer(self, text: str, lesson_id: str, presses: tuple[Press, ...] = DECISIONS) -> None:
        buttons = [rendering.button(press, lesson_id) for press in presses]
        await self._tell(fallback(text), rendering.admin_message(text, buttons=buttons))

    async def show(self, run: SyncRun) -> SlackProgressMessage:
        """Post in the channel, or in a direct message where the bot may not post there."""
        text, body = drawn(run)
        channel = self._channel
        try:
            ts = await self._slack.post(channel, text, body)
        except (Gone, SlackError):
            channel = await self._slack.direct(self._user)
            ts = await self._slack.post(channel, text, body)
        return SlackProgressMessage(self._slack, channel, ts)
