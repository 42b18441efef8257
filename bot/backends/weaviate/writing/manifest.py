"""Reads a manifest in parts: by ranges of slots, each small enough for one answer, and of one source alone."""

from collections.abc import Iterator, Sequence
from typing import Final

from bot.backends.weaviate import mapping
from bot.backends.weaviate.index import Index
from bot.backends.weaviate.mapping import SLOTS, ManifestEntry
from bot.backends.weaviate.server.sdk_types import Condition, aggregate, query

# What one answer may hold, by the server's own limit, and what a part should.
MOST: Final = 10_000
_USUAL: Final = 4_000
_SUM: Final = aggregate.Metrics("chunks").integer(sum_=True)
_PLAIN: Final = ["doc_id", "revision", "stamp", "chunks"]


async def ranges(index: Index, source: str) -> list[range]:
    """Return the ranges of slots for all pages of a source."""
    of_source = query.Filter.by_property("source").equal(mapping.seal(source))
    found = await index.pages.aggregate.over_all(filters=of_source, total_count=True)
    parts = 1
    while parts * _USUAL < (found.total_count or 0):
        parts *= 2
    return [range(SLOTS * n // parts, SLOTS * (n + 1) // parts) for n in range(parts)]


def slots_in(part: range) -> Condition:
    slot = query.Filter.by_property("slot")
    return slot.greater_or_equal(part.start) & slot.less_than(part.stop)


async def pages(
    index: Index, part: range, source: str | None = None, properties: Sequence[str] = _PLAIN
) -> list[ManifestEntry]:
    """Return the entries of one source, or of all."""
    where = slots_in(part)
    if source is not None:
        where = where & query.Filter.by_property("source").equal(mapping.seal(source))
    found = await index.pages.query.fetch_objects(
        filters=where, limit=MOST, return_properties=list(properties)
    )
    if len(found.objects) < MOST or len(part) == 1:
        return [mapping.page(each.properties) for each in found.objects]
    return [page for half in _halves(part) for page in await pages(index, half, source, properties)]


def _halves(part: range) -> Iterator[range]:
    middle = (part.start + part.stop) // 2
    yield range(part.start, middle)
    yield range(middle, part.stop)


async def chunks_found(index: Index, part: range, source: str) -> int:
    of_source = query.Filter.by_property("source").equal(mapping.seal(source))
    found = await index.chunks.aggregate.over_all(filters=slots_in(part) & of_source, total_count=True)
    return found.total_count or 0


async def revisions(index: Index, part: range, source: str) -> dict[str, str]:
    """Return the revisions by document id, and nothing else."""
    found = await pages(index, part, source, ["doc_id", "revision"])
    return {page.doc_id: page.revision for page in found}


async def adds_up(index: Index, surplus: int = 0) -> bool:
    """Tell whether there are as many chunks as all pages together should have; takes a second, however many they are.

    `surplus` are known to be there beside them.
    """
    stored = (await index.chunks.aggregate.over_all(total_count=True)).total_count or 0
    sums = (await index.pages.aggregate.over_all(return_metrics=[_SUM])).properties.get("chunks")
    return stored - surplus == int(getattr(sums, "sum_", None) or 0)


async def is_whole(index: Index) -> bool:
    """Tell whether all that is stored is found: a server that was killed may keep objects that no filter knows."""
    by_source = query.Filter.by_property("source").like("*")
    by_id = query.Filter.by_property("_id").greater_or_equal("0")
    for collection, where in ((index.chunks, by_source), (index.pages, by_source), (index.pages, by_id)):
        stored = (await collection.aggregate.over_all(total_count=True)).total_count
        found = (await collection.aggregate.over_all(filters=where, total_count=True)).total_count
        if stored != found:
            return False
    return True
