"""Three nodes, replication 3: with one of them dead, answers and syncs go on."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from bot.backends.weaviate import open_store
from bot.ports import BackendError, SearchQuery, Span, Store
from tests.bot.backends.weaviate.test_calls import PAGES, QUESTIONS, loaded, retrieved
from tests.support.store_contract import EVERYONE, ask, begin, embed, ids, page
from tests.support.weaviate_proxy import proxied
from tests.support.weaviate_server import Node, binary, cluster
from tests.support.weaviate_stores import NO_TLS, Stores

# Seconds: Weaviate compares replicas once a minute.
SOON = 90.0


@pytest.fixture(autouse=True)
def _all_are_there_again(three_nodes: list[Node]) -> Iterator[None]:
    """A test that fails while a node is down fails alone."""
    yield
    for node in three_nodes:
        if node.process is None:
            node.start()


async def eventually(ask_again: Callable[[], Awaitable[bool]]) -> None:
    """True within some seconds, whatever fails meanwhile."""
    async with asyncio.timeout(SOON):
        while True:
            with suppress(BackendError):
                if await ask_again():
                    return
            await asyncio.sleep(0.1)


async def leading(nodes: list[Node]) -> Node:
    async with httpx.AsyncClient(base_url=nodes[0].url, verify=NO_TLS) as rest:
        found = (await rest.get("/v1/cluster/statistics")).json()["statistics"]
    names = [each["name"] for each in found if each["raft"]["state"] == "Leader"]
    return next(node for node in nodes if node.name in names)


class Asking:
    """Somebody who asks all the time."""

    def __init__(self, store: Store, query: SearchQuery) -> None:
        self._store = store
        self._query = query
        self._task = asyncio.create_task(self._keep_asking())
        self.found: list[int] = []

    async def _keep_asking(self) -> None:
        while True:
            self.found.append(len(set(ids(await self._store.search(self._query)))))

    async def has_found(self) -> bool:
        return len(self.found) > 20 or self._task.done()

    async def stop(self) -> None:
        """Raises what a search raised."""
        if not self._task.done():
            self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task


async def counted_at(node: Node, stores: Stores, chunks: int) -> None:
    """Returns when this node by itself has so many of the wiki's, none less and none more."""

    async def counted() -> bool:
        with suppress(httpx.HTTPError):
            return await stores.count("wiki", node.url) == chunks
        return False

    await eventually(counted)


async def found_at(node: Node, stores: Stores, query: SearchQuery, chunks: int) -> None:
    """Returns when this node by itself finds so many."""
    store = await stores.open(at=stores.settings.model_copy(update=addresses([node])))

    async def found() -> bool:
        return len(await store.search(query)) == chunks

    await eventually(found)


def addresses(nodes: list[Node]) -> dict[str, str]:
    return {
        "url": ",".join(node.url for node in nodes),
        "grpc_url": ",".join(node.grpc_url for node in nodes),
    }


@pytest.mark.parametrize("asked", ["another", "it"])
@pytest.mark.parametrize("dies", ["leader", "follower"])
async def test_one_node_dead(three_nodes: list[Node], tmp_path: Path, dies: str, asked: str) -> None:
    """Searching, writing and deleting go on without a node, even the one that was asked, and it catches up.

    Until the others have chosen another leader, they answer nothing about aliases and take no writes.
    """
    leader = await leading(three_nodes)
    followers = [node for node in three_nodes if node is not leader]
    dead = leader if dies == "leader" else followers[0]
    others = [node for node in three_nodes if node is not dead]
    known = [dead, *others] if asked == "it" else others[:1]
    # As many seconds as a busy machine may need: at rest a search takes two in the worst moment.
    patient = {"replication": 3, "search_deadline": 10.0}
    stores = Stores(dead.settings(f"T{uuid4().hex[:12]}", **patient, **addresses(known)), tmp_path)
    store = await begin(await stores.open())
    await store.replace([page(f"wiki:{n}.md", f"handbook rule {n}", "more of it") for n in range(20)])
    everything = ask("handbook rule", sources=["wiki"], limit=100)
    for node in others:
        # A write ends when two of three have it; the third is a moment behind.
        await found_at(node, stores, everything, 40)
    for node in three_nodes:
        await counted_at(node, stores, 40)
    asking = Asking(store, everything)
    dead.kill()

    await store.replace([page("wiki:0.md", "handbook rule changed", revision="2")])
    await store.replace([page(f"blog:{n}.md", f"a blog post {n}") for n in range(20)])
    await store.delete(["wiki:1.md"])
    stored = await store.revisions("wiki")
    assert len(stored) == 19
    assert stored["wiki:0.md"] == "2"
    await eventually(asking.has_found)
    await asking.stop()
    assert set(asking.found) <= {20, 19}
    assert set(ids(await store.search(everything))) == set(stored)

    await asyncio.to_thread(dead.start)
    late = await stores.open(at=dead.settings(stores.settings.collection, **patient))

    async def caught_up() -> bool:
        await late.check()
        return set(ids(await late.search(everything))) == set(stored)

    await eventually(caught_up)
    for node in three_nodes:
        await counted_at(node, stores, 37)
    await stores.close(drop=False)


