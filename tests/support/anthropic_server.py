"""Anthropic's Messages API to test against, over a real socket: strict, and able to fail in its ways."""

import asyncio
import base64
import json
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

from tests.support.cohere_server import Cut, Hang, Inject, NotJson, Seen, Status, struck

KEY = "sk-ant-test-key-0123456789"
MODEL = "claude-test-1"
_FIELDS = {
    "model", "messages", "max_tokens", "system", "stream", "metadata", "stop_sequences", "thinking", "tools",
    "tool_choice", "service_tier", "cache_control", "output_config",
}  # fmt: skip
_TYPES = {400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
          404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error", 500: "api_error",
          529: "overloaded_error"}  # fmt: skip

Fault = Status | Hang | Cut | Inject | NotJson
Json = dict[str, Any]


class Invalid(Exception):
    """The request gets this status and message."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


@dataclass(frozen=True)
class Reply:
    """Blocks: a text, or (text, document's place, …), or ("thinking", text) as a dict. `stop` is how it ends."""

    blocks: Sequence[str | tuple[Any, ...] | Json]
    stop: str | None = "end_turn"


_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")


class AnthropicServer:
    """Use as `async with`. `window`: longer prompts (in words) are refused."""

    def __init__(self, *, window: int | None = None) -> None:
        self.reply: Callable[[Json], Reply] = lambda _: Reply([("Yes.", 0)])
        self.always: Fault | None = None
        self.seen: list[Seen] = []
        self._next: deque[Fault] = deque()
        self._window = window
        self._stopped = asyncio.Event()
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def next(self, *faults: Fault) -> None:
        """Faults for the next calls, one each."""
        self._next.extend(faults)

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_post("/v1/messages", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopped.set()
        await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        self.seen.append(Seen(request.path, body, dict(request.headers), time.monotonic()))
        try:
            _check_headers(request)
            self._check(body)
        except Invalid as invalid:
            return _failed(Status(invalid.status, invalid.message))
        fault = self._next.popleft() if self._next else self.always
        if isinstance(fault, Status | NotJson):
            return _failed(fault)
        if isinstance(fault, Hang) and not fault.events:
            await self._stopped.wait()
        reply = self.reply(body)
        if not body.get("stream"):
            return web.json_response(_whole(reply))
        return await self._stream(request, reply, fault)

    def _check(self, body: Json) -> None:
        for name in sorted(set(body) - _FIELDS):
            raise Invalid(f"{name}: Extra inputs are not permitted")
        if body.get("model") != MODEL:
            raise Invalid(f"model: {body.get('model')}", 404)
        if not isinstance(body.get("max_tokens"), int) or body["max_tokens"] < 1:
            raise Invalid("max_tokens: Field required")
        messages = body.get("messages")
        if not messages:
            raise Invalid("messages: at least one message is required")
        if messages[0]["role"] != "user":
            raise Invalid('messages: first message must use the "user" role')
        words = len(str(body.get("system", "")).split())
        for message in messages:
            if message["role"] not in ("user", "assistant"):
                raise Invalid('messages: Input should be "user" or "assistant"')
            words += self._check_content(message["content"])
        if self._window and words > self._window:
            raise Invalid(f"prompt is too long: {words} tokens > {self._window} maximum")

    def _check_content(self, content: Any) -> int:
        """How many words it has."""
        if isinstance(content, str):
            if not content.strip():
                raise Invalid("messages: text content blocks must be non-empty")
            return len(content.split())
        enabled = {
            bool((b.get("citations") or {}).get("enabled")) for b in content if b["type"] == "document"
        }
        if len(enabled) > 1:
            raise Invalid("citations must be enabled on all documents or none")
        return sum(_words_of(block) for block in content)

    async def _stream(self, request: web.Request, reply: Reply, fault: Fault | None) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for number, event in enumerate(_events(reply)):
            if await struck(fault, number, request, response, self._stopped):
                return response
            await response.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        return response


def _words_of(block: Json) -> int:
    """Of a block of content as the API documents it."""
    if block["type"] == "text":
        text = block["text"]
    elif block["type"] == "document":
        source = block["source"]
        if source.get("type") != "text" or source.get("media_type") != "text/plain":
            raise Invalid("source: Input tag not expected")
        if len(block.get("title") or "") > 500:
            raise Invalid("title: String should have at most 500 characters")
        text = source["data"]
    elif block["type"] == "image":
        source = block["source"]
        if source["type"] != "base64" or source["media_type"] not in _PICTURES:
            raise Invalid("source: Input tag not expected")
        text = base64.b64decode(source["data"], validate=True).hex()
    else:
        raise Invalid(f"Input tag '{block['type']}' found")
    if not text.strip():
        raise Invalid("text content blocks must be non-empty")
    return len(text.split())


def _check_headers(request: web.Request) -> None:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if request.headers.get("x-api-key", given) != KEY:
        raise Invalid("invalid x-api-key", 401)
    if not request.headers.get("anthropic-version"):
        raise Invalid("anthropic-version: header is required")


def _events(reply: Reply) -> list[Json]:
    start = {"id": "msg_1", "type": "message", "role": "assistant", "model": MODEL, "content": [],
             "stop_reason": None, "stop_sequence": None,
             "usage": {"input_tokens": 100, "cache_read_input_tokens": 20, "output_tokens": 1}}  # fmt: skip
    found: list[Json] = [{"type": "message_start", "message": start}, {"type": "ping"}]
    for index, block in enumerate(reply.blocks):
        found += _block(index, block)
    if reply.stop is not None:
        delta = {"stop_reason": reply.stop, "stop_sequence": None}
        found.append({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 30}})
        found.append({"type": "message_stop"})
    return found


def _block(index: int, block: str | tuple[Any, ...] | Json) -> list[Json]:
    if isinstance(block, dict):
        kind = block["type"]
        deltas = [{"type": f"{kind}_delta", kind: block[kind]}, {"type": "signature_delta", "signature": "x"}]
        opened: Json = {"type": kind, kind: "", "signature": ""}
    else:
        text, places = (block, ()) if isinstance(block, str) else (block[0], block[1:])
        opened = {"type": "text", "text": "", **({"citations": []} if places else {})}
        deltas = [{"type": "citations_delta", "citation": _citation(place)} for place in places]
        deltas += [{"type": "text_delta", "text": text[at : at + 5]} for at in range(0, len(text), 5)]
    events = [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
    begin = {"type": "content_block_start", "index": index, "content_block": opened}
    return [begin, *events, {"type": "content_block_stop", "index": index}]


def _citation(place: int) -> Json:
    return {"type": "char_location", "cited_text": "words", "document_index": place, "document_title": "t",
            "start_char_index": 0, "end_char_index": 5, "file_id": None}  # fmt: skip


def _whole(reply: Reply) -> Json:
    content: list[Json] = []
    for block in reply.blocks:
        if isinstance(block, dict):
            content.append({**block, "signature": "x"})
        else:
            content.append({"type": "text", "text": block if isinstance(block, str) else block[0]})
    return {"id": "msg_1", "type": "message", "role": "assistant", "model": MODEL, "content": content,
            "stop_reason": reply.stop, "stop_sequence": None,
            "usage": {"input_tokens": 100, "output_tokens": 30}}  # fmt: skip


def _failed(fault: Status | NotJson) -> web.Response:
    if isinstance(fault, NotJson) or fault.html:
        status = 200 if isinstance(fault, NotJson) else fault.code
        return web.Response(status=status, text="<html>nginx</html>", content_type="text/html")
    error = {"type": _TYPES.get(fault.code, "api_error"), "message": fault.message}
    body = {"type": "error", "error": error, "request_id": "req_1"}
    return web.json_response(body, status=fault.code, headers=fault.headers)
