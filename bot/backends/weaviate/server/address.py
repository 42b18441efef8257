"""Says where a server, or each node of a cluster, listens: one address for REST, another for gRPC."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from bot.backends.weaviate.server.errors import PART
from bot.ports import Rejected

GRPC_PORT: Final = 50051
_NETWORK: Final = ".weaviate.network"
_CLOUD: Final = (".weaviate.cloud", _NETWORK)
_DEFAULTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Endpoint:
    host: str
    port: int
    secure: bool

    @property
    def bracketed(self) -> str:
        """The host as it stands in a URL."""
        return f"[{self.host}]" if ":" in self.host else self.host

    def __str__(self) -> str:
        return f"{self.bracketed}:{self.port}"


@dataclass(frozen=True, slots=True)
class Address:
    """The addresses of one node. `path` stands before the paths of the API, as behind a proxy."""

    rest: Endpoint
    grpc: Endpoint
    path: str = ""

    @property
    def url(self) -> str:
        return f"http{'s' if self.rest.secure else ''}://{self.rest}{self.path}"


def parse(urls: str, grpc_urls: str | None = None) -> list[Address]:
    """Read the addresses of one or more nodes of a cluster, with commas between. Raises Rejected."""
    rests = _listed(urls) or [""]
    grpcs = _listed(grpc_urls or "")
    if grpcs and len(grpcs) != len(rests):
        raise Rejected(
            PART,
            f"WEAVIATE_URL names {len(rests)} servers, WEAVIATE_GRPC_URL {len(grpcs)}.",
            remedy="Give both as many, in the same order.",
        )
    return [_address(url, grpcs[at] if grpcs else None) for at, url in enumerate(rests)]


def _listed(urls: str) -> list[str]:
    return [each.strip() for each in urls.split(",")] if urls.strip() else []


def _address(url: str, grpc_url: str | None) -> Address:
    """Read one node's. A cloud cluster may be named by its host alone; its gRPC host is derived from it."""
    rest, path = _rest(url)
    if grpc_url:
        grpc = _grpc(grpc_url, rest)
        if (grpc.host, grpc.port) == (rest.host, rest.port):
            raise Rejected(
                PART,
                f"REST and gRPC can't both be at {grpc}.",
                remedy="Set WEAVIATE_GRPC_URL to the server's other port: by default it is 50051.",
            )
        return Address(rest, grpc, path)
    if rest.host.endswith(_NETWORK):
        name, _, domain = rest.host.partition(".")
        return Address(rest, Endpoint(f"{name}.grpc.{domain}", 443, secure=True), path)
    if rest.host.endswith(_CLOUD):
        return Address(rest, Endpoint(f"grpc-{rest.host}", 443, secure=True), path)
    return Address(rest, Endpoint(rest.host, GRPC_PORT, rest.secure), path)


def _rest(url: str) -> tuple[Endpoint, str]:
    """Return REST's endpoint, and the path before the API's."""
    if "://" not in url:
        url = f"{'https' if url.endswith(_CLOUD) else 'http'}://{url}"
    parts = _split(url, "WEAVIATE_URL", "http://localhost:8080")
    if parts.scheme not in _DEFAULTS:
        raise _wrong("WEAVIATE_URL", "http://localhost:8080")
    secure = parts.scheme == "https"
    return Endpoint(parts.host, parts.port or _DEFAULTS[parts.scheme], secure), parts.path.rstrip("/")


def _grpc(url: str, rest: Endpoint) -> Endpoint:
    plain = "://" not in url
    parts = _split(f"grpc://{url}" if plain else url, "WEAVIATE_GRPC_URL", "localhost:50051")
    secure = rest.secure if plain else parts.scheme in {"grpcs", "https"}
    return Endpoint(parts.host, parts.port or (443 if secure else GRPC_PORT), secure)


@dataclass(frozen=True, slots=True)
class _Parts:
    scheme: str
    host: str
    port: int | None
    path: str


def _split(url: str, name: str, example: str) -> _Parts:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _wrong(name, example) from error
    if not host:
        raise _wrong(name, example)
    return _Parts(parts.scheme, host, port, parts.path)


def _wrong(name: str, example: str) -> Rejected:
    return Rejected(PART, f"{name} is no address of a server.", remedy=f"It looks like {example}.")
