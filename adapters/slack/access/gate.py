"""Implements the gate for Slack: which workspace a question comes from, and what may be shown there."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.response import BoltResponse

from adapters.chat import messages
from adapters.chat.questions.gate import Admission
from adapters.slack.access.origin import workspace_of
from adapters.slack.access.permissions import SlackPermissions
from adapters.slack.replies.mrkdwn import escape
from adapters.slack.reply_address import SlackPlace
from bot.ports import Asked

log = logging.getLogger(__name__)

Event = dict[str, Any]  # Slack's own JSON
Ack = Callable[..., Awaitable[BoltResponse]]  # Bolt's
Next = Callable[[], Awaitable[BoltResponse | None]]


class SlackGate:
    """Implements `adapters.chat.questions.gate.Gate`."""

    def __init__(self, people: SlackPermissions) -> None:
        self._people = people

    async def before(self, body: Event, ack: Ack, next: Next) -> BoltResponse | None:  # noqa: A002 - Bolt's word
        """Acknowledge and drop what comes from a workspace that isn't served. A Bolt middleware."""
        workspace = workspace_of(body)
        if self._people.serves(workspace):
            return await next()
        log.warning("what came from the workspace %s is refused: slack.workspaces doesn't list it", workspace)
        if "command" in body:
            return await ack(text=escape(messages.NOT_HERE), response_type="ephemeral")
        return BoltResponse(status=200)

    async def opens(self, asked: Asked) -> bool:
        return self._people.listens(SlackPlace.of(asked).address.channel)

    async def admit(self, asked: Asked) -> Admission:
        where = SlackPlace.of(asked)
        place, alone = where.address, where.direct or where.address.private
        audience = await self._people.audience(place.user, place.channel, direct=alone)
        return Admission(
            place.tenant,
            audience,
            await self._people.places(place.channel),
            await self._people.not_found(place.user, place.channel, direct=alone),
        )
