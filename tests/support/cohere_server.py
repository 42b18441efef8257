"""A Cohere to test against, over a real socket: as strict as the real one, and able to fail in its ways.

`python -m tests.support.cohere_server --port 8900 --latency 0.2` runs one of its own, for benchmarks.
"""

import argparse
import asyncio
import json
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

from tests.support import cohere_rules as rules
from tests.support.cohere_rules import Invalid, Reply

KEY = "co-test-key-0123456789"
_HTML = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


@dataclass(frozen=True)
class Status:
    """Answer with this status; `html` as a proxy would."""

    code: int
    message: str = "something went wrong"
    headers: Mapping[str, str] = field(default_factory=dict)
    html: bool = False


@dataclass(frozen=True)
class Hang:
    """Don't answer at all; in a stream, from the event after `events` on."""

    events: int = 0


@dataclass(frozen=True)
class Trickle:
    """A comment of the protocol every so many seconds, and never an event."""

    seconds: float = 0.02


@dataclass(frozen=True)
class Cut:
    """End the stream after so many events: as if it were whole, or with the connection torn."""

    events: int = 4
    torn: bool = False


@dataclass(frozen=True)
class Inject:
    """Put this line into the stream after so many events, then go on."""

    line: str
    events: int = 4


@dataclass(frozen=True)
class InBand:
    """A message-end with an error after so many events, inside HTTP 200."""

    events: int = 4


@dataclass(frozen=True)
class Linger:
    """Send a whole answer, and keep the connection open behind it."""


@dataclass(frozen=True)
class NotJson:
    """HTTP 200 and something that isn't JSON."""


Fault = Status | Hang | Trickle | Cut | Inject | InBand | Linger | NotJson
TOO_MANY = Status(429, "too many requests")
REFUSED = Status(422, "NO_VALID_RESPONSE_GENERATED: no valid response generated")


async def struck(
    fault: Fault | None,
    number: int,
    request: web.Request,
    response: web.StreamResponse,
    stopped: asyncio.Event,
) -> bool:
    """What a fault does to a stream before its event of this number; True if that ends the stream."""
    if fault is None or number != getattr(fault, "events", -1):
        return False
    if isinstance(fault, Hang):
        await stopped.wait()
    if isinstance(fault, Cut) and fault.torn and request.transport is not None:
        request.transport.abort()
    if isinstance(fault, Inject):
        await response.write(f"{fault.line}\n\n".encode())
    return isinstance(fault, Cut)


def malformed(events: int = 4) -> Inject:
    return Inject('data: {"type":"content-delta","index":0,"delta":{"mess', events)


@dataclass(frozen=True)
class Seen:
    path: str
    body: dict[str, Any]
    headers: Mapping[str, str]
    at: float


