"""The vendor's errors as ours. Their texts hold request bodies, so none of them is passed on."""

import re
from collections.abc import Callable
from typing import Final

import httpx

from bot.backends.weaviate.server.sdk_types import exceptions
from bot.backends.weaviate.server.versions import WANTED
from bot.ports import BackendError, ReadOnly, Rejected, Unauthorized, Unavailable

PART: Final = "search"
# What a call to the client may raise when the server is to blame.
VENDOR: Final = (exceptions.WeaviateBaseError, httpx.HTTPError, OSError)

_FORBIDDEN: Final = 403
_SERVER: Final = range(500, 600)
_READ_ONLY: Final = re.compile(
    r"read-?only|readonly|disk usage too high|memory usage too high", re.IGNORECASE
)
_GONE: Final = re.compile(
    r"could not find class|not present in schema|class not found|non-existing index|collection \S+ not found"
    r"|already shut ?down|store is closed|shard .* (not found|shut)|index .* not found",
    re.IGNORECASE,
)
_KEY: Final = re.compile(r"anonymous access|unauthenticated|unauthorized|invalid api key|401", re.IGNORECASE)
_RIGHT: Final = re.compile(r"permission_?denied|forbidden|\b403\b", re.IGNORECASE)
# A stream that is reset, and a call that nobody here cancelled, were under way when a node of the cluster died.
_SLOW: Final = re.compile(r"timed? ?out|deadline|RST_STREAM|StatusCode\.CANCELLED", re.IGNORECASE)
_TRY_AGAIN: Final = re.compile(
    r"unavailable|connect|eof|reset|cannot (achieve|reach)|leader|not ready|replicas|no such host"
    r"|shutting down|quorum",
    re.IGNORECASE,
)
_LENGTHS: Final = re.compile("vector lengths don't match|dimension", re.IGNORECASE)


class Gone(Unavailable):
    """The collection that was asked has been dropped: another one is live by now."""


class Slow(Unavailable):
    """No answer in time: this call's, or the server's, fault."""


def unauthorized() -> Unauthorized:
    return Unauthorized(
        PART, "Weaviate doesn't accept the API key.", remedy="Set WEAVIATE_API_KEY to a key of this server."
    )


def too_old(version: str) -> Rejected:
    return Rejected(
        PART,
        f"Weaviate {version} is too old, or has known faults.",
        remedy=f"Update the server to {WANTED} or newer.",
    )


def read_only() -> ReadOnly:
    return ReadOnly(
        PART,
        "Weaviate accepts no writes at the moment; questions are still answered.",
        remedy="Make room on its disk (it stops at 90 %), then set the shards to READY or restart it.",
    )


def translate(error: Exception) -> BackendError:  # noqa: C901, PLR0911 - one for each kind
    """The most specific of ours for one of VENDOR."""
    match error:
        case TimeoutError() | exceptions.WeaviateTimeoutError():
            return _slow()
        case exceptions.InsufficientPermissionsError():
            return _no_right()
        case exceptions.AuthenticationFailedError() | exceptions.MissingScopeError():
            return unauthorized()
        case exceptions.UnexpectedStatusCodeError():
            return _from_status(error)
        case exceptions.WeaviateStartUpError() if "not supported" in str(error):
            return too_old(_version_in(str(error)))
        case exceptions.WeaviateUnsupportedFeatureError():
            return too_old(_version_in(str(error)))
        case exceptions.WeaviateInvalidInputError():
            return Rejected(PART, "the request to Weaviate is malformed.")
        case exceptions.WeaviateStartUpError() | exceptions.WeaviateConnectionError():
            return Unavailable(PART, "Weaviate can't be reached.")
        case exceptions.WeaviateGRPCUnavailableError():
            return Unavailable(PART, "Weaviate's gRPC port can't be reached.")
        case exceptions.WeaviateBaseError():
            return from_message(str(error))
        case _:
            return Unavailable(PART, "the connection to Weaviate failed.")


def from_message(message: str) -> BackendError:
    """For the many errors that carry nothing but a text."""
    for pattern, ours in _BY_TEXT:
        if pattern.search(message):
            return ours()
    return Unavailable(PART, "Weaviate failed at this request.")


def _no_right() -> Unauthorized:
    return Unauthorized(
        PART,
        "the key for Weaviate lacks a right.",
        remedy="Give its user read, write and manage rights on the collections of Docent and their alias.",
    )


def _from_status(error: exceptions.UnexpectedStatusCodeError) -> BackendError:
    status = error.status_code
    if status == httpx.codes.UNAUTHORIZED:
        return unauthorized()
    if status == _FORBIDDEN:
        return _no_right()
    known = from_message(str(error))
    if isinstance(known, ReadOnly | Gone) or status in _SERVER or status == httpx.codes.TOO_MANY_REQUESTS:
        return known if isinstance(known, Unavailable | ReadOnly) else _failed(status)
    return Rejected(PART, f"Weaviate doesn't accept the request (status {status}).")


def _failed(status: int) -> Unavailable:
    return Unavailable(PART, f"Weaviate failed (status {status}).")


def _version_in(text: str) -> str:
    match = re.search(r"(?:version|Weaviate) v?(\d+\.\d+\.\d+\S*)", text)
    return match[1].rstrip(".") if match else "(unknown version)"


def _gone() -> Gone:
    return Gone(PART, "the index was being replaced.", remedy="Ask again.")


def _slow() -> Slow:
    return Slow(PART, "Weaviate gave no answer in time.")


def _busy() -> Unavailable:
    return Unavailable(PART, "Weaviate can't serve this at the moment.")


def _dimensions() -> Rejected:
    return Rejected(PART, "the vectors don't have the dimensions of the index.")


# The first that fits counts.
_BY_TEXT: Final[tuple[tuple[re.Pattern[str], Callable[[], BackendError]], ...]] = (
    (_READ_ONLY, read_only),
    (_GONE, _gone),
    (_RIGHT, _no_right),
    (_KEY, unauthorized),
    (_SLOW, _slow),
    (_TRY_AGAIN, _busy),
    (_LENGTHS, _dimensions),
)
