"""A server with OpenAI's API to test against, over a real socket: strict, and able to behave as the real ones do.

`OpenAIServer(kind=…)` is "openai", "llama.cpp", "ollama", "vllm" or "azure": they differ in what they know and tell.
"""

import asyncio
import base64
import json
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

from tests.support import cohere_rules
from tests.support.cohere_server import Cut, Hang, Inject, Linger, NotJson, Seen, Status, Trickle, struck

KEY = "sk-test-key-0123456789"
MODEL = "small-1"
_CHAT = {
    "model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "temperature",
    "top_p", "stop", "n", "seed", "response_format", "tools", "tool_choice", "user", "logprobs",
}  # fmt: skip
_EMBED = {"model", "input", "dimensions", "encoding_format", "user"}
_HTML = "<html><body>Welcome to nginx!</body></html>"

Fault = Status | Hang | Trickle | Cut | Inject | Linger | NotJson
Json = dict[str, Any]


class Invalid(Exception):
    """The request gets this status and error."""

    def __init__(self, message: str, status: int = 400, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.error = {
            "message": message,
            "type": "invalid_request_error",
            "param": None,
            "code": None,
            **more,
        }


@dataclass(frozen=True)
class Said:
    """An answer: pieces of text, with thinking as `reasoning_content` before, and how it ends.

    `usage` None: the server never says. `raw` chunks are sent as they are, in place of all else.
    """

    pieces: Sequence[str]
    thinking: Sequence[str] = ()
    field: str = "reasoning_content"
    finish: str | None = "stop"
    usage: bool = True
    raw: Sequence[Json] = ()


def words(text: str, **more: Any) -> Said:
    """The text in pieces of a few characters, as tokens come."""
    return Said([text[at : at + 4] for at in range(0, len(text), 4)], **more)


def _says(content: Any, *, sees: bool) -> bool:
    """Whether a message has words, and pictures as the API documents them."""
    if isinstance(content, str):
        return bool(content.strip())
    if not isinstance(content, list):
        return False
    for part in content:
        if part.get("type") == "image_url":
            if not sees:
                raise Invalid(
                    "image input is not supported - hint: if this is unexpected, provide the mmproj", 500
                )
            kind, _, data = part["image_url"]["url"].partition(";base64,")
            if kind not in ("data:image/png", "data:image/jpeg", "data:image/gif", "data:image/webp"):
                raise Invalid("Invalid image data.")
            base64.b64decode(data, validate=True)
        elif part.get("type") != "text" or not part["text"].strip():
            raise Invalid("messages: unknown part")
    return True


class OpenAIServer:
    """Use as `async with`. `always` holds a fault for an endpoint ("chat/completions", "embeddings", "rerank").

    `window`: longer prompts are refused as llama.cpp does, told to who asks if `tells`. `unknown` are fields that the
    server refuses by name. `one_at_a_time`: as a server with one slot, which hears of a closed connection only once
    it has begun to write (`reads` is for how long it reads).
    """

    def __init__(
        self,
        *,
        kind: str = "openai",
        key: str = KEY,
        window: int | None = None,
        tells: bool = True,
        unknown: Sequence[str] = (),
        any_model: bool = False,
        one_at_a_time: bool = False,
        system: bool = True,
        dimensions: int = 32,
    ) -> None:
        self.always: dict[str, Fault] = {}
        self.reply: Callable[[Json], Said] = lambda _: words("Yes [1].")
        self.relevance: Callable[[str, str], float] = cohere_rules.relevance
        self.seen: list[Seen] = []
        self.sees = True  # the model can look at pictures
        self.gate = asyncio.Event()
        self.gate.set()
        self.begun = asyncio.Event()
        self._kind = kind
        self._key = key
        self._window = window
        self._tells = tells
        self._unknown = unknown
        self._any_model = any_model
        self._slot = asyncio.Semaphore(1) if one_at_a_time else None
        self._system = system
        self._dimensions = dimensions
        self._next: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._stopped = asyncio.Event()
        self._port = 0

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        return f"{self.root}/v1"

    def next(self, endpoint: str, *faults: Fault) -> None:
        """Faults for the next calls of an endpoint, one each."""
        self._next[endpoint].extend(faults)

    def calls(self, endpoint: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.path.endswith(f"/{endpoint}")]

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None, handler_cancellation=False)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopped.set()
        self.gate.set()
        await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body: Json = json.loads(await request.read() or b"{}")
        self.seen.append(Seen(request.path, body, dict(request.headers), time.monotonic()))
        try:
            self._check_access(request)
            return await self._answer(request, body)
        except Invalid as invalid:
            return web.json_response({"error": invalid.error}, status=invalid.status)
        except ConnectionResetError:
            return web.Response()

    async def _answer(self, request: web.Request, body: Json) -> web.StreamResponse:
        path = request.path.removeprefix("/")
        deployed = path.partition("deployments/")[2].partition("/")[2]
        endpoint = deployed or path.removeprefix("v1/")
        fault = self._next[endpoint].popleft() if self._next[endpoint] else self.always.get(endpoint)
        if isinstance(fault, Status | NotJson):
            return _failed(fault)
        if isinstance(fault, Hang) and not fault.events:
            await self._stopped.wait()
        if request.method == "GET":
            return self._told(path)
        if path.startswith(("v1/", "openai/deployments/", "rerank")):
            if endpoint == "chat/completions":
                return await self._chat(request, body, fault)
            if endpoint == "embeddings":
                return self._embeddings(body)
            if endpoint == "rerank":
                return self._rerank(path, body)
        raise _not_found()

    def _check_access(self, request: web.Request) -> None:
        given = request.headers.get("api-key") or request.headers.get("Authorization", "").removeprefix(
            "Bearer "
        )
        if self._key and given != self._key:
            raise Invalid(f"Incorrect API key provided: {given}.", 401, code="invalid_api_key")
        if self._kind == "azure" and not request.query.get("api-version"):
            raise Invalid("Resource not found", 404, code="404")

    def _told(self, path: str) -> web.Response:
        if path == "v1/models":
            entry: Json = {"id": MODEL, "object": "model", "created": 0, "owned_by": self._kind}
            if self._tells and self._window:
                if self._kind == "llama.cpp":
                    entry["meta"] = {"n_ctx": self._window, "n_ctx_train": 32768}
                elif self._kind == "vllm":
                    entry["max_model_len"] = self._window
            return web.json_response({"object": "list", "data": [entry]})
        if path == "props" and self._kind == "llama.cpp" and self._tells:
            return web.json_response(
                {"default_generation_settings": {"n_ctx": self._window}, "total_slots": 1}
            )
        if path == "api/ps" and self._kind == "ollama" and self._tells:
            return web.json_response(
                {"models": [{"name": MODEL, "model": MODEL, "context_length": self._window}]}
            )
        raise _not_found()

    def _check_model(self, body: Json) -> None:
        if body.get("model") != MODEL and not self._any_model:
            message = f"The model `{body.get('model')}` does not exist or you do not have access to it."
            raise Invalid(message, 404, code="model_not_found")

    def _check_chat(self, body: Json) -> None:
        strange = sorted(set(body) - _CHAT)
        if strange:
            raise Invalid(f"Unrecognized request argument supplied: {strange[0]}", param=strange[0])
        self._check_model(body)
        for name in self._unknown:
            if name in body:
                raise Invalid(
                    f"Unsupported parameter: '{name}' is not supported with this model.", param=name
                )
        messages = body.get("messages")
        if not isinstance(messages, list) or not messages:
            raise Invalid("[] is too short - 'messages'")
        roles = [message.get("role") for message in messages]
        if not self._system and "system" in roles:
            raise Invalid("System role not supported", 500)
        turns = roles[1:] if roles[0] == "system" else roles
        expected = ["user" if number % 2 == 0 else "assistant" for number in range(len(turns))]
        if turns != expected:
            raise Invalid("Conversation roles must alternate user/assistant/user/assistant/...", 500)
        if not all(_says(m.get("content"), sees=self.sees) for m in messages):
            raise Invalid("messages: content must not be empty")
        if not 0 <= body.get("temperature", 1) <= 2:
            raise Invalid("temperature must be between 0 and 2", param="temperature")
        prompt = sum(len(str(m["content"]).split()) for m in messages)
        if self._window and prompt > self._window:
            message = f"request ({prompt} tokens) exceeds the available context size ({self._window} tokens), try increasing it"
            more = {
                "type": "exceed_context_size_error",
                "n_prompt_tokens": prompt,
                "n_ctx": self._window,
                "code": 400,
            }
            raise Invalid(message, **more)

    async def _chat(self, request: web.Request, body: Json, fault: Fault | None) -> web.StreamResponse:
        self._check_chat(body)
        if self._slot is None:
            return await self._stream(request, body, fault)
        async with self._slot:
            self.begun.set()
            await self.gate.wait()  # it reads, and hears nothing
            return await self._stream(request, body, fault)

    async def _stream(self, request: web.Request, body: Json, fault: Fault | None) -> web.StreamResponse:
        said = self.reply(body)
        if not body.get("stream"):
            text = "".join(said.pieces)
            choice = {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": said.finish,
            }
            return web.json_response(
                {"id": "c", "object": "chat.completion", "choices": [choice], "usage": _USAGE}
            )
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        while isinstance(fault, Trickle):
            await response.write(b": ping\n\n")
            await asyncio.sleep(fault.seconds)
        asked = bool((body.get("stream_options") or {}).get("include_usage"))
        for number, chunk in enumerate(_chunks(said, self._kind, asked=asked)):
            if await struck(fault, number, request, response, self._stopped):
                return response
            await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
        if isinstance(fault, Linger):
            await self._stopped.wait()
        await response.write(b"data: [DONE]\n\n")
        return response

    def _embeddings(self, body: Json) -> web.Response:
        strange = sorted(set(body) - _EMBED)
        if strange:
            raise Invalid(f"Unrecognized request argument supplied: {strange[0]}", param=strange[0])
        self._check_model(body)
        texts = body.get("input")
        if not isinstance(texts, list) or not texts or not all(isinstance(t, str) and t for t in texts):
            raise Invalid("'$.input' is invalid.", param="input")
        if len(texts) > 2048:
            raise Invalid("'$.input' is invalid: array too long", param="input")
        size = body.get("dimensions", self._dimensions)
        rows = [cohere_rules.embedding(text, size).tolist() for text in texts]
        data = [{"object": "embedding", "index": n, "embedding": row} for n, row in enumerate(rows)]
        used = sum(len(text.split()) for text in texts)
        data.reverse()  # the index says which is which
        return web.json_response(
            {"object": "list", "data": data, "usage": {"prompt_tokens": used, "total_tokens": used}}
        )

    def _rerank(self, path: str, body: Json) -> web.Response:
        own = self._kind == "tei"
        if own != (path == "rerank"):
            raise _not_found()
        texts = body.get("texts" if own else "documents")
        if (
            not isinstance(texts, list)
            or not texts
            or not all(isinstance(t, str) and t.strip() for t in texts)
        ):
            raise Invalid("documents must not be empty", 422)
        if not str(body.get("query", "")).strip():
            raise Invalid("query must not be empty", 422)
        if own:
            if set(body) - {"query", "texts", "truncate", "raw_scores", "return_text"}:
                raise Invalid("unknown field", 422)
        elif set(body) - {"query", "documents", "model", "top_n", "return_documents"}:
            raise Invalid("unknown field", 422)
        elif body.get("model") is not None:
            self._check_model(body)
        scored = sorted(
            ((self.relevance(body["query"], text), n) for n, text in enumerate(texts)), reverse=True
        )
        name = "score" if own else "relevance_score"
        results = [{"index": n, name: score} for score, n in scored]
        return web.json_response(
            results if own else {"model": MODEL, "results": results, "usage": {"total_tokens": 7}}
        )


