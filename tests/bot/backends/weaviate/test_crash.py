"""Whatever is killed, and whenever: readers see the old or the new revision, and the next sync mends the rest."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from bot.backends.weaviate.schema import SCHEMA
from bot.backends.weaviate.server.address import parse
from bot.config.models import WeaviateSettings
from bot.ports import BackendError, IndexedDocument, Narrowing, Newer, Rejected, Unavailable
from tests.support.store_contract import FORMAT, OTHER, ask, begin, ids, page
from tests.support.waiting import given_up
from tests.support.weaviate_proxy import proxied
from tests.support.weaviate_server import Node
from tests.support.weaviate_stores import Stores, count_objects

PAGES, PARTS = 4, 5
KILLS = 6
# Seconds: a server that has just started on a busy machine is slow.
SOON = 30.0

# A process that replaces and deletes pages until it is killed.
WRITER = f"""
import asyncio, sys
from pathlib import Path
from bot.config.models import WeaviateSettings
from tests.support.store_contract import OTHER, page
from tests.support.weaviate_stores import Stores

async def main(settings, start, rebuild):
    store = await Stores(WeaviateSettings.model_validate_json(settings), Path(".")).open()
    if rebuild:
        store = await store.rebuild(OTHER)
    print("ready", flush=True)
    for n in range(int(start), int(start) + 100_000):
        texts = [f"handbook rule {{part}} of revision r{{n}}" for part in range({PARTS})]
        await store.replace([page(f"wiki:{{d}}.md", *texts, revision=f"r{{n}}") for d in range({PAGES})])
        await store.replace([page("wiki:short.md", f"brief rule r{{n}}", revision=f"r{{n}}")])
        await store.delete(["wiki:short.md"])
        print(n, flush=True)

asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3] == "rebuild"))
"""


@pytest.fixture
async def stores(weaviate_server: WeaviateSettings, tmp_path: Path) -> AsyncIterator[Stores]:
    stores = Stores(weaviate_server.model_copy(update={"collection": f"T{uuid4().hex[:12]}"}), tmp_path)
    yield stores
    await stores.close()


class Writer:
    """A writing process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.last = 0

    @classmethod
    async def begin(cls, stores: Stores, start: int, how: str = "live") -> "Writer":
        key = stores.settings.api_key
        given = stores.settings.model_dump(mode="json") | {"api_key": key.get_secret_value() if key else None}
        settings = WeaviateSettings.model_validate(given).model_dump_json()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WRITER, settings, str(start), how, stdout=asyncio.subprocess.PIPE
        )
        writer = cls(process)
        assert await writer.line() == "ready"
        return writer

    async def line(self) -> str:
        assert self._process.stdout is not None
        return (await asyncio.wait_for(self._process.stdout.readline(), 60)).decode().strip()

    async def kill(self) -> None:
        self._process.kill()
        await self._process.communicate()


async def test_kill_the_writer(stores: Stores) -> None:
    """Killed at random moments: no page is torn or lost, and the next sync leaves no orphans."""
    rng = random.Random(3)  # noqa: S311 - no secret
    store = await begin(await stores.open())
    texts = [f"handbook rule {part} of revision r0" for part in range(PARTS)]
    await store.replace([page(f"wiki:{d}.md", *texts, revision="r0") for d in range(PAGES)])
    writer = await Writer.begin(stores, 1)
    for kill in range(1, KILLS + 1):
        await writer.line()
        # Anywhere within the next two rounds.
        await asyncio.sleep(rng.random() * 0.12)
        await writer.kill()
        starting = asyncio.create_task(Writer.begin(stores, kill * 1000))
        hits = [hit for hit in await store.search(ask("handbook rule revision")) if "of" in hit.passage.text]
        assert len(hits) == PAGES * PARTS
        said = {(hit.passage.doc_id, hit.passage.text.rpartition(" ")[2]) for hit in hits}
        assert len(said) == PAGES, "two revisions of one page"
        writer = await starting
    await writer.kill()
    known = await store.revisions("wiki")
    assert {f"wiki:{d}.md" for d in range(PAGES)} <= set(known)
    alive = PAGES * PARTS + ("wiki:short.md" in known)
    assert await count_objects(stores) == alive + len(known), "orphans are left"


