"""Runs Weaviate as a child process of ours, through the client's embedded mode.

The server binds its gRPC port to all interfaces, so even this one asks for a key: a random one, kept beside its
data, where the other processes of this machine find it.
"""

import asyncio
import hashlib
import os
import random
import secrets
import socket
import time
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

import httpx

from bot.backends.weaviate.server.errors import PART
from bot.backends.weaviate.server.sdk_types import (
    EmbeddedOptions,
    EmbeddedV4,
    exceptions,
)
from bot.backends.weaviate.server.versions import RECOMMENDED
from bot.ports import Unavailable
from bot.runtime.process.private_files import private_folder

_HOST: Final = "127.0.0.1"
_READY_SECONDS: Final = 30.0
# Gossip, data, Raft and Raft's calls listen side by side. Outgoing connections get ports above these.
_INNER_PORTS: Final = 4
_BELOW_OUTGOING: Final = range(20_000, 32_000)


class EmbeddedServer:
    """A server of our own. `folder` holds its data and key; `binary` lies ready, otherwise `version` is downloaded once."""

    def __init__(
        self, folder: Path, *, port: int, grpc_port: int, binary: Path | None, version: str | None
    ) -> None:
        self._folder = folder
        self._port = port
        self._grpc_port = grpc_port
        self._binary = binary
        self._version = (version or RECOMMENDED).removeprefix("v")
        self._running: EmbeddedV4 | None = None
        self._starting: asyncio.Task[str] | None = None

    async def start(self) -> str:
        """Start the server, unless one of our processes runs it already, and return its key.

        Takes some seconds, and goes on for the next who asks if the first one gives up.
        """
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(asyncio.to_thread(self._start))
        return await asyncio.shield(self._starting)

    async def stop(self) -> None:
        """Stop the server if this process has started it."""
        if self._starting is not None:
            await asyncio.gather(self._starting, return_exceptions=True)
        running, self._running = self._running, None
        if running is not None:
            await asyncio.to_thread(running.stop)

    def _start(self) -> str:
        key = self._key()
        if _listens(self._port) and _listens(self._grpc_port):
            return key
        try:
            self._launch(key)
            self._wait()
        except (exceptions.WeaviateBaseError, OSError) as error:
            raise Unavailable(
                PART,
                f"the embedded Weaviate doesn't start on the ports {self._port} and {self._grpc_port}.",
                remedy="Set weaviate.embedded.binary to a server that lies ready, or free the ports.",
            ) from error
        return key

    def _launch(self, key: str) -> None:
        """Launch the server. One that is still starting is waited for, not started twice over the same data."""
        running = self._running
        if running is not None and running.process is not None and running.process.poll() is None:
            running.wait_till_listening()
        else:
            self._running = EmbeddedV4(self._options(key))
            self._running.start()

    def _wait(self) -> None:
        """Wait until it is ready, which is later than it listens."""
        end = time.monotonic() + _READY_SECONDS
        while time.monotonic() < end:
            with suppress(httpx.HTTPError):
                if httpx.get(f"http://{_HOST}:{self._port}/v1/.well-known/ready", trust_env=False).is_success:
                    return
            time.sleep(0.1)

    def _options(self, key: str) -> EmbeddedOptions:
        binaries = self._folder / "bin"
        private_folder(binaries)
        if self._binary is not None:
            self._lay_ready(binaries, self._binary)
        gossip, data, raft, calls = map(str, side_by_side(_shuffled()))
        name = f"Embedded_at_{self._port}"
        return EmbeddedOptions(
            persistence_data_path=str(self._folder / "data"),
            binary_path=str(binaries),
            version=self._version,
            port=self._port,
            grpc_port=self._grpc_port,
            hostname=_HOST,
            additional_env_vars={
                "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": "false",
                "AUTHENTICATION_APIKEY_ENABLED": "true",
                "AUTHENTICATION_APIKEY_ALLOWED_KEYS": key,
                "AUTHENTICATION_APIKEY_USERS": "docent",
                "AUTHORIZATION_ADMINLIST_ENABLED": "true",
                "AUTHORIZATION_ADMINLIST_USERS": "docent",
                "AUTOSCHEMA_ENABLED": "false",
                "CLUSTER_BIND_ADDR": _HOST,
                "CLUSTER_ADVERTISE_ADDR": _HOST,
                "CLUSTER_DATA_BIND_PORT": data,
                "CLUSTER_GOSSIP_BIND_PORT": gossip,
                "CLUSTER_HOSTNAME": name,
                "DISABLE_TELEMETRY": "true",
                "ENABLE_MODULES": "",
                "GO_PROFILING_DISABLE": "true",
                "LOG_LEVEL": "error",
                "PERSISTENCE_DATA_PATH": str(self._folder / "data"),
                "PROMETHEUS_MONITORING_ENABLED": "false",
                "RAFT_INTERNAL_RPC_PORT": calls,
                "RAFT_JOIN": f"{name}:{raft}",
                "RAFT_PORT": raft,
            },
        )

    def _lay_ready(self, binaries: Path, binary: Path) -> None:
        """Put the binary where the client would put its download."""
        tag = f"v{self._version}"
        named = binaries / f"weaviate-{tag}-{hashlib.sha256(tag.encode()).hexdigest()}"
        named.unlink(missing_ok=True)
        named.symlink_to(binary.resolve())

    def _key(self) -> str:
        private_folder(self._folder)
        path = self._folder / "key"
        if not path.exists():
            new = self._folder / f"key.{os.getpid()}"
            new.touch(mode=0o600)
            new.write_text(secrets.token_urlsafe(32))
            with suppress(FileExistsError):  # another process was faster: its key counts
                os.link(new, path)
            new.unlink()
        return path.read_text().strip()


def side_by_side(starts: Iterable[int]) -> list[int]:
    """Return ports for the server's inner calls: the first `starts` in a row that are all free. Raises OSError.

    The vendor's client takes any free one and those after it, whether they are free or not.
    """
    for start in starts:
        ports = list(range(start, start + _INNER_PORTS))
        with ExitStack() as probes, suppress(OSError):
            for port in ports:
                probe = probes.enter_context(socket.socket())
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("", port))
            return ports
    raise OSError("no free ports side by side")


def _shuffled() -> list[int]:
    starts = list(_BELOW_OUTGOING)
    random.shuffle(starts)
    return starts


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((_HOST, port), timeout=1):
            return True
    except OSError:
        return False
