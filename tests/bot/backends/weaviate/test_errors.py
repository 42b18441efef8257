"""What stands between us and Weaviate is told apart, in time, and in words that hold no secrets."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import uuid4

import grpc
import pytest

from bot.backends.weaviate.server.access import Access
from bot.backends.weaviate.server.address import Endpoint, parse
from bot.backends.weaviate.server.errors import Slow, from_message
from bot.backends.weaviate.server.failover import FailoverClient
from bot.backends.weaviate.server.versions import will_do
from bot.config.models import WeaviateSettings
from bot.ports import BackendError, ReadOnly, Rejected, Unauthorized, Unavailable
from tests.support.command_line import CommandLine
from tests.support.store_contract import ask, begin, ids, page
from tests.support.waiting import given_up, patience
from tests.support.weaviate_proxy import Proxy, proxied
from tests.support.weaviate_server import Node, binary
from tests.support.weaviate_stores import Stores

_AT_ONCE = 20.0  # seconds; the client's own tries take a minute


@pytest.fixture
async def stores(
    weaviate_server: WeaviateSettings,
    tmp_path: Path,
) -> AsyncIterator[Stores]:
    stores = Stores(weaviate_server.model_copy(update={"collection": f"T{uuid4().hex[:12]}"}), tmp_path)
    yield stores
    await stores.close()


@pytest.fixture
async def proxy(stores: Stores) -> AsyncIterator[Proxy]:
    """In front of gRPC; REST stays the server's own."""
    async with proxied(str(stores.settings.grpc_url)) as proxy:
        stores.settings = stores.settings.model_copy(update={"grpc_url": f"127.0.0.1:{proxy.port}"})
        yield proxy


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A server that wants keys: one may do all, one may only read."""
    if binary() is None:
        pytest.skip("needs a weaviate-server on PATH, to start one that wants keys")
    node = Node(
        tmp_path_factory.mktemp("guarded"),
        environment={
            "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": "false",
            "AUTHENTICATION_APIKEY_ENABLED": "true",
            "AUTHENTICATION_APIKEY_ALLOWED_KEYS": "all-rights,reads-only",
            "AUTHENTICATION_APIKEY_USERS": "admin,reader",
            "AUTHORIZATION_ADMINLIST_ENABLED": "true",
            "AUTHORIZATION_ADMINLIST_USERS": "admin",
            "AUTHORIZATION_ADMINLIST_READONLY_USERS": "reader",
        },
    ).start()
    yield node
    node.kill()


@asynccontextmanager
async def rest_server(body: dict[str, object] | None) -> AsyncIterator[str]:
    """Answers everything with this body, or nothing at all."""
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if body is None:
            await done.wait()
        text = json.dumps(body).encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n")
        writer.write(b"content-length: %d\r\n\r\n%s" % (len(text), text))
        with suppress(ConnectionError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    done.set()
    server.close()
    await server.wait_closed()
    await asyncio.sleep(0)


async def failure_of(settings: WeaviateSettings, tmp_path: Path) -> BackendError:
    store = await Stores(settings, tmp_path).open()
    with pytest.raises(BackendError) as raised:
        await store.check()
    await store.close()
    return raised.value


async def test_rest_down(tmp_path: Path, free_port) -> None:
    """A server that isn't there is named by its address, at once."""
    port = free_port()
    began = time.monotonic()
    error = await failure_of(WeaviateSettings(url=f"http://127.0.0.1:{port}"), tmp_path)
    assert type(error) is Unavailable
    assert f"http://127.0.0.1:{port}" in str(error)
    assert "WEAVIATE_URL" in error.remedy
    assert time.monotonic() - began < _AT_ONCE * patience()


async def test_grpc_down(stores: Stores, tmp_path: Path, free_port) -> None:
    """A server whose gRPC port is closed is told from one that is down, at once."""
    port = free_port()
    settings = stores.settings.model_copy(update={"grpc_url": f"127.0.0.1:{port}"})
    began = time.monotonic()
    error = await failure_of(settings, tmp_path)
    assert type(error) is Unavailable
    assert f"127.0.0.1:{port}" in str(error)
    assert "WEAVIATE_GRPC_URL" in error.remedy
    assert time.monotonic() - began < _AT_ONCE * patience()


