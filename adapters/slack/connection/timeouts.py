"""Sets how long the adapter waits for what."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Times in seconds. The defaults suit Slack's limits; tests against a simulator use shorter ones."""

    call: float = 10.0  # one call's deadline
    lost: float = 0.2  # before a call whose answer was lost is made again; doubled each time
    again: float = 1.0  # before what failed as a whole is tried again; doubled each time
    status: float = 0.7  # for the status line, before a placeholder takes its place
    append: float = 0.7  # between two pieces of a stream: tier 4 has room for a few streams at once
    thread: float = 8.0  # for reading the thread above a question
    person: float = 12.0  # for looking up the asker, while Slack fails
    trust: float = 5.0  # for which an admin's rights are cached
    link: float = 6.0  # for a connection to be made
    watch: float = 1.0  # between two looks at a connection
    outage: float = 600.0  # for which an answer waits for Slack to come back
