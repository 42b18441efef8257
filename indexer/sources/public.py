"""Connections to public addresses only: what a page links to must not reach into one's own network."""

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Iterable

import httpcore
import httpx


class PrivateAddress(Exception):
    """`str(error)` is for people."""


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

    def __init__(self, private: Callable[[str], bool]) -> None:
        self._private = private
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
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(f"{host} is not known") from error
        address = str(found[0][4][0])
        if any(self._private(str(each[4][0])) for each in found):
            raise PrivateAddress(f"{host} is a private address; allow_private lets it in")
        return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def public_transport(private: Callable[[str], bool] = is_private) -> httpx.AsyncHTTPTransport:
    transport = httpx.AsyncHTTPTransport()
    pool = httpcore.AsyncConnectionPool(
        ssl_context=httpx.create_ssl_context(), network_backend=_PublicOnly(private), max_connections=100
    )
    transport._pool = pool  # noqa: SLF001 - httpx has no other way to say how it connects
    return transport
