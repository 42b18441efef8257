"""Calls OpenAI's SDK, as the only file that does."""

import asyncio
import base64
import logging
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx2
import numpy as np
from numpy.typing import NDArray
from openai import APIError, AsyncAzureOpenAI, AsyncOpenAI, AsyncStream

from bot.backends.openai.errors import FAILURES, no_api, too_long, translate
from bot.backends.openai.options import Access
from bot.backends.shared.embedding_batcher import CallSlot
from bot.backends.shared.errors import Service
from bot.backends.shared.service_calls import SharedClient, deadline
from bot.backends.shared.writing.messages import Message, alternating, encodable
from bot.ports import Unavailable

_CONNECT_SECONDS: Final = 5.0
_QUIRKS: Final = 4  # things that one server may not know
_NO_SYSTEM: Final = re.compile(
    r"system.{0,40}(?:not supported|unsupported)|only user and assistant", re.IGNORECASE
)

log = logging.getLogger(__name__)


class OpenAIClient(SharedClient):
    """Holds one SDK client and its connections for all parts of one server.

    Servers differ in what they know: a parameter that one refuses by name is left out from then on.
    """

    def __init__(self, access: Access) -> None:
        super().__init__()
        self.access = access
        self._sdk = _sdk(access)
        self._unknown: set[str] = set()

    @property
    def service(self) -> Service:
        return self.access.service

    async def chat(
        self,
        messages: Sequence[Message],
        *,
        model: str,
        max_tokens: int,
        temperature: float | None,
        part: str,
    ) -> AsyncGenerator[Any, None]:
        """Give the chunks of a streamed answer. Raises ContextExceeded, too. There is no deadline: the caller has it."""
        wanted: dict[str, Any] = {
            "model": model,
            "messages": alternating(messages),
            "stream": True,
            "max_tokens": max_tokens,
        }
        wanted |= {"stream_options": {"include_usage": True}}
        if temperature is not None:
            wanted["temperature"] = temperature
        try:
            stream = await self._opened(wanted, part)
            async with _closing(stream):
                async for chunk in stream:
                    yield chunk
        except FAILURES as error:
            if (exceeded := too_long(error)) is not None:
                raise exceeded from None
            raise translate(self.service, part, error) from None

    async def embed(
        self,
        texts: Sequence[str],
        *,
        model: str,
        dimensions: int | None,
        part: str,
        seconds: float,
        turn: CallSlot | None = None,
    ) -> tuple[NDArray[np.float32], int]:
        """Return one row a text, not normalised, and the input tokens. One attempt, of `seconds` once it has its `turn`."""
        wanted: dict[str, Any] = {"model": model, "input": [encodable(text) for text in texts]}
        if dimensions is not None:
            wanted["dimensions"] = dimensions
        if turn is None:
            found = await self._embedded(wanted, part, seconds)
        else:
            async with turn():
                found = await self._embedded(wanted, part, seconds)
        rows = _rows(found)
        if rows is None or len(rows) != len(texts):
            raise Unavailable(part, f"{self.service.name}'s answer holds no usable embeddings.")
        return rows, _count(field(found, "usage"), "prompt_tokens", "total_tokens")

    async def get(self, path: str, *, seconds: float, payload: object = None) -> Any:  # noqa: ANN401 - JSON
        """Return what the server tells under a path or address of its own; None if it doesn't."""
        try:
            async with asyncio.timeout(seconds):
                if payload is not None:
                    return await self._sdk.post(path, body=payload, cast_to=object)
                return await self._sdk.get(path, cast_to=object)
        except (*FAILURES, TimeoutError) as error:
            log.debug("%s tells nothing: %s", path, type(error).__name__)
            return None

    async def _close(self) -> None:
        await self._sdk.close()

    async def _embedded(self, wanted: dict[str, Any], part: str, seconds: float) -> object:
        async with limited(self.service, part, seconds):
            return await self._sdk.post(
                "/embeddings", body={**wanted, "encoding_format": "float"}, cast_to=object
            )

    async def _opened(self, wanted: dict[str, Any], part: str) -> AsyncStream[Any]:
        for _ in range(_QUIRKS):
            try:
                raw = await self._sdk.chat.completions.with_raw_response.create(**self._known(wanted))
            except APIError as error:
                if not self._learned(error, wanted):
                    raise
                continue
            kind = raw.headers.get("content-type", "")
            if "html" in kind or "text/plain" in kind:
                await raw.http_response.aclose()
                raise no_api(self.service, part)
            stream: AsyncStream[Any] = raw.parse()
            return stream
        raise no_api(self.service, part)

    def _known(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Return the request as this server understands it."""
        sent = {name: value for name, value in wanted.items() if name not in self._unknown}
        if "max_tokens" in self._unknown and "max_completion_tokens" not in self._unknown:
            sent["max_completion_tokens"] = wanted["max_tokens"]
        if "system" in self._unknown:
            sent["messages"] = _without_system(wanted["messages"])
        return sent

    def _learned(self, error: APIError, wanted: Mapping[str, Any]) -> bool:
        """Tell whether the server refuses something that can be left out; from now on it is."""
        if getattr(error, "status_code", 0) not in (400, 422, 500):
            return False
        told = f"{error.param or ''} {error.message} {error.body}"
        names = ("stream_options", "temperature", "max_completion_tokens", "max_tokens")
        sent = self._known(wanted)
        for name in names:
            if name in told and name in sent:
                self._unknown.add(name)
                return True
        if _NO_SYSTEM.search(told) and "system" not in self._unknown:
            self._unknown.add("system")
            return True
        return False


def _sdk(access: Access) -> AsyncOpenAI:
    shared: dict[str, Any] = {
        "max_retries": 0,  # retrying is done here, within our deadlines
        "timeout": httpx2.Timeout(None, connect=_CONNECT_SECONDS),
        "default_headers": {"User-Agent": "docent"},
    }
    if access.azure:
        return AsyncAzureOpenAI(
            azure_endpoint=access.azure,
            api_version=access.api_version,
            api_key=access.api_key or "none",
            **shared,
        )
    return AsyncOpenAI(
        base_url=access.base_url, api_key=access.api_key or "none", organization="", project="", **shared
    )


@asynccontextmanager
async def _closing(stream: AsyncStream[Any]) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await stream.close()


@asynccontextmanager
async def limited(service: Service, part: str, seconds: float) -> AsyncGenerator[None, None]:
    """Put a deadline around a call, and its failures in our words."""
    try:
        async with deadline(service.name, part, seconds):
            yield
    except FAILURES as error:
        raise translate(service, part, error) from None


def _without_system(messages: Sequence[Message]) -> list[Message]:
    """Move the system's text in front of the first question, for models that know no system's turn."""
    told = "\n\n".join(one["content"] for one in messages if one["role"] == "system")
    others = [one for one in messages if one["role"] != "system"]
    return [{"role": "user", "content": f"{told}\n\n{others[0]['content']}"}, *others[1:]]


def _rows(found: object) -> NDArray[np.float32] | None:
    data = field(found, "data")
    if not isinstance(data, list):
        return None
    try:
        ordered = sorted(data, key=lambda each: int(each.get("index") or 0))
        rows = [_vector(each["embedding"]) for each in ordered]
        matrix = np.asarray(rows, dtype=np.float32)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return matrix if matrix.ndim == 2 and np.isfinite(matrix).all() else None  # noqa: PLR2004 - rows and columns


def _vector(value: Any) -> Any:  # noqa: ANN401 - numbers, or the same in base64
    return (
        np.frombuffer(base64.b64decode(value, validate=True), dtype="<f4")
        if isinstance(value, str)
        else value
    )


def field(value: object, name: str) -> Any:  # noqa: ANN401 - JSON
    """Read a field of JSON, or of what the SDK made of it; None if it isn't there."""
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)


def _count(usage: object, *names: str) -> int:
    """Return the first of the figures that is there."""
    for name in names:
        value = field(usage, name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return int(value)
    return 0


def tokens(usage: object) -> tuple[int, int]:
    """Return the tokens (in, out) of a chat's `usage`."""
    return _count(usage, "prompt_tokens", "input_tokens"), _count(usage, "completion_tokens", "output_tokens")
