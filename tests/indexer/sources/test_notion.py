"""Notion as a source."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from indexer.sources.base import ListingFailed, PageFailed, PageGone
from tests.indexer.sources.test_synced import synced
from tests.support.fakes import FakeStore
from tests.support.source_server import (
    Server,
    Trouble,
    answered,
    listed,
    opened,
    serving,
    text_of,
)

TOKEN = "ntn_test"  # noqa: S105
EDITED = "2026-01-05T10:00:00.000Z"


def words(text: str, href: str | None = None, **marks: bool) -> list[dict[str, Any]]:
    return [{"type": "text", "plain_text": text, "href": href, "annotations": marks}]


def page(key: str, title: str, parent: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
    properties = {"Name": {"type": "title", "title": words(title)}, **fields.pop("properties", {})}
    return {
        "object": "page",
        "id": key,
        "url": f"https://www.notion.so/{key}",
        "parent": parent or {"type": "workspace", "workspace": True},
        "last_edited_time": EDITED,
        "created_by": {"object": "user", "id": "u1"},
        "archived": False,
        "in_trash": False,
        "properties": properties,
        **fields,
    }


def block(kind: str, text: str = "", key: str = "", **told: Any) -> dict[str, Any]:
    return {"type": kind, "id": key, "has_children": bool(key), kind: {"rich_text": words(text), **told}}


@dataclass
class Workspace:
    """As strict as Notion about token, version and page size; `most` results a page."""

    found: list[dict[str, Any]] = field(default_factory=list)
    unlisted: list[dict[str, Any]] = field(default_factory=list)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    blocks: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    holders: dict[str, dict[str, str]] = field(default_factory=dict)
    most: int = 100
    sees_users: bool = True

    async def answer(self, request: web.Request) -> web.Response:  # noqa: C901, PLR0911 - an address each
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._error(401, "unauthorized")
        if request.headers.get("Notion-Version") != "2025-09-03":
            return self._error(400, "missing_version")
        asked = json.loads(await request.text() or "{}") if request.method == "POST" else dict(request.query)
        match request.path.strip("/").split("/")[1:]:
            case ["search"] if request.method == "POST":
                return self._page(self.found, asked)
            case ["users"]:
                person = {"object": "user", "id": "u1", "name": "Ada"}
                return (
                    self._page([person], asked)
                    if self.sees_users
                    else self._error(403, "restricted_resource")
                )
            case ["data_sources", key, "query"] if request.method == "POST" and key in self.rows:
                return self._page(self.rows[key], asked)
            case ["blocks", key, "children"] if key in self.blocks:
                return self._page(self.blocks[key], asked)
            case ["blocks", key] if key in self.holders:
                return answered({"object": "block", "id": key, "parent": self.holders[key]})
            case ["pages", key]:
                for each in [
                    *self.found,
                    *self.unlisted,
                    *(row for rows in self.rows.values() for row in rows),
                ]:
                    if each["id"] == key:
                        return answered(each)
        return self._error(404, "object_not_found")

    def _page(self, every: list[dict[str, Any]], asked: dict[str, Any]) -> web.Response:
        if not 0 < int(asked.get("page_size", 100)) <= 100:
            return self._error(400, "validation_error")
        start = int(asked.get("start_cursor", 0))
        rest = len(every) > start + self.most
        results = every[start : start + self.most]
        return answered(
            {
                "object": "list",
                "results": results,
                "has_more": rest,
                "next_cursor": str(start + self.most) if rest else None,
            }
        )

    def _error(self, status: int, code: str) -> web.Response:
        return answered({"object": "error", "status": status, "code": code, "message": "no"}, status)


def two_pages() -> Workspace:
    """Leave and Pay, with a paragraph each."""
    made = Workspace(found=[page("p1", "Leave"), page("p2", "Pay")])
    made.blocks = {"p1": [block("paragraph", "27 days.")], "p2": [block("paragraph", "Monthly.")]}
    return made


@pytest.fixture
def workspace() -> Workspace:
    return Workspace()


@pytest.fixture
async def server(workspace: Workspace) -> AsyncIterator[Server]:
    async with serving(workspace.answer) as running:
        yield running


def notion(server: Server, **fields: object) -> dict[str, object]:
    return {"type": "notion", "token": TOKEN, "api_url": server.url, **fields}


async def test_listing(workspace: Workspace, server: Server, tmp_path: Path) -> None:
    """Pages and the rows of databases are listed with link, time and owner; what is archived is not."""
    table = {"object": "data_source", "id": "d1", "title": words("Policies"), "parent": {"database_id": "x"}}
    owner = {"Owner": {"type": "people", "people": [{"id": "u2", "name": "Grace"}]}}
    workspace.found = [
        page("p1", "Home"),
        page("p2", "Old", archived=True),
        {**table, "database_parent": {"type": "page_id", "page_id": "p1"}},
        page("p3", "Child", {"type": "page_id", "page_id": "p1"}),
    ]
    row = page("r1", "Travel", {"type": "data_source_id", "data_source_id": "d1"}, properties=owner)
    workspace.rows["d1"] = [row, page("r2", "Gone", in_trash=True)]
    async with opened(tmp_path, **notion(server)) as (source, _):
        found = await listed(source)
    assert {path: entry.title for path, entry in found.items()} == {
        "p1": "Home",
        "p3": "Child",
        "r1": "Travel",
    }
    assert (found["p1"].owners, found["r1"].owners) == (("Ada",), ("Grace",))
    assert found["p1"].url == "https://www.notion.so/p1"
    assert found["p1"].updated_at == datetime(2026, 1, 5, 10, tzinfo=UTC)
    async with opened(tmp_path, **notion(server, include=["Home/Policies/**"])) as (source, _):
        assert set(await listed(source)) == {"r1"}


async def test_blocks(workspace: Workspace, server: Server, tmp_path: Path) -> None:
    """Blocks become Markdown: headings, nested lists, tables, code, callouts; properties come first."""
    status = {
        "State": {"type": "status", "status": {"name": "Valid"}},
        "Days": {"type": "number", "number": 25},
    }
    workspace.found = [page("p1", "Leave", properties=status)]
    cells = [[words("Level"), words("Days")], [words("L1"), words("27", bold=True)]]
    workspace.blocks = {
        "p1": [
            block("heading_1", "Rules"),
            {
                "type": "paragraph",
                "id": "x",
                "has_children": False,
                "paragraph": {
                    "rich_text": [
                        *words("See "),
                        *words("this", "https://x.example/a"),
                        *words(" or "),
                        *words("that", "javascript:1"),
                    ]
                },
            },
            block("bulleted_list_item", "one", "b1"),
            block("bulleted_list_item", "two"),
            block("to_do", "ask", checked=True),
            block("table", key="t1"),
            block("code", "a = 1\n```", language="python"),
            block("callout", "Mind this", "c1"),
            block("toggle", "More", "g1"),
            {"type": "child_page", "id": "p9", "has_children": True, "child_page": {"title": "Sub"}},
            block("unsupported"),
        ],
        "b1": [block("bulleted_list_item", "deeper")],
        "t1": [{"type": "table_row", "id": "", "table_row": {"cells": row}} for row in cells],
        "c1": [block("paragraph", "twice")],
        "g1": [block("paragraph", "hidden")],
    }
    workspace.most = 3
    async with opened(tmp_path, **notion(server)) as (source, _):
        found = await listed(source)
        text = await text_of(source, found["p1"])
    assert text == (
        "- State: Valid\n- Days: 25\n\n"
        "## Rules\n\nSee [this](https://x.example/a) or that\n\n"
        "- one\n  - deeper\n- two\n- [x] ask\n\n"
        "| Level | Days |\n| --- | --- |\n| L1 | **27** |\n\n"
        "````python\na = 1\n```\n````\n\n> Mind this\n>\n> twice\n\n**More**\n\nhidden\n\n- Sub"
    )


async def test_audiences(workspace: Workspace, server: Server, tmp_path: Path) -> None:
    """What is below a page with words of its own is for those alone, also in databases and inside of blocks."""
    pay = "1f0e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
    table = {"object": "data_source", "id": "d1", "title": words("Bands"), "parent": {"database_id": "base"}}
    workspace.found = [
        page("p1", "Home"),
        page(pay, "Pay", {"type": "page_id", "page_id": "p1"}),
        page("p3", "In a column", {"type": "block_id", "block_id": "column"}),
        page("p4", "Board only", {"type": "page_id", "page_id": "p3"}),
        page("p5", "Below what is not shared", {"type": "page_id", "page_id": "hidden"}),
        page("p6", "Nobody knows where", {"type": "block_id", "block_id": "lost"}),
        {**table, "database_parent": {"type": "page_id", "page_id": pay}},
    ]
    workspace.rows["d1"] = [page("r1", "L1", {"type": "data_source_id", "data_source_id": "d1"})]
    workspace.holders = {
        "column": {"type": "block_id", "block_id": "list"},
        "list": {"type": "page_id", "page_id": pay},
    }
    given = {
        f"https://www.notion.so/acme/Pay-{pay.replace('-', '')}?v=1": ["managers", "board"],
        "p4": ["board"],
        "hidden": ["board"],
        "https://www.notion.so/acme/base": ["board", "staff"],
    }
    async with opened(tmp_path, **notion(server, audiences=given)) as (source, _):
        found = await listed(source)
    assert {path: entry.audience for path, entry in found.items()} == {
        "p1": None,
        pay: {"managers", "board"},
        "p3": {"managers", "board"},
        "p4": {"board"},
        "p5": {"board"},
        "p6": set(),
        "r1": {"board"},
    }


async def test_copies_of_other_pages(workspace: Workspace, server: Server, tmp_path: Path) -> None:
    """A block that is synced from another page is left out where pages have audiences of their own."""
    workspace.found = [page("p1", "Home")]
    copy = {"type": "synced_block", "id": "s1", "has_children": True}
    workspace.blocks = {
        "p1": [block("paragraph", "Open"), {**copy, "synced_block": {"synced_from": {"block_id": "x"}}}],
        "s1": [block("paragraph", "Secret")],
    }
    for given, text in (({}, "Open\n\nSecret"), ({"p9": ["board"]}, "Open")):
        async with opened(tmp_path, **notion(server, audiences=given)) as (source, _):
            assert await text_of(source, (await listed(source))["p1"]) == text


async def test_search_forgets_a_page(workspace: Workspace, server: Server, tmp_path: Path) -> None:
    """A page that search leaves out is asked for before it counts as gone, also after a restart."""
    forgotten, deleted = page("p2", "Forgotten"), page("p3", "Deleted")
    workspace.found = [page("p1", "Home"), forgotten, deleted]
    async with opened(tmp_path, **notion(server)) as (source, _):
        assert set(await listed(source)) == {"p1", "p2", "p3"}
    workspace.found, workspace.unlisted = [page("p1", "Home")], [forgotten]
    for _ in range(2):
        async with opened(tmp_path, **notion(server)) as (source, _):
            assert set(await listed(source)) == {"p1", "p2"}


async def test_just_edited(workspace: Workspace, server: Server, tmp_path: Path) -> None:
    """Notion's times are of the minute: what was edited just now is read again the next time."""
    workspace.found = [page("p1", "Now", last_edited_time=datetime.now(UTC).isoformat()), page("p2", "Then")]
    async with opened(tmp_path, **notion(server)) as (source, _):
        first, again = await listed(source), await listed(source)
    assert first["p1"].revision != again["p1"].revision
    assert first["p2"].revision == again["p2"].revision


