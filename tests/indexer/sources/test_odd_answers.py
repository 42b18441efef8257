"""Servers that answer oddly: whatever one answer lacks or is, no page is lost for it, and no other page is."""

import copy
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.model import SyncReport
from indexer.sources.base import Source
from indexer.sync.source_sync import SyncOptions
from indexer.sync.sync_all import sync_all
from tests.indexer.sources import test_confluence, test_discord_channel, test_notion, test_slack_channel
from tests.support.confluence_server import Confluence, Page
from tests.support.drive_server import FOLDER, Drive, gdrive
from tests.support.fakes import FakeStore
from tests.support.source_server import Handler, Server, opened, serving

pytestmark = pytest.mark.slow

_TRIES = 80
# Every so many tries all pages are read again, too.
_READ_EVERY = 20
_LISTS = {"results", "files", "changes", "messages", "items", "threads"}
_FOREIGN: tuple[object, ...] = (None, 7, "x", [], {}, True)

Place = tuple[object, ...]


@dataclass
class Oddly:
    """Hands on to a server of its own, and spoils the answer whose number is `spoiled`."""

    handler: Handler
    chance: random.Random
    spoiled: int = -1
    number: int = 0
    place: Place = ()
    said: str = ""
    seen: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        reply = await self.handler(request)
        if reply.content_type != "application/json" or reply.status != 200:
            return reply
        self.number += 1
        if self.number - 1 != self.spoiled:
            return reply
        told = json.loads(reply.text or "")
        self.place, self.said = (), request.path
        if self.chance.random() < 0.1:
            text = json.dumps(told)
            return web.Response(
                text=text[: self.chance.randrange(len(text))], content_type="application/json"
            )
        return web.json_response(self._spoil(told))

    def _spoil(self, told: Any) -> Any:
        places = list(_places(told))
        if not places:
            return told
        self.place = self.chance.choice(places)
        made = copy.deepcopy(told)
        holder = made
        for name in self.place[:-1]:
            holder = holder[name]
        value = holder[self.place[-1]]
        if isinstance(value, list) and len(value) > 1 and self.chance.random() < 0.3:
            holder[self.place[-1]] = self.chance.sample(value, len(value))
            return made
        others = [each for each in _FOREIGN if type(each) is not type(value)]
        holder[self.place[-1]] = self.chance.choice(others)
        self.said += f" {self.place} = {holder[self.place[-1]]!r}"
        return made

    @property
    def is_in_an_item(self) -> bool:
        """Whether what was spoiled is a part of one entry of a list."""
        if self.said.startswith("/wiki/api/v2/spaces ("):  # the source's only one
            return False
        return any(
            name in _LISTS and isinstance(at, int) and len(self.place) > number + 2
            for number, (name, at) in enumerate(zip(self.place, self.place[1:], strict=False))
        )


def _places(told: Any, place: Place = ()) -> Iterator[Place]:
    pairs = told.items() if isinstance(told, dict) else enumerate(told) if isinstance(told, list) else ()
    for name, value in pairs:
        yield (*place, name)
        yield from _places(value, (*place, name))


def confluence(*, cloud: bool) -> tuple[Handler, Callable[[Server], dict[str, object]]]:
    made = Confluence(cloud=cloud, most=2)
    made.pages = {
        "1": Page("Home"),
        "2": Page("Leave", "<p>27 days.</p>", "1"),
        "3": Page("Pay", "<p>Monthly.</p>", "2", groups=("managers",)),
        "4": Page("Bands", "<p>L1 to L9.</p>", "3"),
        "5": Page("Lunch", "<p>At noon.</p>", "1"),
    }
    made.attachments = {"a1": ("2", "form.txt", b"The form for leave."), "a2": ("5", "menu.txt", b"Soup.")}
    return made.answer, lambda server: test_confluence.options(server, made)


