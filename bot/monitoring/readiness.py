"""Tells whether a process can do its work now: index and journal can be used, its platforms are connected."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from bot.bootstrap import App
from bot.ports import BackendError, Corrupt, ReadOnly, Unauthorized

log = logging.getLogger(__name__)

READY: Final = "ready"
_WITHIN: Final = 2.0  # seconds, for all of it: who asks gives up soon after
_HOLDS: Final = 1.0  # seconds that what was found is told again: many who ask cost no more than one
_WORDS: Final[Mapping[type[BackendError], str]] = {
    Corrupt: "is damaged",
    ReadOnly: "can't be written",
    Unauthorized: "refuses the key",
}


class Readiness:
    """Looks at the parts of a process. `parts` are its own: "slack", "discord", "indexer"."""

    def __init__(self, app: App, parts: Sequence[str]) -> None:
        self._app = app
        self._parts = tuple(parts)
        self._looking = asyncio.Lock()
        self._found: Mapping[str, str] = {}
        self._found_at = float("-inf")

    async def look(self) -> Mapping[str, str]:
        """Return for each part "ready", or in a few words why not. No address and no text of others is in it."""
        async with self._looking:
            now = asyncio.get_running_loop().time
            if now() - self._found_at >= _HOLDS:
                store, journal = await asyncio.gather(
                    _tried("store", self._app.store.format), _tried("journal", self._app.records.check)
                )
                self._found = {"store": store, "journal": journal, **self._connected()}
                self._found_at = now()
        return self._found

    def _connected(self) -> dict[str, str]:
        has = self._app.connections.has
        return {part: READY if has(part) else "isn't connected" for part in self._parts}


async def _tried(part: str, look: Callable[[], Awaitable[object]]) -> str:
    try:
        async with asyncio.timeout(_WITHIN):
            await look()
    except TimeoutError:
        return f"no answer within {_WITHIN:g} seconds"
    except BackendError as error:
        log.debug("%s isn't ready: %s", part, error)
        return _WORDS.get(type(error), "can't be reached")
    except Exception:  # the outermost loop of a probe: whoever asks hears that something is wrong
        log.exception("whether %s is ready can't be told", part)
        return "failed; the log has more"
    return READY