@pytest.mark.slow
async def test_ten_thousand_pages(workspace: Workspace, server: Server, tmp_path: Path) -> None:
    """10,000 pages are listed in a hundred calls."""
    workspace.found = [page(f"p{n}", f"Page {n}") for n in range(10_000)]
    async with opened(tmp_path, **notion(server)) as (source, _):
        assert len(await listed(source)) == 10_000
    assert sum(asked.endswith("/v1/search") for asked in server.asked) == 100


async def test_retry_after(workspace: Workspace, server: Server, tmp_path: Path) -> None:
    """429 is obeyed for as long as Notion asks for; an integration that sees no users does without names."""
    workspace.found, workspace.sees_users = [page("p1", "Home")], False
    server.trouble.append(Trouble(429, {"Retry-After": "9"}, at="/v1/search"))
    async with opened(tmp_path, **notion(server)) as (source, waited):
        assert (await listed(source))["p1"].owners == ()
    assert waited == [9.0]


@pytest.mark.parametrize(("status", "times"), [(401, 1), (400, 1), (500, 5), (503, 5), (429, 5)])
async def test_no_listing(
    workspace: Workspace, server: Server, tmp_path: Path, status: int, times: int
) -> None:
    """A listing that breaks off on its second page fails as a whole, without the token in its words."""
    workspace.found, workspace.most = [page("p1", "A"), page("p2", "B")], 1

    async def answer(request: web.Request) -> web.Response:
        if "start_cursor" in await request.text():
            return web.Response(status=status, text="{}")
        return await workspace.answer(request)

    server.handler = answer
    async with opened(tmp_path, **notion(server)) as (source, waited):
        with pytest.raises(ListingFailed, match=str(status)) as caught:
            await listed(source)
        assert len(waited) == times - 1
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("body", [{"results": "x"}, [], {"results": [{}], "has_more": False}, "text"])
async def test_strange_answers(workspace: Workspace, server: Server, tmp_path: Path, body: object) -> None:
    """An answer in another shape than documented fails the listing with a word."""

    async def answer(request: web.Request) -> web.Response:
        return answered(body)

    server.handler = answer
    async with opened(tmp_path, **notion(server)) as (source, _):
        with pytest.raises(ListingFailed):
            await listed(source)