async def test_first_node_down(stores: Stores, free_port) -> None:
    """Of several addresses the first that answers is used, and those that don't are told of."""
    real = stores.settings
    down, grpc = f"http://127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    both = {"url": f"{down},{real.url}", "grpc_url": f"{grpc},{real.grpc_url}"}
    store = await begin(await stores.open(at=real.model_copy(update=both)))
    await store.replace([page("wiki:a.md", "office hours")])
    assert ids(await store.search(ask("office hours"))) == ["wiki:a.md"]
    await store.check()
    assert str(real.url) in await store.about()
    assert await store.missing() == [f"Weaviate can't be reached at {down}"]


async def test_first_node_silent(stores: Stores) -> None:
    """A node that takes the connection and never answers is passed over within a search's deadline."""
    await (await begin(await stores.open())).replace([page("wiki:a.md", "office hours")])
    async with rest_server(None) as silent:
        real = stores.settings
        both = {"url": f"{silent},{real.url}", "grpc_url": f"{real.grpc_url},{real.grpc_url}"}
        store = await stores.open(at=real.model_copy(update=both))
        assert ids(await store.search(ask("office hours"))) == ["wiki:a.md"]


async def test_all_nodes_down(tmp_path: Path, free_port) -> None:
    """Where no node answers, each is named."""
    ports = [free_port(), free_port()]
    error = await failure_of(
        WeaviateSettings(url=",".join(f"http://127.0.0.1:{port}" for port in ports)), tmp_path
    )
    assert type(error) is Unavailable
    assert all(f"http://127.0.0.1:{port}" in str(error) for port in ports)


@pytest.mark.parametrize("version", ["1.26.0", "1.36.6", "1.37.14", "1.38.6"])
async def test_too_old(tmp_path: Path, version: str) -> None:
    """A server that is too old, or has known faults, is named with its version and what to update to."""
    async with rest_server({"version": version}) as url:
        error = await failure_of(WeaviateSettings(url=url), tmp_path)
    assert type(error) is Rejected
    assert version in str(error)
    assert "1.39" in error.remedy


