"""Reads Slack channels: pinned messages, and threads that a human marked with a ✅."""

import json
import re
import time
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from html import unescape
from typing import Annotated

from pydantic import Field

from bot.config.base import Identifiers, Seconds, Secret, Section
from bot.config.sources import SourceSettings
from indexer.sources import approved_threads
from indexer.sources.approved_threads import ApprovedPost
from indexer.sources.base import Entry, Fetched, ListingFailed, PageGone, Source, Surroundings
from indexer.sources.http.client import HttpClient, follow
from indexer.sources.http.failures import CallFailed, fetching, listing, one_item
from indexer.sources.http.json_values import Json, flag, items, text

# What Slack's errors mean as a status; it answers 200 to everything.
_STATUS = {
    **dict.fromkeys(
        ("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"), 401
    ),
    **dict.fromkeys(("missing_scope", "not_in_channel", "no_permission", "access_denied"), 403),
    **dict.fromkeys(("thread_not_found", "message_not_found", "user_not_found", "user_not_visible"), 404),
}
_PAGE = 200
_GONE = 404


class SlackChannelOptions(Section):
    """`channels` are ids; the bot must be a member of each. `reaction` is the mark's name in Slack.

    `in_replies` looks for the mark on replies too, at the price of a call for each thread. `since` is how far back. A
    private channel needs `private_audience`: who may see what was said there.
    """

    token: Secret
    channels: Annotated[tuple[str, ...], Field(min_length=1)]
    reaction: str = "white_check_mark"
    pins: bool = True
    in_replies: bool = False
    since: Seconds = 365 * 86400.0
    private_audience: Identifiers | None = None
    api_url: Annotated[str, Field(pattern=r"^https?://")] = "https://slack.com/api"


