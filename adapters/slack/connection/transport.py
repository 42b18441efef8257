"""Makes calls to Slack, with deadlines, retries and rate limits, and turns errors into exceptions of its own."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.chat.incoming.attachments import FileHost, Unfetched
from adapters.chat.questions.reply import Barred
from adapters.slack.connection.rate_limits import RateLimits
from adapters.slack.connection.timeouts import Timeouts
from bot.text.dates import retry_after

ATTEMPTS = 5
_NO_ADVICE = 1.0  # seconds to wait after a 429 that doesn't say how long
AT_ONCE: Final = 32  # above Slack's lasting rate; each takes a connection
_GONE = {
    "account_inactive",
    "cannot_reply_to_message",
    "channel_not_found",
    "invalid_auth",
    "is_archived",
    "messages_tab_disabled",
    "not_in_channel",
    "restricted_action",
    "team_access_not_granted",
    "thread_not_found",
    "token_revoked",
    "user_not_in_channel",
}
RATE_LIMITED = "ratelimited"
_PASSING = {"fatal_error", "internal_error", "request_timeout", "service_unavailable", "team_added_to_org"}
# Slack takes JSON from methods that write; others don't see it: https://docs.slack.dev/apis/web-api
_READS = {
    "auth.teams.list",
    "chat.getPermalink",
    "conversations.history",
    "conversations.info",
    "conversations.members",
    "conversations.replies",
    "files.info",
    "usergroups.users.list",
    "users.conversations",
    "users.info",
    "users.list",
}
_REFUSED = {
    "invalid_blocks",
    "invalid_blocks_format",
    "msg_blocks_too_long",
    "msg_too_long",
    "invalid_arguments",
}


_FILES: Final = FileHost("Slack", ("slack.com", ".slack.com", "slack-gov.com", ".slack-gov.com"))


class Failed(Exception):
    """Raised when a call failed, or may have failed; always as one of the subclasses below."""


class Gone(Failed, Barred):
    """Raised when the place can't be written to: archived, left, deleted."""


class RefusedPayload(Failed):
    """Raised when Slack doesn't accept these blocks or this length."""


class Lost(Failed):
    """Raised when a call that may have been carried out got no answer."""


class SlackError(Failed):
    """Raised when Slack refused a call. `code` is Slack's error code."""

    def __init__(self, method: str, code: str) -> None:
        super().__init__(f"{method}: {code}")
        self.code = code


class SlackTransport:
    """Calls any method of the Web API. All methods raise subclasses of Failed."""

    def __init__(self, client: AsyncWebClient, budget: RateLimits, pace: Timeouts) -> None:
        self._client = client
        self._budget = budget
        self._pace = pace
        self._sending = asyncio.Semaphore(AT_ONCE)

    async def repeat(self, method: str, args: dict[str, Any], *, channel: str = "") -> dict[str, Any]:
        """Make a call that is idempotent, and repeat it when its answer is lost."""
        for attempt in range(ATTEMPTS - 1):
            try:
                return await self.once(method, args, channel=channel)
            except Lost:
                await asyncio.sleep(self._pace.lost * 2**attempt)
        return await self.once(method, args, channel=channel)

    async def once(self, method: str, args: dict[str, Any], *, channel: str = "") -> dict[str, Any]:
        """Make a call that isn't repeated when its answer is lost. Rate limits are waited for."""
        for _ in range(ATTEMPTS):
            await self._budget.spend(method, channel)
            wait, data = await self._attempt(method, args)
            if wait is None:
                return data
            self._budget.pause(method, wait, channel)
        raise Lost(f"{method}: {RATE_LIMITED}")

    async def now(self, method: str, args: dict[str, Any]) -> dict[str, Any]:
        """Make one attempt for which the rate limit was taken already; a 429 isn't waited for."""
        wait, data = await self._attempt(method, args)
        if wait is not None:
            self._budget.pause(method, wait)
            raise SlackError(method, RATE_LIMITED)
        return data

    async def respond(self, url: str, payload: dict[str, Any]) -> bool:
        """Post to a response_url. Return False if it is used up, expired or can't be reached."""
        session = self._client.session
        if session is None:
            return False
        try:
            async with (
                self._sending,
                asyncio.timeout(self._pace.call),
                session.post(url, json=payload) as response,
            ):
                body = await response.text()
        except (aiohttp.ClientError, TimeoutError):
            return False
        return response.status == 200 and '"ok":false' not in body.replace(" ", "")  # noqa: PLR2004

    async def download(self, url: str, most: int) -> bytes:
        """Return a file of Slack's own, of at most `most` bytes. Raises Unfetched."""
        session = self._client.session
        if session is None:
            raise Unfetched("it doesn't lie in Slack")
        headers = {"Authorization": f"Bearer {self._client.token}"}
        home, seconds = self._client.base_url, 2 * self._pace.call
        async with self._sending:
            return await _FILES.download(session, url, most, home=home, seconds=seconds, headers=headers)

    async def pages(self, method: str, args: dict[str, Any], key: str, *, pages: int) -> list[Any]:
        """Return the items under `key` of at most `pages` pages."""
        return [one async for page in self.paged(method, args, key, pages=pages) for one in page]

    async def paged(
        self, method: str, args: dict[str, Any], key: str, *, pages: int
    ) -> AsyncIterator[list[Any]]:
        """Yield the items under `key`, page by page."""
        cursor = ""
        for _ in range(pages):
            data = await self.repeat(method, {**args, "cursor": cursor} if cursor else args)
            yield data.get(key) or []
            cursor = (data.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    async def _attempt(self, method: str, args: dict[str, Any]) -> tuple[float | None, dict[str, Any]]:
        """Send a call. Return how long to wait before trying again (None if it succeeded), and the answer.

        Its timeout starts when it is sent, not while it waits behind others in a burst.
        """
        try:
            async with self._sending, asyncio.timeout(self._pace.call):
                if method in _READS:
                    response = await self._client.api_call(method, http_verb="GET", params=args)
                else:
                    response = await self._client.api_call(method, json=args)
        except SlackApiError as error:
            return self._judge(method, error)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Lost(f"{method}: {type(error).__name__}") from error
        data = response.data
        if not isinstance(data, dict):
            raise Lost(f"{method}: no JSON")
        return None, data

    def _judge(self, method: str, error: SlackApiError) -> tuple[float | None, dict[str, Any]]:
        response: Any = error.response
        status = getattr(response, "status_code", 200)
        data = getattr(response, "data", response)
        code = data.get("error", "") if isinstance(data, dict) else ""
        if status == 429 or code in (RATE_LIMITED, "rate_limited"):  # noqa: PLR2004
            asked = retry_after((getattr(response, "headers", None) or {}).get("Retry-After", ""))
            return min(_NO_ADVICE if asked is None else asked, 60.0), {}
        if status >= 500 or not code or code in _PASSING:  # noqa: PLR2004 - a page of HTML has no code
            raise Lost(f"{method}: {code or f'HTTP {status}'}") from error
        if code in _GONE:
            raise Gone(f"{method}: {code}") from error
        if code in _REFUSED:
            raise RefusedPayload(f"{method}: {code}") from error
        raise SlackError(method, code) from error
