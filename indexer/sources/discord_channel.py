"""Reads Discord channels: pinned messages, and threads in which a human marked something with a ✅."""

import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import quote

from pydantic import Field

from bot.config.base import Id, Identifiers, Secret, Section
from bot.config.sources import SourceSettings
from bot.text.dates import moment
from indexer.sources import approved_threads
from indexer.sources.approved_threads import ApprovedPost
from indexer.sources.base import Entry, Fetched, ListingFailed, PageGone, Source, Surroundings
from indexer.sources.http.client import HttpClient, follow
from indexer.sources.http.failures import CallFailed, fetching, listing, one_item
from indexer.sources.http.json_values import Json, flag, items, text

_PAGE = 100
_VIEW_CHANNEL = 1 << 10
_FORUMS = {15, 16}
_EPOCH = 1_420_070_400_000
_ORDINARY = {0, 19, 20}
_GONE = 404


class DiscordChannelOptions(Section):
    """`channels` are ids of text channels and forums. `reaction` is the mark itself.

    The bot needs View Channel, Read Message History and the Message Content intent. A channel that not everyone of the
    server sees needs `private_audience`: who may see what was said there.
    """

    token: Secret
    channels: Annotated[tuple[Id, ...], Field(min_length=1)]
    reaction: str = "✅"
    pins: bool = True
    private_audience: Identifiers | None = None
    api_url: Annotated[str, Field(pattern=r"^https?://")] = "https://discord.com/api/v10"


