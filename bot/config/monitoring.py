"""Settings of the ports where processes serve `/health`, `/ready` and `/metrics`."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from pydantic import Field

from bot.config.base import Section

Process = Literal["run", "slack", "discord", "indexer"]
# Processes of one machine don't share a port: each kind has its own, counted from `port`.
_AFTER: Final[dict[Process, int]] = {"run": 0, "slack": 1, "discord": 2, "indexer": 3}
_Port = Annotated[int, Field(ge=1, le=65532)]


class PortSettings(Section):
    """A port for each process that has one of its own."""

    run: _Port | None = None
    slack: _Port | None = None
    discord: _Port | None = None
    indexer: _Port | None = None


class MonitoringSettings(Section):
    """`/health`, `/ready` and `/metrics` are served at `port`; without one they aren't.

    It is `docent run`'s; `docent slack`, `docent discord` and `docent indexer` take the next three, unless `ports` says otherwise.
    """

    port: _Port | None = None
    ports: PortSettings = PortSettings()
    host: str = "127.0.0.1"

    def port_of(self, process: Process) -> int | None:
        """Return the port of that process; None if it serves nothing."""
        own: int | None = getattr(self.ports, process)
        if own is not None:
            return own
        return None if self.port is None else self.port + _AFTER[process]


def process_of(services: Sequence[str], *, alone: bool) -> Process:
    """Return the name of the process that runs these services, as `docent run` has it."""
    if not alone:
        return "run"
    kinds: dict[str, Process] = {"slack": "slack", "discord": "discord", "indexer": "indexer"}
    return kinds[part_of(services[0])]


def part_of(service: str) -> str:
    """Return a service's name for machines: "slack", "discord", "indexer"."""
    return service.lower().removeprefix("the ")