async def test_kill_a_rebuild(stores: Stores) -> None:
    """A rebuild whose process was killed is not seen, and the next one goes on with what it has."""
    store = await begin(await stores.open())
    await store.replace([page("wiki:old.md", "the live handbook rule")])
    writer = await Writer.begin(stores, 1, "rebuild")
    await writer.line()
    await writer.kill()
    assert ids(await store.search(ask("handbook rule"))) == ["wiki:old.md"]
    again = await (await stores.open()).rebuild(OTHER)
    known = await again.revisions("wiki")
    assert {f"wiki:{d}.md" for d in range(PAGES)} <= set(known)
    await store.swap(OTHER)
    assert set(ids(await store.search(ask("handbook rule")))) == set(known)


async def test_crash_after_the_swap(stores: Stores) -> None:
    """An index that a killed swap left behind is dropped by the next sync, and no rebuild goes on with it."""
    store = await begin(await stores.open())
    await store.replace([page("wiki:a.md", "old rule")])
    beside = await store.rebuild(OTHER)
    await beside.replace([page("wiki:a.md", "new rule")])
    swapping = asyncio.create_task(store.swap(OTHER))
    async with given_up():
        while await (await stores.open()).format() != OTHER:
            pass
    swapping.cancel()
    await asyncio.gather(swapping, return_exceptions=True)
    assert await stores.collections() == 6
    await store.revisions("wiki")
    assert await stores.collections() == 3
    assert await (await store.rebuild(FORMAT)).revisions("wiki") == {}


async def test_young_orphans_stay(stores: Stores) -> None:
    """Chunks that another writer may be about to make live are not swept out."""
    store = await begin(await stores.open())
    await store.replace([page("wiki:a.md", "rule one"), page("wiki:b.md", "rule two")])
    await stores.forget_page("wiki:a.md")
    careful = await stores.open(settled=120)
    assert await careful.revisions("wiki") == {"wiki:b.md": "1"}
    assert await count_objects(stores) == 3
    assert await store.revisions("wiki") == {"wiki:b.md": "1"}
    assert await count_objects(stores) == 2


async def test_nothing_new_is_deleted(stores: Stores) -> None:
    """Of 5,000 chunks that are written beside the clearing away of their pages' old ones, none is lost."""
    store = await begin(await stores.open())
    server = parse(stores.settings.url or "", stores.settings.grpc_url)[0].grpc
    async with proxied(str(server)) as proxy:
        spied = await stores.open(at=stores.settings.model_copy(update={"grpc_url": proxy.address}))
        for turn in range(10):
            old, new = (revision(turn, n) for n in (1, 2))
            await store.replace(old)
            await spied.replace(new)
            await store.delete([each.document.id for each in new])
            async with proxy.repeating("BatchDelete"):
                await store.replace(new)
            proxy.requests.clear()
    assert await stores.count("wiki") == 5_000


def revision(turn: int, n: int) -> list[IndexedDocument]:
    texts = [f"handbook rule {part} of turn {turn} in revision r{n}" for part in range(10)]
    return [page(f"wiki:{turn}-{each}.md", *texts, revision=f"r{n}") for each in range(50)]


async def test_lost_chunks(stores: Stores) -> None:
    """A page that lacks chunks counts as not stored, so that the next sync writes it again."""
    store = await begin(await stores.open())
    await store.replace([page("wiki:a.md", "rule one", "rule two"), page("wiki:b.md", "rule three")])
    await stores.lose_chunk("wiki:a.md")
    assert await store.revisions("wiki") == {"wiki:b.md": "1"}
    await store.replace([page("wiki:a.md", "rule one", "rule two")])
    assert set(await store.revisions("wiki")) == {"wiki:a.md", "wiki:b.md"}


