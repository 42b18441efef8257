"""Several Docents on one server: none sees anything of another, and whatever one does, the other's answers stay."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import ValidationError

from bot.config.models import WeaviateSettings
from bot.ports import Rejected, Span, Store
from tests.support.store_contract import EVERYONE, FORMAT, OTHER, ask, begin, embed, page
from tests.support.waiting import given_up
from tests.support.weaviate_stores import Stores


class Two:
    """Two tenants of one server, each with a page of the same id."""

    def __init__(self, settings: WeaviateSettings, data: Path) -> None:
        shared = settings.model_copy(update={"collection": f"T{uuid4().hex[:12]}"})
        self.sales, self.legal = (
            Stores(shared.model_copy(update={"tenant": tenant}), data) for tenant in ("sales", "legal")
        )

    async def begin(self) -> tuple[Store, Store]:
        sales, legal = await begin(await self.sales.open()), await begin(await self.legal.open())
        await sales.replace([page("wiki:a.md", "the discount rule", "a discount of ten")])
        await legal.replace([page("wiki:a.md", "the contract rule", revision="9")])
        return sales, legal


@pytest.fixture
async def two(weaviate_server: WeaviateSettings, tmp_path: Path) -> AsyncIterator[Two]:
    two = Two(weaviate_server, tmp_path)
    yield two
    await two.legal.close(drop=False)
    await two.sales.close()


async def seen(store: Store) -> tuple[list[str], dict[str, str]]:
    hits = await store.search(ask("rule discount contract", limit=100))
    return sorted(hit.passage.text for hit in hits), await store.revisions("wiki")


SALES = (["a discount of ten", "the discount rule"], {"wiki:a.md": "1"})
LEGAL = (["the contract rule"], {"wiki:a.md": "9"})


async def test_neither_sees_the_other(two: Two) -> None:
    """Searches, passages, the nearest chunk, words, vectors and counts are of one's own pages alone."""
    sales, legal = await two.begin()
    assert (await seen(sales), await seen(legal)) == (SALES, LEGAL)
    passages = await legal.passages([Span("wiki:a.md", 0, 9)], EVERYONE)
    assert [each.text for each in passages] == LEGAL[0]
    near = await legal.nearest([embed("a discount of ten")], EVERYONE)
    assert near is not None
    assert near.similarities[0] < 0.9
    await legal.settle()
    assert (await legal.vocabulary(["discount", "contract"], EVERYONE)).holding.keys() <= {"contract"}
    assert (await legal.stats()).chunks == 1
    assert len(await two.sales.collection_names()) == 3, "they don't share collections"


async def test_one_is_rebuilt(two: Two) -> None:
    """While one gets an index of another format, and then one of the same, the other one's answers stay."""
    sales, legal = await two.begin()
    done = asyncio.Event()
    answers: list[int] = []

    async def keep_asking() -> None:
        while not done.is_set():
            answers.append(len(await legal.search(ask("contract"))))

    asking = asyncio.create_task(keep_asking())
    beside = await sales.rebuild(OTHER)
    await beside.replace([page("wiki:b.md", "a new discount")])
    assert await seen(sales) == SALES
    await sales.swap(OTHER)
    assert (await seen(sales))[1] == {"wiki:b.md": "1"}
    await (await two.sales.open()).outdate()
    assert await sales.format() not in {FORMAT, OTHER}
    assert await legal.format() == FORMAT
    again = await sales.rebuild(OTHER)
    assert await again.revisions("wiki") == {}
    await again.replace([page("wiki:c.md", "the last discount")])
    await sales.swap(OTHER)
    assert (await seen(sales))[1] == {"wiki:c.md": "1"}
    done.set()
    await asking
    assert set(answers) == {1}
    assert await seen(legal) == LEGAL
    await legal.check()


async def test_one_crashed(two: Two) -> None:
    """What a swap that was cut off left behind is dropped by its own tenant's next sync, and by no other's."""
    sales, legal = await two.begin()
    beside = await sales.rebuild(OTHER)
    await beside.replace([page("wiki:a.md", "new rule")])
    swapping = asyncio.create_task(sales.swap(OTHER))
    async with given_up():
        while await (await two.sales.open()).format() != OTHER:
            pass
    swapping.cancel()
    await asyncio.gather(swapping, return_exceptions=True)
    assert await two.sales.tenants() == {"sales": 6, "legal": 3}
    assert await seen(legal) == LEGAL
    assert await two.sales.tenants() == {"sales": 6, "legal": 3}
    await sales.revisions("wiki")
    assert await two.sales.tenants() == {"sales": 3, "legal": 3}
    assert await (await sales.rebuild(FORMAT)).revisions("wiki") == {}
    assert await seen(legal) == LEGAL


async def test_both_begin_at_once(two: Two) -> None:
    """Two that make their first index in the same moment both have one."""
    await asyncio.gather(begin(await two.sales.open()), begin(await two.legal.open()))
    await two.begin()


async def test_before_the_first_index(two: Two) -> None:
    """Its check leaves nothing behind of it, and does no harm to who is there already."""
    legal = await begin(await two.legal.open())
    await legal.replace([page("wiki:a.md", "the contract rule", revision="9")])
    for _ in range(2):
        await (await two.sales.open()).check()
    assert await two.sales.tenants() == {"legal": 3}
    assert await seen(legal) == LEGAL


async def test_backups_hold_all_tenants(two: Two, tmp_path: Path) -> None:
    """A tenant makes none, and puts none back: the server's backups are of whole collections."""
    sales, _ = await two.begin()
    store = await two.sales.open()
    told = await store.back_up(tmp_path)
    assert "all tenants" in told["said"]
    await store.restore(tmp_path, told, replace=True)
    told = {"backup": "x", "storage": "filesystem", "collection": "Docent_1"}
    with pytest.raises(Rejected, match="tenant"):
        await store.restore(tmp_path, told, replace=True)
    assert await seen(sales) == SALES


@pytest.mark.parametrize("name", ["", "a b", "1a", "a/b", "x" * 60])
def test_names(name: str) -> None:
    """A tenant's name is one that a server takes."""
    with pytest.raises(ValidationError):
        WeaviateSettings(tenant=name)
