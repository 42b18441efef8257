"""Slack's Web API as this adapter uses it: deadlines, retries and errors in one place.

Nothing here posts twice: a call whose answer was lost is looked up in the thread before it is repeated.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.desk import Undeliverable
from adapters.slack.blocks import Block
from adapters.slack.budget import Budget
from adapters.slack.pace import Pace

log = logging.getLogger(__name__)

_ATTEMPTS = 5
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
    "chat.getPermalink",
    "conversations.history",
    "conversations.info",
    "conversations.replies",
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


class Gone(Undeliverable):
    """The place can't be written to: archived, left, deleted."""


class RefusedPayload(Exception):
    """Slack won't take these blocks or this length."""


class Lost(Exception):
    """No answer to a call that may have been carried out."""


class SlackError(Exception):
    """Slack refused a call. `code` is its own word."""

    def __init__(self, method: str, code: str) -> None:
        super().__init__(f"{method}: {code}")
        self.code = code


class Slack:
    """The calls. All raise Gone, RefusedPayload, SlackError, or Lost."""

    def __init__(self, client: AsyncWebClient, budget: Budget, pace: Pace) -> None:
        self.pace = pace
        self._client = client
        self._budget = budget

    # --- messages ---------------------------------------------------------------------------------

    async def post(
        self, channel: str, text: str, blocks: Sequence[Block] = (), *, thread_ts: str = "", mark: str = ""
    ) -> str:
        """Post once and return the message's ts. `mark` tells this message from others if the answer is lost."""
        args: dict[str, Any] = {
            "channel": channel,
            "text": text,
            "unfurl_links": False,
            "unfurl_media": False,
            "mrkdwn": True,
        }
        if blocks:
            args["blocks"] = list(blocks)
        if thread_ts:
            args["thread_ts"] = thread_ts
        if mark:
            args["metadata"] = {"event_type": "docent_answer", "event_payload": {"mark": mark}}
        for attempt in range(_ATTEMPTS - 1):
            try:
                return await self._post(args, channel)
            except Lost:
                await asyncio.sleep(self.pace.lost * 2**attempt)
                found = await self.find(channel, thread_ts, mark) if mark else ""
                if found:
                    return found
        return await self._post(args, channel)

    async def _post(self, args: dict[str, Any], channel: str) -> str:
        return str((await self._call("chat.postMessage", args, channel=channel))["ts"])

    async def find(self, channel: str, thread_ts: str, mark: str) -> str:
        """The ts of the message with this mark, or "". Raises Lost if that can't be known now."""
        try:
            messages = await self.thread(channel, thread_ts, pages=3)
        except (SlackError, Gone) as error:
            log.info("a lost message could not be looked up: %s", error)
            return ""
        for message in messages:
            payload = (message.get("metadata") or {}).get("event_payload") or {}
            if payload.get("mark") == mark:
                return str(message["ts"])
        return ""

    def may_update(self) -> bool:
        """Take an update for later, if Slack's limits have room for it."""
        return self._budget.spare("chat.update", keep=10)

    async def update(
        self, channel: str, ts: str, text: str, blocks: Sequence[Block] = (), *, taken: bool = False
    ) -> None:
        """`taken`: its place in the budget was taken before."""
        args: dict[str, Any] = {"channel": channel, "ts": ts, "text": text[:3900], "blocks": list(blocks)}
        if taken:
            try:
                await self._now("chat.update", args)
            except Lost:
                pass
            except SlackError as error:
                if error.code != RATE_LIMITED:
                    raise
            else:
                return
        await self._repeat("chat.update", args, channel=channel)

    async def delete(self, channel: str, ts: str) -> None:
        await self._repeat("chat.delete", {"channel": channel, "ts": ts}, channel=channel)

    async def whisper(
        self, channel: str, user: str, text: str, blocks: Sequence[Block] = (), *, thread_ts: str = ""
    ) -> None:
        """A message that only this user sees."""
        args: dict[str, Any] = {"channel": channel, "user": user, "text": text}
        if blocks:
            args["blocks"] = list(blocks)
        if thread_ts:
            args["thread_ts"] = thread_ts
        await self._repeat("chat.postEphemeral", args, channel=channel)

    async def tell(
        self, channel: str, user: str, text: str, blocks: Sequence[Block] = (), *, thread_ts: str = ""
    ) -> None:
        """To this user alone: in the channel, or by DM where the bot can't."""
        try:
            await self.whisper(channel, user, text, blocks, thread_ts=thread_ts)
        except (SlackError, Gone):
            await self.post(await self.direct(user), text, blocks)

    async def respond(self, url: str, payload: dict[str, Any]) -> bool:
        """Use a response_url; False if it is spent, expired or can't be reached."""
        session = self._client.session
        if session is None:
            return False
        try:
            async with (
                asyncio.timeout(self.pace.call),
                session.post(url, json=payload) as response,
            ):
                body = await response.text()
        except (aiohttp.ClientError, TimeoutError):
            return False
        return response.status == 200 and '"ok":false' not in body.replace(" ", "")  # noqa: PLR2004

    # --- streams and status -----------------------------------------------------------------------

    def may_stream(self) -> bool:
        """Take a start and keep its stop, if Slack's limits have room for both."""
        return self._budget.spare("chat.startStream", keep=2) and self._budget.spare(
            "chat.stopStream", keep=2
        )

    async def start_stream(self, channel: str, thread_ts: str, user: str, team: str, text: str) -> str:
        args = {
            "channel": channel,
            "thread_ts": thread_ts,
            "recipient_user_id": user,
            "recipient_team_id": team,
            "markdown_text": text,
        }
        return str((await self._now("chat.startStream", args))["ts"])

    def may_append(self) -> bool:
        return self._budget.spare("chat.appendStream", keep=10)

    async def append_stream(self, channel: str, ts: str, text: str) -> None:
        await self._now("chat.appendStream", {"channel": channel, "ts": ts, "markdown_text": text})

    async def stop_stream(self, channel: str, ts: str, text: str = "", blocks: Sequence[Block] = ()) -> None:
        args: dict[str, Any] = {"channel": channel, "ts": ts}
        if text:
            args["markdown_text"] = text
        if blocks:
            args["blocks"] = list(blocks)
        try:  # its place in the budget was taken at the start
            await self._now("chat.stopStream", args)
        except SlackError as error:
            if error.code != RATE_LIMITED:
                raise
            await self._call("chat.stopStream", args)

    async def status(self, channel: str, thread_ts: str, status: str) -> None:
        """The thinking line under a thread; "" clears it."""
        args = {"channel_id": channel, "thread_ts": thread_ts, "status": status}
        await self._now("assistant.threads.setStatus", args)

    async def prompts(self, channel: str, prompts: Sequence[dict[str, str]]) -> None:
        args = {"channel_id": channel, "prompts": list(prompts)}
        await self._repeat("assistant.threads.setSuggestedPrompts", args)

    async def open_view(self, trigger: str, view: Block) -> str:
        data = await self._repeat("views.open", {"trigger_id": trigger, "view": view})
        return str(data["view"]["id"])

    # --- reading ----------------------------------------------------------------------------------

    async def thread(
        self, channel: str, thread_ts: str, *, until: str = "", pages: int = 5
    ) -> list[dict[str, Any]]:
        """The thread's messages, oldest first; without a thread, the channel's latest."""
        if not thread_ts:
            latest: dict[str, Any] = {"channel": channel, "limit": 200, "include_all_metadata": True}
            return await self._pages("conversations.history", latest, "messages", pages=1)
        args = {"channel": channel, "ts": thread_ts, "limit": 999, "include_all_metadata": True}
        if until:
            args["latest"] = until
        return await self._pages("conversations.replies", args, "messages", pages=pages)

    async def _pages(
        self, method: str, args: dict[str, Any], key: str, *, pages: int
    ) -> list[dict[str, Any]]:
        return [one async for page in self._paged(method, args, key, pages=pages) for one in page]

    async def _paged(
        self, method: str, args: dict[str, Any], key: str, *, pages: int
    ) -> AsyncIterator[list[dict[str, Any]]]:
        cursor = ""
        for _ in range(pages):
            data = await self._repeat(method, {**args, "cursor": cursor} if cursor else args)
            yield data.get(key) or []
            cursor = (data.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    async def channel(self, channel: str) -> dict[str, Any]:
        data = await self._repeat("conversations.info", {"channel": channel})
        return dict(data["channel"])

    async def own_channels(self) -> list[dict[str, Any]]:
        """The channels that the bot is in; of very many, the first thousands."""
        args = {"types": "public_channel,private_channel", "exclude_archived": True, "limit": 999}
        return await self._pages("users.conversations", args, "channels", pages=5)

    def may_look_up(self) -> bool:
        """Whether one more user may be asked for and as many again."""
        return self._budget.room("users.info", keep=50)

    def users(self) -> AsyncIterator[list[dict[str, Any]]]:
        """The workspace's people in pages; of very many, the first thousands."""
        return self._paged("users.list", {"limit": 999}, "members", pages=10)

    async def user(self, user: str) -> dict[str, Any]:
        return dict((await self._repeat("users.info", {"user": user}))["user"])

    async def group_members(self, group: str) -> frozenset[str]:
        data = await self._repeat("usergroups.users.list", {"usergroup": group})
        return frozenset(data.get("users") or ())

    async def permalink(self, channel: str, ts: str) -> str:
        data = await self._repeat("chat.getPermalink", {"channel": channel, "message_ts": ts})
        return str(data["permalink"])

    async def direct(self, user: str) -> str:
        """The channel id of the DM with this user."""
        return str((await self._repeat("conversations.open", {"users": user}))["channel"]["id"])

    async def who_am_i(self) -> dict[str, Any]:
        return await self._repeat("auth.test", {})

    # --- how calls go -----------------------------------------------------------------------------

    async def _repeat(self, method: str, args: dict[str, Any], *, channel: str = "") -> dict[str, Any]:
        """A call that may be carried out twice without harm."""
        for attempt in range(_ATTEMPTS - 1):
            try:
                return await self._call(method, args, channel=channel)
            except Lost:
                await asyncio.sleep(self.pace.lost * 2**attempt)
        return await self._call(method, args, channel=channel)

    async def _call(self, method: str, args: dict[str, Any], *, channel: str = "") -> dict[str, Any]:
        for _ in range(_ATTEMPTS):
            await self._budget.spend(method, channel)
            wait, data = await self._attempt(method, args)
            if wait is None:
                return data
            self._budget.pause(method, wait, channel)
        raise Lost(f"{method}: {RATE_LIMITED}")

    async def _now(self, method: str, args: dict[str, Any]) -> dict[str, Any]:
        """One attempt whose place in the budget is taken already; a 429 isn't waited for."""
        wait, data = await self._attempt(method, args)
        if wait is not None:
            self._budget.pause(method, wait)
            raise SlackError(method, RATE_LIMITED)
        return data

    async def _attempt(self, method: str, args: dict[str, Any]) -> tuple[float | None, dict[str, Any]]:
        """The answer, or how long to wait."""
        try:
            async with asyncio.timeout(self.pace.call):
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
            return min(float((getattr(response, "headers", None) or {}).get("Retry-After", 1)), 60.0), {}
        if status >= 500 or not code or code in _PASSING:  # noqa: PLR2004 - a page of HTML has no code
            raise Lost(f"{method}: {code or f'HTTP {status}'}") from error
        if code in _GONE:
            raise Gone(f"{method}: {code}") from error
        if code in _REFUSED:
            raise RefusedPayload(f"{method}: {code}") from error
        raise SlackError(method, code) from error
