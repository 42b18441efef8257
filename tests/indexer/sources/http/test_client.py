"""Calls to a source's server: how long they wait, and when they give up."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web

from indexer.sources.http.client import HttpClient
from indexer.sources.http.failures import CallFailed, Unreachable
from tests.support.source_server import Server, Trouble, answered, serving


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async def answer(_: web.Request) -> web.Response:
        return answered({"well": True})

    async with serving(answer) as running:
        yield running


@pytest.fixture
async def waited() -> list[float]:
    return []


@pytest.fixture
async def http(server: Server, waited: list[float]) -> AsyncIterator[HttpClient]:
    async def pause(seconds: float) -> None:
        waited.append(seconds)

    made = HttpClient(server.url)
    made.pause = pause
    yield made
    await made.close()


def later(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_date(http: HttpClient, server: Server, waited: list[float], status: int) -> None:
    """A date in Retry-After is waited for."""
    server.trouble.append(Trouble(status, {"Retry-After": later(90)}))
    assert await http.json("GET", "/") == {"well": True}
    (seconds,) = waited
    assert 85 < seconds <= 90


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("nan", 0.0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0)],
)
async def test_seconds(
    http: HttpClient, server: Server, waited: list[float], said: str, seconds: float
) -> None:
    """Seconds are waited as they are said; what is over isn't waited for."""
    server.trouble.append(Trouble(429, {"Retry-After": said}))
    await http.json("GET", "/")
    assert waited == [seconds]


async def test_longer_each_time(http: HttpClient, server: Server, waited: list[float]) -> None:
    """Without a word from the server, or with one that means nothing, each pause is twice as long."""
    server.trouble.extend([Trouble(503), Trouble(429, {"Retry-After": "soon"}), Trouble(500)])
    await http.json("GET", "/")
    assert waited == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("said", ["86400", "inf", later(86_400)], ids=["seconds", "inf", "date"])
async def test_too_long(http: HttpClient, server: Server, waited: list[float], said: str) -> None:
    """A server that wants more patience than there is is left alone until the next sync, at once."""
    server.trouble.append(Trouble(429, {"Retry-After": said}))
    with pytest.raises(CallFailed, match="more patience") as caught:
        await http.json("GET", "/")
    assert caught.value.status == 429
    assert waited == []


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_no_use_in_asking_again(http: HttpClient, server: Server, status: int) -> None:
    """What the server won't do is asked for once."""
    server.trouble.extend([Trouble(status)] * 2)
    with pytest.raises(CallFailed, match=str(status)):
        await http.json("GET", "/")
    assert len(server.asked) == 1


async def test_gone_for_good(http: HttpClient, server: Server) -> None:
    """After fifty calls in a row that failed the server counts as away: a few broken pages are none of that."""
    server.trouble.extend([Trouble(500)] * 250)
    for _ in range(49):
        with pytest.raises(CallFailed) as caught:
            await http.json("GET", "/")
        assert not isinstance(caught.value, Unreachable)
    with pytest.raises(Unreachable):
        await http.json("GET", "/")


async def test_a_web_page(http: HttpClient, server: Server) -> None:
    """A web page in the place of an answer is no answer."""
    server.trouble.append(Trouble(200, {"Content-Type": "text/html"}))
    with pytest.raises(CallFailed, match="no JSON"):
        await http.json("GET", "/")
