"""Keeps Slack's rate limits on our side, so that calls that aren't needed are skipped before they cause a 429.

Slack counts requests a minute for each method and workspace (tiers 2, 3, 4: 20, 50, 100) and one posted message
a second for each channel, with short bursts: https://docs.slack.dev/apis/web-api/rate-limits
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final

_PER_MINUTE: Final = {
    "auth.teams.list": 20,
    "chat.startStream": 20,
    "chat.stopStream": 20,
    "chat.appendStream": 100,
    "chat.update": 50,
    "chat.delete": 50,
    "chat.postEphemeral": 100,
    "conversations.history": 50,
    "conversations.members": 100,
    "conversations.replies": 50,
    "conversations.info": 50,
    "conversations.open": 50,
    "files.info": 100,
    "users.conversations": 50,
    "users.info": 100,
    "users.list": 20,
    "usergroups.users.list": 20,
    "assistant.threads.setSuggestedPrompts": 100,
    "views.open": 100,
}
_POSTS: Final = (4, 4.0)  # 4 posts in 4 seconds to one channel
_MINUTE: Final = 60.0


class RateLimits:
    """A sliding window for each method (and channel, for posts)."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._spent: dict[str, deque[float]] = {}
        self._paused: dict[str, float] = {}

    def spare(self, method: str, channel: str = "", *, keep: int = 0) -> bool:
        """Take a call if it is free now and `keep` more are left for calls that can't be skipped.

        Return whether it was taken.
        """
        if self._wait(method, channel, keep) > 0:
            return False
        self._spend(method, channel)
        return True

    def room(self, method: str, *, keep: int) -> bool:
        """Return whether a call is free now with `keep` left; none is taken."""
        return self._wait(method, "", keep) <= 0

    async def spend(self, method: str, channel: str = "") -> None:
        """Take a call, and wait until one is free."""
        while (wait := self._wait(method, channel, 0)) > 0:  # noqa: ASYNC110 - time is what it waits for
            await asyncio.sleep(wait)
        self._spend(method, channel)

    def pause(self, method: str, seconds: float, channel: str = "") -> None:
        """Hold back calls for `seconds`, as Slack's 429 asks in Retry-After."""
        key, *_ = self._limit(method, channel)
        self._paused[key] = max(self._paused.get(key, 0.0), self._clock() + seconds)

    def _limit(self, method: str, channel: str) -> tuple[str, int, float]:
        if method == "chat.postMessage":
            return f"{method} {channel}", *_POSTS
        return method, _PER_MINUTE.get(method, 100_000), _MINUTE

    def _wait(self, method: str, channel: str, keep: int) -> float:
        now = self._clock()
        key, limit, window = self._limit(method, channel)
        spent = self._spent.get(key)
        while spent and spent[0] <= now - window:
            spent.popleft()
        if spent is not None and not spent:
            del self._spent[key]
        full = spent is not None and len(spent) >= limit - keep
        until_free = spent[max(len(spent) - (limit - keep), 0)] + window - now if full and spent else 0.0
        paused = self._paused.get(key, 0.0)
        if paused <= now:
            self._paused.pop(key, None)
        return max(until_free, paused - now)

    def _spend(self, method: str, channel: str) -> None:
        key, limit, _ = self._limit(method, channel)
        if limit < 100_000:  # noqa: PLR2004 - methods without a limit of their own aren't counted
            self._spent.setdefault(key, deque()).append(self._clock())
