"""Hostile requests: too large, too slow, too many, too deep; and secrets that are none."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from adapters.slack.connection.http_mode import is_understood
from bot.bootstrap import open_app
from bot.config.loader import ConfigError, load
from bot.runtime.http_server import Bounded, Bounds, serve
from indexer.webhooks import authentic, hooks
from tests.support.waiting import given_up

SECRET = {"X-Docent-Secret": "s3cret"}
DEEP = b"[" * 200_000 + b"]" * 200_000
CONFIG = """
sources:
  - {name: docs, type: git, repo: docs, audience: [everyone], webhook: s3cret}
"""


@asynccontextmanager
async def listening(web: Starlette, port: int, bounds: Bounds | None = None) -> AsyncIterator[int]:
    stop = asyncio.Event()
    serving = asyncio.create_task(serve(web, host="127.0.0.1", port=port, stop=stop, bounds=bounds))
    try:
        for _ in range(200):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                break
        yield port
    finally:
        stop.set()
        await serving


def small(bounds: Bounds) -> Starlette:
    async def echo(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"{len(await request.body())} bytes")

    middleware = [Middleware(Bounded, bounds=bounds)]
    return Starlette(routes=[Route("/", echo, methods=["POST"])], middleware=middleware)


async def said(port: int, *parts: bytes) -> bytes:
    """What a raw connection gets until it is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        async with given_up():
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def head(length: int, *more: str) -> bytes:
    return "\r\n".join(["POST / HTTP/1.1", "Host: x", f"Content-Length: {length}", *more, "", ""]).encode()


async def test_a_body_within_the_limit(free_port) -> None:
    """What fits is answered."""
    bounds = Bounds(most=1000)
    async with listening(small(bounds), free_port(), bounds) as port:
        assert b"1000 bytes" in await said(port, head(1000, "Connection: close"), b"x" * 1000)


async def test_a_body_that_says_that_it_is_too_large(free_port) -> None:
    """A body that is announced as too large is refused before any of it is read."""
    bounds = Bounds(most=1000)
    async with listening(small(bounds), free_port(), bounds) as port:
        assert b" 413 " in await said(port, head(300_000_000))


async def test_a_body_that_grows(free_port) -> None:
    """A body in chunks is refused as soon as it is too large."""
    bounds = Bounds(most=1000)
    chunk = b"200\r\n" + b"x" * 512 + b"\r\n"
    start = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with listening(small(bounds), free_port(), bounds) as port:
        assert b" 413 " in await said(port, start, *[chunk] * 3)


async def test_a_body_that_does_not_come(free_port) -> None:
    """Whoever doesn't send what was announced is told so within seconds, and let go."""
    bounds = Bounds(seconds=0.2)
    async with listening(small(bounds), free_port(), bounds) as port:
        assert b" 408 " in await said(port, head(10), b"x")


@pytest.mark.parametrize("start", [b"", b"POST / HT", b"POST / HTTP/1.1\r\nHost: x\r\n"])
async def test_a_head_that_does_not_come(free_port, start: bytes) -> None:
    """A connection without a whole request's head is closed."""
    bounds = Bounds(seconds=0.2)
    async with listening(small(bounds), free_port(), bounds) as port:
        assert await said(port, start) in {b"", b"Invalid HTTP request received."}


async def test_too_many_connections(free_port) -> None:
    """Connections beyond the limit are closed at once; those within it are served."""
    bounds = Bounds(connections=3)
    async with listening(small(bounds), free_port(), bounds) as port:
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for _ in range(5):
            assert b"2 bytes" in await said(port, head(2, "Connection: close"), b"xx")
        idle.append(await asyncio.open_connection("127.0.0.1", port))
        await asyncio.sleep(0)
        assert await said(port, b"") == b""
        for _, writer in idle:
            writer.close()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (DEEP, 400),
        (b'{"a":' * 100_000, 400),
        (json.dumps({"commits": [{"added": 5}]}).encode(), 400),
        (json.dumps({"commits": [], "total_commits_count": "x"}).encode(), 400),
        (json.dumps({"commits": [None, 5, {"added": None}]}).encode(), 202),
        (b"x" * 5_000_001, 413),
        (b"\xff\xfe", 202),
        (b"payload=%5B", 202),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_hooks(tmp_path: Path, free_port, body: bytes, status: int) -> None:
    """A webhook answers whatever comes with a word of its own: nothing ends in an error of the server."""
    (tmp_path / "docent.yaml").write_text(CONFIG)
    async with open_app(load(tmp_path / "docent.yaml")) as app, listening(hooks(app), free_port()) as port:
        start = f"POST /hooks/docs HTTP/1.1\r\nHost: x\r\nX-Docent-Secret: s3cret\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        answer = await said(port, start.encode() + (body if status != 413 else b""))
    assert f" {status} ".encode() in answer.partition(b"\r\n")[0]


@pytest.mark.parametrize("secret", ["''", '"  "', "'${EMPTY_SECRET}'"])
def test_an_empty_secret_is_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    """A webhook with an empty secret is a mistake of the configuration, told with its line."""
    monkeypatch.setenv("EMPTY_SECRET", "")
    (tmp_path / "docent.yaml").write_text(CONFIG.replace("s3cret", secret))
    with pytest.raises(ConfigError, match=r"docent.yaml:3.*webhook"):
        load(tmp_path / "docent.yaml")


def test_nothing_is_signed_with_an_empty_secret() -> None:
    """No call holds an empty secret."""
    assert not authentic("", b"{}", {"authorization": "Bearer "})
    assert not authentic("", b"{}", {})


@pytest.mark.parametrize(
    ("body", "kind", "understood"),
    [
        (b'{"type": "url_verification"}', "application/json", True),
        (b"token=x&command=/ask&text=", "application/x-www-form-urlencoded", True),
        (b'payload={"type":"block_actions"}', "application/x-www-form-urlencoded", True),
        (b"no json", "application/json", False),
        (b"[1]", "application/json", False),
        (b"\xff", "application/json", False),
        (DEEP, "application/json", False),
        (b"payload=no+json", "application/x-www-form-urlencoded", False),
        (b"payload=" + DEEP, "application/x-www-form-urlencoded", False),
        (b"a&" * 2000, "application/x-www-form-urlencoded", False),
    ],
    ids=lambda value: str(value)[:20],
)
def test_slack_bodies(body: bytes, kind: str, understood: bool) -> None:  # noqa: FBT001 - a parameter
    """What no request of Slack's looks like is seen before anything is made of it."""
    assert is_understood(body, {"content-type": kind}) is understood
