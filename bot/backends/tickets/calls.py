"""Makes one call of a tracker, and says of it only what may be said."""

from collections.abc import Awaitable, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from bot.ports import Rejected, Unauthorized, Unavailable

_TIMEOUT: Final = httpx.Timeout(10.0)
_MOST: Final = 1_000_000  # bytes of an answer


def client(headers: Mapping[str, str], auth: tuple[str, str] | None = None) -> httpx.AsyncClient:
    """Return a client that follows no redirect: the token goes where docent.yaml says, and nowhere else."""
    return httpx.AsyncClient(headers=dict(headers), auth=auth, timeout=_TIMEOUT, follow_redirects=False)


async def post(
    http: httpx.AsyncClient, part: str, url: str, content: bytes, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the answer's JSON, {} where there is none. Raises BackendError with the host and the status, and no more."""
    sent = {"Content-Type": "application/json", **(headers or {})}
    return await _called(part, url, http.post(url, content=content, headers=sent))


async def get(http: httpx.AsyncClient, part: str, url: str) -> dict[str, Any]:
    """Return the JSON of what is only looked at. Raises as `post` does."""
    return await _called(part, url, http.get(url))


async def _called(part: str, url: str, calling: Awaitable[httpx.Response]) -> dict[str, Any]:
    host = urlsplit(url).netloc.rpartition("@")[2]
    try:
        response = await calling
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(part, f"{host} can't be reached ({type(error).__name__}).") from error
    status = response.status_code
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise Unauthorized(
            part, f"{host} refused the token (HTTP {status}).", remedy="Check it under `help`."
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Unavailable(part, f"{host} answered with HTTP {status}.")
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise Rejected(
            part, f"{host} takes no tickets so (HTTP {status}).", remedy="Check the section `help`."
        )
    try:
        made = response.json() if len(response.content) <= _MOST else {}
    except ValueError:
        return {}
    return made if isinstance(made, dict) else {}
