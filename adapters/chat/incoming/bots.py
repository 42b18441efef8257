"""Limits how often other bots get answers, so that no two bots answer each other for ever."""

import asyncio
import logging
from typing import Final

from bot.ports import Asked, BackendError, Journal

log = logging.getLogger(__name__)

_MINUTE: Final = 60.0
_IN_A_THREAD: Final = 3
_LOOKED_THROUGH: Final = 200  # questions of a thread


class BotTurns:
    """Allows one answer a minute to each bot, and three in a thread to all bots, across all processes."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.deciding = asyncio.Lock()  # until the question is in the journal, where the next one sees it

    async def allows(self, asked: Asked) -> bool:
        """Return whether a bot's question is answered; False while the journal can't be read."""
        try:
            lately = await self._journal.asked_by(asked.platform, asked.person, within=_MINUTE)
            there = await self._journal.places(
                asked.platform, thread=asked.place.thread, limit=_LOOKED_THROUGH
            )
        except BackendError as error:
            log.warning("bot %s gets no answer: %s", asked.person, error)
            return False
        allowed = lately == 0 and sum(place.automated for place in there) < _IN_A_THREAD
        if not allowed:
            log.info("bot %s gets no answer: it had enough of them", asked.person)
        return allowed
