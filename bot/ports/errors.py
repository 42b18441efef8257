"""Says how backends fail. The tree of errors is drawn in `bot.ports`."""


class BackendError(Exception):
    """A part failed. `part` is its name for people ("search", "the writer"); `remedy` says what to do."""

    def __init__(self, part: str, reason: str, *, remedy: str = "") -> None:
        super().__init__(f"{part}: {reason}" + (f" {remedy}" if remedy else ""))
        self.part = part
        self.reason = reason
        self.remedy = remedy


class Unavailable(BackendError): ...


class RateLimited(Unavailable):
    """The service asks to wait `retry_after` seconds."""

    def __init__(self, part: str, reason: str, *, retry_after: float, remedy: str = "") -> None:
        super().__init__(part, reason, remedy=remedy)
        self.retry_after = retry_after


class Unauthorized(BackendError): ...


class Rejected(BackendError): ...


class Newer(Rejected):
    """A newer Docent wrote what is stored, and this one must leave it alone."""


class Refused(BackendError): ...


class ReadOnly(BackendError): ...


class Corrupt(BackendError): ...