async def test_lost_chunk_of_a_narrowed_page(stores: Stores) -> None:
    """A page that lacks chunks can't be shown to fewer people: it is gone, and written again by the next sync."""
    store = await begin(await stores.open())
    await store.replace([page("wiki:a.md", "rule one", "rule two"), page("wiki:b.md", "rule three")])
    await stores.lose_chunk("wiki:a.md")
    less = [Narrowing(f"wiki:{name}.md", frozenset({"staff"}), "2") for name in ("a", "b")]
    await store.narrow(less)
    assert ids(await store.search(ask("rule", audience=["everyone", "staff"]))) == ["wiki:b.md"]
    assert await store.revisions("wiki") == {"wiki:b.md": "2"}


async def test_after_a_write_that_was_cut_off(stores: Stores) -> None:
    """Only the pages of that write are looked at: nothing is counted with a filter but the source's pages."""
    store = await begin(await stores.open())
    await store.replace([page(f"wiki:{n}.md", f"rule {n}", "more of it") for n in range(30)])
    server = parse(stores.settings.url or "", stores.settings.grpc_url)[0].grpc
    async with proxied(str(server)) as proxy:
        spied = await stores.open(at=stores.settings.model_copy(update={"grpc_url": proxy.address}))
        proxy.fail_objects = 10_000
        with pytest.raises(Unavailable):
            await spied.replace([page(f"wiki:{n}.md", "a new rule", "more", revision="2") for n in range(10)])
        proxy.fail_objects = 0
        for settled in (120.0, 0.0, 0.0):  # while the write may still be under way, and afterwards
            late = await stores.open(
                settled=settled, at=stores.settings.model_copy(update={"grpc_url": proxy.address})
            )
            proxy.calls.clear()
            assert set((await late.revisions("wiki")).values()) == {"1"}
            assert proxy.calls["Aggregate"] <= 3
        assert await stores.count("wiki") == 60


async def test_kill_the_server_after_a_write(own_server: Node, tmp_path: Path) -> None:
    """What was written is found by its vectors alone when a server is back that was killed right after the write."""
    stores = Stores(own_server.settings(), tmp_path)
    store = await begin(await stores.open())
    await store.replace([page(f"wiki:{n}.md", f"handbook rule {n}", "more of it") for n in range(20)])
    own_server.kill()
    own_server.start()
    late = await stores.open()
    assert len(await late.search(ask("handbook rule", alpha=1.0, limit=100))) == 40
    await stores.close(drop=False)


async def test_kill_the_server(own_server: Node, tmp_path: Path) -> None:
    """While the server is down each call says so in time; when it is back, all that was written is there."""
    stores = Stores(own_server.settings(search_deadline=2.0), tmp_path)
    store = await begin(await stores.open())
    await store.replace([page("wiki:a.md", "rule one", "rule two")])
    own_server.kill()
    for _ in range(3):
        async with given_up():
            with pytest.raises(Unavailable):
                await store.search(ask("rule"))
    with pytest.raises(BackendError):
        await store.replace([page("wiki:a.md", "rule three", revision="2")])
    await asyncio.to_thread(own_server.start)
    async with asyncio.timeout(SOON):
        while True:
            try:
                hits = await store.search(ask("rule"))
                break
            except Unavailable:
                await asyncio.sleep(0.1)
    assert {hit.passage.text for hit in hits} == {"rule one", "rule two"}
    await store.replace([page("wiki:a.md", "rule three", revision="2")])
    assert await store.revisions("wiki") == {"wiki:a.md": "2"}
    await stores.close()


