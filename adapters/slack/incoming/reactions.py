"""Answers messages that get a certain emoji as reaction, like the shortcut "Answer from the docs"."""

import logging

from adapters.chat.background_tasks import BackgroundTasks
from adapters.chat.questions.question_service import Acceptance, QuestionService
from adapters.slack.access.origin import workspace_of
from adapters.slack.access.permissions import SlackPermissions
from adapters.slack.connection.web_api import SlackWebApi
from adapters.slack.incoming.inbound import Event, SlackInbound
from adapters.slack.incoming.questions import files_of
from bot.config.live import LiveSettings

log = logging.getLogger(__name__)


class SlackReactions:
    """Asks each message once, whoever reacts, and not if it was asked by a mention already."""

    def __init__(
        self,
        *,
        slack: SlackWebApi,
        inbound: SlackInbound,
        people: SlackPermissions,
        question_service: QuestionService,
        live: LiveSettings,
        work: BackgroundTasks,
    ) -> None:
        self._slack = slack
        self._inbound = inbound
        self._people = people
        self._question_service = question_service
        self._live = live
        self._work = work

    async def on_reaction(self, body: Event, event: Event) -> None:
        """Handle a reaction. Slack is acknowledged at once: the message has to be fetched first."""
        item, wanted = event.get("item") or {}, self._live.now.slack.ask_with
        # Skin tones come behind two colons.
        emoji = str(event.get("reaction") or "").partition("::")[0]
        if wanted is None or emoji != wanted or item.get("type") != "message" or not event.get("user"):
            return
        if not (item.get("channel") and item.get("ts")):
            return
        if self._people.listens(item["channel"]) and not self._inbound.is_own(event):
            self._work.later(self._ask(item["channel"], item["ts"], event["user"], workspace_of(body)))

    async def _ask(self, channel: str, ts: str, user: str, team: str) -> None:
        if await self._question_service.knows(
            self._inbound.key(team, channel, ts)
        ) or await self._people.is_bot(user):
            return
        message = await self._slack.message(channel, ts)
        if message is None or self._inbound.is_own(message):
            return
        asked, reply = self._inbound.of_shortcut(message, channel, user=user, team=team)
        if asked.question.text or files_of(asked):
            if await self._question_service.take(asked, reply) is Acceptance.YES:
                self._inbound.joins(channel, message.get("thread_ts") or ts)
        else:
            log.info("a reaction asks about a message without words")
