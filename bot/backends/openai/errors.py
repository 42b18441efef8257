"""Puts failures of a server with OpenAI's API in our words.

The SDK's own text holds bodies, which may quote the request: nothing of it is shown or chained.
"""

import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import httpx2
from openai import APIConnectionError, APIError, APIStatusError, APITimeoutError, OpenAIError

from bot.backends.shared.errors import Service, by_status, limited
from bot.backends.shared.unreached import cause, unreached
from bot.backends.shared.writing.context_window import ContextExceeded
from bot.ports import BackendError, Refused, Rejected, Unavailable

log = logging.getLogger(__name__)

# What the SDK lets out of a call. ValueError: a body that isn't the JSON it should be.
FAILURES: Final = (
    OpenAIError,
    httpx2.HTTPError,
    httpx2.InvalidURL,
    httpx2.StreamError,
    ValueError,
    TypeError,
)

_TOO_LONG: Final = re.compile(
    r"exceed_context_size|context_length_exceeded|context (?:length|size|window)|maximum context|too many tokens"
    r"|prompt is too long|input is too long|exceeds? the (?:available|model)",
    re.IGNORECASE,
)
_FILTERED: Final = re.compile(
    r"content_filter|content_policy|content management policy|moderation|ResponsibleAI", re.IGNORECASE
)
_NO_MODEL: Final = re.compile(
    r"model.{0,80}(?:not found|does not exist|not exist|unknown|not loaded|pull)|model_not_found|DeploymentNotFound",
    re.IGNORECASE | re.DOTALL,
)
_BROKE: Final = re.compile(
    r"insufficient_quota|billing|exceeded your current quota|credit balance", re.IGNORECASE
)
_NUMBERS: Final = re.compile(r"\d{3,7}")


def too_long(error: Exception) -> ContextExceeded | None:
    """Return what the server says about its window, if it says that a request is too long."""
    if not isinstance(error, APIError) or getattr(error, "status_code", 400) not in (400, 413, 422, 500):
        return None
    text = _detail(error)
    if not _TOO_LONG.search(text):
        return None
    body = error.body if isinstance(error.body, Mapping) else {}
    window, sent = body.get("n_ctx"), body.get("n_prompt_tokens")
    if isinstance(window, int) and isinstance(sent, int):
        return ContextExceeded(window, sent)
    numbers = [int(number) for number in _NUMBERS.findall(str(body.get("message") or ""))]
    return ContextExceeded(min(numbers), max(numbers)) if len(numbers) > 1 else ContextExceeded()


def translate(service: Service, part: str, error: Exception) -> BackendError:
    """Return the most specific of our errors."""
    log.debug("%s: %s %s", part, type(error).__name__, _detail(error)[:300])
    if isinstance(error, APITimeoutError | httpx2.TimeoutException):
        return Unavailable(part, f"{service.name} didn't answer in time.")
    if isinstance(error, APIStatusError):
        return _by_status(service, part, error)
    if isinstance(error, APIConnectionError | httpx2.HTTPError | httpx2.InvalidURL | UnicodeError):
        return _unreachable(service, part, error)
    if isinstance(error, APIError):  # told within a stream
        return _in_stream(service, part, error)
    return Unavailable(part, f"{service.name}'s answer can't be read.")


def no_api(service: Service, part: str) -> BackendError:
    """Return the error for an answer that isn't the API's: a web page, a proxy's notice."""
    return Rejected(part, f"what answers at {service.name} is not this API.", remedy=service.url)


def refused(part: str) -> BackendError:
    """Return the error for a model, or a filter around it, that declines."""
    return Refused(part, "the model declined to answer.")


def _by_status(service: Service, part: str, error: APIStatusError) -> BackendError:
    status, detail = error.status_code, _detail(error)
    if status == HTTPStatus.TOO_MANY_REQUESTS and _BROKE.search(detail):
        return by_status(service, part, HTTPStatus.PAYMENT_REQUIRED, {})
    if status in (400, 403, 422) and _FILTERED.search(detail):
        return refused(part)
    if status in (400, 404, 500) and _NO_MODEL.search(detail):
        return by_status(service, part, HTTPStatus.NOT_FOUND, {})
    if too_long(error) is not None:
        remedy = "Set `context` to the model's window, or limits.passage_tokens lower."
        return Rejected(part, f"the request is too long for the model's window ({status}).", remedy=remedy)
    return by_status(service, part, status, error.response.headers)


def _in_stream(service: Service, part: str, error: APIError) -> BackendError:
    detail = _detail(error)
    if _FILTERED.search(detail):
        return refused(part)
    if "rate_limit" in detail or getattr(error, "code", None) == "429":
        return limited(service, part, {})
    return Unavailable(part, f"{service.name} failed while it wrote the answer.")


def _unreachable(service: Service, part: str, error: Exception) -> BackendError:
    found = cause(error)
    if (told := unreached(service, part, found)) is not None:
        return told
    if isinstance(found, UnicodeError):
        return Rejected(part, f"{service.name}'s address is not a valid URL.", remedy=service.url)
    return Unavailable(part, f"the connection to {service.name} broke off.")


def _detail(error: Exception) -> str:
    """Return the server's words, to be examined and never shown."""
    body: Any = getattr(error, "body", None)
    return f"{getattr(error, 'code', '') or ''} {getattr(error, 'type', '') or ''} {body if body is not None else ''} {getattr(error, 'message', '')}"
