"""Discord channels as a source."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from indexer.sources.base import ListingFailed, PageFailed, PageGone
from tests.support.source_server import (
    Server,
    Trouble,
    answered,
    listed,
    opened,
    serving,
    text_of,
)

TOKEN = "discord-test"  # noqa: S105


def said(
    key: str, text: str, author: str = "ada", *, marks: tuple[str, ...] = (), **fields: Any
) -> dict[str, Any]:
    reactions = [{"emoji": {"id": None, "name": "✅"}, "count": len(marks)}] if marks else []
    who = {"id": f"9{len(author)}", "username": author, "global_name": author.title(), "bot": author == "bot"}
    told = {"id": key, "type": 0, "content": text, "author": who, "mentions": [], "reactions": reactions}
    return {**told, "timestamp": "2026-01-05T10:00:00+00:00", "marks": marks, **fields}


def thread(key: str, parent: str = "10", name: str = "T") -> dict[str, Any]:
    stamp = {"archive_timestamp": f"2026-01-05T10:00:{int(key) % 60:02}+00:00"}
    return {"id": key, "type": 11, "parent_id": parent, "name": name, "thread_metadata": stamp}


@dataclass
class Discord:
    """Messages by channel or thread, newest first as Discord gives them."""

    kind: int = 0
    everyone: int = 1 << 10
    overwrites: list[dict[str, str]] = field(default_factory=list)
    messages: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    pins: list[dict[str, Any]] = field(default_factory=list)
    active: list[dict[str, Any]] = field(default_factory=list)
    archived: list[dict[str, Any]] = field(default_factory=list)
    most: int = 100

    async def answer(self, request: web.Request) -> web.Response:  # noqa: C901, PLR0911 - an address each
        if request.headers.get("Authorization") != f"Bot {TOKEN}":
            return answered({"message": "401: Unauthorized", "code": 0}, 401)
        query = request.query
        match request.path.strip("/").split("/"):
            case ["channels", "10"]:
                told = {"id": "10", "type": self.kind, "guild_id": "1"}
                return answered({**told, "permission_overwrites": self.overwrites})
            case ["channels", "10", "messages", "pins"]:
                start = int(query.get("before", "0"))
                items = (
                    [{"pinned_at": str(start + 1), "message": self.pins[start]}] if self.pins[start:] else []
                )
                return answered({"items": items, "has_more": len(self.pins) > start + 1})
            case ["guilds", "1", "roles"]:
                roles = [{"id": "2", "permissions": "8"}, {"id": "1", "permissions": str(self.everyone)}]
                return answered(roles)
            case ["guilds", "1", "threads", "active"]:
                return answered({"threads": self.active})
            case ["channels", "10", "threads", "archived", "public"]:
                times = [each["thread_metadata"]["archive_timestamp"] for each in self.archived]
                start = times.index(query["before"]) + 1 if "before" in query else 0
                page = self.archived[start : start + self.most]
                return answered({"threads": page, "has_more": len(self.archived) > start + self.most})
            case ["channels", where, "messages"] if where in self.messages and int(query["limit"]) <= 100:
                keys = [each["id"] for each in self.messages[where]]
                start = keys.index(query["before"]) + 1 if "before" in query else 0
                return answered(self.messages[where][start : start + 100])
            case ["channels", where, "messages", key]:
                for each in [*self.messages.get(where, []), *self.pins]:
                    if each["id"] == key:
                        return answered(each)
            case ["channels", where, "messages", key, "reactions", "✅"]:
                (message,) = [each for each in self.messages[where] if each["id"] == key]
                return answered(
                    [{"id": mark, "username": mark, "bot": mark == "bot"} for mark in message["marks"]]
                )
        return answered({"message": "Unknown", "code": 10008}, 404)


@pytest.fixture
def discord() -> Discord:
    return Discord()


@pytest.fixture
async def server(discord: Discord) -> AsyncIterator[Server]:
    async with serving(discord.answer) as running:
        yield running


def options(server: Server, **fields: object) -> dict[str, object]:
    given = {"type": "discord_channel", "token": TOKEN, "channels": [10], "api_url": server.url}
    return {**given, **fields}


async def test_threads(discord: Discord, server: Server, tmp_path: Path) -> None:
    """A thread with a human's mark is a page with its first message as the question; other threads are none."""
    discord.messages = {
        "10": [
            said(
                "100",
                "How do I <:wave:55> deploy? <@93> @everyone",
                mentions=[{"id": "93", "username": "grace"}],
            )
        ],
        "100": [
            said("103", "beep", "bot"),
            said("102", "With `make deploy`.", "grace", marks=("bot", "ada")),
            said("101", "No idea.", "bob"),
            said("1001", "", type=21),
        ],
        "200": [said("201", "Marked by a bot", marks=("bot",))],
        "300": [said("301", "Elsewhere", marks=("ada",))],
    }
    discord.active = [thread("100"), thread("300", parent="11")]
    discord.archived = [thread("100"), thread("200"), thread("400")]
    discord.most = 1
    async with opened(tmp_path, **options(server)) as (source, _):
        found = await listed(source)
        assert list(found) == ["10/thread/100"]
        (entry,) = found.values()
        text = await text_of(source, entry)
    assert text == (
        "## Question\n\nHow do I :wave: deploy? @grace everyone\n\n"
        "## Answer\n\nWith `make deploy`.\n\n— Grace, 2026-01-05"
    )
    assert entry.url == "https://discord.com/channels/1/100"
    assert (entry.owners, entry.audience) == (("Grace",), None)


