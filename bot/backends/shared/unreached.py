"""Says in our words what kept an SDK on httpx2 from a service."""

import httpx2

from bot.backends.shared.errors import Service
from bot.ports import BackendError, Rejected, Unauthorized, Unavailable


def cause(error: BaseException) -> BaseException | None:
    """Return what httpx2 raised, below what the SDK makes of it; None if it was something else."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, httpx2.HTTPError | httpx2.InvalidURL | UnicodeError):
        found = found.__cause__
    return found


def unreached(service: Service, part: str, found: BaseException | None) -> BackendError | None:
    """Return the error if the request can't have come to the service; None for everything else. `found` is a `cause`."""
    if isinstance(found, httpx2.LocalProtocolError | UnicodeEncodeError):
        return Unauthorized(part, "the key has characters that no key has.", remedy=service.key)
    if isinstance(found, httpx2.UnsupportedProtocol | httpx2.InvalidURL):
        return Rejected(part, f"{service.name}'s address is not a valid URL.", remedy=service.url)
    if isinstance(found, httpx2.ConnectError | httpx2.ConnectTimeout):
        return Unavailable(part, f"{service.name} can't be reached.", remedy=service.url)
    return None
