"""Holds one index's collections, opened: what every reader and writer of it needs first."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from bot.backends.weaviate import mapping
from bot.backends.weaviate.mapping import ManifestEntry
from bot.backends.weaviate.schema import Generation
from bot.backends.weaviate.server.sdk_types import (
    CollectionAsync,
    Object,
    WeaviateAsyncClient,
    config,
    query,
)

# Ids or values in one request.
GROUP: Final = 200
# At an entry of the manifest of which a node that was away has another revision.
_LOOKS: Final = 3
_LEVELS: Final = {
    "one": config.ConsistencyLevel.ONE,
    "quorum": config.ConsistencyLevel.QUORUM,
    "all": config.ConsistencyLevel.ALL,
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Index:
    """An index. `chunks` and `pages` read and write at the consistency of the settings.

    `replicated`: what one node finds may be outdated, and is compared with what the others have.
    """

    generation: Generation
    chunks: CollectionAsync
    pages: CollectionAsync
    notes: CollectionAsync
    writes_at_once: int = 1
    replicated: bool = False

    async def live_pages(self, doc_ids: Iterable[str], *, whole: bool = False) -> dict[str, ManifestEntry]:
        """Return the manifest's entries of these documents; a document without one is not live.

        Beside stamps and numbers of chunks, entries have their other properties only if they are wanted `whole`.
        """
        found: dict[str, ManifestEntry] = {}
        for group in grouped(sorted(set(doc_ids)), GROUP):
            for _ in range(_LOOKS):
                pages, outdated = await self._entries(group, whole=whole)
                if not outdated:
                    break
            found |= {page.doc_id: page for page in pages}
        return found

    async def _entries(self, doc_ids: Sequence[str], *, whole: bool) -> tuple[list[ManifestEntry], bool]:
        """Return the entries that the nodes agree upon, and whether there are others: looking at these mends them."""
        answer = await self.pages.query.fetch_objects_by_ids(
            [mapping.page_id(doc_id) for doc_id in doc_ids],
            limit=len(doc_ids),
            return_properties=None if whole else ["doc_id", "stamp", "chunks"],
            return_metadata=query.MetadataQuery(is_consistent=self.replicated),
        )
        agreed = [each for each in answer.objects if self.is_agreed(each)]
        return [mapping.page(each.properties) for each in agreed], len(agreed) < len(answer.objects)

    def is_agreed(self, found: Object[Any, Any]) -> bool:
        """Tell whether as many nodes have it as the consistency asks for."""
        return not self.replicated or found.metadata.is_consistent is True


def at_hand(
    client: WeaviateAsyncClient,
    generation: Generation,
    consistency: str,
    writes_at_once: int = 1,
    *,
    replicated: bool = False,
) -> Index:
    def use(name: str) -> CollectionAsync:
        collection = client.collections.use(name).with_consistency_level(_LEVELS[consistency])
        return collection.with_tenant(generation.tenant) if generation.tenant else collection

    return Index(
        generation,
        use(generation.chunks),
        use(generation.pages),
        use(generation.notes),
        writes_at_once,
        replicated,
    )


def grouped(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
