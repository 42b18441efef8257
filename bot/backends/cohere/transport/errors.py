"""Cohere's failures in our words.

The SDK's own text holds headers and bodies, so nothing of it is shown or chained; its message goes to DEBUG.
"""

import logging
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

import httpx
from cohere.core.api_error import ApiError
from cohere.core.parse_error import ParsingError

from bot.ports import BackendError, RateLimited, Refused, Rejected, Unauthorized, Unavailable

log = logging.getLogger(__name__)

# What the SDK lets out of a call. ValueError: a body that isn't the JSON it should be.
FAILURES: Final = (ApiError, ParsingError, httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError)

_NO_ADVICE = 1.0  # seconds to wait after a 429 that doesn't say how long
_LIMIT = "Cohere's rate limit is reached."
_KEY = "Check COHERE_API_KEY."
_URL = "Check COHERE_BASE_URL."

_Told = tuple[type[BackendError], str, str]
_BAD_KEY: Final[_Told] = (Unauthorized, "Cohere doesn't accept the key", _KEY)
_PROBLEM: Final[_Told] = (Unavailable, "Cohere has a problem", "")
_REJECTED: Final[_Told] = (Rejected, "Cohere rejected the request", "")
_STATUSES: Final[Mapping[int, _Told]] = {
    401: _BAD_KEY,
    403: _BAD_KEY,
    498: _BAD_KEY,
    402: (Unauthorized, "the Cohere account has run out of credit", "See its billing page."),
    404: (Rejected, "Cohere knows no such model or address", f"Check the model. {_URL}"),
    408: _PROBLEM,
    409: _PROBLEM,
    499: _PROBLEM,
}

# The first that fits.
_TRANSPORT: Final[tuple[tuple[tuple[type[Exception], ...], _Told], ...]] = (
    (
        (httpx.LocalProtocolError, UnicodeEncodeError),
        (Unauthorized, "the key has characters that no key has.", _KEY),
    ),
    (
        (httpx.InvalidURL, httpx.UnsupportedProtocol),
        (Rejected, "Cohere's address is not a valid URL.", _URL),
    ),
    ((httpx.TimeoutException,), (Unavailable, "Cohere didn't answer in time.", "")),
    ((httpx.ConnectError,), (Unavailable, "Cohere can't be reached.", "")),
    ((httpx.TransportError,), (Unavailable, "the connection to Cohere broke off.", "")),
)


class NoAdvice(RateLimited):
    """A 429 that doesn't say how long to wait."""


def translate(part: str, error: Exception) -> BackendError:
    """The most specific of our errors."""
    log.debug("%s: %s %s", part, type(error).__name__, _message(error))
    status = error.status_code if isinstance(error, ApiError) else None
    if isinstance(error, ApiError) and status is not None and not httpx.codes.is_success(status):
        return _by_status(part, status, error)
    for kinds, (ours, reason, remedy) in _TRANSPORT:
        if isinstance(error, kinds):
            return ours(part, reason, remedy=remedy)
    return Unavailable(part, "Cohere's answer can't be read.")


def _by_status(part: str, status: int, error: ApiError) -> BackendError:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        seconds = retry_after(error.headers or {})
        if seconds is None:
            return NoAdvice(part, _LIMIT, retry_after=_NO_ADVICE)
        return RateLimited(part, _LIMIT, retry_after=seconds)
    if status == HTTPStatus.UNPROCESSABLE_ENTITY and "NO_VALID_RESPONSE" in str(error.body).upper():
        return Refused(part, "the model gave no answer to this question.")
    general = _PROBLEM if status >= HTTPStatus.INTERNAL_SERVER_ERROR else _REJECTED
    kind, reason, remedy = _STATUSES.get(status, general)
    return kind(part, f"{reason} ({status}).", remedy=remedy)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from now, of a header in seconds or as a date; None without a usable one."""
    value = next((value for name, value in headers.items() if name.lower() == "retry-after"), "").strip()
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def is_passing(error: BackendError) -> bool:
    """Would the same request have a chance right away? Not where Cohere asks to wait."""
    return isinstance(error, Unavailable) and not isinstance(error, RateLimited)


def _message(error: Exception) -> str:
    body = getattr(error, "body", None)
    message = body.get("message") if isinstance(body, dict) else None
    return f"{getattr(error, 'status_code', '')} {str(message or '')[:300]}".strip()
