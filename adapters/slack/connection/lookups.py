"""What Slack's Web API knows of channels, people and workspaces."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.connection.rate_limits import RateLimits
from adapters.slack.connection.timeouts import Timeouts
from adapters.slack.connection.transport import SlackError, SlackTransport


class SlackLookups:
    """The calls about channels and people. All raise Failed's kinds."""

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
        """The channels that the bot is in; of very many, the first thousands."""
        args = {"types": "public_channel,private_channel,mpim", "exclude_archived": True, "limit": 999}
        found: list[dict[str, Any]] = []
        for team in self._teams():
            found += await self._calls.pages("users.conversations", {**args, **team}, "channels", pages=5)
        return found

    async def members(self, channel: str) -> frozenset[str]:
        """Who is in a group of direct messages: nine people at the most."""
        args = {"channel": channel, "limit": 100}
        return frozenset(await self._calls.pages("conversations.members", args, "members", pages=1))

    def may_look_up(self) -> bool:
        """Whether one more user may be asked for and as many again."""
        return self._budget.room("users.info", keep=50)

    async def users(self) -> AsyncIterator[list[dict[str, Any]]]:
        """The workspace's people in pages: as many as Slack gives in a minute, some 18,000 people."""
        for team in self._teams():
            async for page in self._calls.paged("users.list", {"limit": 999, **team}, "members", pages=18):
                yield page

    async def user(self, user: str) -> dict[str, Any]:
        return dict((await self._calls.repeat("users.info", {"user": user}))["user"])

    async def group_members(self, group: str) -> frozenset[str]:
        """Raises SlackError if no workspace knows the group."""
        *others, last = self._teams()
        for team in others:
            with suppress(SlackError):
                return await self._members({"usergroup": group, **team})
        return await self._members({"usergroup": group, **last})

    async def _members(self, args: dict[str, Any]) -> frozenset[str]:
        data = await self._calls.repeat("usergroups.users.list", args)
        return frozenset(data.get("users") or ())

    async def all_workspaces(self) -> list[dict[str, Any]]:
        """Those of the organization that the app was added to."""
        return await self._calls.pages("auth.teams.list", {"limit": 999}, "teams", pages=5)

    def _teams(self) -> list[dict[str, str]]:
        """What names each workspace in a call about all its people: an organization's token is for none alone."""
        return [{"team_id": one} for one in self.workspaces] or [{}]

    async def permalink(self, channel: str, ts: str) -> str:
        data = await self._calls.repeat("chat.getPermalink", {"channel": channel, "message_ts": ts})
        return str(data["permalink"])

    async def direct(self, user: str) -> str:
        """The channel id of the DM with this user."""
        return str((await self._calls.repeat("conversations.open", {"users": user}))["channel"]["id"])

    async def who_am_i(self) -> dict[str, Any]:
        me = await self._calls.repeat("auth.test", {})
        self.me = str(me.get("user_id") or "")
        return me
