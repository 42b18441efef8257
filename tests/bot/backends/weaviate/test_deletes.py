"""Deletions that the server refuses, and those that are cut off."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from weaviate.proto.v1 import batch_delete_pb2

from bot.config.models import WeaviateSettings
from bot.ports import ReadOnly, Unavailable
from tests.support.store_contract import EVERYONE, ask, begin, ids, page
from tests.support.waiting import until
from tests.support.weaviate_proxy import Proxy, proxied
from tests.support.weaviate_stores import Stores, count_objects

KEPT = batch_delete_pb2.BatchDeleteReply(failed=1, matches=1)
UNSEEN = batch_delete_pb2.BatchDeleteReply()
PAGES = [page(f"wiki:{n}.md", f"rule {n}", "more of it") for n in range(10)]


@pytest.fixture
async def stores(weaviate_server: WeaviateSettings, tmp_path: Path) -> AsyncIterator[Stores]:
    stores = Stores(weaviate_server.model_copy(update={"collection": f"T{uuid4().hex[:12]}"}), tmp_path)
    yield stores
    await stores.close()


@pytest.fixture
async def proxy(stores: Stores) -> AsyncIterator[Proxy]:
    """In front of gRPC; REST stays the server's own."""
    async with proxied(str(stores.settings.grpc_url)) as proxy:
        stores.settings = stores.settings.model_copy(update={"grpc_url": proxy.address})
        yield proxy


async def test_what_the_server_keeps(stores: Stores, proxy: Proxy) -> None:
    """A server that doesn't delete what it should, and takes writes, is told of in so many words."""
    store = await begin(await stores.open())
    await store.replace(PAGES)
    proxy.undeleted = KEPT
    with pytest.raises(Unavailable) as raised:
        await store.delete(["wiki:1.md"])
    assert (raised.value.part, raised.value.reason) == ("search", "Weaviate did not delete what it should.")


@pytest.mark.parametrize("ending", ["_pages", "_1"])
async def test_a_collection_that_takes_no_writes(stores: Stores, ending: str) -> None:
    """It is told as that also where the notes can be written, and the pages or the chunks can't."""
    store = await begin(await stores.open())
    await store.replace(PAGES)
    await stores.set_shards("READONLY", ending)
    with pytest.raises(ReadOnly):
        await store.delete(["wiki:1.md"])


async def test_what_another_tenant_may_not_write(stores: Stores, proxy: Proxy) -> None:
    """It is no reason why ours isn't deleted."""
    tenants = [stores.settings.model_copy(update={"tenant": name}) for name in ("others", "ours")]
    for each in tenants:
        store = await begin(await stores.open(at=each))
        await store.replace(PAGES)
    proxy.undeleted = KEPT
    await stores.set_shards("READONLY", "_pages", tenant="others")
    with pytest.raises(Unavailable):
        await store.delete(["wiki:1.md"])
    await stores.set_shards("READONLY", "_pages", tenant="ours")
    with pytest.raises(ReadOnly):
        await store.delete(["wiki:1.md"])


@pytest.mark.parametrize(("deletes", "left"), [(0, 10), (1, 9), (2, 9), (3, 9)])
async def test_a_deletion_that_was_cut_off(stores: Stores, proxy: Proxy, deletes: int, left: int) -> None:
    """A page is there as a whole or not at all, and the next sync finds its chunks by name, counting with no filter."""
    store = await begin(await stores.open())
    await store.replace(PAGES)
    proxy.deletes = deletes
    with pytest.raises(Unavailable):
        await store.delete(["wiki:1.md"])
    proxy.deletes = None
    found = ids(await store.search(ask("rule", limit=100)))
    assert len(found) == 2 * left
    late = await stores.open()
    proxy.calls.clear()
    assert len(await late.revisions("wiki")) == left
    assert proxy.calls["Aggregate"] <= 3
    assert await count_objects(stores) == 3 * left


async def test_chunks_that_no_filter_finds(stores: Stores, proxy: Proxy) -> None:
    """Where the server finds fewer than it was given the ids of, it is given each by itself."""
    store = await begin(await stores.open())
    await store.replace([page("wiki:a.md", "old rule")])
    proxy.undeleted = UNSEEN
    await store.replace([page("wiki:a.md", "new rule", revision="2")])
    assert await count_objects(stores) == 2


async def test_the_words_of_what_is_deleted(stores: Stores) -> None:
    """They are counted anew, also where nothing was written since they were last counted."""
    store = await begin(await stores.open())
    await store.replace(PAGES)
    await store.settle()
    await store.delete(["wiki:1.md"])
    await store.settle()
    late = await stores.open()

    async def counted() -> bool:
        return (await late.vocabulary(["rule"], EVERYONE)).holding == {"rule": 9}

    await until(counted)
