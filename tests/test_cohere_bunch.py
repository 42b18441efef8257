"""Pieces of text that arrived together are one event; nothing else is touched."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from bot.backends.cohere.bunch import Bunched, merged


def _delta(text: str, index: int = 0, **more) -> bytes:
    body = {
        "type": "content-delta",
        "index": index,
        "delta": {"message": {"content": {"text": text}}},
        **more,
    }
    return b"event: content-delta\ndata: " + json.dumps(body).encode()


def _other(kind: str) -> bytes:
    return f'event: {kind}\ndata: {{"type":"{kind}","index":0}}'.encode()


def _texts(events: bytes) -> list[str]:
    bodies = [json.loads(event.partition(b"data: ")[2]) for event in events.split(b"\n\n")]
    return [
        body["delta"]["message"]["content"]["text"] if "delta" in body else body["type"] for body in bodies
    ]


def test_neighbouring_pieces_become_one():
    """Text is joined up to whatever comes between."""
    events = [_delta("Ask"), _delta(" Ann é"), _other("citation-start"), _delta("."), _delta("Next", 1)]

    assert _texts(merged(b"\n\n".join(events))) == ["Ask Ann é", "citation-start", ".", "Next"]


@pytest.mark.parametrize(
    "event",
    [
        _delta("with more", logprobs={}),
        b'data: {"type":"content-delta","index":0,"delta":{"message":{"content":{"thinking":"hm"}}}}',
        b'data: {"type":"content-delta","index":0,"delta":{"mess',
        b'data: {"type":"content-delta",\ndata: "index":0}',
        b'data: ["content-delta"]',
        b": ping",
        b"data: [DONE]",
    ],
)
def test_whatever_else_there_is_stays_as_it_was(event):
    """What isn't plainly a piece of text is passed on byte for byte."""
    events = b"\n\n".join([_delta("a"), event, _delta("b")])

    assert merged(events) == events


async def _read(*received: bytes) -> list[bytes]:
    async def body() -> AsyncIterator[bytes]:
        for each in received:
            yield each

    return [piece async for piece in Bunched(httpx.Response(200, content=body())) if piece]


async def test_events_are_passed_on_as_soon_as_they_are_whole():
    """What arrives alone goes on alone, and an event cut in two waits for its end."""
    first, second = _delta("one") + b"\n\n", _delta("two") + b"\n\n"

    assert await _read(first, second[:20], second[20:]) == [first, second]


async def test_a_stream_that_ends_in_an_event_is_passed_on_to_its_end():
    """The rest without an end is not lost."""
    assert await _read(_delta("one")) == [_delta("one")]


async def test_other_line_ends_are_left_alone():
    """A stream with carriage returns goes through untouched, as it comes."""
    received = [b'data: {"type":"a"}\r\n\r\n', b"data: x", b"\r\n\r\n"]

    assert await _read(*received) == received
