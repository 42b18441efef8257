"""One index, as its collections at hand: what every reader and writer of it needs first."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from bot.backends.weaviate import mapping
from bot.backends.weaviate.mapping import ManifestEntry
from bot.backends.weaviate.schema import Generation
from bot.backends.weaviate.server.sdk_types import (
    CollectionAsync,
    WeaviateAsyncClient,
    config,
)

# Ids or values in one request.
GROUP: Final = 200
_LEVELS: Final = {
    "one": config.ConsistencyLevel.ONE,
    "quorum": config.ConsistencyLevel.QUORUM,
    "all": config.ConsistencyLevel.ALL,
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Index:
    """`chunks` and `pages` ask and write at the consistency of the settings."""

    generation: Generation
    chunks: CollectionAsync
    pages: CollectionAsync
    notes: CollectionAsync
    writes_at_once: int = 1

    async def live_pages(self, doc_ids: Iterable[str], *, whole: bool = False) -> dict[str, ManifestEntry]:
        """The manifest's entries of these documents; who has none is not live.

        What they say beside stamps and numbers of chunks comes only where they are wanted `whole`.
        """
        found: dict[str, ManifestEntry] = {}
        for group in grouped(sorted(set(doc_ids)), GROUP):
            answer = await self.pages.query.fetch_objects_by_ids(
                [mapping.page_id(doc_id) for doc_id in group],
                limit=len(group),
                return_properties=None if whole else ["doc_id", "stamp", "chunks"],
            )
            pages = [mapping.page(each.properties) for each in answer.objects]
            found |= {page.doc_id: page for page in pages}
        return found


def at_hand(
    client: WeaviateAsyncClient, generation: Generation, consistency: str, writes_at_once: int = 1
) -> Index:
    level = _LEVELS[consistency]
    use = client.collections.use
    return Index(
        generation,
        use(generation.chunks).with_consistency_level(level),
        use(generation.pages).with_consistency_level(level),
        use(generation.notes).with_consistency_level(level),
        writes_at_once,
    )


def grouped(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
