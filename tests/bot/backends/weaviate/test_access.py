"""All the ways to a server: OIDC, headers, an own authority, a path, IPv6; and the rights that suffice."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from bot.backends.weaviate.server.address import parse
from bot.config.models import WeaviateSettings
from bot.ports import Rejected, Unauthorized
from tests.support.oidc_server import CLIENT, SECRET, USER, Provider, oidc_provider
from tests.support.relay import own_authority, relayed, server_context
from tests.support.store_contract import ask, begin, ids, page
from tests.support.waiting import given_up
from tests.support.weaviate_server import Node, binary
from tests.support.weaviate_stores import Stores


@pytest.fixture
async def stores(weaviate_server: WeaviateSettings, tmp_path: Path) -> AsyncIterator[Stores]:
    stores = Stores(weaviate_server.model_copy(update={"collection": f"T{uuid4().hex[:12]}"}), tmp_path)
    await (await begin(await stores.open())).replace([page("wiki:a.md", "office hours")])
    yield stores
    await stores.close()


def ports(stores: Stores) -> tuple[int, int]:
    (address,) = parse(str(stores.settings.url), stores.settings.grpc_url)
    return address.rest.port, address.grpc.port


async def found(stores: Stores, **other: object) -> list[str]:
    settings = WeaviateSettings.model_validate({"collection": stores.settings.collection, **other})
    store = await stores.open(at=settings)
    await store.check()
    return ids(await store.search(ask("office hours")))


async def test_a_path_before_the_api(stores: Stores) -> None:
    """A server behind a proxy's path is reached by its whole address."""
    rest, grpc = ports(stores)
    async with relayed(rest, change=lambda sent: sent.replace(b" /search/db/v1/", b" /v1/")) as port:
        url = f"http://127.0.0.1:{port}/search/db"
        assert await found(stores, url=url, grpc_url=f"127.0.0.1:{grpc}") == ["wiki:a.md"]


async def test_ipv6(stores: Stores) -> None:
    """An IPv6 address is one like any other."""
    if not socket.has_ipv6:
        pytest.skip("needs IPv6")
    rest, grpc = ports(stores)
    try:
        async with relayed(rest, host="::1") as port, relayed(grpc, host="::1") as grpc_port:
            url, grpc_url = f"http://[::1]:{port}", f"[::1]:{grpc_port}"
            assert await found(stores, url=url, grpc_url=grpc_url) == ["wiki:a.md"]
    except OSError:
        pytest.skip("needs IPv6 on this machine")


async def test_own_authority(stores: Stores, tmp_path: Path) -> None:
    """A certificate of one's own authority is trusted with `ca`, on both ports, and refused without."""
    rest, grpc = ports(stores)
    certificate, key = own_authority(tmp_path)
    plain, http2 = server_context(certificate, key), server_context(certificate, key, "h2")
    async with relayed(rest, tls=plain) as port, relayed(grpc, tls=http2) as grpc_port:
        at = {"url": f"https://127.0.0.1:{port}", "grpc_url": f"127.0.0.1:{grpc_port}"}
        assert await found(stores, ca=certificate, **at) == ["wiki:a.md"]
        with pytest.raises(Exception, match="can't be reached"):
            await found(stores, **at)
        with pytest.raises(Rejected, match=r"weaviate\.ca"):
            await found(stores, ca=tmp_path / "none.pem", **at)


async def test_headers(stores: Stores) -> None:
    """Headers of one's own go along with REST and gRPC."""
    rest, grpc = ports(stores)
    sent: list[bytes] = []

    def keep(data: bytes) -> bytes:
        sent.append(data)
        return data

    async with relayed(rest, change=keep) as port, relayed(grpc, change=keep) as grpc_port:
        at = {"url": f"http://127.0.0.1:{port}", "grpc_url": f"127.0.0.1:{grpc_port}"}
        assert await found(stores, headers={"X-Tenant-Id": "red-7"}, **at) == ["wiki:a.md"]
    assert any(b"x-tenant-id: red-7" in data for data in sent)
    assert any(b"red-7" in data and b"HTTP/1.1" not in data for data in sent)


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with oidc_provider() as provider:
        yield provider


