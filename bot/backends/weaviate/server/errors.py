"""Makes the vendor's errors ours, with what the server said: its status, and its text cut short.

The client's own texts hold request bodies, so they are never passed on; what the server says of a request is.
"""

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
_READ_ONLY: Final = re.compile(r"read-?only|readonly|disk usage too high", re.IGNORECASE)
_MEMORY: Final = re.compile(
    r"memory usage too high|not enough memory|memory pressure|out of memory", re.IGNORECASE
)
# How the client tells of a failed gRPC call: code and the server's words.
_CODE: Final = re.compile(r"StatusCode\.([A-Z_]+)")
_DETAILS: Final = re.compile(r'details = "(.*?)"\n', re.DOTALL)
_ACTION: Final = re.compile(r"insufficient permissions to (\w+)(?: \[(.*?)\])?", re.DOTALL)
_SHOWN: Final = 200
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
    """No answer came in time: this call's fault, or the server's."""


def unauthorized() -> Unauthorized:
    return Unauthorized(
        PART,
        "Weaviate doesn't accept the API key.",
        remedy="Set WEAVIATE_API_KEY to a key of this server, or the OIDC access in docent.yaml.",
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


def down(what: str, where: str) -> Unavailable:
    """Return the error for a server that is down. `where` is its address; "" where nobody knows."""
    remedy = "Start it, or set WEAVIATE_URL to where it runs." if where else ""
    return Unavailable(PART, f"Weaviate {what}{' at ' if where else ''}{where}.", remedy=remedy)


def translate(error: Exception, where: str = "") -> BackendError:  # noqa: C901, PLR0911 - one for each kind
    """Return the most specific of our errors for one of VENDOR. `where` is the server's address."""
    match error:
        case TimeoutError() | exceptions.WeaviateTimeoutError():
            return _slow()
        case exceptions.InsufficientPermissionsError():
            return _no_right(str(error))
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
            return down("can't be reached", where)
        case exceptions.WeaviateGRPCUnavailableError():
            return Unavailable(PART, "Weaviate's gRPC port can't be reached.")
        case exceptions.WeaviateBaseError() if (call := _failed_call(error)) is not None:
            return from_code(*call)
        case exceptions.WeaviateBaseError():
            return from_message(str(error))
        case _:
            return Unavailable(PART, "the connection to Weaviate failed.")


def _failed_call(error: BaseException) -> tuple[str, str] | None:
    """Return code and words of the gRPC call that an error of the client's comes from."""
    cause: BaseException | None = error
    while cause is not None:
        code, details = getattr(cause, "code", None), getattr(cause, "details", None)
        if callable(code) and callable(details):
            return str(code().name), str(details() or "")
        cause = cause.__cause__ or cause.__context__
    return None


def from_code(code: str, details: str) -> BackendError:
    """Return the error for gRPC's code, unless the words say more."""
    said = _short(details)
    known = _BY_CODE.get(code)
    if known is not None and not _special(said):
        return known(said)
    return _by_words(details, said) or Unavailable(PART, f"Weaviate failed at this request ({code}: {said}).")


def from_message(message: str) -> BackendError:
    """Return the error for the many that carry nothing but a text."""
    code, details = _CODE.search(message), _DETAILS.search(message)
    if code is not None:
        return from_code(code[1], details[1] if details else "")
    said = _short(message)
    return _by_words(message, said) or Unavailable(PART, f"Weaviate failed at this request ({said}).")


def _by_words(message: str, said: str) -> BackendError | None:
    return next((ours(said) for pattern, ours in _BY_TEXT if pattern.search(message)), None)


def _special(said: str) -> bool:
    """Tell whether the words say more than the code."""
    return any(pattern.search(said) for pattern in (_READ_ONLY, _GONE, _MEMORY, _LENGTHS))


def _short(said: str) -> str:
    """Cut it to one line, for a sentence in parentheses."""
    line = " ".join(said.split()).rstrip(".")
    return f"{line[:_SHOWN]}…" if len(line) > _SHOWN else line


def _no_right(said: str = "") -> Unauthorized:
    """Return the error for a missing right, by its name where the server tells it."""
    found = _ACTION.search(said)
    right = f": {found[1]}" + (f" on {_short(found[2]).strip('[] ,')}" if found[2] else "") if found else ""
    return Unauthorized(
        PART,
        f"the user of Weaviate lacks a right{right}.",
        remedy="Give it the rights that docs/weaviate.md names.",
    )


def _from_status(error: exceptions.UnexpectedStatusCodeError) -> BackendError:
    status, said = error.status_code, _body(error)
    if status == httpx.codes.UNAUTHORIZED:
        return unauthorized()
    if status == _FORBIDDEN:
        return _no_right(said)
    known = from_message(said or str(status))
    if isinstance(known, ReadOnly | Gone):
        return known
    if status in _SERVER or status == httpx.codes.TOO_MANY_REQUESTS:
        return Unavailable(
            PART, f"Weaviate failed (status {status}{': ' if said else ''}{said}).", remedy=known.remedy
        )
    remedy = ""
    if "replica" in said.lower():
        remedy = "Set weaviate.replication to no more than the cluster has nodes."
    return Rejected(PART, f"Weaviate doesn't accept the request (status {status}: {said}).", remedy=remedy)


def _body(error: exceptions.UnexpectedStatusCodeError) -> str:
    """Return the server's words in its answer."""
    body: object = error.error
    if isinstance(body, dict):
        told = body.get("error") or body.get("message") or ""
        if isinstance(told, list):
            told = " ".join(str(each.get("message", "")) for each in told if isinstance(each, dict))
        return _short(str(told))
    return _short(str(body or ""))


def _version_in(text: str) -> str:
    match = re.search(r"(?:version|Weaviate) v?(\d+\.\d+\.\d+\S*)", text)
    return match[1].rstrip(".") if match else "(unknown version)"


def _gone(_: str = "") -> Gone:
    return Gone(PART, "the index was being replaced.", remedy="Ask again.")


def _slow(_: str = "") -> Slow:
    return Slow(PART, "Weaviate gave no answer in time.")


def _read_only(_: str = "") -> ReadOnly:
    return read_only()


def _key(_: str = "") -> Unauthorized:
    return unauthorized()


def _busy(said: str) -> Unavailable:
    return Unavailable(PART, f"Weaviate can't serve this at the moment ({said}).")


def _full(said: str) -> Unavailable:
    return Unavailable(
        PART,
        f"Weaviate is short of memory ({said}).",
        remedy="Give it more, or set weaviate.quantization to rq8, rq1 or bq and rebuild the index.",
    )


def _exhausted(said: str) -> Unavailable:
    return Unavailable(
        PART,
        f"Weaviate refuses more at once (RESOURCE_EXHAUSTED: {said}).",
        remedy="Lower weaviate.writes_at_once, or raise the server's GRPC_MAX_MESSAGE_SIZE or its limits.",
    )


def _unimplemented(said: str) -> Rejected:
    return Rejected(
        PART,
        f"what answers as Weaviate's gRPC doesn't know the call (UNIMPLEMENTED: {said}).",
        remedy="Set WEAVIATE_GRPC_URL to the server's gRPC port: something else may listen there.",
    )


def _invalid(said: str) -> Rejected:
    return Rejected(
        PART,
        f"Weaviate doesn't accept the request (INVALID_ARGUMENT: {said}).",
        remedy="Update whichever of Docent and the server is older; `docent doctor` tells the server's version.",
    )


def _dimensions(_: str = "") -> Rejected:
    return Rejected(PART, "the vectors don't have the dimensions of the index.")


_Ours = Callable[[str], BackendError]
_BY_CODE: Final[dict[str, _Ours]] = {
    "UNAUTHENTICATED": _key,
    "PERMISSION_DENIED": _no_right,
    "RESOURCE_EXHAUSTED": _exhausted,
    "UNIMPLEMENTED": _unimplemented,
    "INVALID_ARGUMENT": _invalid,
    "DEADLINE_EXCEEDED": _slow,
    "CANCELLED": _slow,
}
# The first that fits counts.
_BY_TEXT: Final[tuple[tuple[re.Pattern[str], _Ours], ...]] = (
    (_READ_ONLY, _read_only),
    (_GONE, _gone),
    (_MEMORY, _full),
    (_RIGHT, _no_right),
    (_KEY, _key),
    (_SLOW, _slow),
    (_TRY_AGAIN, _busy),
    (_LENGTHS, _dimensions),
)