def notion() -> tuple[Handler, Callable[[Server], dict[str, object]]]:
    made = test_notion.two_pages()
    made.most = 2
    table = {"object": "data_source", "id": "d1", "title": test_notion.words("Policies")}
    table |= {"parent": {"database_id": "x"}, "database_parent": {"page_id": "p1"}}
    made.found += [table, test_notion.page("p3", "Lunch", {"page_id": "p1"})]
    made.rows = {"d1": [test_notion.page(f"r{n}", f"Row {n}", {"data_source_id": "d1"}) for n in range(3)]}
    for key in ("p3", "r0", "r1", "r2"):
        made.blocks[key] = [
            test_notion.block("paragraph", f"What {key} says."),
            test_notion.block("toggle", "More", f"b{key}"),
        ]
        made.blocks[f"b{key}"] = [test_notion.block("paragraph", f"And more of {key}.")]
    return made.answer, lambda server: test_notion.notion(server, audiences={"p1": ["everyone"]})


def drive() -> tuple[Handler, Callable[[Server], dict[str, object]]]:
    made = Drive(most=2)
    made.put("f1", "Team", "root", FOLDER)
    for number in range(5):
        made.put(
            f"d{number}",
            f"Doc {number}",
            "f1" if number % 2 else "root",
            content=f"# Doc\n\nText {number}.".encode(),
        )
    made.put("t1", "notes.txt", "f1", "text/plain", b"Some notes.")
    return made.answer, gdrive


def slack() -> tuple[Handler, Callable[[Server], dict[str, object]]]:
    made = test_slack_channel.Slack(most=2)
    for number in range(4):
        ts = f"170000000{number}.000100"
        made.threads[ts] = [
            test_slack_channel.said(ts, f"How does {number} work?", by=("UBO",)),
            test_slack_channel.said(f"170000000{number}.000200", f"Like {number}.", by=("UBO",)),
        ]
    return made.answer, test_slack_channel.options


def discord() -> tuple[Handler, Callable[[Server], dict[str, object]]]:
    made = test_discord_channel.Discord()
    made.pins = [test_discord_channel.said("70", "Lunch is at noon.", pinned=True)]
    for key in ("61", "62", "63"):
        made.active.append(test_discord_channel.thread(key))
        made.messages[key] = [
            test_discord_channel.said(f"{key}1", f"Like {key}.", marks=("bob",)),
            test_discord_channel.said(key, f"How does {key} work?"),
        ]
    given = {"type": "discord_channel", "token": test_discord_channel.TOKEN, "channels": ["10"]}
    return made.answer, lambda server: {**given, "api_url": server.url}


KINDS = {
    "confluence-cloud": lambda: confluence(cloud=True),
    "confluence-server": lambda: confluence(cloud=False),
    "notion": notion,
    "gdrive": drive,
    "slack": slack,
    "discord": discord,
}


async def synced(source: Source, store: FakeStore, *, full: bool = False) -> SyncReport:
    (report,) = await sync_all([source], store, None, SyncOptions(full=full, max_deleted_share=1.0))
    return report


@pytest.mark.parametrize("kind", KINDS)
async def test_no_odd_answer_costs_a_page(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An answer that is cut, reordered or has another type somewhere costs no page, no source and no traceback."""
    handler, options = KINDS[kind]()
    chance = random.Random(f"odder {kind}")  # noqa: S311 - the same each time
    oddly = Oddly(handler, chance)
    store = FakeStore()
    async with serving(oddly.answer) as server, opened(tmp_path, **options(server)) as (source, _):
        first = await synced(source, store)
        assert (first.error, first.failed) == ("", ())
        before, calls = set(store.documents), oddly.number
        for number in range(_TRIES):
            full = number % _READ_EVERY == 0
            oddly.number, oddly.spoiled = 0, chance.randrange(calls)
            report = await synced(source, store, full=full)
            told = f"{oddly.said}: {report}"
            oddly.spoiled = -1
            assert set(store.documents) >= before, told
            assert "bug" not in report.error, told
            assert not [each for each in report.failed if "bug" in each.reason], told
            assert not (oddly.is_in_an_item and report.error), told
            if number % _READ_EVERY == 0 or set(store.documents) != before:
                await synced(source, store)
        ours = [each for each in caplog.records if each.name.startswith(("indexer", "bot"))]
        assert not [each for each in ours if each.exc_info]
        last = await synced(source, store, full=True)
        assert (last.error, last.failed) == ("", ())
        assert set(store.documents) == before
