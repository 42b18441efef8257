"""Connections to public addresses only: what a page links to must not reach into one's own network."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable

import httpcore
import httpx


class PrivateAddress(Exception):
    """`str(error)` is for people."""


Resolve = Callable[[str, int], Awaitable[list[str]]]

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_private(address: str) -> bool:
    """Whether it belongs to this machine or to a network of one's own; link-local metadata services too."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None) or getattr(parsed, "sixtofour", None)
    if parsed in _NAT64:
        mapped = ipaddress.ip_address(int(parsed) & 0xFFFFFFFF)
    if mapped is not None:
        parsed = mapped
    return not parsed.is_global or parsed.is_multicast


class _PublicOnly(httpcore.AsyncNetworkBackend):
    """Connects to the very address that was judged: a name can't turn private between the two."""

    def __init__(self, private: Callable[[str], bool], resolve: Resolve) -> None:
        self._private = private
        self._resolve = resolve
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} is not known") from error
        if any(map(self._private, addresses)):
            raise PrivateAddress(f"{host} is a private address; allow_private lets it in")
        problem: Exception = httpcore.ConnectError(f"{host} is not known")
        for address in addresses:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
        raise problem

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def _resolved(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


def public_transport(
    private: Callable[[str], bool] = is_private, resolve: Resolve = _resolved
) -> httpx.AsyncHTTPTransport:
    """`private` judges addresses, `resolve` finds those of a name."""
    transport = httpx.AsyncHTTPTransport()
    pool = httpcore.AsyncConnectionPool(
        ssl_context=httpx.create_ssl_context(),
        network_backend=_PublicOnly(private, resolve),
        max_connections=100,
    )
    transport._pool = pool  # noqa: SLF001 - httpx has no other way to say how it connects
    return transport
