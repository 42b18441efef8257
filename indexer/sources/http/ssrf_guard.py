"""Connects to public addresses only, so that no page's link reaches into one's own network (SSRF)."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass

import httpcore
import httpx

from bot.config.proxies import proxy_for


class PrivateAddress(Exception):
    """A connection was refused as private. `str(error)` is for people."""


Resolve = Callable[[str, int], Awaitable[list[str]]]
Place = tuple[str, int]
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class PublicOnly:
    """Allows any address but private ones. `own` are the site's hosts and ports; with `private` those are allowed, too."""

    own: Collection[Place]
    private: bool = False


# Blocks for a purpose of their own, beside those that `ipaddress` knows in every version of Python:
# https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry. No web site is there,
# reachable or not. Last, what clouds use for their own machines.
_SPECIAL = tuple(
    map(
        ipaddress.ip_network,
        (
            *("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.31.196.0/24", "192.52.193.0/24"),
            *("192.88.99.0/24", "192.175.48.0/24", "198.18.0.0/15", "240.0.0.0/4"),
            *("64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/23", "2620:4f:8000::/48", "3fff::/20"),
            *("5f00::/16", "fec0::/10"),
            "168.63.129.16/32",
        ),
    )
)
# An IPv4 address stands at the end of these: mapped, compatible, translated.
_EMBEDDING = tuple(map(ipaddress.ip_network, ("::ffff:0:0/96", "::/96", "::ffff:0:0:0/96", "64:ff9b::/96")))
_REFUSED = "{} is a private address; allow_private lets the site itself in, nothing else"
_ISATAP = (0x00005EFE, 0x02005EFE)


def is_private(address: str) -> bool:
    """Tell whether an address belongs to this machine, to one's own network, or to a metadata service of a cloud."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        ends_at = _ends_at(parsed)
        if ends_at is not None:
            return is_private(str(ends_at))
        if (int(parsed) >> 32) & 0xFFFFFFFF in _ISATAP and is_private(str(_last(parsed))):
            return True
    return not parsed.is_global or parsed.is_multicast or any(parsed in block for block in _SPECIAL)


def _ends_at(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Find the IPv4 address that a connection to this IPv6 one ends at; None if it isn't mapped or translated."""
    if int(address) > 0xFFFF and any(address in block for block in _EMBEDDING):  # noqa: PLR2004 - :: and ::1 are none
        return _last(address)
    return address.sixtofour


def _last(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address:
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)


class _PublicOnly(httpcore.AsyncNetworkBackend):
    """Connects to the very address that was judged, so that a name can't turn private in between (DNS rebinding)."""

    def __init__(
        self, private: Callable[[str], bool], resolve: Resolve, allowed: Collection[tuple[str, int]]
    ) -> None:
        self._private = private
        self._allowed = allowed
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
        if (host, port) not in self._allowed and any(map(self._private, addresses)):
            raise PrivateAddress(_REFUSED.format(host))
        problem: Exception = httpcore.ConnectError(f"{host} is not known")
        for address in addresses:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
        raise problem

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _ByProxy(httpx.AsyncBaseTransport):
    """Connects directly, or by a proxy. That looks names up itself: what can't be judged here is refused, but for the site."""

    def __init__(
        self,
        rule: PublicOnly,
        proxy_for: Callable[[str], str | None],
        private: Callable[[str], bool],
        resolve: Resolve,
    ) -> None:
        self._rule = rule
        self._allowed = rule.own if rule.private else ()
        self._proxy_for = proxy_for
        self._private = private
        self._resolve = resolve
        self._direct = public_transport(private, resolve, self._allowed)
        self._proxies: dict[str, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        proxy = self._proxy_for(str(request.url))
        if proxy is None:
            return await self._direct.handle_async_request(request)
        await self._judge(request.url)
        if proxy not in self._proxies:
            self._proxies[proxy] = httpx.AsyncHTTPTransport(proxy=proxy)
        return await self._proxies[proxy].handle_async_request(request)

    async def aclose(self) -> None:
        for transport in (self._direct, *self._proxies.values()):
            await transport.aclose()

    async def _judge(self, url: httpx.URL) -> None:
        place = (url.host, url.port or _PORTS.get(url.scheme, 0))
        if place in self._allowed:
            return
        try:
            addresses = await self._resolve(*place)
        except (OSError, UnicodeError):
            addresses = []
        if any(map(self._private, addresses)):
            raise PrivateAddress(_REFUSED.format(url.host))
        if not addresses and place not in self._rule.own:
            raise PrivateAddress(
                f"{url.host} is only known to the proxy: nobody can tell whether it is private"
            )


async def _resolved(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


def public_transport(
    private: Callable[[str], bool] = is_private,
    resolve: Resolve = _resolved,
    allowed: Collection[tuple[str, int]] = (),
) -> httpx.AsyncHTTPTransport:
    """Make a transport that refuses private addresses.

    `private` judges addresses, `resolve` finds those of a name, `allowed` are hosts and ports that may be private.
    """
    transport = httpx.AsyncHTTPTransport()
    pool = httpcore.AsyncConnectionPool(
        ssl_context=httpx.create_ssl_context(),
        network_backend=_PublicOnly(private, resolve, allowed),
        max_connections=100,
    )
    transport._pool = pool  # noqa: SLF001 - httpx has no other way to say how it connects
    return transport


def guarded(
    rule: PublicOnly,
    proxy_for: Callable[[str], str | None] = proxy_for,
    private: Callable[[str], bool] = is_private,
    resolve: Resolve = _resolved,
) -> httpx.AsyncBaseTransport:
    """Make a transport that keeps `rule`, and keeps it as far as possible by the proxy that `proxy_for` names for an address."""
    return _ByProxy(rule, proxy_for, private, resolve)
