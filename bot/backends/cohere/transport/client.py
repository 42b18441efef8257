"""Calls Cohere's SDK, as the only file that does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from typing import Any, TypeVar

import httpx
import numpy as np
from cohere import AsyncClientV2
from cohere.core.request_options import RequestOptions
from numpy.typing import NDArray

from bot.backends.cohere.options import Options
from bot.backends.cohere.transport import responses as wire
from bot.backends.cohere.transport import sse
from bot.backends.cohere.transport.errors import COHERE, FAILURES, translate
from bot.backends.cohere.transport.http import Basket, CohereHttp, held, opened, taken
from bot.backends.shared import service_calls
from bot.backends.shared.embedding_batcher import CallSlot
from bot.backends.shared.service_calls import SharedClient, deadline
from bot.backends.shared.writing.messages import Message, encodable
from bot.ports import Unavailable

T = TypeVar("T")

# The SDK sleeps between its retries for up to a minute each: retrying is done here, within our deadlines.
_ONCE: RequestOptions = {"max_retries": 0}
_UNSET: Any = ...  # the SDK's "leave it out"


class CohereClient(SharedClient):
    """Holds one SDK client and its connections for all parts."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self._http = CohereHttp(options.base_url)
        self._sdk = AsyncClientV2(
            options.api_key or "none",  # private deployments may want no key
            base_url=options.base_url,
            httpx_client=self._http,
            client_name="docent",
            max_retries=0,
            log_warning_experimental_features=False,
        )

    async def _close(self) -> None:
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
        turn: CallSlot | None = None,
    ) -> tuple[NDArray[np.float32], wire.Billed]:
        """Embed the texts: one row a text, not normalised. Makes one attempt, of `seconds` from when it has its `turn`."""
        basket = Basket(wire.take_embeddings, turn)
        with held(taken, basket):
            async with limited(part, seconds) as timeout:
                if turn is not None:
                    clock = asyncio.get_running_loop().time
                    basket.begins = lambda: timeout.reschedule(clock() + seconds)
                    timeout.reschedule(None)
                response = await self._sdk.embed(
                    model=model,
                    texts=[encodable(text) for text in texts],
                    input_type=input_type,
                    output_dimension=_UNSET if dimensions is None else dimensions,
                    embedding_types=[encoding],
                    truncate="END",
                    request_options=_ONCE,
                )
        if basket.found is None or len(basket.found) != len(texts):
            raise Unavailable(part, "Cohere's answer holds no usable embeddings.")
        return basket.found, wire.billed(getattr(response, "meta", None))

    async def rerank(
        self, question: str, texts: Sequence[str], *, model: str, part: str, seconds: float
    ) -> tuple[wire.Ranking, wire.Billed]:
        async def call() -> tuple[wire.Ranking, wire.Billed]:
            basket = Basket(wire.take_ranking)
            with held(taken, basket):
                response = await self._sdk.rerank(
                    model=model,
                    query=encodable(question),
                    documents=[encodable(text) for text in texts],
                    request_options=_ONCE,
                )
            if basket.found is None:
                raise Unavailable(part, "Cohere's answer can't be read.")
            return basket.found, wire.billed(getattr(response, "meta", None))

        return await twice(part, seconds, call)

    async def chat(
        self, messages: Sequence[Message], *, model: str, max_tokens: int, part: str, seconds: float
    ) -> tuple[str, wire.Billed]:
        """Return the text of one short answer."""

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
        messages: Sequence[Message],
        documents: Sequence[wire.Document],
        *,
        model: str,
        max_tokens: int,
        temperature: float,
        citations: str | None,
        part: str,
    ) -> AsyncIterator[Any]:
        """Give a streamed answer's events. There is no deadline: the caller has it.

        What is no event ends it with Unavailable, because text or citations are lost with it.
        """
        stream = self._sdk.with_raw_response.chat_stream(
            model=model,
            messages=list(messages),  # type: ignore[arg-type] # see above
            documents=list(documents) or _UNSET,  # type: ignore[arg-type]
            citation_options={"mode": citations} if citations else _UNSET,  # type: ignore[arg-type]
            max_tokens=max_tokens,
            temperature=temperature,
            request_options=_ONCE,
        )
        responses: list[httpx.Response] = []
        async with AsyncExitStack() as stack:
            try:
                with held(opened, responses):
                    await stack.enter_async_context(stream)
                async with aclosing(sse.events(responses[0])) as events:
                    async for event in events:
                        yield event
            except FAILURES as error:
                raise translate(part, error) from None


@asynccontextmanager
async def limited(part: str, seconds: float) -> AsyncIterator[asyncio.Timeout]:
    """Put a deadline around a call, and its failures in our words."""
    async with deadline(COHERE.name, part, seconds) as timeout:
        with translated(part):
            yield timeout


@contextmanager
def translated(part: str) -> Iterator[None]:
    """Put failures in our words."""
    try:
        yield
    except FAILURES as error:
        raise translate(part, error) from None


async def twice(part: str, seconds: float, call: Callable[[], Awaitable[T]]) -> T:
    """Make the call, and once more after a failure that may have passed, all within `seconds`."""

    async def told() -> T:
        with translated(part):
            return await call()

    async with deadline(COHERE.name, part, seconds):
        return await service_calls.twice(told)
