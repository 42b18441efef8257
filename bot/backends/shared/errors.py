"""Puts a service's failures in our words: the statuses that all services share, and what "later" is.

What a service says of itself holds headers, bodies and questions: nothing of it is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from bot.ports import BackendError, RateLimited, Rejected, Unauthorized, Unavailable
from bot.text.dates import retry_after

_NO_ADVICE = 1.0  # seconds to wait after a 429 that doesn't say how long


@dataclass(frozen=True, slots=True)
class Service:
    """What sentences need of a service: its `name`, and what to check when its `key`, address or model is wrong."""

    name: str
    key: str
    url: str
    model: str = "Check the model."
    bill: str = "See its billing page."


class NoAdvice(RateLimited):
    """A 429 that doesn't say how long to wait."""


_Told = tuple[type[BackendError], str, str]
_BAD_KEY: Final[_Told] = (Unauthorized, "{name} doesn't accept the key", "{key}")
_PROBLEM: Final[_Told] = (Unavailable, "{name} has a problem", "")
_REJECTED: Final[_Told] = (Rejected, "{name} rejected the request", "")
_MOVED: Final[_Told] = (Rejected, "{name} isn't at this address", "{url}")
_STATUSES: Final[Mapping[int, _Told]] = {
    401: _BAD_KEY,
    403: _BAD_KEY,
    498: _BAD_KEY,
    402: (Unauthorized, "the account with {name} has run out of credit", "{bill}"),
    404: (Rejected, "{name} knows no such model or address", "{model} {url}"),
    405: _MOVED,
    408: _PROBLEM,
    409: _PROBLEM,
    425: _PROBLEM,
    499: _PROBLEM,
}
_REDIRECTS: Final = range(300, 400)


def by_status(service: Service, part: str, status: int, headers: Mapping[str, str]) -> BackendError:
    """Return the error that a response's status means."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return limited(service, part, headers)
    general = _PROBLEM if status >= HTTPStatus.INTERNAL_SERVER_ERROR else _REJECTED
    return told(service, part, _STATUSES.get(status, _MOVED if status in _REDIRECTS else general), status)


def told(service: Service, part: str, words: _Told, status: int) -> BackendError:
    """Put the service's name into one of our sentences."""
    kind, reason, remedy = words
    names = {"name": service.name, "key": service.key, "url": service.url}
    more = {"model": service.model, "bill": service.bill}
    return kind(part, f"{reason.format(**names)} ({status}).", remedy=remedy.format(**names, **more).strip())


def limited(service: Service, part: str, headers: Mapping[str, str]) -> RateLimited:
    """Return the error for a 429, with how long to wait if it says so."""
    reason = f"{service.name}'s rate limit is reached."
    told_in = (value for name, value in headers.items() if name.lower() == "retry-after")
    seconds = retry_after(next(told_in, ""))
    if seconds is None:
        return NoAdvice(part, reason, retry_after=_NO_ADVICE)
    return RateLimited(part, reason, retry_after=seconds)


def is_passing(error: BackendError) -> bool:
    """Tell whether the same request has a chance right away. It hasn't where the service asks to wait."""
    return isinstance(error, Unavailable) and not isinstance(error, RateLimited)
