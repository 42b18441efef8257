"""Sets how long the adapter waits for what."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Times in seconds. The defaults suit Discord; tests against a simulator use shorter ones."""

    silent_for: float = 15.0  # of silence until a connection is replaced
    shard_within: float = 60.0  # without a ready shard until all are replaced
    here: float = 25.0  # for which an answer's own place may fail before another is tried
    elsewhere: float = 10.0  # for which each further place may fail
    again: float = 5.0  # before all places are tried again
    outage: float = 600.0  # for which an answer waits for Discord to come back


PATIENCE: Final = Timeouts()