class DiscordChannelSource(Source):
    """Paths are `channel/message` for a pin and `channel/thread/thread` for a thread."""

    fetches_at_once = 4

    def __init__(self, settings: SourceSettings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        self._options = settings.parse(DiscordChannelOptions)
        self.http = HttpClient(
            self._options.api_url, headers=self._headers, agent="DiscordBot (https://docent.example, 0.1)"
        )

    async def close(self) -> None:
        await self.http.close()

    async def _headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bot {self._options.token.get_secret_value()}"}

    async def entries(self) -> AsyncIterator[Entry]:
        with listing():
            found = False
            for channel in self._options.channels:
                with one_item(self.unlisted, f"channel {channel}", (f"{channel}/",)):
                    async for entry in self._channel(channel):
                        yield entry
                    found = True
            if not found:
                raise ListingFailed(self.unlisted[0].reason)

    async def _channel(self, channel: str) -> AsyncIterator[Entry]:
        told = await self.http.json("GET", f"/channels/{channel}")
        audience = await self._audience(told)
        link = f"https://discord.com/channels/{text(told['guild_id'])}"
        forum = told["type"] in _FORUMS
        if self._options.pins and not forum:
            async for message in self._pins(channel):
                path = f"{channel}/{_key(message)}"
                with one_item(self.unlisted, path, (path,)):
                    posts = [await self._post(channel, message, pinned=True)]
                    if posts[0].text.strip():
                        yield self._entry(path, f"{link}/{channel}/{text(message['id'])}", posts, audience)
        async for thread in self._threads(told):
            path = f"{channel}/thread/{_key(thread)}"
            with one_item(self.unlisted, path, (path,)):
                posts = await self._posts(channel, text(thread["id"]))
                if posts and any(post.approved for post in posts):
                    name = text(thread.get("name", "")) if forum else ""
                    yield self._entry(path, f"{link}/{thread['id']}", posts, audience, name)

    async def fetch(self, entry: Entry) -> Fetched:
        with fetching():
            channel, *rest = entry.path.split("/")
            if rest[0] == "thread":
                posts = await self._posts(channel, rest[1])
            else:
                message = await self.http.json("GET", f"/channels/{channel}/messages/{rest[0]}")
                posts = [await self._post(channel, message, pinned=bool(message.get("pinned")))]
            if not any(post.approved for post in posts):
                raise PageGone("nobody approves of it any more")
            return Fetched(f"{entry.path}.md", approved_threads.markdown(posts).encode(), title=entry.title)

    async def _audience(self, channel: Json) -> frozenset[str] | None:
        """Find who may see a channel; None where everyone of the server does, by the server's rule and then the channel's own."""
        server = channel["guild_id"]
        roles = (await self.http.json("GET", f"/guilds/{server}/roles"))["items"]
        (everyone,) = (int(role["permissions"]) for role in roles if role["id"] == server)
        for each in channel.get("permission_overwrites", []):
            if each["id"] == server:
                everyone = (everyone & ~int(each["deny"])) | int(each["allow"])
        if everyone & _VIEW_CHANNEL:
            return None
        if self._options.private_audience is None:
            name = channel["id"]
            raise ListingFailed(f"the channel {name} is private: private_audience says who may see its pages")
        return self._options.private_audience

    async def _pins(self, channel: str) -> AsyncIterator[Json]:
        async def call(before: str) -> Json:
            params = {"limit": "50", **({"before": before} if before else {})}
            return await self.http.json("GET", f"/channels/{channel}/messages/pins", params=params)

        def following(page: Json) -> str | None:
            return text(page["items"][-1]["pinned_at"]) if flag(page, "has_more") else None

        async for page in follow(call, following):
            for item in items(page["items"]):
                with one_item(self.unlisted, f"a pin of {channel}", (f"{channel}/",)):
                    yield item["message"]

    async def _threads(self, channel: Json) -> AsyncIterator[Json]:
        """List a channel's threads, each once: one that is active now may be archived a moment later."""
        active = await self.http.json("GET", f"/guilds/{channel['guild_id']}/threads/active")
        seen: set[str] = set()

        async def call(before: str) -> Json:
            params = {"limit": str(_PAGE), **({"before": before} if before else {})}
            return await self.http.json(
                "GET", f"/channels/{channel['id']}/threads/archived/public", params=params
            )

        def following(page: Json) -> str | None:
            more = flag(page, "has_more")
            return text(page["threads"][-1]["thread_metadata"]["archive_timestamp"]) if more else None

        for thread in items(active["threads"]):
            with one_item(self.unlisted, "a thread", (f"{channel['id']}/thread/{_key(thread)}",)):
                if text(thread["parent_id"]) == channel["id"] and _kind(thread) in {10, 11}:
                    seen.add(text(thread["id"]))
                    yield thread
        async for page in follow(call, following):
            for thread in items(page["threads"]):
                if _key(thread) not in seen:
                    seen.add(_key(thread))
                    yield thread

    async def _posts(self, channel: str, thread: str) -> list[ApprovedPost]:
        """Read a thread's messages, oldest first; none if the thread is gone.

        A text channel's thread begins with the message of the same id, which stands in the channel itself.
        """

        async def call(before: str) -> Json:
            params = {"limit": str(_PAGE), **({"before": before} if before else {})}
            return await self.http.json("GET", f"/channels/{thread}/messages", params=params)

        def following(page: Json) -> str | None:
            return text(page["items"][-1]["id"]) if len(items(page["items"])) == _PAGE else None

        try:
            found = [message async for page in follow(call, following) for message in items(page["items"])]
        except CallFailed as error:
            if error.status == _GONE:
                return []
            raise
        found = [message for message in reversed(found) if _kind(message) in _ORDINARY]
        posts = [await self._post(thread, message) for message in found]
        if not found or text(found[0]["id"]) != thread:
            try:
                start = await self.http.json("GET", f"/channels/{channel}/messages/{thread}")
            except CallFailed as error:
                if error.status != _GONE:  # its first message was deleted, or there never was one
                    raise
            else:
                posts.insert(0, await self._post(channel, start))
        return posts

    async def _post(self, channel: str, message: Json, *, pinned: bool = False) -> ApprovedPost:
        author = message["author"]
        name = author.get("global_name") or author.get("username", "")
        approved = pinned or await self._approved(channel, message)
        at = moment(message.get("timestamp")) or _moment_of(message["id"])
        return ApprovedPost(name, _text(message), at, flag(author, "bot"), approved)

    async def _approved(self, channel: str, message: Json) -> bool:
        """Tell whether a human marked the message."""
        for reaction in items(message.get("reactions", [])):
            if text(reaction["emoji"].get("name") or "") == self._options.reaction:
                path = (
                    f"/channels/{channel}/messages/{message['id']}/reactions/{quote(self._options.reaction)}"
                )
                people = await self.http.json("GET", path, params={"limit": str(_PAGE)})
                return any(not flag(person, "bot") for person in items(people["items"]))
        return False

    def _entry(
        self, path: str, url: str, posts: list[ApprovedPost], audience: frozenset[str] | None, name: str = ""
    ) -> Entry:
        changed = max(post.at for post in posts)
        owners = self.settings.owners or approved_threads.owners(posts)
        title = name or approved_threads.title(posts)
        return Entry(
            path, approved_threads.revision(posts), changed, owners, audience=audience, url=url, title=title
        )


def _key(found: object) -> str:
    """Read an id; "" where there is none, which is the beginning of every path."""
    key = found.get("id") if isinstance(found, Mapping) else None
    return key if isinstance(key, str) else ""


def _kind(message: Json) -> int:
    kind = message["type"]
    if not isinstance(kind, int) or isinstance(kind, bool):
        raise TypeError("a message has no type")
    return kind


def _moment_of(snowflake: str) -> datetime:
    return datetime.fromtimestamp(((int(snowflake) >> 22) + _EPOCH) / 1000, UTC)


def _text(message: Json) -> str:
    """Write names instead of mentions, so that nothing pings."""
    said = text(message.get("content", ""))
    for person in items(message.get("mentions", [])):
        name = person.get("global_name") or person.get("username", "")
        said = re.sub(rf"<@!?{person['id']}>", f"@{name}".replace("\\", "\\\\"), said)
    said = re.sub(r"<a?(:\w+:)\d+>", r"\1", said)
    return re.sub(r"<(?:@[!&]?|#)\d+>|@(?=everyone|here)", "", said)
