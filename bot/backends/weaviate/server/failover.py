"""Knows of one server whether it can be asked, and with which client."""

import asyncio
import time
from collections.abc import Awaitable
from typing import Final, TypeVar

from bot.backends.weaviate.server.access import Access
from bot.backends.weaviate.server.address import Address
from bot.backends.weaviate.server.errors import PART, VENDOR, down, too_old, translate
from bot.backends.weaviate.server.sdk_types import WeaviateAsyncClient, init, weaviate
from bot.backends.weaviate.server.token_refresh import refreshing, without_thread
from bot.backends.weaviate.server.versions import will_do
from bot.ports import BackendError, Unavailable

CONNECT_SECONDS: Final = 5.0
# A server that says so is believed for so long: nobody waits for it a second time.
STARTING_SECONDS: Final = 1.0
# Of one request: one that was under way when a node of a cluster died may never be answered.
ATTEMPT_SECONDS: Final = 8.0
_CHANNEL: Final = [
    # A server that comes back is used at once, not after gRPC's two minutes.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 5_000),
]

T = TypeVar("T")


class FailoverClient:
    """One server. `client` is there once it was reached, and stays: other calls may be under way with it."""

    def __init__(self, address: Address, *, write_seconds: float) -> None:
        self.address = address
        self.version = ""
        self._write_seconds = write_seconds
        self._client: WeaviateAsyncClient | None = None
        self._refreshing: asyncio.Task[None] | None = None
        self._starting_until = 0.0

    @property
    def reached(self) -> bool:
        return self._client is not None

    @property
    def client(self) -> WeaviateAsyncClient:
        if self._client is None:
            raise RuntimeError("it has to be reached first")
        return self._client

    async def reach(self, access: Access, seconds: float) -> None:
        """Raise what stands between us and the server; each of a few looks may take so many seconds."""
        if time.monotonic() < self._starting_until:
            raise self._starting()
        client = self._client or self._new(access)
        try:
            if self._client is None:
                await self._at_rest(client.connect(), seconds)
            await self._check(client, seconds)
        except BaseException:
            if self._client is not client:
                await client.close()
            raise
        if self._client is None:
            self._client, self._refreshing = client, refreshing(client)
        elif self._client is not client:
            await client.close()  # another call was faster

    async def lives(self) -> bool:
        """Tell whether both ports answer: those of a node that is busy, or waits for other nodes, do, too."""
        try:
            await self._at_rest(self.client.get_meta(), CONNECT_SECONDS)
            await self._reach_grpc(CONNECT_SECONDS)
        except Unavailable:
            return False
        return True

    async def close(self) -> None:
        if self._refreshing is not None:
            self._refreshing.cancel()
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _check(self, client: WeaviateAsyncClient, seconds: float) -> None:
        """Look at both ports: that tells quickly what a search could only time out on."""
        self.version = str((await self._at_rest(client.get_meta(), seconds))["version"])
        if not will_do(self.version):
            raise too_old(self.version)
        await self._reach_grpc(seconds)
        if not await self._at_rest(client.is_ready(), seconds):
            self._starting_until = time.monotonic() + STARTING_SECONDS
            raise self._starting()

    async def _at_rest(self, answer: Awaitable[T], seconds: float) -> T:
        """Return what REST says, soon; a server that is down is named by its address."""
        try:
            async with asyncio.timeout(seconds):
                return await answer
        except TimeoutError as error:
            raise down("doesn't answer", self.address.url) from error
        except VENDOR as error:
            ours = translate(error)
            raise (down("can't be reached", self.address.url) if _is_down(ours) else ours) from error

    async def _reach_grpc(self, seconds: float) -> None:
        grpc = self.address.grpc
        try:
            async with asyncio.timeout(seconds):
                _, writer = await asyncio.open_connection(grpc.host, grpc.port)
        except OSError as error:
            raise Unavailable(
                PART,
                f"Weaviate answers at {self.address.url}, but its gRPC port can't be reached at {grpc}.",
                remedy="Open that port, or set WEAVIATE_GRPC_URL.",
            ) from error
        writer.close()

    def _starting(self) -> Unavailable:
        return Unavailable(PART, f"Weaviate at {self.address.url} is starting, or not ready.")

    def _new(self, access: Access) -> WeaviateAsyncClient:
        rest, grpc = self.address.rest, self.address.grpc
        # Without the init checks it asks neither a package index nor anybody else.
        client = weaviate.use_async_with_custom(
            http_host=rest.bracketed,
            http_port=rest.port,
            http_secure=rest.secure,
            grpc_host=grpc.bracketed,
            grpc_port=grpc.port,
            grpc_secure=grpc.secure,
            headers=dict(access.headers) or None,
            auth_credentials=access.credentials(),
            additional_config=init.AdditionalConfig(
                timeout=init.Timeout(
                    init=CONNECT_SECONDS, query=self._write_seconds, insert=self._write_seconds
                ),
                grpc_config=init.GrpcConfig(
                    channel_options=_CHANNEL, credentials=access.channel_credentials()
                ),
            ),
            skip_init_checks=True,
        )
        access.trust(client)
        without_thread(client)
        # The client knows hosts and ports alone: a path before the API's is its address, too.
        client._connection.url = self.address.url  # noqa: SLF001
        return client


def _is_down(error: BackendError) -> bool:
    return isinstance(error, Unavailable) and "status" not in error.reason
