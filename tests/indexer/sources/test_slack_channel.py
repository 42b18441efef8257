"""Slack channels as a source."""

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

TOKEN = "xoxb-test"  # noqa: S105
CHANNEL = "C1"
CHECK = "white_check_mark"


def said(ts: str, text: str, user: str = "UADA", by: tuple[str, ...] = (), **fields: Any) -> dict[str, Any]:
    marks = {"reactions": [{"name": CHECK, "users": list(by), "count": len(by)}]} if by else {}
    return {"type": "message", "ts": ts, "text": text, "user": user, **marks, **fields}


@dataclass
class Slack:
    """Threads by the time of their first message; `most` messages a page."""

    threads: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    pins: list[str] = field(default_factory=list)
    private: bool = False
    kind: str = "is_channel"
    most: int = 100

    async def answer(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return answered({"ok": False, "error": "invalid_auth"})
        form = dict(await request.post())
        if form.get("channel", CHANNEL) != CHANNEL:
            return answered({"ok": False, "error": "channel_not_found"})
        method = request.path.strip("/").replace(".", "_")
        return answered(getattr(self, method)(**form))

    def auth_test(self) -> dict[str, Any]:
        return {"ok": True, "url": "https://acme.slack.com/"}

    def conversations_info(self, channel: str) -> dict[str, Any]:
        return {"ok": True, "channel": {"id": channel, "is_private": self.private, self.kind: True}}

    def pins_list(self, channel: str) -> dict[str, Any]:
        items = [{"type": "message", "message": self.threads[ts][0]} for ts in self.pins]
        return {"ok": True, "items": [{"type": "file"}, *items]}

    def users_info(self, user: str) -> dict[str, Any]:
        if user == "UGONE":
            return {"ok": False, "error": "user_not_found"}
        return {
            "ok": True,
            "user": {"is_bot": user.startswith("UBOT"), "profile": {"display_name": user[1:].title()}},
        }

    def conversations_history(
        self, channel: str, limit: str, oldest: str, cursor: str = "0"
    ) -> dict[str, Any]:
        assert int(limit) <= 200
        first = [thread[0] for thread in self.threads.values() if float(thread[0]["ts"]) > float(oldest)]
        return self._paged(first, int(cursor))

    def conversations_replies(self, channel: str, ts: str, limit: str, cursor: str = "0") -> dict[str, Any]:
        if ts not in self.threads:
            return {"ok": False, "error": "thread_not_found"}
        return self._paged(self.threads[ts], int(cursor))

    def _paged(self, every: list[dict[str, Any]], start: int) -> dict[str, Any]:
        rest = str(start + self.most) if len(every) > start + self.most else ""
        return {
            "ok": True,
            "messages": every[start : start + self.most],
            "response_metadata": {"next_cursor": rest},
        }


@pytest.fixture
def slack() -> Slack:
    return Slack()


@pytest.fixture
async def server(slack: Slack) -> AsyncIterator[Server]:
    async with serving(slack.answer) as running:
        yield running


def options(server: Server, **fields: object) -> dict[str, object]:
    given = {"token": TOKEN, "channels": [CHANNEL], "since": "36500d", "api_url": server.url}
    return {"type": "slack_channel", **given, **fields}


async def test_marked_threads(slack: Slack, server: Server, tmp_path: Path) -> None:
    """A thread that a human marked is a page: question and answers, linked to the message; a bot's mark is none."""
    slack.most = 2
    slack.threads = {
        "1700000001.000100": [
            said(
                "1700000001.000100",
                "How do I get <#C2|vpn> access?\nIt &lt;fails&gt; <@UGRACE> <!here>",
                by=("UBOT", "UGRACE"),
            ),
            said("1700000002.000100", "Ask *IT* at <https://it.example|the desk>.", "UGRACE"),
            said("1700000003.000100", "I am a bot.", "UBOT", bot_id="B1"),
        ],
        "1700000005.000100": [said("1700000005.000100", "Only a bot marked this", by=("UBOT", "UGONE"))],
        "1700000006.000100": [said("1700000006.000100", "Chatter")],
    }
    async with opened(tmp_path, **options(server)) as (source, _):
        found = await listed(source)
        assert list(found) == ["C1/1700000001.000100"]
        (entry,) = found.values()
        text = await text_of(source, entry)
    assert text == (
        "## Question\n\nHow do I get #vpn access?\nIt <fails> @Grace \n\n## Answer\n\n"
        "Ask **IT** at [the desk](https://it.example).\n\n— Grace, 2023-11-14"
    )
    assert entry.title == "How do I get #vpn access?"
    assert entry.url == "https://acme.slack.com/archives/C1/p1700000001000100"
    assert (entry.owners, entry.audience) == (("Grace",), None)


async def test_marked_replies(slack: Slack, server: Server, tmp_path: Path) -> None:
    """With in_replies, a mark on a reply makes that reply the answer, even a bot's."""
    slack.threads["1700000001.000100"] = [
        said("1700000001.000100", "Question?", reply_count=2),
        said("1700000002.000100", "Wrong.", "UGRACE"),
        said("1700000003.000100", "Right.", "UBOT", by=("UADA",)),
    ]
    async with opened(tmp_path, **options(server)) as (source, _):
        assert await listed(source) == {}
    async with opened(tmp_path, **options(server, in_replies=True)) as (source, _):
        (entry,) = (await listed(source)).values()
        text = await text_of(source, entry)
    assert "Right." in text
    assert "Wrong." not in text


async def test_pins(slack: Slack, server: Server, tmp_path: Path) -> None:
    """A pinned message is a page; an edit changes its revision; unpinned it is gone."""
    message = said("1700000001.000100", "Wifi: *guest*", pinned_to=[CHANNEL])
    slack.threads["1700000001.000100"], slack.pins = [message], ["1700000001.000100"]
    async with opened(tmp_path, **options(server)) as (source, _):
        (before,) = (await listed(source)).values()
        assert await text_of(source, before) == "Wifi: **guest**"
        message["text"] = "Wifi: other"
        (after,) = (await listed(source)).values()
        assert before.revision != after.revision
        del message["pinned_to"]
        with pytest.raises(PageGone):
            await source.fetch(after)
        slack.threads.clear()
        with pytest.raises(PageGone):
            await source.fetch(after)


async def test_private_channels(slack: Slack, server: Server, tmp_path: Path) -> None:
    """A private channel is only read when it is said who may see its pages."""
    slack.private = True
    slack.threads["1700000001.000100"] = [said("1700000001.000100", "Secret", by=("UADA",))]
    async with opened(tmp_path, **options(server)) as (source, _):
        with pytest.raises(ListingFailed, match="private_audience"):
            await listed(source)
    async with opened(tmp_path, **options(server, private_audience="hr")) as (source, _):
        (entry,) = (await listed(source)).values()
    assert entry.audience == {"hr"}


@pytest.mark.parametrize("kind", ["is_im", "is_mpim"])
async def test_direct_messages(slack: Slack, server: Server, tmp_path: Path, kind: str) -> None:
    """Direct messages are as private as a private channel, though Slack doesn't call them so."""
    slack.kind = kind
    slack.threads["1700000001.000100"] = [said("1700000001.000100", "Secret", by=("UADA",))]
    async with opened(tmp_path, **options(server)) as (source, _):
        with pytest.raises(ListingFailed, match="private_audience"):
            await listed(source)


async def test_a_mark_that_is_taken_back(slack: Slack, server: Server, tmp_path: Path) -> None:
    """A thread whose mark is taken back, or whose question is deleted, is no page any more."""
    first = said("1700000001.000100", "Question?", by=("UADA",))
    slack.threads["1700000001.000100"] = [first, said("1700000002.000100", "Answer.")]
    async with opened(tmp_path, **options(server)) as (source, _):
        (entry,) = (await listed(source)).values()
        first["reactions"][0]["users"] = ["UBOT"]
        with pytest.raises(PageGone):
            await source.fetch(entry)
        assert await listed(source) == {}
        first["reactions"][0]["users"] = ["UADA"]
        assert len(await listed(source)) == 1
        first["subtype"] = "tombstone"
        assert await listed(source) == {}


@pytest.mark.slow
async def test_ten_thousand_messages(slack: Slack, server: Server, tmp_path: Path) -> None:
    """A channel of 10,000 messages is read page by page."""
    for n in range(10_000):
        ts = f"{1_700_000_000 + n}.000100"
        slack.threads[ts] = [said(ts, f"Message {n}", by=("UADA",) if n % 1000 == 0 else ())]
    async with opened(tmp_path, **options(server)) as (source, _):
        assert len(await listed(source)) == 10
    assert sum("history" in asked for asked in server.asked) == 100


async def test_retry_after(slack: Slack, server: Server, tmp_path: Path) -> None:
    """429 is obeyed for as long as Slack asks for."""
    server.trouble.append(Trouble(429, {"Retry-After": "30"}, at="/conversations.history"))
    async with opened(tmp_path, **options(server)) as (source, waited):
        await listed(source)
    assert waited == [30.0]


@pytest.mark.parametrize(
    ("error", "word"), [("invalid_auth", "invalid_auth"), ("missing_scope", "channels:history")]
)
async def test_no_listing(slack: Slack, server: Server, tmp_path: Path, error: str, word: str) -> None:
    """Slack's errors fail the listing, with the scope that is missing."""
    body = f'{{"ok": false, "error": "{error}", "needed": "channels:history"}}'
    server.trouble.append(Trouble(200, at="/conversations.history", body=body))
    async with opened(tmp_path, **options(server)) as (source, _):
        with pytest.raises(ListingFailed, match=word):
            await listed(source)
    server.trouble.extend([Trouble(500, at="/conversations.history")] * 5)
    async with opened(tmp_path, **options(server)) as (source, _):
        with pytest.raises(ListingFailed, match="500"):
            await listed(source)


async def test_lost_credentials(slack: Slack, server: Server, tmp_path: Path) -> None:
    """A token that is revoked in the midst ends the sync; a channel that the bot was thrown out of fails pages."""
    slack.threads["1700000001.000100"] = [said("1700000001.000100", "Yes", by=("UADA",))]
    async with opened(tmp_path, **options(server)) as (source, _):
        (entry,) = (await listed(source)).values()
        server.trouble.append(Trouble(200, body='{"ok": false, "error": "token_revoked"}'))
        with pytest.raises(ListingFailed, match="token_revoked"):
            await source.fetch(entry)
        server.trouble.append(Trouble(200, body='{"ok": false, "error": "not_in_channel"}'))
        with pytest.raises(PageFailed, match="not_in_channel"):
            await source.fetch(entry)
