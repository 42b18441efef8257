"""Handles what people say to the bot in Slack, and its commands.

Each handler returns as soon as nothing can be lost.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from slack_bolt.async_app import AsyncApp

from adapters.chat import markdown_text, messages
from adapters.chat.background_tasks import BackgroundTasks
from adapters.chat.incoming.revision import Edit
from adapters.chat.questions.question_service import NOT_TAKEN, Acceptance
from adapters.chat.questions.reply import Reply
from adapters.chat.wiring import ChatServices
from adapters.slack.access.origin import workspace_of
from adapters.slack.access.permissions import SlackPermissions
from adapters.slack.connection.web_api import SlackWebApi
from adapters.slack.helping.help_thread import SlackHelpThreads
from adapters.slack.helping.summary_request import SlackSummaryRequest
from adapters.slack.incoming.inbound import TOMBSTONE, Ack, Event, Heard, SlackInbound
from adapters.slack.incoming.questions import files_of
from adapters.slack.interactions import SlackAdminConsole
from adapters.slack.replies.mrkdwn import escape
from adapters.slack.replies.thread_reply import ThreadReply
from adapters.slack.reply_address import SlackAddress
from bot.config.live import LiveSettings
from bot.ports import Asked

ASK: Final = "/ask"
ADMIN: Final = "/docent"
SHORTCUT: Final = "docent_answer"
SHORTCUT_PRIVATE: Final = "docent_answer_private"
SHORTCUT_SUMMARY: Final = "docent_summarize"
SUMMARIZE: Final = "summarize"
EVENTS: Final = ("app_mention", "message", "app_home_opened", "agent_session_stopped")

_ACKNOWLEDGE_WITHIN: Final = 0.3  # seconds


class Closing(Exception):
    """Raised while the process ends: Slack sends an unacknowledged event again, to another process."""


class Handlers:
    """Handles events, commands, and the shortcuts that ask."""

    def __init__(
        self,
        *,
        slack: SlackWebApi,
        inbound: SlackInbound,
        people: SlackPermissions,
        parts: ChatServices,
        live: LiveSettings,
        threads: SlackHelpThreads,
        work: BackgroundTasks,
    ) -> None:
        self._slack = slack
        self._inbound = inbound
        self._people = people
        self._question_service = parts.question_service
        self._revisions = parts.revisions
        self._admins = parts.admins
        self._summaries = parts.summaries
        self._live = live
        self._threads = threads
        self._work = work

    def register(self, app: AsyncApp) -> None:
        """Register all handlers. A test compares them with the manifest."""
        app.event("app_mention")(self.on_message)
        app.event("message")(self.on_message)
        app.event("app_home_opened")(self.on_home)
        app.event("agent_session_stopped")(self.on_stop)
        app.command(ASK)(self.on_ask)
        app.command(ADMIN)(self.on_admin)
        app.shortcut(SHORTCUT)(self.on_shortcut)
        app.shortcut(SHORTCUT_PRIVATE)(self.on_shortcut)
        app.shortcut(SHORTCUT_SUMMARY)(self.on_summary)

    async def on_message(self, body: Event, event: Event) -> None:
        """Handle a mention, a direct message, a message in a channel, or the deletion or edit of one."""
        team = workspace_of(body)
        if event.get("subtype") == "message_deleted":
            self._work.later(self._gone(event, team, str(event.get("deleted_ts") or "")))
            return
        if event.get("subtype") == "message_changed":
            now = event.get("message") or {}
            if now.get("subtype") == TOMBSTONE:  # a deleted message that has a thread
                self._work.later(self._gone(event, team, str(now.get("ts") or "")))
                return
            edit = self._inbound.of_edit(event, team)
            if edit and not markdown_text.is_small_talk(edit.asked.question.text):
                self._work.later(self._revise(edit))
            return
        if self._threads.may_concern(event, team):
            self._work.later(self._help_or_hear(event, team))
            return
        await self._hear(event, team)

    async def _help_or_hear(self, event: Event, team: str) -> None:
        """Handle a message in a thread: an answer for the asker below a question in the help channel.

        Elsewhere it is heard as in any thread.
        """
        if not await self._threads.take(event):
            await self._hear(event, team)

    async def _hear(self, event: Event, team: str) -> None:
        heard = self._inbound.of_event(event, team)
        if heard is None or self._is_small(heard):
            return
        if heard.if_in_thread or not (heard.says_something or heard.reply.unprompted):
            self._work.later(
                self._look_and_take(event, heard, team)
            )  # Slack isn't asked before the event is acknowledged
            return
        taken = await self._take(heard.asked, heard.reply)
        if taken is Acceptance.CLOSING:
            raise Closing
        if taken is not Acceptance.LIMITED:
            self._inbound.joins(event["channel"], event.get("thread_ts") or event["ts"])

    async def _gone(self, event: Event, team: str, ts: str) -> None:
        await self._question_service.abandon(self._inbound.key(team, event["channel"], ts))

    async def _revise(self, edit: Edit) -> None:
        await self._revisions.take(edit)

    def _is_small(self, heard: Heard) -> bool:
        """Return whether it is only a greeting or thanks. If it was said to the bot, it gets a short reply."""
        said = heard.asked.question.text
        if not markdown_text.is_small_talk(said):
            return False
        if not heard.reply.unprompted and self._question_service.first(f"{heard.asked.key}:word"):
            self._work.later(
                heard.reply.say(messages.WELCOME if markdown_text.thanks(said) else messages.how_to_ask())
            )
        return True

    async def _take(self, asked: Asked, reply: Reply) -> Acceptance:
        """Take a question. A slow journal doesn't delay the acknowledgement: then it is taken in the background."""
        taking = self._work.start_task(self._question_service.take(asked, reply))
        await asyncio.wait([taking], timeout=_ACKNOWLEDGE_WITHIN)
        return taking.result() if taking.done() else Acceptance.YES

    async def _look_and_take(self, event: Event, heard: Heard, team: str) -> None:
        """Take a further message in a thread, or a mention without words, which asks what the thread began with."""
        if heard.if_in_thread:
            if await self._inbound.is_in(event["channel"], event["thread_ts"]):
                await self._question_service.take(heard.asked, heard.reply)
            return
        pointed = await self._inbound.pointed_at(event, team)
        if pointed:
            await self._question_service.take(pointed.asked, pointed.reply)
        elif self._question_service.first(f"{heard.asked.key}:word"):
            await heard.reply.say(messages.how_to_ask())

    async def on_stop(self, event: Event) -> None:
        """Handle Slack's stop button under an answer that is being written."""
        channel, thread = str(event.get("channel") or ""), str(event.get("thread_ts") or "")

        def ending(reply: Reply) -> Callable[[], Awaitable[None]] | None:
            if isinstance(reply, ThreadReply) and reply.is_at(channel, thread):
                return reply.stop
            return None

        self._work.later(self._question_service.stop(ending))

    async def on_home(self, event: Event) -> None:
        """Suggest prompts when the agent's Messages tab is opened; without a thread, with one it fails."""
        prompts = self._live.now.slack.prompts
        if event.get("tab") == "messages" and prompts:
            suggested = [{"title": one.title, "message": one.message} for one in prompts]
            self._work.later(self._slack.prompts(event["channel"], suggested))

    async def on_ask(self, ack: Ack, command: Event) -> None:
        """Answer in private, or say how to ask."""
        text = str(command.get("text") or "").strip()
        if not text or text.lower() in ("help", "-h", "--help"):
            await ack(text=escape(messages.how_to_ask(ASK)), response_type="ephemeral")
            return
        channel = command["channel_id"]
        place = SlackAddress(
            channel=channel,
            user=command["user_id"],
            team=workspace_of(command),
            private=True,
            response_url=command["response_url"],
        )
        asked, reply = self._inbound.asked(
            place, text, key=f"slack:{command['trigger_id']}", direct=channel.startswith("D")
        )
        taken = await self._take(asked, reply)
        if taken is Acceptance.CLOSING:
            await ack(text=escape(messages.SHUTTING_DOWN), response_type="ephemeral")
        elif taken is Acceptance.YES:
            # It stays above the answer, so its words must stay true.
            await ack(text=escape(messages.asked(text)), response_type="ephemeral")
        else:
            await ack()

    async def on_summary(self, ack: Ack, body: Event) -> None:
        """Sum up a message's thread, or the channel's last day where it has none, for the person alone."""
        await ack()
        message = body["message"]
        thread = message.get("thread_ts") or (message["ts"] if message.get("reply_count") else "")
        place = SlackAddress(
            channel=body["channel"]["id"],
            user=body["user"]["id"],
            team=workspace_of(body),
            thread_ts=thread,
            in_thread=bool(thread),
            private=True,
            response_url=body.get("response_url") or "",
        )
        self._work.later(self._sum_up(place))

    async def _sum_up(self, place: SlackAddress) -> None:
        request = SlackSummaryRequest(self._slack, self._people, place)
        if not self._people.listens(place.channel):
            await request.tell(messages.NOT_HERE)
        else:
            await self._summaries.summarize(request)

    async def on_admin(self, ack: Ack, command: Event) -> None:
        """Handle `/docent`: `summarize` is for everybody, the rest for admins."""
        await ack()
        if str(command.get("text") or "").strip().lower() == SUMMARIZE:
            place = SlackAddress(
                channel=command["channel_id"],
                user=command["user_id"],
                team=workspace_of(command),
                private=True,
                response_url=command["response_url"],
            )
            self._work.later(self._sum_up(place))
            return
        console = SlackAdminConsole(
            self._slack,
            self._people,
            user=command["user_id"],
            workspace=workspace_of(command),
            channel=command["channel_id"],
            response_url=command["response_url"],
        )
        self._work.later(self._admins.command(str(command.get("text") or ""), console))

    async def on_shortcut(self, ack: Ack, body: Event) -> None:
        """Answer somebody's message from the docs, in its thread or for the person alone."""
        message, channel = body["message"], body["channel"]["id"]
        response_url = str(body.get("response_url") or "")
        asked, reply = self._inbound.of_shortcut(
            message,
            channel,
            user=body["user"]["id"],
            team=workspace_of(body),
            private=body["callback_id"] == SHORTCUT_PRIVATE,
            response_url=response_url,
        )
        console = SlackAdminConsole(
            self._slack,
            self._people,
            user=body["user"]["id"],
            workspace=workspace_of(body),
            channel=channel,
            response_url=response_url,
        )
        await ack()
        text = asked.question.text
        if not (text or files_of(asked)):
            self._work.later(console.answer(messages.NO_WORDS))
            return
        if reply.private:  # Slack accepts no text in this acknowledgement
            await reply.say(messages.asked(text))
        taken = await self._take(asked, reply)
        if taken in NOT_TAKEN:
            self._work.later(console.answer(NOT_TAKEN[taken]))