async def test_starting() -> None:
    """A server that says that it is starting is told so at once, and isn't asked again by the next call."""
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            line = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
            asked.append(line)
            ready = line.endswith("/ready")
            body = b"" if ready else b'{"version": "1.39.0"}'
            writer.write(b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\n" % (503 if ready else 200))
            writer.write(b"connection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    node = FailoverClient(parse(f"http://127.0.0.1:{port}", f"localhost:{port}")[0], write_seconds=5)
    for _ in range(2):
        with pytest.raises(Unavailable, match="is starting"):
            await node.reach(Access(), 5)
    assert sum(line.endswith("/ready") for line in asked) == 1
    await node.close()
    server.close()
    await server.wait_closed()
    await asyncio.sleep(0)


async def test_silent_server(tmp_path: Path) -> None:
    """A server that takes the connection and never answers is given up on at the deadline."""
    async with rest_server(None) as url:
        store = await Stores(WeaviateSettings(url=url, search_deadline=0.5), tmp_path).open()
        began = time.monotonic()
        with pytest.raises(Unavailable):
            await store.search(ask("anything"))
        assert time.monotonic() - began < _AT_ONCE * patience()
        await store.close()


@pytest.mark.parametrize("key", [None, "wrong-key"])
async def test_unauthorized(guarded: Node, tmp_path: Path, key: str | None) -> None:
    """A missing or wrong key is told as that, and isn't shown."""
    error = await failure_of(guarded.settings(api_key=key), tmp_path)
    assert type(error) is Unauthorized
    assert "WEAVIATE_API_KEY" in error.remedy
    assert "wrong-key" not in str(error)


async def test_unauthorized_on_the_command_line(guarded: Node, tmp_path: Path) -> None:
    """Who asks with a wrong key isn't told to wait, but which variable to set; the key isn't shown."""
    docent = CommandLine(tmp_path)
    keys = {
        "WEAVIATE_URL": guarded.url,
        "WEAVIATE_GRPC_URL": guarded.grpc_url,
        "WEAVIATE_API_KEY": "wrong-key",
    }
    done = await asyncio.to_thread(docent.process, "ask", "how many dogs?", env=keys)
    assert done.returncode == 1
    assert "Weaviate doesn't accept the API key" in done.stdout
    assert "try again" not in done.stdout
    assert "Set WEAVIATE_API_KEY to a key of this server" in done.stderr
    assert "wrong-key" not in done.stdout + done.stderr


async def test_no_right_to_write(guarded: Node, tmp_path: Path) -> None:
    """A key that may only read finds, but neither passes the check nor writes."""
    admin = Stores(guarded.settings(api_key="all-rights"), tmp_path)
    store = await begin(await admin.open())
    await store.replace([page("wiki:a.md", "office hours")])
    await store.check()
    reader = await Stores(guarded.settings(api_key="reads-only"), tmp_path).open()
    assert ids(await reader.search(ask("office hours"))) == ["wiki:a.md"]
    with pytest.raises(Unauthorized, match="right"):
        await reader.check()
    with pytest.raises(Unauthorized, match="right"):
        await reader.replace([page("wiki:b.md", "more")])
    await reader.close()
    await admin.close()


async def test_read_only(stores: Stores) -> None:
    """Shards that take no writes are told as that; searching goes on."""
    store = await begin(await stores.open())
    await store.replace([page("wiki:a.md", "office hours")])
    await stores.set_shards("READONLY")
    with pytest.raises(ReadOnly):
        await store.replace([page("wiki:a.md", "other hours", revision="2")])
    with pytest.raises(ReadOnly):
        await store.delete(["wiki:a.md"])
    with pytest.raises(ReadOnly):
        await store.check()
    assert ids(await store.search(ask("office hours"))) == ["wiki:a.md"]
    await stores.set_shards("READY")
    await store.check()


async def test_hanging_search(stores: Stores, proxy: Proxy) -> None:
    """A search that gets no answer ends at its deadline, and the next one works."""
    stores.settings = stores.settings.model_copy(update={"search_deadline": 1.0})
    store = await begin(await stores.open())
    await store.replace([page("wiki:a.md", "office hours")])
    proxy.hang = True
    async with given_up():
        with pytest.raises(Unavailable, match="within 1 seconds"):
            await store.search(ask("office hours"))
    proxy.hang = False
    assert ids(await store.search(ask("office hours"))) == ["wiki:a.md"]


async def test_partial_failure(stores: Stores, proxy: Proxy) -> None:
    """Objects that a batch left out are written again, and only those."""
    store = await begin(await stores.open())
    proxy.fail_objects = 7
    await store.replace([page("wiki:a.md", *[f"rule {n}" for n in range(10)])])
    assert proxy.fail_objects == 0
    assert len(await store.search(ask("rule"))) == 10
    # What is begun, and what is to be counted; ten chunks, the five refused, the two of those; the page.
    assert proxy.calls["BatchObjects"] == 6


async def test_failure_that_stays(stores: Stores, proxy: Proxy) -> None:
    """Objects that are refused again and again fail the write, and the old revision stays whole."""
    store = await begin(await stores.open())
    await store.replace([page("wiki:a.md", "old rule one", "old rule two")])
    proxy.fail_objects = 1_000_000
    with pytest.raises(BackendError) as raised:
        await store.replace([page("wiki:a.md", "new rule one", "new rule two", revision="2")])
    assert "rule" not in str(raised.value)
    proxy.fail_objects = 0
    texts = {hit.passage.text for hit in await store.search(ask("old new rule"))}
    assert texts == {"old rule one", "old rule two"}
    assert await store.revisions("wiki") == {"wiki:a.md": "1"}


async def test_interrupted_batch(stores: Stores, proxy: Proxy) -> None:
    """A batch that the connection lost is sent again."""
    store = await begin(await stores.open())
    proxy.fail_batches = 1
    await store.replace([page("wiki:a.md", "rule one")])
    assert ids(await store.search(ask("rule"))) == ["wiki:a.md"]


async def test_wrong_dimensions(stores: Stores) -> None:
    """A question embedded by another model is refused, not answered with nothing."""
    store = await begin(await stores.open())
    query = ask("rule")
    assert query.vector is not None
    with pytest.raises(Rejected, match="dimensions"):
        await store.search(ask("rule").__class__("rule", query.vector[:3], query.audience))


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("store is read-only due to: manually set by user", ReadOnly),
        ("disk usage too high: 91.00% used", ReadOnly),
        ("anonymous access not enabled, please provide an auth scheme", Unauthorized),
        ("could not find class Docent_1 in schema", Unavailable),
        ("connection reset by peer", Unavailable),
        ("status = StatusCode.CANCELLED, details = Received RST_STREAM with error code 8", Slow),
        ("something new", Unavailable),
        ("not enough memory to add 200 objects", Unavailable),
    ],
)
def test_texts(message: str, kind: type[BackendError]) -> None:
    """Errors that come as a text are told apart by it."""
    assert isinstance(from_message(message), kind)