@pytest.fixture
async def oidc_node(provider: Provider, tmp_path: Path) -> AsyncIterator[Node]:
    """A server that wants tokens of the provider."""
    if binary() is None:
        pytest.skip("needs a weaviate-server on PATH, to start one that wants tokens")
    node = Node(
        tmp_path / "oidc",
        environment={
            "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": "false",
            "AUTHENTICATION_OIDC_ENABLED": "true",
            "AUTHENTICATION_OIDC_ISSUER": provider.issuer,
            "AUTHENTICATION_OIDC_CLIENT_ID": CLIENT,
            "AUTHENTICATION_OIDC_USERNAME_CLAIM": "sub",
            "AUTHORIZATION_ADMINLIST_ENABLED": "true",
            "AUTHORIZATION_ADMINLIST_USERS": USER,
        },
    )
    await asyncio.to_thread(node.start)
    yield node
    node.kill()


async def test_a_short_lived_token(oidc_node: Node, provider: Provider, tmp_path: Path) -> None:
    """Client credentials are asked for anew before the token ends, also after a refusal, and not once closed."""
    provider.life = 5
    stores = Stores(oidc_node.settings("T1", client_secret=SECRET, scope="openid"), tmp_path)
    store = await begin(await stores.open())
    await store.replace([page("wiki:a.md", "office hours")])
    provider.refusals = 1
    before = len(provider.grants)
    async with given_up():
        while len(provider.grants) < before + 3:
            with suppress(Unauthorized):  # on a busy machine the old token may end before the new one comes
                await store.check()
    assert set(provider.grants) == {"client_credentials"}
    assert ids(await store.search(ask("office hours"))) == ["wiki:a.md"]
    await stores.close(drop=False)
    waiting = [task.get_coro().__qualname__ for task in asyncio.all_tasks()]  # type: ignore[union-attr]
    assert "_keep_fresh" not in waiting


async def test_oidc(oidc_node: Node, provider: Provider, tmp_path: Path) -> None:
    """OIDC's client credentials, and a token that is refreshed, open a server; a wrong token doesn't."""
    first = Stores(oidc_node.settings("T1", client_secret=SECRET, scope="openid"), tmp_path)
    store = await begin(await first.open())
    await store.replace([page("wiki:a.md", "office hours")])
    assert provider.grants == ["client_credentials"]

    refreshing = {"token": provider.token(), "refresh_token": provider.refresh_token(), "token_life": 5}
    other = await first.open(at=oidc_node.settings("T1", **refreshing))
    assert ids(await other.search(ask("office hours"))) == ["wiki:a.md"]
    async with given_up():
        while "refresh_token" not in provider.grants:
            await other.check()
    assert ids(await other.search(ask("office hours"))) == ["wiki:a.md"]

    assert "TokenRefresh" not in {thread.name for thread in threading.enumerate()}

    unknown = {"token": "no token", "refresh_token": "none"}
    wrong = await first.open(at=oidc_node.settings("T1", **unknown))
    with pytest.raises(Unauthorized):
        await wrong.check()
    await first.close(drop=False)


@pytest.mark.parametrize(
    ("url", "grpc"),
    [
        ("abc.c0.europe-west3.gcp.weaviate.cloud", "grpc-abc.c0.europe-west3.gcp.weaviate.cloud:443"),
        ("https://abc.weaviate.network", "abc.grpc.weaviate.network:443"),
        ("http://[::1]:8080", "[::1]:50051"),
        ("https://docs.example.com/search/", "docs.example.com:50051"),
    ],
)
def test_grpc_follows_from_the_address(url: str, grpc: str) -> None:
    """Where gRPC listens follows from REST's address, as in the vendor's client."""
    (address,) = parse(url)
    assert str(address.grpc) == grpc
