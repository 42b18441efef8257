"""Says what a check finds."""

from dataclasses import dataclass
from typing import Literal

CheckStatus = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Check:
    """A finding. `remedy` says what to do; empty where nothing needs to be done."""

    part: str
    verdict: CheckStatus
    finding: str
    remedy: str = ""


def ok(part: str, finding: str) -> Check:
    """Make a finding that all is well."""
    return Check(part, "ok", finding)


def warning(part: str, finding: str, remedy: str) -> Check:
    """Make a finding that something works, but not as it should."""
    return Check(part, "warning", finding, remedy)


def error(part: str, finding: str, remedy: str = "") -> Check:
    """Make a finding that something doesn't work."""
    return Check(part, "error", finding, remedy)
