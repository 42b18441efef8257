"""What a check finds."""

from dataclasses import dataclass
from typing import Literal

CheckStatus = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. `remedy` says what to do; empty where nothing needs to be done."""

    part: str
    verdict: CheckStatus
    finding: str
    remedy: str = ""


def ok(part: str, finding: str) -> Check:
    """All is well."""
    return Check(part, "ok", finding)


def warning(part: str, finding: str, remedy: str) -> Check:
    """It works, but."""
    return Check(part, "warning", finding, remedy)


def error(part: str, finding: str, remedy: str = "") -> Check:
    """It doesn't work."""
    return Check(part, "error", finding, remedy)