class SlackChannelSource(Source):
    """Paths are `CHANNEL/time of the first message`; revisions are hashes of what the thread says."""

    fetches_at_once = 2

    def __init__(self, settings: SourceSettings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        self._options = settings.parse(SlackChannelOptions)
        self.http = HttpClient(self._options.api_url, headers=self._headers)
        self._people: dict[str, tuple[str, bool]] = {}

    async def close(self) -> None:
        await self.http.close()

    async def _headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._options.token.get_secret_value()}"}

    async def entries(self) -> AsyncIterator[Entry]:
        with listing():
            self._people.clear()
            home = str((await self._call("auth.test"))["url"]).rstrip("/")
            found = False
            for channel in self._options.channels:
                with one_item(self.unlisted, f"channel {channel}", (f"{channel}/",)):
                    async for entry in self._channel(channel, home):
                        yield entry
                    found = True
            if not found:
                raise ListingFailed(self.unlisted[0].reason)

    async def _channel(self, channel: str, home: str) -> AsyncIterator[Entry]:
        audience = await self._audience(channel)
        seen: set[str] = set()
        async for start in self._starts(channel):
            if start in seen:
                continue
            seen.add(start)
            path = f"{channel}/{start}"
            with one_item(self.unlisted, path, (path,)):
                posts = await self._posts(channel, start)
                if posts and any(post.approved for post in posts):
                    yield self._entry(f"{home}/archives/{channel}", channel, start, posts, audience)

    async def fetch(self, entry: Entry) -> Fetched:
        with fetching():
            channel, _, start = entry.path.partition("/")
            posts = await self._posts(channel, start)
            if not any(post.approved for post in posts):
                raise PageGone("nobody approves of it any more")
            return Fetched(
                f"{entry.path}.md",
                approved_threads.markdown(posts).encode(),
                title=approved_threads.title(posts),
            )

    async def _starts(self, channel: str) -> AsyncIterator[str]:
        """List the first messages of what may be approved: pins, marked threads, and with `in_replies` all threads."""
        if self._options.pins:
            for item in items((await self._call("pins.list", channel=channel))["items"]):
                with one_item(self.unlisted, f"a pin of {channel}", (f"{channel}/",)):
                    if text(item["type"]) == "message":
                        yield text(item["message"].get("thread_ts") or item["message"]["ts"])
        oldest = f"{time.time() - self._options.since:.6f}"
        async for message in self._paged("conversations.history", channel=channel, oldest=oldest):
            told = message.get("ts") if isinstance(message, Mapping) else None
            where = f"{channel}/{told}" if isinstance(told, str) else f"{channel}/"
            with one_item(self.unlisted, where, (where,)):
                if self._marks(message) or (self._options.in_replies and message.get("reply_count")):
                    yield text(message["ts"])

    async def _posts(self, channel: str, start: str) -> list[ApprovedPost]:
        """Read a thread's messages, the marked and pinned as approved; none if its first message is gone."""
        try:
            found = [each async for each in self._paged("conversations.replies", channel=channel, ts=start)]
        except CallFailed as error:
            if error.status == _GONE:
                return []
            raise
        if not found or text(found[0]["ts"]) != start or found[0].get("subtype") == "tombstone":
            return []
        return [await self._post(message, channel) for message in found]

    async def _post(self, message: Json, channel: str) -> ApprovedPost:
        name, bot = await self._person(message.get("user", ""))
        pinned = self._options.pins and channel in items(message.get("pinned_to", []))
        approved = pinned
        for user in self._marks(message):
            approved = approved or not (await self._person(user))[1]
        at = datetime.fromtimestamp(float(message["ts"]), UTC)
        own = bot or "bot_id" in message
        return ApprovedPost(name, await self._text(message.get("text", "")), at, own, approved)

    def _marks(self, message: Json) -> list[str]:
        """List who marked a message."""
        for reaction in items(message.get("reactions", [])):
            if reaction["name"].partition("::")[0] == self._options.reaction:
                return list(map(text, items(reaction["users"])))
        return []

    async def _person(self, user: str) -> tuple[str, bool]:
        """Look up a user's name, and whether it is a bot."""
        if not user:
            return "", True
        if user not in self._people:
            try:
                told = (await self._call("users.info", user=user))["user"]
            except CallFailed as error:
                if error.status != _GONE:
                    raise
                # Whom Slack doesn't know (any more) can't vouch for anything.
                self._people[user] = ("", True)
            else:
                profile = told.get("profile") or {}
                name = text(profile.get("display_name") or profile.get("real_name") or told.get("name") or "")
                self._people[user] = (name, flag(told, "is_bot") or user == "USLACKBOT")
        return self._people[user]

    async def _audience(self, channel: str) -> frozenset[str] | None:
        told = (await self._call("conversations.info", channel=channel))["channel"]
        if not any(told.get(kind) for kind in ("is_private", "is_im", "is_mpim")):
            return None
        if self._options.private_audience is None:
            raise ListingFailed(
                f"the channel {channel} is private: private_audience says who may see its pages"
            )
        return self._options.private_audience

    async def _text(self, said: str) -> str:
        """Write Slack's markup as Markdown, with names instead of mentions, so that nothing pings."""
        for user in set(re.findall(r"<@([UW][A-Z0-9]+)", said)):
            name = (await self._person(user))[0]
            said = re.sub(rf"<@{user}(\|[^>]*)?>", f"@{name or 'someone'}".replace("\\", "\\\\"), said)
        said = re.sub(r"<#\w+\|([^>]*)>", r"#\1", said)
        said = re.sub(r"<!(?:date\^[^>|]*|subteam\^[^>|]*|\w+)(?:\|([^>]*))?>", r"\1", said)
        said = re.sub(r"<((?:https?|mailto):[^>|]+)\|([^>]*)>", r"[\2](\1)", said)
        said = re.sub(r"<((?:https?|mailto):[^>|]+)>", r"\1", said)
        said = re.sub(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])", r"**\1**", said)
        return re.sub(r"^•\s*", "- ", unescape(said), flags=re.MULTILINE)

    def _entry(
        self, home: str, channel: str, start: str, posts: list[ApprovedPost], audience: frozenset[str] | None
    ) -> Entry:
        return Entry(
            f"{channel}/{start}",
            approved_threads.revision(posts),
            max(post.at for post in posts),
            self.settings.owners or approved_threads.owners(posts),
            audience=audience,
            url=f"{home}/p{start.replace('.', '')}",
            title=approved_threads.title(posts),
        )

    async def _paged(self, method: str, **params: str) -> AsyncIterator[Json]:
        async def call(cursor: str) -> Json:
            return await self._call(
                method, limit=str(_PAGE), **params, **({"cursor": cursor} if cursor else {})
            )

        def following(page: Json) -> str | None:
            return text((page.get("response_metadata") or {}).get("next_cursor", ""))

        async for page in follow(call, following):
            for message in items(page["messages"]):
                yield message

    async def _call(self, method: str, **params: str) -> Json:
        reply = (await self.http.call("POST", f"/{method}", form=params)).json()
        if not reply.get("ok"):
            error = str(reply.get("error", "nothing"))
            needed = f", it needs {reply['needed']}" if reply.get("needed") else ""
            raise CallFailed(
                f"Slack answered {json.dumps(error)} to {method}{needed}", _STATUS.get(error, 400)
            )
        return reply
