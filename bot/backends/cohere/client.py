"""The seam to the SDK: the only file that calls it."""

import asyncio
import logging
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import numpy as np
from cohere import AsyncClientV2
from cohere.core.request_options import RequestOptions
from numpy.typing import NDArray

from bot.backends.cohere import wire
from bot.backends.cohere.errors import FAILURES, is_passing, translate
from bot.backends.cohere.http import Basket, Http, taken
from bot.backends.cohere.options import Options
from bot.ports import BackendError, Unavailable

T = TypeVar("T")

# The SDK sleeps between its retries for up to a minute each: retrying is done here, within our deadlines.
_ONCE: RequestOptions = {"max_retries": 0}
_RETRY_AFTER = 0.2
_UNSET: Any = ...  # the SDK's "leave it out"

# Events that the SDK could not read and skipped. See `_Silence`.
_skipped: ContextVar[list[str] | None] = ContextVar("skipped", default=None)


class _Silence(logging.Filter):
    """The SDK logs events that it can't read, with their text, as warnings: noted, never written out."""

    def filter(self, record: logging.LogRecord) -> bool:
        ours = record.name.startswith("cohere") or "raw_client" in record.pathname
        if not ours or record.levelno < logging.WARNING:
            return True
        skipped = _skipped.get()
        if skipped is not None:
            skipped.append(record.getMessage())
        return False


_silence = _Silence()
for _name in (None, "cohere", "cohere.core.pydantic_utilities"):
    logging.getLogger(_name).addFilter(_silence)


class Client:
    """One SDK client and its connections for all parts; closed when the last of them is."""

    def __init__(self, options: Options) -> None:
        self._http = Http(options.base_url)
        self._sdk = AsyncClientV2(
            options.api_key or "none",  # private deployments may want no key
            base_url=options.base_url,
            httpx_client=self._http,
            client_name="docent",
            max_retries=0,
            log_warning_experimental_features=False,
        )
        self._users = 0

    def use(self) -> "Client":
        self._users += 1
        return self

    async def release(self) -> None:
        self._users -= 1
        if self._users == 0:
            await self._http.aclose()

    async def embed(
        self,
        texts: Sequence[str],
        *,
        model: str,
        input_type: str,
        dimensions: int | None,
        encoding: str,
        part: str,
        seconds: float,
        received: Callable[[], None] | None = None,
    ) -> tuple[NDArray[np.float32], wire.Billed]:
        """One row a text, not normalised. One attempt. `received` is called before the answer is read."""
        basket = Basket(received)
        token = taken.set(basket)
        try:
            async with limited(part, seconds):
                response = await self._sdk.embed(
                    model=model,
                    texts=[wire.encodable(text) for text in texts],
                    input_type=input_type,
                    output_dimension=_UNSET if dimensions is None else dimensions,
                    embedding_types=[encoding],
                    truncate="END",
                    request_options=_ONCE,
                )
        finally:
            taken.reset(token)
        if basket.rows is None or len(basket.rows) != len(texts):
            raise Unavailable(part, "Cohere's answer holds no usable embeddings.")
        return basket.rows, wire.billed(getattr(response, "meta", None))

    async def rerank(
        self, question: str, texts: Sequence[str], *, model: str, part: str, seconds: float
    ) -> tuple[list[tuple[int, float]], wire.Billed]:
        """(index of the text, relevance) in the server's order."""

        async def call() -> tuple[list[tuple[int, float]], wire.Billed]:
            response = await self._sdk.rerank(
                model=model,
                query=wire.encodable(question),
                documents=[wire.encodable(text) for text in texts],
                request_options=_ONCE,
            )
            return wire.ranked(part, response), wire.billed(getattr(response, "meta", None))

        return await twice(part, seconds, call)

    async def chat(
        self, messages: Sequence[wire.Message], *, model: str, max_tokens: int, part: str, seconds: float
    ) -> tuple[str, wire.Billed]:
        """The text of one short answer."""

        async def call() -> tuple[str, wire.Billed]:
            response = await self._sdk.chat(
                model=model,
                messages=list(messages),  # type: ignore[arg-type] # plain dicts are what the docs show
                max_tokens=max_tokens,
                temperature=0.0,
                request_options=_ONCE,
            )
            wire.check_finish(part, getattr(response, "finish_reason", None), None)
            return wire.text_of(response), wire.billed(getattr(response, "usage", None))

        return await twice(part, seconds, call)

    async def chat_events(
        self,
        messages: Sequence[wire.Message],
        documents: Sequence[wire.Document],
        *,
        model: str,
        max_tokens: int,
        temperature: float,
        citations: str | None,
        part: str,
    ) -> AsyncIterator[Any]:
        """The stream's events as the SDK made them. Without a deadline: the caller has it.

        A line that can't be read ends it with Unavailable, since text or citations are lost with it.
        """
        stream = self._sdk.chat_stream(
            model=model,
            messages=list(messages),  # type: ignore[arg-type] # see above
            documents=list(documents) or _UNSET,  # type: ignore[arg-type]
            citation_options={"mode": citations} if citations else _UNSET,  # type: ignore[arg-type]
            max_tokens=max_tokens,
            temperature=temperature,
            request_options=_ONCE,
        )
        async with aclosing(stream) as events:  # type: ignore[type-var] # an async generator
            while True:
                skipped: list[str] = []
                token = _skipped.set(skipped)
                try:
                    event = await anext(events, None)
                except FAILURES as error:
                    raise translate(part, error) from None
                finally:
                    _skipped.reset(token)
                if any(_matters(line) for line in skipped):
                    raise Unavailable(part, "Cohere's answer came garbled.")
                if event is None:
                    return
                yield event


def _matters(line: str) -> bool:
    """Only an event of a type that we don't know may be skipped without a loss."""
    kind = re.search(r'"type"\s*:\s*"([a-z-]+)"', line)
    return kind is None or kind[1] in wire.EVENTS


@asynccontextmanager
async def limited(part: str, seconds: float) -> AsyncIterator[None]:
    """A deadline, and failures in our words."""
    timeout = asyncio.timeout(seconds)
    try:
        async with timeout:
            yield
    except TimeoutError:
        if not timeout.expired():
            raise
        raise Unavailable(part, f"Cohere took longer than {seconds:.2g} seconds.") from None
    except FAILURES as error:
        raise translate(part, error) from None


async def twice(part: str, seconds: float, call: Callable[[], Awaitable[T]]) -> T:
    """The call, tried once more after a failure that may have passed, all within `seconds`."""
    async with limited(part, seconds):
        try:
            return await call()
        except FAILURES as error:
            if not is_passing(translate(part, error)):
                raise
        except BackendError as error:
            if not is_passing(error):
                raise
        await asyncio.sleep(_RETRY_AFTER * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
        return await call()