async def test_forum(discord: Discord, server: Server, tmp_path: Path) -> None:
    """A forum's post with a mark on its first message has the post's title and all humans' answers."""
    discord.kind = 15
    posts = [said(str(500 + n), f"Answer {n}.", "bob") for n in range(149, 0, -1)]
    discord.messages["500"] = [*posts, said("500", "It breaks.", marks=("ada",))]
    discord.active = [thread("500", name="Build is red")]
    async with opened(tmp_path, **options(server)) as (source, _):
        (entry,) = (await listed(source)).values()
        text = await text_of(source, entry)
    assert entry.title == "Build is red"
    assert text.startswith("## Question\n\nIt breaks.\n\n## Answers\n\nAnswer 1.")
    assert "Answer 149." in text


async def test_pins(discord: Discord, server: Server, tmp_path: Path) -> None:
    """Pins are listed page by page; an edit changes the revision; unpinned or deleted they are gone."""
    discord.pins = [said("7", "Wifi: guest", pinned=True), said("8", "Door: 5", pinned=True)]
    async with opened(tmp_path, **options(server)) as (source, _):
        before = await listed(source)
        assert set(before) == {"10/7", "10/8"}
        assert before["10/7"].url == "https://discord.com/channels/1/10/7"
        discord.pins[0]["content"] = "Wifi: other"
        after = await listed(source)
        assert before["10/7"].revision != after["10/7"].revision
        assert before["10/8"].revision == after["10/8"].revision
        assert await text_of(source, after["10/7"]) == "Wifi: other"
        discord.pins[0]["pinned"] = False
        del discord.pins[1]
        for entry in after.values():
            with pytest.raises(PageGone):
                await source.fetch(entry)


async def test_private_channels(discord: Discord, server: Server, tmp_path: Path) -> None:
    """A channel that not everyone sees is only read when it is said who may see its pages."""
    discord.overwrites = [{"id": "1", "allow": "0", "deny": str(1 << 10)}]
    discord.pins = [said("7", "Secret", pinned=True)]
    async with opened(tmp_path, **options(server)) as (source, _):
        with pytest.raises(ListingFailed, match="private_audience"):
            await listed(source)
    async with opened(tmp_path, **options(server, private_audience=["hr"])) as (source, _):
        assert (await listed(source))["10/7"].audience == {"hr"}


