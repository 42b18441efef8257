"""The one place that calls other servers for pages: retries, Retry-After, deadlines, private addresses.

CallFailed
└── Unreachable    the server itself is away or doesn't let us in: no use in asking for the next page
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx

from indexer.sources.base import ListingFailed, PageFailed, PageGone, Unlisted, too_large
from indexer.sources.refusals import explained
from indexer.sources.ssrf_guard import PrivateAddress, PublicOnly, guarded

# What a server says in JSON; each source reads it at its edge, and only there.
Json = Mapping[str, Any]
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
_UNAUTHORIZED = 401
# What an answer of another shape than the documented one ends in.
_ODD_SHAPES = (LookupError, TypeError, AttributeError, ValueError)
_GONE = (404, 410)


class CallFailed(Exception):
    """`str(error)` is for people, without secrets. `status` is the server's, None if there was no answer.

    `body` is how its answer began.
    """

    def __init__(self, message: str, status: int | None = None, body: bytes = b"") -> None:
        super().__init__(message)
        self.status = status
        self.body = body

    @property
    def is_passing(self) -> bool:
        """Whether it is the server that fails, or has no time, and not what was asked for."""
        return self.status is None or self.status == _TOO_MANY or self.status >= 500  # noqa: PLR2004 - theirs


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
    except _ODD_SHAPES as error:
        raise ListingFailed(_misunderstood(error)) from error


class one_item:  # noqa: N801 - as the context managers beside it
    """What goes wrong inside costs a listing this item alone, unless the server as a whole is away."""

    def __init__(
        self, unlisted: list[Unlisted], name: str, below: Iterable[str] = ("",), ending: str = ""
    ) -> None:
        """All but the reason of an `Unlisted`."""
        self._unlisted = unlisted
        self._name = name
        self._below = tuple(below)
        self._ending = ending

    def __enter__(self) -> None:
        """Nothing is needed."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, CallFailed | PageFailed):
            if isinstance(error, Unreachable) or getattr(error, "status", None) == _UNAUTHORIZED:
                return False
            passing = isinstance(error, CallFailed) and error.is_passing
            self._unlisted.append(Unlisted(self._name, str(error), self._below, self._ending, passing))
            return True
        if isinstance(error, _ODD_SHAPES):
            self._unlisted.append(Unlisted(self._name, _misunderstood(error), self._below, self._ending))
            return True
        return False


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
    except _ODD_SHAPES as error:
        raise PageFailed(_misunderstood(error)) from error


def _misunderstood(error: Exception) -> str:
    return f"its server answered in a way that Docent doesn't understand ({type(error).__name__}: {error})"


def text(value: object) -> str:
    """What must be a text. Raises TypeError: `None` is no name, and nobody's id."""
    if not isinstance(value, str):
        raise TypeError(f"a text is expected, not {type(value).__name__}")
    return value


def flag(found: Json, name: str) -> bool:
    """A mark that counts as not set where it is left out. Raises TypeError: unknown is neither yes nor no."""
    value = found.get(name, False)
    if not isinstance(value, bool):
        raise TypeError(f"{name} is {type(value).__name__}, neither true nor false")
    return value


def items(value: object) -> list[Any]:
    """What must be a list. Raises TypeError: a text or a mapping would be taken apart."""
    if not isinstance(value, list):
        raise TypeError(f"a list is expected, not {type(value).__name__}")
    return value


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
    """Calls to one server (or, with `public`, to any that it lets through).

    `headers` are asked for before each call; they go to `base`'s server only. `slow_down` recognises a server's
    own way of saying 429. `pause` is how it waits.
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
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def forget_cookies(self) -> None:
        """What servers remembered of this visit: the next one is another."""
        if self._client is not None:
            self._client.cookies.clear()

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
        worth: Callable[[httpx.Headers, str], bool] | None = None,
    ) -> HttpResponse:
        """Retried on 429, 5xx and broken connections. Raises CallFailed for what is neither 2xx nor accepted.

        `worth` says by its headers and its address whether a body is read: it is empty otherwise.
        """
        url = path if path.startswith(("http://", "https://")) else self.base + path
        until = time.monotonic() + _PATIENCE
        for attempt in range(_ATTEMPTS):
            wait = 0.5 * 2**attempt
            try:
                async with asyncio.timeout(max(1.0, until - time.monotonic())):
                    request = self._opened().build_request(
                        method, url, params=params, json=body, data=form, headers=headers
                    )
                    reply = await self._once(request, max_bytes or self._max_bytes, worth)
            except PrivateAddress as error:
                raise CallFailed(str(error)) from error
            except (httpx.HTTPError, TimeoutError) as error:
                problem = f"{httpx.URL(url).host} can't be reached ({_word(error)})"
                status = None
            except (httpx.InvalidURL, UnicodeError) as error:
                raise CallFailed(f"{url[:200]} is no address") from error
            except ImportError as error:
                raise CallFailed(f"the proxy of the environment can't be used: {error}") from error
            else:
                status = reply.status
                if 200 <= status < 300 or status in accept:  # noqa: PLR2004 - success
                    self._failures = 0
                    return reply
                problem = explained(reply.status, httpx.URL(reply.url).host, reply.headers, reply.data)
                if not (status == _TOO_MANY or status >= 500 or self._slow_down(reply)):  # noqa: PLR2004 - theirs
                    raise CallFailed(problem, status, reply.data[:_BODY_KEPT])
                wait = retry_after(reply.headers.get("retry-after", ""), wait)
            if attempt == _ATTEMPTS - 1 or time.monotonic() + wait > until:
                break
            await self.pause(wait)
        raise self._given_up(problem, status)

    def _given_up(self, problem: str, status: int | None) -> CallFailed:
        # A server that answers is there: it takes many broken pages in a row to think otherwise.
        self._failures += _NO_ANSWER if status is None else 1
        kind = Unreachable if self._failures >= _AWAY_AFTER else CallFailed
        return kind(problem, status)

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


def _word(error: BaseException) -> str:
    return str(error) or type(error).__name__