def _not_found() -> Invalid:
    return Invalid("Not Found", 404)


_USAGE = {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150}


def _chunks(said: Said, kind: str, *, asked: bool) -> list[Json]:
    if said.raw:
        return list(said.raw)
    found: list[Json] = []
    if kind == "azure":
        found.append({"id": "", "object": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]})
    found.append(chunk({"role": "assistant", "content": None}))
    found += [chunk({said.field: piece}) for piece in said.thinking]
    found += [chunk({"content": piece}) for piece in said.pieces]
    if said.finish is not None:
        found.append(chunk({}, said.finish))
    if said.usage and asked:
        found.append(
            {"id": "c", "object": "chat.completion.chunk", "model": MODEL, "choices": [], "usage": _USAGE}
        )
    return found


def chunk(delta: Mapping[str, Any], finish: str | None = None) -> Json:
    """One event of a stream."""
    choice = {"index": 0, "delta": dict(delta), "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": MODEL, "choices": [choice]}


def _failed(fault: Status | NotJson) -> web.Response:
    if isinstance(fault, NotJson):
        return web.Response(text=_HTML, content_type="text/html")
    if fault.html:
        return web.Response(status=fault.code, text=_HTML, content_type="text/html", headers=fault.headers)
    error = {"message": fault.message, "type": "error", "param": None, "code": None}
    return web.json_response({"error": error}, status=fault.code, headers=fault.headers)
