"""Calls other servers for pages, in this one place: retries, Retry-After, deadlines, private addresses."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

import httpx
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_exponential,
)

from bot.text.dates import retry_after
from indexer.sources.base import too_large
from indexer.sources.http.failures import CallFailed, Unreachable
from indexer.sources.http.json_values import Json
from indexer.sources.http.refusals import explained
from indexer.sources.http.ssrf_guard import PrivateAddress, PublicOnly, guarded

PageT = TypeVar("PageT")

_ATTEMPTS = 5
# One call with all its retries; a server that asks for more than that has to wait for the next sync.
_PATIENCE = 300.0
_TIMEOUT = httpx.Timeout(30, connect=10)
_AWAY_AFTER = 50
_NO_ANSWER = 5
_REDIRECTS = 5
_BODY_KEPT = 4000
_TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer with its whole body. `url` is where redirects ended."""

    status: int
    headers: httpx.Headers
    data: bytes
    url: str

    def json(self) -> Json:
        """Read the body as JSON; a list stands under `items`. Raises CallFailed for anything else."""
        try:
            found = httpx.Response(200, content=self.data).json()
        except ValueError as error:
            raise CallFailed(f"{httpx.URL(self.url).host} answered with something that is no JSON") from error
        return found if isinstance(found, Mapping) else {"items": found}


async def follow(
    call: Callable[[str], Awaitable[PageT]], following: Callable[[PageT], str | None]
) -> AsyncIterator[PageT]:
    """Read every page of a listing: `call` gets "" first, and then the cursor that `following` finds in the page before.

    Raises CallFailed where a cursor comes again.
    """
    seen = {""}
    cursor = ""
    while True:
        page = await call(cursor)
        yield page
        cursor = following(page) or ""
        if not cursor:
            return
        if cursor in seen:
            raise CallFailed("its server pages in a circle")
        seen.add(cursor)


class _TryAgain(Exception):
    """A failure that may pass, by itself or after `wait` seconds where the server says so."""

    def __init__(self, problem: str, status: int | None = None, wait: float | None = None) -> None:
        super().__init__(problem)
        self.status = status
        self.wait = wait


_doubling = wait_exponential(multiplier=0.5)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return error.wait if isinstance(error, _TryAgain) and error.wait is not None else _doubling(state)


