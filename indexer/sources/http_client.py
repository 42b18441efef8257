"""The one place that calls other servers for pages: retries, Retry-After, deadlines, private addresses.

CallFailed
└── Unreachable    the server itself is away or doesn't let us in: no use in asking for the next page
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx

from indexer.sources.base import ListingFailed, PageFailed, PageGone, too_large
from indexer.sources.ssrf_guard import PrivateAddress, public_transport

# What a server says in JSON; each source reads it at its edge, and only there.
Json = Mapping[str, Any]
PageT = TypeVar("PageT")

_ATTEMPTS = 5
# One call with all its retries; a server that asks for more than that has to wait for the next sync.
_PATIENCE = 300.0
_TIMEOUT = httpx.Timeout(30, connect=10)
_AWAY_AFTER = 10
_REDIRECTS = 5
_TOO_MANY = 429
_UNAUTHORIZED = 401
_FORBIDDEN = 403
_GONE = (404, 410)


class CallFailed(Exception):
    """`str(error)` is for people, without secrets. `status` is the server's, None if there was no answer."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Unreachable(CallFailed): ...


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """`url` is where redirects ended."""

    status: int
    headers: httpx.Headers
    data: bytes
    url: str

    def json(self) -> Json:
        try:
            found = httpx.Response(200, content=self.data).json()
        except ValueError as error:
            raise CallFailed(f"{httpx.URL(self.url).host} answered with something that is no JSON") from error
        return found if isinstance(found, Mapping) else {"items": found}


@contextmanager
def listing() -> Iterator[None]:
    """What goes wrong inside makes the listing fail as a whole."""
    try:
        yield
    except (CallFailed, PageFailed) as error:
        raise ListingFailed(str(error)) from error
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise ListingFailed(_misunderstood(error)) from error


@contextmanager
def fetching() -> Iterator[None]:
    """What goes wrong inside makes one page fail, unless the server as a whole is away."""
    try:
        yield
    except CallFailed as error:
        if isinstance(error, Unreachable) or error.status == _UNAUTHORIZED:
            raise ListingFailed(str(error)) from error
        if error.status in _GONE:
            raise PageGone("it vanished while it was read") from error
        raise PageFailed(str(error)) from error
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise PageFailed(_misunderstood(error)) from error


def _misunderstood(error: Exception) -> str:
    return f"its server answered in a way that Docent doesn't understand ({type(error).__name__}: {error})"


async def follow(
    call: Callable[[str], Awaitable[PageT]], following: Callable[[PageT], str | None]
) -> AsyncIterator[PageT]:
    """Every page of a listing: `call` gets "" and then what `following` finds. Raises CallFailed in a circle."""
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


class HttpClient:
    """Calls to one server (or, with `public`, to any that has no private address, and those `allowed`).

    `headers` are asked for before each call; they go to `base`'s server only. `slow_down` recognises a server's
    own way of saying 429. `pause` is how it waits.
    """

    def __init__(
        self,
        base: str = "",
        *,
        headers: Callable[[], Awaitable[Mapping[str, str]]] | None = None,
        agent: str = "Docent",
        public: bool = False,
        allowed: Collection[tuple[str, int]] = (),
        max_bytes: int = 100_000_000,
        slow_down: Callable[[HttpResponse], bool] | None = None,
    ) -> None:
        self.base = base.rstrip("/")
        self.pause: Callable[[float], Awaitable[None]] = asyncio.sleep
        self._headers = headers
        self._agent = agent
        self._public = public
        self._allowed = allowed
        self._max_bytes = max_bytes
        self._slow_down = slow_down or (lambda _reply: False)
        self._client: httpx.AsyncClient | None = None
        self._failures = 0

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def json(
        self, method: str, path: str, *, params: Mapping[str, str] | None = None, body: object = None
    ) -> Json:
        """Raises CallFailed for anything but a 2xx with JSON."""
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
    ) -> HttpResponse:
        """Retried on 429, 5xx and broken connections. Raises CallFailed for what is neither 2xx nor accepted."""
        url = path if path.startswith(("http://", "https://")) else self.base + path
        until = time.monotonic() + _PATIENCE
        for attempt in range(_ATTEMPTS):
            wait = 0.5 * 2**attempt
            try:
                async with asyncio.timeout(max(1.0, until - time.monotonic())):
                    request = self._opened().build_request(
                        method, url, params=params, json=body, data=form, headers=headers
                    )
                    reply = await self._once(request, max_bytes or self._max_bytes)
            except PrivateAddress as error:
                raise CallFailed(str(error)) from error
            except (httpx.HTTPError, TimeoutError) as error:
                problem = f"{httpx.URL(url).host} can't be reached ({_word(error)})"
                status = None
            except (httpx.InvalidURL, UnicodeError) as error:
                raise CallFailed(f"{url[:200]} is no address") from error
            else:
                status = reply.status
                if 200 <= status < 300 or status in accept:  # noqa: PLR2004 - success
                    self._failures = 0
                    return reply
                problem = _explained(reply)
                if not (status == _TOO_MANY or status >= 500 or self._slow_down(reply)):  # noqa: PLR2004 - theirs
                    raise CallFailed(problem, status)
                wait = retry_after(reply.headers.get("retry-after", ""), wait)
            if attempt == _ATTEMPTS - 1 or time.monotonic() + wait > until:
                break
            await self.pause(wait)
        raise self._given_up(problem, status)

    def _given_up(self, problem: str, status: int | None) -> CallFailed:
        self._failures += 1
        kind = Unreachable if self._failures >= _AWAY_AFTER else CallFailed
        return kind(problem, status)

    async def _once(self, request: httpx.Request, limit: int) -> HttpResponse:
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
                    return await self._read(response, limit)
            request = response.next_request
            for name in own if _origin(request.url) != home else ():
                request.headers.pop(name, None)
        raise CallFailed(f"{first} redirects in a circle")

    async def _read(self, response: httpx.Response, limit: int) -> HttpResponse:
        data = bytearray()
        async for part in response.aiter_bytes():
            data += part
            if len(data) > limit:
                raise too_large(max(len(data), int(response.headers.get("content-length", 0))), limit)
        return HttpResponse(response.status_code, response.headers, bytes(data), str(response.url))

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            transport = public_transport(allowed=self._allowed) if self._public else None
            self._client = httpx.AsyncClient(
                timeout=_TIMEOUT, transport=transport, headers={"User-Agent": self._agent}
            )
        return self._client


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def retry_after(value: str, otherwise: float) -> float:
    """Seconds, or a date."""
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return otherwise


def moment(value: object) -> datetime | None:
    """An ISO date or an HTTP one, with a time zone; None for anything else."""
    if not isinstance(value, str) or not value:
        return None
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        try:
            found = parsedate_to_datetime(value)
        except (ValueError, TypeError):
            return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _explained(reply: HttpResponse) -> str:
    host = httpx.URL(reply.url).host
    if reply.status == _UNAUTHORIZED:
        return f"{host} doesn't accept the credentials (401)"
    if reply.status == _FORBIDDEN:
        return f"{host} doesn't allow it with these credentials (403)"
    if reply.status == _TOO_MANY:
        return f"{host} asks for more patience than there is (429)"
    return f"{host} answered {reply.status}"


def _word(error: BaseException) -> str:
    return str(error) or type(error).__name__
