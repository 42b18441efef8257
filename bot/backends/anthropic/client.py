"""Calls Anthropic's SDK, as the only file that does, and puts its failures in our words.

The SDK's own text holds bodies, which may quote the request: nothing of it is shown or chained.
"""

import logging
import re
from collections.abc import AsyncGenerator, Sequence
from http import HTTPStatus
from typing import Any, Final

import httpx2
from anthropic import (
    AnthropicError,
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AsyncAnthropic,
)

from bot.backends.anthropic.options import Access
from bot.backends.shared.errors import Service, by_status, limited
from bot.backends.shared.service_calls import SharedClient, deadline
from bot.backends.shared.unreached import cause, unreached
from bot.backends.shared.writing.context_window import ContextExceeded
from bot.ports import BackendError, Unavailable

FAILURES: Final = (
    AnthropicError,
    httpx2.HTTPError,
    httpx2.InvalidURL,
    httpx2.StreamError,
    ValueError,
    TypeError,
)
SERVICE: Final = Service("Anthropic", key="Check ANTHROPIC_API_KEY.", url="Check ANTHROPIC_BASE_URL.")

_CONNECT_SECONDS: Final = 5.0
_TOO_LONG: Final = re.compile(
    r"prompt is too long|context window|context limit|exceed.{0,30}context", re.IGNORECASE
)
_BROKE: Final = re.compile(r"credit balance|billing", re.IGNORECASE)
_NUMBERS: Final = re.compile(r"\d{4,7}")

log = logging.getLogger(__name__)

Json = dict[str, Any]


class AnthropicClient(SharedClient):
    """One SDK client and its connections."""

    def __init__(self, access: Access) -> None:
        super().__init__()
        self._sdk = AsyncAnthropic(
            api_key=access.api_key,
            base_url=access.base_url,
            max_retries=0,  # retrying is done by who calls, within our deadlines
            timeout=httpx2.Timeout(None, connect=_CONNECT_SECONDS),
        )
        self._create: Any = self._sdk.messages.create  # plain dicts are what the docs show

    async def _close(self) -> None:
        await self._sdk.close()

    async def whole(
        self, messages: Sequence[Json], *, system: str, model: str, max_tokens: int, part: str, seconds: float
    ) -> Any:  # noqa: ANN401 - an SDK message
        """Return one short answer."""
        wanted = _request(messages, system=system, model=model, max_tokens=max_tokens)
        try:
            async with deadline(SERVICE.name, part, seconds):
                return await self._create(**wanted)
        except FAILURES as error:
            raise translate(part, error) from None

    async def events(
        self, messages: Sequence[Json], *, system: str, model: str, max_tokens: int, part: str
    ) -> AsyncGenerator[Any, None]:
        """Give a streamed answer's events. Raises ContextExceeded, too. There is no deadline: the caller has it."""
        wanted = _request(messages, system=system, model=model, max_tokens=max_tokens)
        try:
            stream = await self._create(**wanted, stream=True)
            async with stream:
                async for event in stream:
                    yield event
        except FAILURES as error:
            if (exceeded := too_long(error)) is not None:
                raise exceeded from None
            raise translate(part, error) from None


def _request(messages: Sequence[Json], *, system: str, model: str, max_tokens: int) -> Json:
    told = {"system": system} if system else {}
    return {"model": model, "max_tokens": max_tokens, "messages": list(messages), **told}


def too_long(error: Exception) -> ContextExceeded | None:
    """Return what the service says about its window, if it says that a request is too long."""
    if not isinstance(error, APIStatusError) or error.status_code not in (400, 413):
        return None
    message = str(error.api_message or error.message)
    if not _TOO_LONG.search(message):
        return None
    numbers = [int(number) for number in _NUMBERS.findall(message.replace(",", ""))]
    return ContextExceeded(min(numbers), max(numbers)) if len(numbers) > 1 else ContextExceeded()


def translate(part: str, error: Exception) -> BackendError:
    """Return the most specific of our errors."""
    log.debug("%s: %s %s", part, type(error).__name__, str(getattr(error, "message", ""))[:300])
    if isinstance(error, APIStatusError):
        return _by_status(part, error)
    return _without_status(part, error)


def _without_status(part: str, error: Exception) -> BackendError:
    found = cause(error)
    if isinstance(error, APITimeoutError) or isinstance(found, httpx2.ReadTimeout | httpx2.WriteTimeout):
        return Unavailable(part, "Anthropic didn't answer in time.")
    if (told := unreached(SERVICE, part, found)) is not None:
        return told
    if isinstance(error, APIConnectionError | httpx2.HTTPError | APIError):
        return Unavailable(part, "the connection to Anthropic broke off.")
    return Unavailable(part, "Anthropic's answer can't be read.")


def _by_status(part: str, error: APIStatusError) -> BackendError:
    """Return the error by status. One within a stream has the stream's own status: then its type tells."""
    status, kind = error.status_code, str(error.type or "")
    if status == HTTPStatus.BAD_REQUEST and _BROKE.search(str(error.api_message or "")):
        return by_status(SERVICE, part, HTTPStatus.PAYMENT_REQUIRED, {})
    if status < HTTPStatus.BAD_REQUEST:
        if kind == "rate_limit_error":
            return limited(SERVICE, part, {})
        return Unavailable(part, "Anthropic failed while it wrote the answer.")
    return by_status(SERVICE, part, status, error.response.headers)