class CohereServer:
    """Use as `async with`. `always` holds a fault for an endpoint ("chat", "embed", "rerank")."""

    def __init__(
        self,
        *,
        latency: float = 0.0,
        texts_per_minute: int | None = None,
        calls_at_once: int | None = None,
        minute: float = 60.0,
        retry_after: str | None = None,
        port: int = 0,
        cheap: bool = False,
        forgetful: bool = False,
        compact: bool = True,
    ) -> None:
        self.latency = latency
        self.always: dict[str, Fault] = {}
        self.reply: Callable[[dict[str, Any]], Reply] = rules.from_documents
        self.rewrite: Callable[[dict[str, Any]], str] = lambda body: str(body["messages"][-1]["content"])
        self.seen: list[Seen] = []
        self.texts: list[str] = []
        self.connections: set[object] = set()
        self.busiest = 0
        self.refused = 0
        self._next: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._limits = (texts_per_minute, calls_at_once, minute, retry_after)
        self._embedded: deque[tuple[float, int]] = deque()
        self._busy = 0
        self._port = port
        self._stopped = asyncio.Event()
        self._cheap = cheap
        self._compact = compact
        self._forgetful = forgetful
        self._rows: dict[tuple[int, str], list[str]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def next(self, endpoint: str, *faults: Fault) -> None:
        """Faults for the next calls of an endpoint, one each."""
        self._next[endpoint].extend(faults)

    def calls(self, endpoint: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.path == f"/v2/{endpoint}"]

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_post("/v2/{endpoint}", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopped.set()
        await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        endpoint = request.match_info["endpoint"]
        self._busy += 1
        self.busiest = max(self.busiest, self._busy)
        try:
            return await self._answer(endpoint, request)
        except ConnectionResetError:  # the client left
            return web.Response()
        except Invalid as invalid:
            return _error(Status(invalid.status, invalid.message))
        finally:
            self._busy -= 1

    async def _answer(self, endpoint: str, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        self.connections.add(request.transport and request.transport.get_extra_info("peername"))
        if self._forgetful:
            self.seen.clear()
            self.texts.clear()
        self.seen.append(Seen(request.path, body, dict(request.headers), time.monotonic()))
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            raise Invalid("invalid api token", 401)
        check = getattr(rules, f"check_{endpoint}", None)
        if check is None:
            raise Invalid("not found", 404)
        check(body)
        fault = self._next[endpoint].popleft() if self._next[endpoint] else self.always.get(endpoint)
        if isinstance(fault, Status | NotJson):
            return _error(fault)
        if isinstance(fault, Hang) and not fault.events:
            await self._stopped.wait()
        if self.latency:
            await asyncio.sleep(self.latency)
        if endpoint == "embed":
            return self._embed(body)
        if endpoint == "rerank":
            return _rerank(body)
        if body.get("stream"):
            return await self._stream(request, body, fault)
        return web.json_response(rules.whole(rules.said(self.rewrite(body))))

    def _embed(self, body: dict[str, Any]) -> web.Response:
        if not self._compact and "base64" in body.get("embedding_types", ()):
            raise Invalid("invalid request: embedding_types is not valid")
        texts_per_minute, at_once, minute, retry_after = self._limits
        now, count = time.monotonic(), len(body["texts"])
        while self._embedded and self._embedded[0][0] <= now - minute:
            self._embedded.popleft()
        over = texts_per_minute is not None and sum(n for _, n in self._embedded) + count > texts_per_minute
        if over or (at_once is not None and self._busy > at_once):
            self.refused += 1
            wait = {"Retry-After": retry_after} if retry_after else {}
            return _error(Status(429, "too many requests", wait))
        self._embedded.append((now, count))
        answer = self._vectors(body)
        self.texts += body["texts"]
        return web.Response(body=answer, content_type="application/json")

    def _vectors(self, body: dict[str, Any]) -> bytes:
        dimensions = body.get("output_dimension", 1536 if "v4" in body["model"] else 1024)
        texts, kinds = body["texts"], body["embedding_types"]
        found = {
            "id": str(uuid.uuid4()),
            "embeddings": {},
            "meta": _meta(input_tokens=float(sum(len(rules.words(text)) for text in texts))),
            "response_type": "embeddings_by_type",
        }
        if self._cheap:
            rows = {kind: self._ready_made(dimensions, kind) for kind in kinds}
            made = {
                kind: ",".join(row[i % len(row)] for i in range(len(texts))) for kind, row in rows.items()
            }
            inner = ",".join(f'"{kind}":[{text}]' for kind, text in made.items())
            return json.dumps(found).replace('"embeddings": {}', f'"embeddings":{{{inner}}}').encode()
        found |= {"texts": texts, "embeddings": rules.embeddings(texts, kinds, dimensions)}
        return json.dumps(found).encode()

    def _ready_made(self, dimensions: int, kind: str) -> list[str]:
        """Rows that mean nothing, but cost nothing either."""
        if (dimensions, kind) not in self._rows:
            rows = rules.embeddings([f"word {n}" for n in range(96)], [kind], dimensions)[kind]
            self._rows[dimensions, kind] = [json.dumps(row) for row in rows]
        return self._rows[dimensions, kind]

    async def _stream(
        self, request: web.Request, body: dict[str, Any], fault: Fault | None
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        while isinstance(fault, Trickle):
            await response.write(b": ping\n\n")
            await asyncio.sleep(fault.seconds)
        for number, event in enumerate(rules.events(self.reply(body), body.get("documents") or [])):
            if fault is not None and number == getattr(fault, "events", -1):
                if isinstance(fault, Hang):
                    await self._stopped.wait()
                if isinstance(fault, Cut) and fault.torn and request.transport is not None:
                    request.transport.abort()
                if isinstance(fault, Inject):
                    await response.write(f"event: content-delta\n{fault.line}\n\n".encode())
                if isinstance(fault, InBand):
                    delta = {"finish_reason": "ERROR", "error": "internal: secret-detail"}
                    await response.write(_sse({"type": "message-end", "delta": delta}))
                if isinstance(fault, Cut | InBand):
                    return response
            await response.write(_sse(event))
        if isinstance(fault, Linger):
            await self._stopped.wait()
        await response.write(b"data: [DONE]\n\n")
        return response


def _sse(event: dict[str, Any]) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def _error(fault: Status | NotJson) -> web.Response:
    if isinstance(fault, NotJson):
        return web.Response(text=_HTML, content_type="text/html")
    if fault.html:
        return web.Response(status=fault.code, text=_HTML, content_type="text/html", headers=fault.headers)
    body = {"id": str(uuid.uuid4()), "message": fault.message}
    return web.json_response(body, status=fault.code, headers=fault.headers)


def _meta(**units: float) -> dict[str, Any]:
    return {"api_version": {"version": "2"}, "billed_units": units}


def _rerank(body: dict[str, Any]) -> web.Response:
    scored = [(rules.relevance(body["query"], text), index) for index, text in enumerate(body["documents"])]
    scored.sort(key=lambda pair: (-pair[0], pair[1]))
    results = [{"index": index, "relevance_score": score} for score, index in scored[: body.get("top_n")]]
    meta = _meta(search_units=float(-(-len(scored) // 100)))
    return web.json_response({"id": str(uuid.uuid4()), "results": results, "meta": meta})


async def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--texts-per-minute", type=int)
    parser.add_argument("--calls-at-once", type=int)
    parser.add_argument("--cheap", action="store_true", help="vectors without a meaning")
    wanted = parser.parse_args()
    async with CohereServer(
        port=wanted.port,
        latency=wanted.latency,
        texts_per_minute=wanted.texts_per_minute,
        calls_at_once=wanted.calls_at_once,
        cheap=wanted.cheap,
        forgetful=True,
    ) as server:
        print(server.url, flush=True)  # noqa: T201 - whoever started it reads it
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main())