@pytest.mark.parametrize(
    ("everyone", "overwrites", "private"),
    [
        (0, [], True),
        (0, [{"id": "1", "allow": str(1 << 10), "deny": "0"}], False),
        (0, [{"id": "2", "allow": str(1 << 10), "deny": "0"}], True),
        (1 << 10, [{"id": "2", "allow": "0", "deny": str(1 << 10)}], False),
    ],
)
async def test_hidden_by_the_server(
    discord: Discord,
    server: Server,
    tmp_path: Path,
    everyone: int,
    overwrites: list[dict[str, str]],
    *,
    private: bool,
) -> None:
    """A channel is private, too, where the server itself shows nobody any channel and this one doesn't say otherwise."""
    discord.everyone, discord.overwrites = everyone, overwrites
    discord.pins = [said("7", "Secret", pinned=True)]
    async with opened(tmp_path, **options(server, private_audience=["hr"])) as (source, _):
        assert (await listed(source))["10/7"].audience == ({"hr"} if private else None)


async def test_a_mark_that_is_taken_back(discord: Discord, server: Server, tmp_path: Path) -> None:
    """A thread whose mark is taken back is no page any more, also between listing and fetching."""
    discord.messages["100"] = [said("101", "Yes.", marks=("ada",)), said("100", "Question?")]
    discord.active = [thread("100")]
    async with opened(tmp_path, **options(server)) as (source, _):
        (entry,) = (await listed(source)).values()
        discord.messages["100"][0] |= {"marks": (), "reactions": []}
        with pytest.raises(PageGone):
            await source.fetch(entry)
        assert await listed(source) == {}


async def test_retry_after(discord: Discord, server: Server, tmp_path: Path) -> None:
    """429 is obeyed for as long as Discord asks for, to the millisecond."""
    server.trouble.append(Trouble(429, {"Retry-After": "0.35"}))
    async with opened(tmp_path, **options(server)) as (source, waited):
        await listed(source)
    assert waited == [0.35]


@pytest.mark.parametrize("status", [401, 403, 500])
@pytest.mark.parametrize(
    "at", ["/guilds/1/roles", "/guilds/1/threads", "/channels/10/messages/pins", "/channels/10/threads"]
)
async def test_no_listing(discord: Discord, server: Server, tmp_path: Path, status: int, at: str) -> None:
    """Whatever part of the listing fails, it fails as a whole."""
    server.trouble.extend([Trouble(status, at=at)] * 5)
    async with opened(tmp_path, **options(server)) as (source, _):
        with pytest.raises(ListingFailed, match=str(status)) as caught:
            await listed(source)
    assert TOKEN not in str(caught.value)


async def test_lost_credentials(discord: Discord, server: Server, tmp_path: Path) -> None:
    """Lost credentials end the sync; a forbidden message fails alone."""
    discord.pins = [said("7", "Yes", pinned=True)]
    async with opened(tmp_path, **options(server)) as (source, _):
        (entry,) = (await listed(source)).values()
        server.trouble.extend([Trouble(401), Trouble(403)])
        with pytest.raises(ListingFailed, match="credentials"):
            await source.fetch(entry)
        with pytest.raises(PageFailed):
            await source.fetch(entry)


@pytest.mark.slow
async def test_ten_thousand_messages(discord: Discord, server: Server, tmp_path: Path) -> None:
    """A thread of 10,000 messages is read page by page."""
    posts = [said(str(20_000 - n), f"Message {n}") for n in range(10_000)]
    discord.messages["100"] = [*posts, said("100", "Start", marks=("ada",))]
    discord.active = [thread("100")]
    async with opened(tmp_path, **options(server)) as (source, _):
        assert len(await listed(source)) == 1
    assert sum(asked.startswith("GET /channels/100/messages?") for asked in server.asked) == 101
