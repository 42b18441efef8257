"""A Cohere that speaks a little differently, as gateways and private deployments do: whole answers over a socket."""

import gzip
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.model import Outcome
from tests.support import cohere_rules as rules
from tests.support.cohere_docent import FACT, asked, opened, synced

Json = dict[str, Any]


def plain(event: Json) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def data_alone(event: Json) -> bytes:
    return f"data: {json.dumps(event)}\n\n".encode()


def no_space(event: Json) -> bytes:
    return f"data:{json.dumps(event, separators=(',', ':'))}\n\n".encode()


def crlf(event: Json) -> bytes:
    return f"event: {event['type']}\r\ndata: {json.dumps(event)}\r\n\r\n".encode()


def with_comments(event: Json) -> bytes:
    return f": keep-alive\n\n: \n\nid: 7\nretry: 100\nevent: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def named_by_the_stream(event: Json) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps({k: v for k, v in event.items() if k != 'type'})}\n\n".encode()


def over_several_lines(event: Json) -> bytes:
    return "".join(f"data: {line}\n" for line in json.dumps(event, indent=1).split("\n")).encode() + b"\n"


WRITTEN = (
    plain,
    data_alone,
    no_space,
    crlf,
    with_comments,
    named_by_the_stream,
    over_several_lines,
)


def as_they_are(events: list[Json]) -> list[Json]:
    return events


def bare(events: list[Json]) -> list[Json]:
    """Nothing that isn't needed: no ids, no indexes, no starts and ends of parts, no usage."""
    wanted = [
        event for event in events if event["type"] in ("content-delta", "citation-start", "message-end")
    ]
    for event in wanted:
        event.pop("id", None)
        event.pop("index", None)
        event["delta"].pop("usage", None)
    return wanted


def with_nulls(events: list[Json]) -> list[Json]:
    for event in events:
        if event["type"] == "message-start":
            event["delta"] = {"message": {"role": "assistant", "content": None, "citations": None}}
        if event["type"] == "message-end":
            event["delta"] |= {"error": None, "usage": None}
    nothing = {"type": "citation-start", "index": 9, "delta": {"message": {"citations": None}}}
    return [*events[:-1], nothing, events[-1]]


def with_news(events: list[Json]) -> list[Json]:
    """What a later version might add."""
    added: Json = {"type": "debug", "index": 0, "delta": {"prompt": "…"}}
    return [events[0], added, *({**event, "new": {"field": [1]}} for event in events[1:])]


def thinking_first(events: list[Json]) -> list[Json]:
    thought = {
        "type": "content-delta",
        "index": 0,
        "delta": {"message": {"content": {"thinking": "Hm, 99?"}}},
    }
    for event in events:
        if event["type"].startswith("content-"):
            event["index"] = 1
        if event["type"] == "citation-start":
            event["delta"]["message"]["citations"]["content_index"] = 1
    return [events[0], thought, *events[1:]]


def citations_in_lists(events: list[Json]) -> list[Json]:
    for event in events:
        if event["type"] == "citation-start":
            event["delta"]["message"]["citations"] = [event["delta"]["message"]["citations"]]
    return events


def sources_by_place(events: list[Json]) -> list[Json]:
    for event in events:
        if event["type"] == "citation-start":
            cited = event["delta"]["message"]["citations"]
            cited["sources"] = [
                {"type": "document", "id": f"doc:{int(each['id']) - 1}"} for each in cited["sources"]
            ]
    return events


SAID = (as_they_are, bare, with_nulls, with_news, thinking_first, citations_in_lists, sources_by_place)


class Other:
    """Small and lax. Rows are floats alone, whatever was asked for; nothing optional is sent."""

    def __init__(self) -> None:
        self.written: Callable[[Json], bytes] = plain
        self.said: Callable[[list[Json]], list[Json]] = as_they_are
        self.done = True
        self.packed = False
        self.piece = 10_000
        self.kind = "text/event-stream"

    async def embed(self, request: web.Request) -> web.Response:
        body = await request.json()
        rows = rules.embeddings(body["texts"], ["float"], body["output_dimension"])
        return self._json({"embeddings": rows})

    async def rerank(self, request: web.Request) -> web.Response:
        body = await request.json()
        scores = [rules.relevance(body["query"], text) for text in body["documents"]]
        return self._json({"results": [{"index": n, "relevance_score": s} for n, s in enumerate(scores)]})

    async def chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        events = self.said(rules.events(rules.from_documents(body), body["documents"]))
        text = b"".join(map(self.written, events)) + (b"data: [DONE]\n\n" if self.done else b"")
        headers = {"Content-Type": self.kind}
        if self.packed:
            headers["Content-Encoding"], text = "gzip", gzip.compress(text)
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        for start in range(0, len(text), self.piece):
            await response.write(text[start : start + self.piece])
        return response

    def _json(self, found: Json) -> web.Response:
        data = json.dumps(found).encode()
        if not self.packed:
            return web.Response(body=data)
        return web.Response(body=gzip.compress(data), headers={"Content-Encoding": "gzip"})

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        app = web.Application(client_max_size=64 * 2**20)
        for name in ("embed", "rerank", "chat"):
            app.router.add_post(f"/v2/{name}", getattr(self, name))
        runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()


@pytest.fixture
def other() -> Other:
    return Other()


async def check(other: Other, folder: Path, environment: pytest.MonkeyPatch) -> None:
    async with other.running() as url, opened(folder, url, environment) as app:
        report = await synced(app)
        answer, shown = await asked(app)

    assert (report.error, report.warnings, report.embedded) == ("", (), 4)
    assert (answer.outcome, answer.degraded) == (Outcome.ANSWERED, ())
    assert FACT in answer.text
    assert FACT in shown
    assert answer.citations[0].doc_id == "handbook:time-off.md"
    assert "99" not in answer.text


@pytest.mark.slow
@pytest.mark.parametrize("written", WRITTEN)
async def test_lines(written, other, tmp_path, monkeypatch):
    """However an event stream is written down, the answer is whole, cited, and not degraded."""
    other.written = written
    await check(other, tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("said", SAID)
async def test_events(said, other, tmp_path, monkeypatch):
    """Fields that are missing, null, new, or in another shape take nothing from an answer."""
    other.said = said
    await check(other, tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("piece", [1, 7])
async def test_pieces(piece, other, tmp_path, monkeypatch):
    """A stream that comes in pieces of a few bytes, with no end but its last event."""
    other.piece, other.done = piece, False
    await check(other, tmp_path, monkeypatch)


@pytest.mark.slow
async def test_packed(other, tmp_path, monkeypatch):
    """Everything comes gzipped."""
    other.packed = True
    await check(other, tmp_path, monkeypatch)


@pytest.mark.parametrize(
    "kind", ["application/stream+json", "text/plain; charset=utf-8", "application/octet-stream"]
)
async def test_content_types(kind, other, tmp_path, monkeypatch):
    """What a stream is called matters less than what it is."""
    other.kind = kind
    await check(other, tmp_path, monkeypatch)