async def test_calls_a_question(three_nodes: list[Node], tmp_path: Path) -> None:
    """On a cluster, too, a question makes at most three calls, and a search is one."""
    settings = three_nodes[0].settings(f"T{uuid4().hex[:12]}", replication=3, search_deadline=10.0)
    stores = Stores(settings, tmp_path)
    writer = await begin(await stores.open())
    await writer.replace(PAGES)
    await writer.settle()
    for node in three_nodes:
        await counted_at(node, stores, sum(len(each.chunks) for each in PAGES))
    async with proxied(three_nodes[1].grpc_url) as proxy:
        at = {"url": three_nodes[1].url, "grpc_url": proxy.address}
        store = open_store(settings.model_copy(update=at), tmp_path, fresh=60)
        await loaded(store)
        await store.search(ask("dogs"))
        proxy.calls.clear()
        assert ids(await store.search(ask("office dogs")))[0] == "wiki:dogs.md"
        assert dict(proxy.calls) == {"Search": 1}
        for text in QUESTIONS:
            proxy.calls.clear()
            await retrieved(store, text)
            assert set(proxy.calls) == {"Search"}
            assert proxy.calls["Search"] <= 3, text
        await store.close()
    await stores.close()


async def test_nothing_outdated_is_found(tmp_path: Path) -> None:
    """A node that was away, and has not been told what happened meanwhile, finds nothing that is gone by now."""
    if binary() is None:
        pytest.skip("needs a weaviate-server on PATH, to start three")
    nodes = cluster(tmp_path, environment={"ASYNC_REPLICATION_DISABLED": "true"})
    try:
        patient = {"replication": 3, "search_deadline": 10.0}
        stores = Stores(nodes[0].settings("Docent", **patient), tmp_path)
        store = await begin(await stores.open())
        await store.replace([page(f"wiki:{n}.md", f"handbook rule {n}", "more of it") for n in range(6)])
        for node in nodes:
            await counted_at(node, stores, 12)
        await store.settle()
        nodes[2].kill()
        await store.replace([page("wiki:0.md", "handbook rule changed", revision="2")])
        await store.delete(["wiki:1.md"])
        nodes[2].start()
        late = await stores.open(at=nodes[2].settings("Docent", **patient))
        spans = [Span(f"wiki:{n}.md", 0, 1) for n in range(3)]
        left = {f"wiki:{n}.md" for n in range(2, 6)}
        found = await late.search(ask("handbook rule", limit=100))
        assert left <= set(ids(found)) <= {*left, "wiki:0.md"}
        assert {hit.passage.text for hit in found if hit.passage.doc_id == "wiki:0.md"} <= {
            "handbook rule changed"
        }
        near = await late.nearest([embed("handbook rule 1")], EVERYONE)
        assert near is not None
        assert near.doc_id != "wiki:1.md"
        passages = await late.passages(spans, EVERYONE)
        assert {passage.doc_id for passage in passages} <= {"wiki:0.md", "wiki:2.md"}
        await stores.close(drop=False)
    finally:
        for node in nodes:
            node.kill()