@pytest.mark.parametrize(
    ("said", "kind", "told"),
    [
        (("RESOURCE_EXHAUSTED", "too many"), Unavailable, r"RESOURCE_EXHAUSTED: too many\).*writes_at_once"),
        (("UNIMPLEMENTED", "no service"), Rejected, r"UNIMPLEMENTED: no service\).*WEAVIATE_GRPC_URL"),
        (("INVALID_ARGUMENT", "no such prop 'x'"), Rejected, "INVALID_ARGUMENT: no such prop 'x'"),
        (("UNAUTHENTICATED", "who are you"), Unauthorized, "WEAVIATE_API_KEY"),
        (("INTERNAL", "memory pressure: no room"), Unavailable, "short of memory.*no room.*quantization"),
        (("UNKNOWN", "a b\nc"), Unavailable, r"failed at this request \(UNKNOWN: a b c\)"),
        (("UNKNOWN", "x" * 300), Unavailable, f"UNKNOWN: {'x' * 200}…"),
        (
            ("PERMISSION_DENIED", "has insufficient permissions to read_data [[Domain: data]]"),
            Unauthorized,
            r"lacks a right: read_data on Domain: data",
        ),
    ],
)
async def test_what_grpc_says(
    stores: Stores, proxy: Proxy, said: tuple[str, str], kind: type[BackendError], told: str
) -> None:
    """A gRPC call that fails is told with its code, what the server said in 200 characters, and what to do."""
    store = await begin(await stores.open())
    proxy.failing = grpc.StatusCode[said[0]], said[1]
    with pytest.raises(kind, match=told):
        await store.replace([page("wiki:a.md", "office hours")])


async def test_more_replicas_than_nodes(stores: Stores) -> None:
    """One node alone can't hold three replicas: that is told with what to set."""
    store = await stores.open(at=stores.settings.model_copy(update={"replication": 3}))
    with pytest.raises(Rejected, match=r"status 422.*replica.*weaviate\.replication"):
        await begin(store)


@pytest.mark.parametrize(
    ("version", "good"),
    [
        ("1.37.15", True),
        ("1.38.7", False),
        ("1.38.8", True),
        ("1.38.11", True),
        ("1.39.0", True),
        ("1.40.0-dev", True),
        ("2.0.0", True),
        ("", False),
    ],
)
def test_versions(version: str, *, good: bool) -> None:
    """Versions with known faults won't do, later ones will."""
    assert will_do(version) is good


def test_addresses() -> None:
    """gRPC's address follows from REST's, unless it is given."""
    (plain,) = parse("http://db:8080")
    assert (plain.rest, plain.grpc) == (
        Endpoint("db", 8080, secure=False),
        Endpoint("db", 50051, secure=False),
    )
    (given,) = parse("https://db.example.com", "grpc.example.com:443")
    assert given.rest == Endpoint("db.example.com", 443, secure=True)
    assert given.grpc == Endpoint("grpc.example.com", 443, secure=True)
    assert parse("https://db", "grpc://db:50051")[0].grpc.secure is False
    (cloud,) = parse("abc.c0.europe-west3.gcp.weaviate.cloud")
    assert cloud.grpc == Endpoint("grpc-abc.c0.europe-west3.gcp.weaviate.cloud", 443, secure=True)


def test_several_addresses() -> None:
    """The nodes of a cluster are listed with commas, and as many gRPC addresses or none."""
    nodes = parse("http://a:8080, http://b:8080", "a:50051,b:50052")
    assert [str(node.rest) for node in nodes] == ["a:8080", "b:8080"]
    assert [str(node.grpc) for node in nodes] == ["a:50051", "b:50052"]
    assert [str(node.grpc) for node in parse("http://a:8080,http://b:8080")] == ["a:50051", "b:50051"]
    with pytest.raises(Rejected, match="names 2 servers, WEAVIATE_GRPC_URL 1"):
        parse("http://a:8080,http://b:8080", "a:50051")


def test_one_port_for_both() -> None:
    """REST and gRPC at one port are told apart from a bug."""
    with pytest.raises(Rejected, match="can't both be at db:8080"):
        parse("http://db:8080", "db:8080")


@pytest.mark.parametrize("url", ["", "ftp://db", "http://", "http://db:port", "http://db,"])
def test_wrong_addresses(url: str) -> None:
    """An address that is none is refused with an example."""
    with pytest.raises(Rejected, match="localhost:8080"):
        parse(url)
