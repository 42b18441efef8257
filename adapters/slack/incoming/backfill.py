"""Catches up on what was said in Slack while no process listened.

Slack repeats an event after one minute and after five, then no more.
"""

import logging
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any

from adapters.chat.markdown_text import is_small_talk
from adapters.slack.connection.transport import Failed
from adapters.slack.connection.web_api import SlackWebApi
from adapters.slack.incoming.inbound import Event, SlackInbound
from adapters.slack.replies.mrkdwn import mentions
from adapters.slack.reply_address import SlackAddress

log = logging.getLogger(__name__)

SINCE = 600.0  # seconds; what is older isn't answered any more
_PLACES = 20  # the latest channels, and as many threads


async def missed(
    slack: SlackWebApi, inbound: SlackInbound, places: Iterable[SlackAddress]
) -> AsyncIterator[Event]:
    """Yield events, as Slack would have sent them, for mentions and direct messages that nobody answered.

    `places` are those of earlier questions, the latest first: Slack has no call for everything that was said.
    """
    places = list(places)
    oldest = f"{time.time() - SINCE:.6f}"
    channels = dict.fromkeys((one.workspace or one.team, one.channel, "") for one in places)
    threads = dict.fromkeys(
        (one.workspace or one.team, one.channel, one.thread_ts) for one in places if one.thread_ts
    )
    for workspace, channel, thread in (*list(channels)[:_PLACES], *list(threads)[:_PLACES]):
        for message in await _messages(slack, channel, thread, oldest):
            if _is_open(message, channel, slack.me, inbound.words_of(message)):
                yield _event(message, channel, workspace, slack.me)


async def _messages(slack: SlackWebApi, channel: str, thread: str, oldest: str) -> list[dict[str, Any]]:
    try:
        found = await slack.since(channel, thread, oldest)
    except Failed as error:
        log.info("what was missed in %s can't be read: %s", channel, error)
        return []
    return sorted((one for one in found if str(one.get("ts") or "") > oldest), key=lambda one: str(one["ts"]))


def _is_open(message: Event, channel: str, bot: str, words: str) -> bool:
    """Return whether a message is a question to the bot that it hasn't answered.

    Greetings don't count: a late reply to them is of no use.
    """
    asked = channel.startswith("D") or mentions(str(message.get("text") or ""), bot)
    return (
        asked and bool(words) and not is_small_talk(words) and bot not in (message.get("reply_users") or ())
    )


def _event(message: Event, channel: str, workspace: str, bot: str) -> Event:
    kind = {"channel_type": "im", "type": "message"} if channel.startswith("D") else {"type": "app_mention"}
    return {
        "type": "event_callback",
        "team_id": workspace,
        "authorizations": [{"team_id": workspace, "user_id": bot, "is_bot": True}],
        "event": {**message, **kind, "channel": channel},
    }
