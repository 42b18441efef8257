"""What every test has: a closed network, a bare environment, free ports, a place for data."""

import ipaddress
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from bot.config.environment.names import Environment
from tests.support.weaviate_server import own_server, three_nodes, weaviate_server

# No test depends on speed: how long an example takes says how busy the machine is.
# The same inputs each time, so that who changes something else isn't stopped by a find of chance.
settings.register_profile("docent", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=5_000)
# A mutant that survives is tried with every test of its function.
settings.register_profile("mutants", deadline=None, derandomize=True, max_examples=10)
settings.load_profile("docent")

# One server for the whole session, whichever module asks for it.
__all__ = ["own_server", "three_nodes", "weaviate_server"]


def _is_near(host: object) -> bool:
    if host in ("localhost", "", None, b"localhost"):
        return True
    try:
        return ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host)).is_loopback
    except ValueError:
        return False


def _close_the_network(event: str, args: tuple[object, ...]) -> None:
    """An audit hook: what isn't for this machine fails at once, by whichever library."""
    if event == "socket.getaddrinfo":
        host = args[0]
    elif event == "socket.connect" and isinstance(args[1], tuple):
        host = args[1][0]
    else:
        return
    if not _is_near(host) and host not in ("0.0.0.0", "::"):  # noqa: S104 - to listen, not to call
        raise ConnectionRefusedError(f"tests may only call this machine, not {host!r}")


sys.addaudithook(_close_the_network)


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a developer has set for their own Docent stays out of the tests."""
    for name in Environment.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Gives a port of the loopback interface that nobody listens on."""

    def find() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    return find


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An empty folder for Docent's state."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the red team's attacks came to: see tests/redteam."""
    tried: dict[str, float] = {"redteam": 0, "surfaces": 0, "texts": 0, "freeze_ms": 0}
    through = 0
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            found = dict(getattr(report, "user_properties", ()))
            if report.when != "call" or "redteam" not in found:
                continue
            through += outcome == "failed"
            tried["redteam"] += 1
            tried["surfaces"] += found.get("surfaces", 1)
            tried["texts"] += found.get("texts", 0)
            tried["freeze_ms"] = max(tried["freeze_ms"], found.get("freeze_ms", 0))
    if tried["redteam"]:
        terminalreporter.write_line(
            f"red team: {tried['redteam']:.0f} attacks on {tried['surfaces']:.0f} surfaces, {through} got through; "
            f"{tried['texts']:.0f} hostile texts; longest freeze of the event loop {tried['freeze_ms']:.0f} ms"
        )
