"""Looks up channels, people and workspaces in Slack's Web API."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.connection.rate_limits import RateLimits
from adapters.slack.connection.timeouts import Timeouts
from adapters.slack.connection.transport import SlackError, SlackTransport


class SlackLookups:
    """Makes the calls about channels and people. All raise subclasses of Failed."""

    def __init__(self, client: AsyncWebClient, budget: RateLimits, pace: Timeouts) -> None:
        self.pace = pace
        self._budget = budget
        self._calls = SlackTransport(client, budget, pace)
        self.me = ""  # the bot's own user, once it is known
        self.workspaces: tuple[str, ...] = ()  # of an organization that the app is installed for; else none

    async def channel(self, channel: str) -> dict[str, Any]:
        data = await self._calls.repeat("conversations.info", {"channel": channel})
        return dict(data["channel"])

    async def own_channels(self) -> list[dict[str, Any]]:
        """Return the channels that the bot is in; of very many, the first thousands."""
        args = {"types": "public_channel,private_channel,mpim", "exclude_archived": True, "limit": 999}
        found: list[dict[str, Any]] = []
        for team in self._teams():
            found += await self._calls.pages("users.conversations", {**args, **team}, "channels", pages=5)
        return found

    async def members(self, channel: str) -> frozenset[str]:
        """Return the members of a group of direct messages: nine people at most."""
        args = {"channel": channel, "limit": 100}
        return frozenset(await self._calls.pages("conversations.members", args, "members", pages=1))

    def may_look_up(self) -> bool:
        """Return whether the rate limit has room to look up one more user, with 50 calls left in reserve."""
        return self._budget.room("users.info", keep=50)

    async def users(self) -> AsyncIterator[list[dict[str, Any]]]:
        """Yield the workspace's people in pages: as many as Slack allows in a minute, some 18,000."""
        for team in self._teams():
            async for page in self._calls.paged("users.list", {"limit": 999, **team}, "members", pages=18):
                yield page

    async def user(self, user: str) -> dict[str, Any]:
        return dict((await self._calls.repeat("users.info", {"user": user}))["user"])

    async def group_members(self, group: str) -> frozenset[str]:
        """Return the user group's members. Raises SlackError if no workspace knows the group."""
        *others, last = self._teams()
        for team in others:
            with suppress(SlackError):
                return await self._members({"usergroup": group, **team})
        return await self._members({"usergroup": group, **last})

    async def _members(self, args: dict[str, Any]) -> frozenset[str]:
        data = await self._calls.repeat("usergroups.users.list", args)
        return frozenset(data.get("users") or ())

    async def all_workspaces(self) -> list[dict[str, Any]]:
        """Return the organization's workspaces that the app was added to."""
        return await self._calls.pages("auth.teams.list", {"limit": 999}, "teams", pages=5)

    def _teams(self) -> list[dict[str, str]]:
        """Return the `team_id` arguments for calls about all people: an organization's token needs one for each."""
        return [{"team_id": one} for one in self.workspaces] or [{}]

    async def permalink(self, channel: str, ts: str) -> str:
        data = await self._calls.repeat("chat.getPermalink", {"channel": channel, "message_ts": ts})
        return str(data["permalink"])

    async def direct(self, user: str) -> str:
        """Return the channel id of the direct message with this user."""
        return str((await self._calls.repeat("conversations.open", {"users": user}))["channel"]["id"])

    async def who_am_i(self) -> dict[str, Any]:
        me = await self._calls.repeat("auth.test", {})
        self.me = str(me.get("user_id") or "")
        return me
