"""Puts Cohere's failures in our words.

The SDK's own text holds headers and bodies, so nothing of it is shown or chained; its message goes to DEBUG.
"""

import logging
from http import HTTPStatus
from typing import Final

import httpx
from cohere.core.api_error import ApiError
from cohere.core.parse_error import ParsingError

from bot.backends.shared.errors import Service, by_status
from bot.ports import BackendError, Refused, Rejected, Unauthorized, Unavailable

log = logging.getLogger(__name__)

# What the SDK lets out of a call. ValueError: a body that isn't the JSON it should be.
FAILURES: Final = (ApiError, ParsingError, httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError)

COHERE: Final = Service("Cohere", key="Check COHERE_API_KEY.", url="Check COHERE_BASE_URL.")

_Told = tuple[type[BackendError], str, str]

# The first that fits.
_TRANSPORT: Final[tuple[tuple[tuple[type[Exception], ...], _Told], ...]] = (
    (
        (httpx.LocalProtocolError, UnicodeEncodeError),
        (Unauthorized, "the key has characters that no key has.", COHERE.key),
    ),
    (
        (httpx.InvalidURL, httpx.UnsupportedProtocol),
        (Rejected, "Cohere's address is not a valid URL.", COHERE.url),
    ),
    ((httpx.TimeoutException,), (Unavailable, "Cohere didn't answer in time.", "")),
    ((httpx.ConnectError,), (Unavailable, "Cohere can't be reached.", "")),
    ((httpx.TransportError,), (Unavailable, "the connection to Cohere broke off.", "")),
)


def translate(part: str, error: Exception) -> BackendError:
    """Return the most specific of our errors."""
    log.debug("%s: %s %s", part, type(error).__name__, _message(error))
    status = error.status_code if isinstance(error, ApiError) else None
    if isinstance(error, ApiError) and status is not None and not httpx.codes.is_success(status):
        if status == HTTPStatus.UNPROCESSABLE_ENTITY and "NO_VALID_RESPONSE" in str(error.body).upper():
            return Refused(part, "the model gave no answer to this question.")
        return by_status(COHERE, part, status, error.headers or {})
    for kinds, (ours, reason, remedy) in _TRANSPORT:
        if isinstance(error, kinds):
            return ours(part, reason, remedy=remedy)
    return Unavailable(part, "Cohere's answer can't be read.")


def _message(error: Exception) -> str:
    body = getattr(error, "body", None)
    message = body.get("message") if isinstance(body, dict) else None
    return f"{getattr(error, 'status_code', '')} {str(message or '')[:300]}".strip()
