"""Decides what a failed call costs: the whole listing, one item of it, or one page.

CallFailed
└── Unreachable    the server itself is away or doesn't let us in: asking for the next page is of no use
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from indexer.sources.base import ListingFailed, PageFailed, PageGone, Unlisted

_TOO_MANY = 429
_UNAUTHORIZED = 401
_GONE = (404, 410)
# What an answer of another shape than the documented one ends in.
_ODD_SHAPES = (LookupError, TypeError, AttributeError, ValueError)


class CallFailed(Exception):
    """A call came to nothing. `str(error)` is for people, without secrets.

    `status` is the server's, None if there was no answer; `body` is how its answer began.
    """

    def __init__(self, message: str, status: int | None = None, body: bytes = b"") -> None:
        super().__init__(message)
        self.status = status
        self.body = body

    @property
    def is_passing(self) -> bool:
        """Whether the server failed or was busy, so that the same call may succeed later."""
        return self.status is None or self.status == _TOO_MANY or self.status >= 500  # noqa: PLR2004 - theirs


class Unreachable(CallFailed): ...


@contextmanager
def listing() -> Iterator[None]:
    """Turn what fails inside into ListingFailed."""
    try:
        yield
    except (CallFailed, PageFailed) as error:
        raise ListingFailed(str(error)) from error
    except _ODD_SHAPES as error:
        raise ListingFailed(_misunderstood(error)) from error


class one_item:  # noqa: N801 - as the context managers beside it
    """Note what fails inside as one `Unlisted`, and go on; raise it if the server as a whole is away."""

    def __init__(
        self, unlisted: list[Unlisted], name: str, below: Iterable[str] = ("",), ending: str = ""
    ) -> None:
        """Take all that makes an `Unlisted` but its reason."""
        self._unlisted = unlisted
        self._name = name
        self._below = tuple(below)
        self._ending = ending

    def __enter__(self) -> None:
        """Begin the item."""

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
    """Turn what fails inside into PageFailed, or into ListingFailed if the server as a whole is away."""
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