async def test_paging_in_a_circle(workspace: Workspace, server: Server, tmp_path: Path) -> None:
    """A server that gives the same cursor for ever ends as a failure."""

    async def answer(request: web.Request) -> web.Response:
        return answered({"results": [], "has_more": True, "next_cursor": "same"})

    server.handler = answer
    async with opened(tmp_path, **notion(server)) as (source, _):
        with pytest.raises(ListingFailed, match="circle"):
            await listed(source)


@pytest.mark.slow
async def test_a_part_that_is_missing_for_now(workspace: Workspace, server: Server, tmp_path: Path) -> None:
    """A block that its server fails to give is read again by the next sync; one that isn't shared isn't asked for again."""
    workspace.found = [page("p1", "Leave"), page("p2", "Pay")]
    workspace.blocks = {
        "p1": [block("paragraph", "27 days."), block("toggle", "More", "b1")],
        "p2": [block("paragraph", "Monthly."), block("toggle", "More", "b2")],
        "b1": [block("paragraph", "And five more.")],
    }
    status = 503

    async def answer(request: web.Request) -> web.Response:
        if status != 200 and request.path == "/v1/blocks/b1/children":
            return answered({"object": "error", "message": "no"}, status)
        return await workspace.answer(request)

    server.handler = answer
    store = FakeStore()
    async with opened(tmp_path, **notion(server)) as (source, _):
        assert [each.name for each in (await synced(source, store)).warnings] == ["p1", "p2"]
        assert "27 days." in store.documents["pages:p1"].document.text
        server.asked.clear()
        again = await synced(source, store)  # it still fails, and is told
        assert [each.name for each in again.warnings] == ["p1"]
        assert not [asked for asked in server.asked if "b2" in asked]
        status = 200
        assert (await synced(source, store)).changed == 1
        assert "And five more." in store.documents["pages:p1"].document.text
        server.asked.clear()
        assert (await synced(source, store)).unchanged == 2
        assert not [asked for asked in server.asked if "blocks" in asked]


async def test_vanished(workspace: Workspace, server: Server, tmp_path: Path) -> None:
    """What vanishes or is archived between listing and fetching is gone; lost credentials end the sync."""
    workspace.found = [page("p1", "A"), page("p2", "B"), page("p3", "C")]
    async with opened(tmp_path, **notion(server)) as (source, _):
        found = await listed(source)
        workspace.found = [page("p2", "B", in_trash=True), page("p3", "C")]
        for path in ("p1", "p2", "p3"):
            with pytest.raises(PageGone):
                await source.fetch(found[path])
        server.trouble.append(Trouble(403))
        with pytest.raises(PageFailed):
            await source.fetch(found["p3"])
        server.trouble.append(Trouble(401))
        with pytest.raises(ListingFailed, match="credentials"):
            await source.fetch(found["p3"])
