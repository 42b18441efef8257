"""How long the adapter waits for what."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. The defaults suit Discord; where nobody waits for Discord itself, less will do."""

    silent_for: float = 15.0  # until a connection on which nothing comes is made anew
    shard_within: float = 60.0  # until all are made anew because no shard gets ready
    here: float = 25.0  # that an answer's own place may fail before it goes elsewhere
    elsewhere: float = 10.0  # that each further place may fail
    again: float = 5.0  # before all places are tried again
    outage: float = 600.0  # that an answer waits for Discord to come back


PATIENCE: Final = Timeouts()
