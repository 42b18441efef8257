"""Knows the threads that the bot has written in, where a further message may be for it."""

import logging
import time
from math import inf

from cachetools import FIFOCache

from adapters.slack.connection.transport import Failed
from adapters.slack.connection.web_api import SlackWebApi
from adapters.slack.reply_address import thread_name
from bot.ports import BackendError, Journal

log = logging.getLogger(__name__)

_THREADS = 1000
_LOOK_AGAIN = 10.0  # seconds


class OwnThreads:
    """Remembers the bot's threads; after a restart it asks the journal or Slack."""

    def __init__(self, slack: SlackWebApi, journal: Journal) -> None:
        self._slack = slack
        self._journal = journal
        self._threads: FIFOCache[str, float] = FIFOCache(
            _THREADS
        )  # inf: the bot is in it; else the time when it wasn't

    def joins(self, channel: str, thread_ts: str) -> None:
        """Note that the bot is about to write in the thread."""
        self._see(channel, thread_ts, inf)

    async def holds(self, channel: str, thread_ts: str, *, ask_slack: bool) -> bool:
        """Return whether the bot has written in the thread.

        The journal is asked, or Slack if `ask_slack`, whose rate limit for this is tight.
        """
        seen = self._threads.get(thread_name(channel, thread_ts), -inf)
        if seen == inf or time.monotonic() - seen < _LOOK_AGAIN:
            return seen == inf
        found = await (self._in_slack if ask_slack else self._in_journal)(channel, thread_ts)
        if found is not None:
            self._see(channel, thread_ts, inf if found else time.monotonic())
        return bool(found)

    async def _in_slack(self, channel: str, thread_ts: str) -> bool | None:
        try:
            messages = await self._slack.thread(channel, thread_ts, pages=2)
        except Failed:
            return None
        return any(map(self._slack.is_own, messages))

    async def _in_journal(self, channel: str, thread_ts: str) -> bool | None:
        try:
            return bool(await self._journal.places("slack", thread=thread_name(channel, thread_ts), limit=1))
        except BackendError as error:
            log.info("whether a thread is the bot's own isn't known: %s", error)
            return None

    def _see(self, channel: str, thread_ts: str, when: float) -> None:
        self._threads[thread_name(channel, thread_ts)] = when
