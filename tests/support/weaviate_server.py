"""A real Weaviate for tests: the one at WEAVIATE_TEST_URL, or our own from a `weaviate-server` on PATH.

Our own listen on free ports of the loopback interface (gRPC and the data port bind all interfaces: the
server has no setting for those), start with a fresh folder, and are killed at the end.
"""

import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from bot.config.models import WeaviateSettings

START_SECONDS = 60.0
WITHOUT = "no Weaviate: set WEAVIATE_TEST_URL, or put weaviate-server on PATH"


def server_ports(count: int = 6) -> list[int]:
    """REST, gRPC, gossip, data, Raft, Raft's calls: side by side, as servers expect it of each other.

    Below those that outgoing connections get: a server that is started again finds its own free.
    """
    for _ in range(100):
        start = random.randrange(20_000, 32_000 - count)  # noqa: S311 - no secret
        with ExitStack() as probes, suppress(OSError):
            for port in range(start, start + count):
                probes.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return list(range(start, start + count))
    raise AssertionError(f"no {count} free ports side by side")


def binary() -> str | None:
    return shutil.which("weaviate-server")


@dataclass
class Node:
    """One server process: `start` again after `kill` goes on with the same ports and data."""

    folder: Path
    name: str = "node1"
    ports: list[int] = field(default_factory=server_ports)
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports[0]}"

    @property
    def grpc_url(self) -> str:
        return f"127.0.0.1:{self.ports[1]}"

    @property
    def raft(self) -> int:
        return self.ports[4]

    def launch(self) -> None:
        """Without waiting until it is ready."""
        found = binary()
        assert found is not None
        rest, grpc, gossip, data, raft, rpc = map(str, self.ports)
        self.folder.mkdir(parents=True, exist_ok=True)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": "true",
            "AUTOSCHEMA_ENABLED": "false",
            "CLUSTER_ADVERTISE_ADDR": "127.0.0.1",
            "CLUSTER_BIND_ADDR": "127.0.0.1",
            "CLUSTER_DATA_BIND_PORT": data,
            "CLUSTER_GOSSIP_BIND_PORT": gossip,
            "CLUSTER_HOSTNAME": self.name,
            "CLUSTER_IN_LOCALHOST": "true",
            "DISABLE_TELEMETRY": "true",
            "GO_PROFILING_DISABLE": "true",
            "GRPC_PORT": grpc,
            "LOG_LEVEL": "warning",
            "PERSISTENCE_DATA_PATH": str(self.folder / "data"),
            "PROMETHEUS_MONITORING_ENABLED": "false",
            "RAFT_BOOTSTRAP_EXPECT": "1",
            "RAFT_INTERNAL_RPC_PORT": rpc,
            "RAFT_PORT": raft,
            "RAFT_TIMEOUTS_MULTIPLIER": "1",
            **self.environment,
        }
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [found, "--host", "127.0.0.1", "--port", rest, "--scheme", "http"],
                env=environment,
                stdout=log,
                stderr=log,
            )

    def wait(self) -> None:
        """Until it is ready."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            assert self.process is not None
            assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
            try:
                ready = httpx.get(f"{self.url}/v1/.well-known/ready", timeout=2).status_code == httpx.codes.OK
                with socket.create_connection(("127.0.0.1", self.ports[1]), timeout=2):
                    pass
            except (httpx.HTTPError, OSError):
                ready = False
            if ready:
                return
            time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text()[-2000:])

    def start(self) -> "Node":
        self.launch()
        try:
            self.wait()
        except BaseException:
            self.kill()
            raise
        return self

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def stop(self) -> None:
        """In an orderly way."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(120)
            self.process = None

    def settings(self, collection: str = "Docent", **more: object) -> WeaviateSettings:
        return WeaviateSettings.model_validate(
            {"url": self.url, "grpc_url": self.grpc_url, "collection": collection, **more}
        )


def cluster(folder: Path, size: int = 3, environment: Mapping[str, str] | None = None) -> list[Node]:
    """Nodes that have found each other; what the environment says comes last."""
    nodes = [Node(folder / f"node{n}", f"node{n}") for n in range(1, size + 1)]
    first = nodes[0]
    for node in nodes:
        node.environment = {
            # How soon a node that was away catches up.
            "ASYNC_REPLICATION_FREQUENCY": "1s",
            "ASYNC_REPLICATION_PROPAGATION_DELAY": "1s",
            "CLUSTER_JOIN": "" if node is first else f"127.0.0.1:{first.ports[2]}",
            "RAFT_JOIN": ",".join(f"{each.name}:{each.raft}" for each in nodes),
            "RAFT_BOOTSTRAP_EXPECT": str(size),
            "MEMBERLIST_FAST_FAILURE_DETECTION": "true",
            **(environment or {}),
        }
        node.launch()
    try:
        for node in nodes:
            node.wait()
    except BaseException:
        for node in nodes:
            node.kill()
        raise
    return nodes


@pytest.fixture(scope="session")
def weaviate_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WeaviateSettings]:
    """Settings of a server that all tests share, each with a collection of its own."""
    given = os.environ.get("WEAVIATE_TEST_URL")
    if given:
        yield WeaviateSettings.model_validate(
            {
                "url": given,
                "grpc_url": os.environ.get("WEAVIATE_TEST_GRPC_URL"),
                "api_key": os.environ.get("WEAVIATE_TEST_API_KEY"),
            }
        )
        return
    if binary() is None:
        pytest.skip(WITHOUT)
    node = Node(tmp_path_factory.mktemp("weaviate")).start()
    yield node.settings()
    node.kill()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Node]:
    """A server that a test may kill and start again."""
    if binary() is None:
        pytest.skip("needs a weaviate-server on PATH, to kill it")
    node = Node(tmp_path / "weaviate").start()
    yield node
    node.kill()


@pytest.fixture(scope="module")
def three_nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Node]]:
    """A cluster of three; a test that kills a node starts it again."""
    if binary() is None:
        pytest.skip("needs a weaviate-server on PATH, to start three")
    nodes = cluster(tmp_path_factory.mktemp("cluster"))
    yield nodes
    for node in nodes:
        node.kill()
