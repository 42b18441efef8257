"""Lines of an event stream as events."""

from collections.abc import AsyncIterator

import httpx
import pytest

from bot.backends.cohere.transport.sse import Garbled, events

PIECE = b'{"type":"content-delta","delta":{"message":{"content":{"text":"caf\\u00e9"}}}}'


async def _read(*received: bytes, kind: str = "text/event-stream; charset=utf-8") -> list:
    async def body() -> AsyncIterator[bytes]:
        for each in received:
            yield each

    response = httpx.Response(200, content=body(), headers={"content-type": kind})
    return [event async for event in events(response)]


@pytest.mark.parametrize(
    "received",
    [
        [b"event: content-delta\ndata: " + PIECE + b"\n\n"],
        [b"data:" + PIECE + b"\n\n"],
        [b"data: " + PIECE + b"\r\n\r\n"],
        [b"da", b"ta: " + PIECE[:30], PIECE[30:], b"\n", b"\n"],
        [b": ping\n\n", b"id: 7\nretry: 5\ndata: " + PIECE + b"\n\n", b"data: [DONE]\n\ndata: {\n\n"],
        [b"data: " + PIECE],
        [b"event: content-delta\ndata: {" + PIECE[len(b'{"type":"content-delta",') :] + b"\n\n"],
        [b'data: {"type":"content-delta",\ndata: ' + PIECE[len(b'{"type":"content-delta",') :] + b"\n\n"],
    ],
)
async def test_an_event_is_read_however_it_is_sent(received):
    """Line ends, cuts, comments, several data lines and a missing end make no difference."""
    (event,) = await _read(*received)

    assert event.type == "content-delta"
    assert event.delta.message.content.text == "café"


async def test_separators_within_a_text_are_text():
    """Characters that Python takes for line ends are none here."""
    text = "a\u2028b\x85c"

    (event,) = await _read(f'data: {{"type":"x","text":"{text}"}}\n\n'.encode())

    assert event.text == text


@pytest.mark.parametrize(
    "data",
    [b'{"type":"content-del', b"[]", b'"text"', b'{"message":"internal error"}', b'{"type":7}', b"\xff"],
)
async def test_what_is_no_event_is_garbled(data):
    """Broken JSON, JSON of another shape, and an error in place of an event."""
    with pytest.raises(ValueError, match=r".") as caught:
        await _read(b"data: " + data + b"\n\n")

    assert b"internal" not in str(caught.value).encode()


@pytest.mark.parametrize("kind", ["text/html", "application/json; charset=utf-8"])
async def test_something_else_than_a_stream_is_garbled(kind):
    """A page of HTML, or an error with status 200, is not read for events."""
    with pytest.raises(Garbled):
        await _read(b"<html>", kind=kind)


async def test_a_stream_that_isnt_called_one_is_read():
    """What counts are the events."""
    (event,) = await _read(b"data: " + PIECE + b"\n\n", kind="")

    assert event.type == "content-delta"


async def test_a_line_without_an_end_is_given_up():
    """Memory is bounded."""
    with pytest.raises(Garbled):
        await _read(b"data: ", *[b"x" * 100_000] * 12)