async def test_kill_the_server_in_mid_write(own_server: Node, tmp_path: Path) -> None:
    """A server that is killed while it stores pages comes back with the old or the new revision of each.

    It may keep objects that it no longer finds, and the same pages are written again after each kill: they
    must be found then, too.
    """
    stores = Stores(own_server.settings(write_deadline=3.0), tmp_path)
    patient = own_server.settings(search_deadline=SOON, write_deadline=SOON)
    store = await begin(await stores.open())

    def revision(n: int) -> list:
        texts = [f"handbook rule {part} of revision r{n}" for part in range(PARTS)]
        return [page(f"wiki:{d}.md", *texts, revision=f"r{n}") for d in range(PAGES)]

    await store.replace(revision(0))

    async def write() -> None:
        for n in range(1, 10_000):
            await store.replace(revision(n))

    rng = random.Random(5)  # noqa: S311 - no secret
    for _ in range(3):
        writing = asyncio.create_task(write())
        await asyncio.sleep(0.1 + rng.random() * 0.4)
        own_server.kill()
        with pytest.raises(BackendError):
            await writing
        await asyncio.to_thread(own_server.start)
        later = await stores.open(at=patient)
        known = await later.revisions("wiki")
        assert len(known) == PAGES
        hits = await later.search(ask("handbook rule revision"))
        assert len(hits) == PAGES * PARTS
        for hit in hits:
            assert hit.passage.text.rpartition(" ")[2] == known[hit.passage.doc_id]
    await stores.close()


async def test_altered_schema(stores: Stores) -> None:
    """A collection that somebody altered is named with what differs, and the next rebuild replaces it."""
    store = await begin(await stores.open())
    await store.replace([page("wiki:a.md", "rule one")])
    await stores.recreate_without("text_terms")
    other = await stores.open()
    with pytest.raises(Rejected, match=r"text_terms is missing.*docent index"):
        await other.search(ask("rule"))
    with pytest.raises(Rejected, match="text_terms"):
        await other.check()
    assert await other.format() != FORMAT
    beside = await other.rebuild(FORMAT)
    await beside.replace([page("wiki:a.md", "rule one")])
    await other.swap(FORMAT)
    assert await other.format() == FORMAT
    assert ids(await other.search(ask("rule"))) == ["wiki:a.md"]


async def test_foreign_collection(stores: Stores) -> None:
    """A collection of somebody else's under our name is left alone."""
    await stores.create_foreign()
    store = await stores.open()
    with pytest.raises(Rejected, match=r"weaviate\.collection"):
        await store.rebuild(FORMAT)
    assert await store.search(ask("rule")) == []


async def test_an_index_of_a_newer_docent(stores: Stores) -> None:
    """It is neither searched nor built anew, whichever of the two numbers is higher."""
    store = await begin(await stores.open())
    await store.replace([page("wiki:a.md", "rule one")])
    for schema in ("99.1", f"{SCHEMA}.1"):
        await stores.describe(docent=schema)
        older = await stores.open()
        for call in (older.search(ask("rule")), older.format()):
            with pytest.raises(Newer, match=rf"newer Docent \(schema {schema}, this one knows {SCHEMA}\)"):
                await call
    await stores.describe(docent=SCHEMA)
    assert ids(await (await stores.open()).search(ask("rule"))) == ["wiki:a.md"]


async def test_outdate(stores: Stores) -> None:
    """An index that is to be made anew is answered from until the new one is whole."""
    store = await begin(await stores.open())
    await store.replace([page("wiki:a.md", "rule one")])
    await store.outdate()
    assert await store.format() != FORMAT
    beside = await store.rebuild(FORMAT)
    assert await beside.revisions("wiki") == {}
    await beside.replace([page("wiki:a.md", "rule one")])
    assert ids(await store.search(ask("rule"))) == ["wiki:a.md"]
    await store.swap(FORMAT)
    assert await store.format() == FORMAT
    assert await stores.collections() == 3


async def test_deviating_settings(stores: Stores) -> None:
    """A setting that the index was not built with is told."""
    store = await begin(await stores.open())
    assert await store.advice() == []
    other = await stores.open(at=stores.settings.model_copy(update={"quantization": "none"}))
    assert await other.advice() == ["quantization is rq8 instead of none"]
    assert "Weaviate 1." in await other.about()
