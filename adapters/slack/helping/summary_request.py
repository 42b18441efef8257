"""Requests a summary in Slack: of a thread, or of the channel's last day."""

import asyncio
import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from adapters.chat import messages
from adapters.chat.answer_view import AnswerView
from adapters.chat.questions.reply import Context
from adapters.chat.summaries.summaries import DAY, CannotRead, Said
from adapters.slack.access.permissions import SlackPermissions
from adapters.slack.connection.transport import Failed
from adapters.slack.connection.web_api import SlackWebApi
from adapters.slack.replies.ephemeral_reply import EphemeralReply
from adapters.slack.replies.mrkdwn import incoming
from adapters.slack.reply_address import SlackAddress

Event = dict[str, Any]  # Slack's own JSON

_THREADS: Final = 8  # whose replies are read, too; each costs a call
_SAID: Final = (None, "", "file_share", "thread_broadcast", "me_message", "bot_message")


class SlackSummaryRequest:
    """A request from the place itself: whoever can press there may read what is said there.

    A place without a thread is the channel.
    """

    platform = "slack"

    def __init__(self, slack: SlackWebApi, people: SlackPermissions, place: SlackAddress) -> None:
        self._slack = slack
        self._people = people
        self._place = place
        self._reply = EphemeralReply(slack, place, _nothing)
        self.person = place.user
        self.place = place.channel

    async def messages(self) -> Sequence[Said]:
        try:
            found = await self._found()
            link = await self._slack.permalink(self._place.channel, found[0]["ts"]) if found else ""
        except Failed as error:
            raise CannotRead(messages.CANNOT_READ) from error
        base = re.match(r"https://[^/]+/archives/", link)
        said = [one for one in found if one.get("subtype") in _SAID and one.get("text")]
        users = {str(one.get("user") or "") for one in said} - {""}
        names = dict(zip(sorted(users), await self._names(sorted(users)), strict=True))
        return [self._said(one, names, base[0] if base else "") for one in said]

    async def _names(self, users: Sequence[str]) -> list[str]:
        return list(await asyncio.gather(*(self._people.name(one) for one in users)))

    async def _found(self) -> list[Event]:
        channel = self._place.channel
        if self._place.thread_ts:
            return _in_order(await self._slack.thread(channel, self._place.thread_ts, pages=1))
        oldest = f"{time.time() - DAY.total_seconds():.6f}"
        found = {one["ts"]: one for one in await self._slack.since(channel, "", oldest)}
        threads = [ts for ts, one in found.items() if one.get("reply_count") or one.get("reply_users")]
        for thread in sorted(threads)[-_THREADS:]:
            found |= {one["ts"]: one for one in await self._slack.since(channel, thread, oldest)}
        return _in_order(list(found.values()))

    def _said(self, message: Event, names: dict[str, str], base: str) -> Said:
        ts, channel = str(message["ts"]), self._place.channel
        user = str(message.get("user") or "")
        name = names.get(user) or str(message.get("username") or "an app")
        thread = message.get("thread_ts")
        tail = f"?thread_ts={thread}&cid={channel}" if thread and thread != ts else ""
        url = f"{base}{channel}/p{ts.replace('.', '')}{tail}" if base else ""
        text = incoming(str(message["text"]), "")
        return Said(f"{channel}/{ts}", name, text, url, datetime.fromtimestamp(float(ts), UTC))

    async def show(self, summary: AnswerView) -> None:
        await self._reply.finish(summary)

    async def tell(self, text: str) -> None:
        await self._reply.say(text)


async def _nothing() -> Context:
    return Context()


def _in_order(found: list[Event]) -> list[Event]:
    return sorted(found, key=lambda one: float(one["ts"]))
