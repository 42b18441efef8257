"""Connects to one server, or the nodes of one cluster, at first use, and puts each call under our own deadline.

The client's own retries wait up to a minute, and it reports much as a text. Here a call ends within its seconds, in
a value or in one of our errors.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final, TypeVar

from bot.backends.weaviate.server.access import Access
from bot.backends.weaviate.server.address import Address
from bot.backends.weaviate.server.bundled_server import EmbeddedServer
from bot.backends.weaviate.server.errors import PART, VENDOR, Gone, Slow, translate
from bot.backends.weaviate.server.failover import ATTEMPT_SECONDS, CONNECT_SECONDS, FailoverClient
from bot.backends.weaviate.server.gone import unless_gone
from bot.backends.weaviate.server.hedge import first_answer
from bot.backends.weaviate.server.sdk_types import WeaviateAsyncClient
from bot.ports import BackendError, Unavailable

# Where another may answer: after how long it is asked, too.
HEDGE_SECONDS: Final = 0.5
# A node that failed is asked last for so many seconds.
SHUNNED: Final = 5.0
_ROUNDS: Final = 3
# With other nodes to turn to: how long one may take to say that it is there, and after how long a call is
# found suspicious.
AMONG_OTHERS_SECONDS: Final = 1.0
LOOK_SECONDS: Final = 0.5

T = TypeVar("T")
Ask = Callable[[WeaviateAsyncClient], Awaitable[T]]
_log = logging.getLogger(__name__)


class Connection:
    """A connection, shared by a store and the one that it rebuilds with.

    Of several addresses one is used until it fails, then the next that is well: what is asked must be harmless to
    do again.
    """

    def __init__(
        self,
        addresses: Sequence[Address],
        *,
        access: Access,
        write_seconds: float,
        server: EmbeddedServer | None = None,
        replicated: bool = False,
    ) -> None:
        """`replicated`: behind one address may be several nodes, so that asking it twice makes sense."""
        self._nodes = [FailoverClient(address, write_seconds=write_seconds) for address in addresses]
        self._replicated = replicated
        self._reads = 0
        self._shunned: dict[int, float] = {}
        self._at = 0
        self._access = access
        self._server = server
        self._connected = False
        self._suspect = False
        self._lock = asyncio.Lock()

    @property
    def version(self) -> str:
        return self._nodes[self._at].version

    @property
    def address(self) -> Address:
        """The address of the node in use."""
        return self._nodes[self._at].address

    async def call(self, ask: Ask[T], seconds: float) -> T:
        """Return what `ask` returns. Raises BackendError, at the latest after `seconds`.

        Only the start of an embedded server is waited for beyond them.
        """
        if self._server is not None and (not self._connected or self._suspect):
            self._access = replace(self._access, api_key=await self._server.start())
        try:
            async with asyncio.timeout(seconds):
                return await unless_gone(self._ask(ask), [node.address for node in self._nodes])
        except TimeoutError as error:
            self._suspect = True
            raise Slow(PART, f"Weaviate gave no answer within {seconds:.2g} seconds.") from error
        except VENDOR as error:
            ours = translate(error, self.address.url)
            self._suspect = self._suspect or isinstance(ours, Unavailable)
            raise ours from error

    async def read(self, ask: Ask[T], seconds: float) -> T:
        """Return the first answer of the nodes, which take turns; another is asked, too, when one takes long.

        Nothing is started over: a server that is slow has all of the `seconds`, and one alone is asked once. Raises
        BackendError, at the latest after `seconds`.
        """
        if self._server is not None:
            return await self.call(ask, seconds)
        try:
            async with asyncio.timeout(seconds):
                first, *others = self._turn()
                if not others:
                    return await self._ask_node(first, ask)
                return await first_answer(
                    [partial(self._ask_node, at, ask) for at in (first, *others)],
                    after=HEDGE_SECONDS,
                    passing=lambda error: isinstance(error, Unavailable) and not isinstance(error, Gone),
                )
        except TimeoutError as error:
            raise Unavailable(PART, f"Weaviate gave no answer within {seconds:.2g} seconds.") from error

    def _turn(self) -> list[int]:
        """Return the nodes in the order in which they are asked this time."""
        count = len(self._nodes)
        self._reads += 1
        order = [(self._reads + n) % count for n in range(count)]
        now = time.monotonic()
        order.sort(key=lambda at: self._shunned.get(at, 0.0) > now)
        # What was under way in a cluster when a node died may never be answered, wherever it was asked.
        return order * _ROUNDS if self._replicated else order

    async def _ask_node(self, at: int, ask: Ask[T]) -> T:
        node = self._nodes[at]
        try:
            if not node.reached or at in self._shunned:
                await node.reach(
                    self._access, CONNECT_SECONDS if len(self._nodes) == 1 else AMONG_OTHERS_SECONDS
                )
                self._shunned.pop(at, None)
            return await ask(node.client)
        except Unavailable:
            self._shunned[at] = time.monotonic() + SHUNNED
            raise
        except VENDOR as error:
            ours = translate(error, node.address.url)
            if isinstance(ours, Unavailable) and not isinstance(ours, Gone):
                self._shunned[at] = time.monotonic() + SHUNNED
            raise ours from error

    async def patiently(self, ask: Ask[T], seconds: float, *, first: float | None = None) -> T:
        """Return what `ask` returns, asked anew where nothing comes back: it must be harmless to do again.

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

    async def missing(self) -> list[str]:
        """Return what is wrong with the other nodes of several: parts of sentences for an admin."""
        wrong = []
        for node in self._nodes:
            if node is not self._nodes[self._at]:
                try:
                    await node.reach(self._access, AMONG_OTHERS_SECONDS)
                except BackendError as error:
                    wrong.append(error.reason.rstrip("."))
        return wrong

    async def close(self) -> None:
        self._connected = False
        for node in self._nodes:
            await node.close()
        if self._server is not None:
            await self._server.stop()

    async def _ask(self, ask: Ask[T]) -> T:
        node = await self._node()
        for _ in self._nodes[1:]:
            try:
                return await _while_alive(node, ask)
            except (*VENDOR, Unavailable):
                self._suspect = True
                failed, node = node, await self._node()
                if node is failed:
                    raise
        return await ask(node.client)

    async def _node(self) -> FailoverClient:
        """Return the node in use; if there is doubt about it, that or the next that is well."""
        if not self._connected or self._suspect:
            async with self._lock:
                if not self._connected or self._suspect:
                    await self._choose()
        return self._nodes[self._at]

    async def _choose(self) -> None:
        alone = len(self._nodes) == 1
        errors: list[Unavailable] = []
        for at in [*range(self._at, len(self._nodes)), *range(self._at)]:
            try:
                await self._nodes[at].reach(self._access, CONNECT_SECONDS if alone else AMONG_OTHERS_SECONDS)
            except Unavailable as error:
                errors.append(error)
                continue
            if errors:
                _log.warning("%s Going on at %s.", errors[0], self._nodes[at].address.url)
            self._at, self._connected, self._suspect = at, True, False
            return
        if alone:
            raise errors[0]
        reasons = " ".join(error.reason for error in errors)
        raise Unavailable(PART, f"none of its nodes answers. {reasons}", remedy=errors[0].remedy)


async def _while_alive(node: FailoverClient, ask: Ask[T]) -> T:
    """Ask, and raise Unavailable soon after the node has died: the call would go on trying."""
    asking = asyncio.ensure_future(ask(node.client))
    try:
        while not (await asyncio.wait([asking], timeout=LOOK_SECONDS))[0]:
            if not await node.lives():
                raise Unavailable(PART, f"Weaviate at {node.address.url} died.")
        return await asking
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def _nothing(client: WeaviateAsyncClient) -> None:
    """Do nothing: the connection's own checks are all that is wanted."""
