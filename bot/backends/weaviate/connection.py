"""One client for a process: connected at first use, every call under our own deadline.

The client's own retries wait up to a minute, and it reports much as a text. Here a call ends within its
seconds, in a value or in one of our errors.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, TypeVar

from bot.backends.weaviate.address import Address, Endpoint
from bot.backends.weaviate.embedded import EmbeddedServer
from bot.backends.weaviate.errors import PART, VENDOR, Slow, too_old, translate
from bot.backends.weaviate.vendor import WeaviateAsyncClient, init, weaviate
from bot.backends.weaviate.versions import will_do
from bot.ports import BackendError, Unavailable

CONNECT_SECONDS: Final = 5.0
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


class Connection:
    """Shared by a store and by the one that it rebuilds with."""

    def __init__(
        self,
        address: Address,
        *,
        api_key: str | None,
        write_seconds: float,
        server: EmbeddedServer | None = None,
    ) -> None:
        self.address = address
        self._api_key = api_key
        self._write_seconds = write_seconds
        self._server = server
        self._client: WeaviateAsyncClient | None = None
        self._suspect = False
        self._lock = asyncio.Lock()
        self.version = ""

    async def call(self, ask: Callable[[WeaviateAsyncClient], Awaitable[T]], seconds: float) -> T:
        """What `ask` returns. Raises BackendError, at the latest after `seconds`.

        Beyond them only the start of an embedded server is waited for.
        """
        if self._server is not None and (self._client is None or self._suspect):
            self._api_key = await self._server.start()
        timeout = asyncio.timeout(seconds)
        try:
            async with timeout:
                return await ask(await self._connected())
        except TimeoutError as error:
            self._suspect = True
            raise Slow(PART, f"Weaviate gave no answer within {seconds:.2g} seconds.") from error
        except VENDOR as error:
            ours = translate(error)
            self._suspect = self._suspect or isinstance(ours, Unavailable)
            raise ours from error

    async def patiently(
        self,
        ask: Callable[[WeaviateAsyncClient], Awaitable[T]],
        seconds: float,
        *,
        first: float | None = None,
    ) -> T:
        """The same, tried anew where nothing comes back: what `ask` does must be harmless to do again.

        In a cluster a request that is under way when a node dies may never be answered; the next one is. The
        `first` attempt gets so many seconds, each further one twice those of the one before.
        """
        end = time.monotonic() + seconds
        attempt = first or ATTEMPT_SECONDS
        while end - time.monotonic() > attempt:
            with suppress(Slow):
                return await self.call(ask, attempt)
            attempt *= 2
        try:
            return await self.call(ask, max(0.0, end - time.monotonic()))
        except Slow as error:
            raise Unavailable(PART, f"Weaviate gave no answer within {seconds:.2g} seconds.") from error

    async def probe(self) -> None:
        """Raise what stands between us and the server: REST, gRPC, key, version."""
        self._suspect = True
        await self.call(_nothing, 2 * CONNECT_SECONDS)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()
        if self._server is not None:
            await self._server.stop()

    async def _connected(self) -> WeaviateAsyncClient:
        if self._client is not None and not self._suspect:
            return self._client
        async with self._lock:
            client = self._client
            if client is None:
                client = await self._connect()
            elif self._suspect:
                await self._check(client)
            self._client, self._suspect = client, False
            return client

    async def _connect(self) -> WeaviateAsyncClient:
        client = self._new()
        try:
            await self._at_rest(client.connect())
            await self._check(client)
        except BaseException:
            await client.close()
            raise
        return client

    async def _check(self, client: WeaviateAsyncClient) -> None:
        """A quick look at both ports tells what a search could only time out on."""
        self.version = str((await self._at_rest(client.get_meta()))["version"])
        if not will_do(self.version):
            raise too_old(self.version)
        await self._reach(self.address.grpc)
        if not await client.is_ready():
            raise Unavailable(PART, "Weaviate is starting, or not ready.")

    async def _at_rest(self, answer: Awaitable[T]) -> T:
        """What REST says, soon; a server that is down is named by its address."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await answer
        except TimeoutError as error:
            raise self._down("doesn't answer", self.address.url) from error
        except VENDOR as error:
            ours = translate(error)
            raise (self._down("can't be reached", self.address.url) if _is_down(ours) else ours) from error

    async def _reach(self, grpc: Endpoint) -> None:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, writer = await asyncio.open_connection(grpc.host, grpc.port)
        except OSError as error:
            raise Unavailable(
                PART,
                f"Weaviate answers at {self.address.url}, but its gRPC port can't be reached at {grpc}.",
                remedy="Open that port, or set WEAVIATE_GRPC_URL.",
            ) from error
        writer.close()

    def _down(self, what: str, where: str) -> Unavailable:
        return Unavailable(
            PART, f"Weaviate {what} at {where}.", remedy="Start it, or set WEAVIATE_URL to where it runs."
        )

    def _new(self) -> WeaviateAsyncClient:
        rest, grpc = self.address.rest, self.address.grpc
        # Without the init checks it asks neither a package index nor anybody else.
        return weaviate.use_async_with_custom(
            http_host=rest.host,
            http_port=rest.port,
            http_secure=rest.secure,
            grpc_host=grpc.host,
            grpc_port=grpc.port,
            grpc_secure=grpc.secure,
            auth_credentials=init.Auth.api_key(self._api_key) if self._api_key else None,
            additional_config=init.AdditionalConfig(
                timeout=init.Timeout(init=CONNECT_SECONDS, query=ATTEMPT_SECONDS, insert=self._write_seconds),
                grpc_config=init.GrpcConfig(channel_options=_CHANNEL),
            ),
            skip_init_checks=True,
        )


def _is_down(error: BackendError) -> bool:
    return isinstance(error, Unavailable) and "status" not in error.reason


async def _nothing(client: WeaviateAsyncClient) -> None:
    """The connection's own checks are all that is wanted."""
