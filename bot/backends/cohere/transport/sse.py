"""Reads the events of a stream.

Ours: the SDK holds every event against thirteen models, eleven times the work; it skips those that fit none, logs lines
that are no JSON with their text, and makes an empty message-start of them. httpx-sse keeps a line that doesn't end until
memory does (64 MB took 128), and drops a last event without an empty line after it.
"""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from types import SimpleNamespace
from typing import Any, Final

import httpx

_LONGEST_LINE: Final = 1 << 20
_END: Final = "[DONE]"
# Every event but an error has one of these.
_OF_EVENTS: Final = ("delta", "index", "id")

# An event: what its JSON has, as attributes all the way down. It has a `type`.
Event = SimpleNamespace


class Garbled(ValueError):
    """What came is no event."""


async def events(response: httpx.Response) -> AsyncGenerator[Event, None]:
    """Give the events until the end. What comes behind the server's end is read, but not looked at. Raises Garbled."""
    kind = response.headers.get("content-type", "")
    if "html" in kind or "application/json" in kind:
        raise Garbled("not an event stream")
    called, data = "", []
    async with aclosing(_lines(response)) as lines:
        async for line in lines:
            if line:
                name, _, value = line.partition(b":")
                if name == b"data":
                    data.append(value.removeprefix(b" "))
                elif name == b"event":
                    called = value.decode().strip()
                continue
            text = b"\n".join(data).decode()
            if text == _END:
                async for _ in lines:
                    pass
                return
            if text:
                yield _event(text, called)
            called, data = "", []


async def _lines(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """Give each line, and an empty one at the end: the last event may lack it."""
    rest = b""
    async for received in response.aiter_bytes():
        *lines, rest = (rest + received).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r")
        if len(rest) > _LONGEST_LINE:
            raise Garbled("a line without an end")
    yield rest
    yield b""


def _event(text: str, called: str) -> Event:
    """Parse an event. If its data has no type, it has the one that the stream calls it by; an error has none."""
    found: Any = json.loads(text, object_hook=lambda fields: SimpleNamespace(**fields))
    if called and isinstance(found, SimpleNamespace) and not hasattr(found, "type") and _is_event(found):
        found.type = called
    if not isinstance(getattr(found, "type", None), str):
        raise Garbled("no type")
    event: Event = found
    return event


def _is_event(found: SimpleNamespace) -> bool:
    return any(hasattr(found, name) for name in _OF_EVENTS)