class HttpClient:
    """Calls one server, or with `public` any that it lets through.

    `headers` are asked for before each call, and go to `base`'s server only. `slow_down` recognises a server's own way of
    saying 429. `pause` is how it waits, in seconds.
    """

    def __init__(
        self,
        base: str = "",
        *,
        headers: Callable[[], Awaitable[Mapping[str, str]]] | None = None,
        agent: str = "Docent",
        public: PublicOnly | None = None,
        max_bytes: int = 100_000_000,
        slow_down: Callable[[HttpResponse], bool] | None = None,
    ) -> None:
        self.base = base.rstrip("/")
        self.pause: Callable[[float], Awaitable[None]] = asyncio.sleep
        self._headers = headers
        self._agent = agent
        self._public = public
        self._max_bytes = max_bytes
        self._slow_down = slow_down or (lambda _reply: False)
        self._client: httpx.AsyncClient | None = None
        self._failures = 0

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def forget_cookies(self) -> None:
        """Forget the cookies that servers have set."""
        if self._client is not None:
            self._client.cookies.clear()

    async def json(
        self, method: str, path: str, *, params: Mapping[str, str] | None = None, body: object = None
    ) -> Json:
        """Call the server and read its JSON. Raises CallFailed for anything but a 2xx with JSON."""
        return (await self.call(method, path, params=params, body=body)).json()

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: object = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        accept: Iterable[int] = (),
        max_bytes: int | None = None,
        worth: Callable[[httpx.Headers, str], bool] | None = None,
    ) -> HttpResponse:
        """Call the server, again after 429, 5xx and broken connections. Raises CallFailed for what is neither 2xx nor accepted.

        `accept` are further statuses that are answers. `worth` decides by headers and address whether the body is read; it
        is empty otherwise.
        """
        url = path if path.startswith(("http://", "https://")) else self.base + path
        until = time.monotonic() + _PATIENCE

        async def ask() -> HttpResponse:
            async with asyncio.timeout(max(1.0, until - time.monotonic())):
                request = self._opened().build_request(
                    method, url, params=params, json=body, data=form, headers=headers
                )
                return await self._once(request, max_bytes or self._max_bytes, worth)

        try:
            return await self._retrying()(self._attempt, url, ask, accept)
        except _TryAgain as error:
            raise self._given_up(error) from error

    def _retrying(self) -> AsyncRetrying:
        return AsyncRetrying(
            sleep=self.pause,
            stop=stop_after_attempt(_ATTEMPTS) | stop_before_delay(_PATIENCE),
            wait=_wait,
            retry=retry_if_exception_type(_TryAgain),
            reraise=True,
        )

    async def _attempt(
        self, url: str, ask: Callable[[], Awaitable[HttpResponse]], accept: Iterable[int]
    ) -> HttpResponse:
        """Ask once. Raises _TryAgain where the failure may pass, CallFailed otherwise."""
        try:
            reply = await ask()
        except PrivateAddress as error:
            raise CallFailed(str(error)) from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise _TryAgain(f"{httpx.URL(url).host} can't be reached ({_word(error)})") from error
        except (httpx.InvalidURL, UnicodeError) as error:
            raise CallFailed(f"{url[:200]} is no address") from error
        except ImportError as error:
            raise CallFailed(f"the proxy of the environment can't be used: {error}") from error
        return self._judged(reply, accept)

    def _judged(self, reply: HttpResponse, accept: Iterable[int]) -> HttpResponse:
        """Return a reply that is an answer. Raises _TryAgain where the failure may pass, CallFailed otherwise."""
        status = reply.status
        if 200 <= status < 300 or status in accept:  # noqa: PLR2004 - success
            self._failures = 0
            return reply
        problem = explained(status, httpx.URL(reply.url).host, reply.headers, reply.data)
        if not (status == _TOO_MANY or status >= 500 or self._slow_down(reply)):  # noqa: PLR2004 - theirs
            raise CallFailed(problem, status, reply.data[:_BODY_KEPT])
        raise _TryAgain(problem, status, retry_after(reply.headers.get("retry-after", "")))

    def _given_up(self, last: "_TryAgain") -> CallFailed:
        # A server that answers is there: it takes many broken pages in a row to think otherwise.
        self._failures += _NO_ANSWER if last.status is None else 1
        kind = Unreachable if self._failures >= _AWAY_AFTER else CallFailed
        return kind(str(last), last.status)

    async def _once(
        self, request: httpx.Request, limit: int, worth: Callable[[httpx.Headers, str], bool] | None
    ) -> HttpResponse:
        client = self._opened()
        own = await self._headers() if self._headers is not None else {}
        home = _origin(httpx.URL(self.base or "//"))
        first = request.url.host
        for _ in range(_REDIRECTS + 1):
            if _origin(request.url) == home:
                request.headers.update(own)
            response = await client.send(request, stream=True)
            async with aclosing(response):
                if response.next_request is None:
                    if worth is None or worth(response.headers, str(response.url)) or not response.is_success:
                        return await self._read(response, limit)
                    return HttpResponse(response.status_code, response.headers, b"", str(response.url))
            request = response.next_request
            for name in own if _origin(request.url) != home else ():
                request.headers.pop(name, None)
        raise CallFailed(f"{first} redirects in a circle: take the link out, or mend the redirect")

    async def _read(self, response: httpx.Response, limit: int) -> HttpResponse:
        told = response.headers.get("content-length", "")
        if told.isdecimal() and int(told) > limit and response.request.method != "HEAD":
            raise too_large(int(told), limit)
        data = bytearray()
        async for part in response.aiter_bytes():
            data += part
            if len(data) > limit:
                raise too_large(len(data), limit)
        return HttpResponse(response.status_code, response.headers, bytes(data), str(response.url))

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            transport = guarded(self._public) if self._public else None
            self._client = httpx.AsyncClient(
                timeout=_TIMEOUT, transport=transport, headers={"User-Agent": self._agent}
            )
        return self._client


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _word(error: BaseException) -> str:
    return str(error) or type(error).__name__
