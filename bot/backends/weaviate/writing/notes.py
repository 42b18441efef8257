"""Keeps writers' notes in an index's third collection: what they are about to do, and what is to be counted anew.

A write notes first which chunks it makes and which it will delete, by page, stamp and number, and removes the note
when it is done. So a reader knows which pages to doubt, and the next sync after a crash which chunks, by name.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid4, uuid5

from bot.backends.weaviate.index import Index
from bot.backends.weaviate.mapping import SLOTS
from bot.backends.weaviate.reading import lexicon
from bot.backends.weaviate.reading.lexicon import Part
from bot.backends.weaviate.server.sdk_types import Object, WeaviateField, data, query
from bot.backends.weaviate.writing import batch_writes

PARTS: Final = 64
_NAMESPACE: Final = UUID("0c9f3a52-1b57-4f0e-9a6b-5f1d2c7e8a90")
_OPEN, _DIRTY, _PART = "<open>", "<dirty>", "<part>"
_MOST: Final = 10_000
# Parts read at once: each may be a megabyte.
_AT_ONCE: Final = 8

Found = Object[Mapping[str, WeaviateField], None]
Revision = tuple[str, int]  # a stamp, and how many chunks have it


@dataclass(frozen=True, slots=True)
class Change:
    """The change of one page from one revision to another; None where there is none."""

    doc_id: str
    new: Revision | None
    old: Revision | None


@dataclass(frozen=True, slots=True)
class Write:
    """A write that was begun and not ended."""

    id: UUID
    since: datetime
    changes: tuple[Change, ...]


async def begin(index: Index, changes: Sequence[Change]) -> UUID:
    """Note a write, and return the id that `end` wants."""
    name = uuid4()
    body = json.dumps([(each.doc_id, each.new, each.old) for each in changes], ensure_ascii=False)
    await batch_writes.insert(index.notes, [_note(name, _OPEN, body=body)])
    return name


async def end(index: Index, name: UUID) -> None:
    await batch_writes.purge(index.notes, [name])


async def unfinished(index: Index) -> list[Write]:
    found = await index.notes.query.fetch_objects(
        filters=query.Filter.by_property("kind").equal(_OPEN),
        limit=_MOST,
        return_properties=["body"],
        return_metadata=query.MetadataQuery(creation_time=True),
    )
    return [
        Write(each.uuid, each.metadata.creation_time or datetime.now(UTC), _changes(each))
        for each in found.objects
    ]


def _changes(note: Found) -> tuple[Change, ...]:
    told = json.loads(str(note.properties["body"]))
    return tuple(
        Change(doc_id, tuple(new) if new else None, tuple(old) if old else None) for doc_id, new, old in told
    )


def part_of(slot: int) -> int:
    return slot * PARTS // SLOTS


def slots_of(part: int) -> range:
    return range(part * SLOTS // PARTS, (part + 1) * SLOTS // PARTS)


async def mark(index: Index, parts: Iterable[int]) -> None:
    """Have these parts counted anew."""
    await batch_writes.insert(
        index.notes, [_note(uuid4(), _DIRTY, version=str(part)) for part in sorted(parts)]
    )


async def marks(index: Index) -> dict[UUID, int]:
    found = await index.notes.query.fetch_objects(
        filters=query.Filter.by_property("kind").equal(_DIRTY), limit=_MOST, return_properties=["version"]
    )
    return {each.uuid: int(str(each.properties["version"])) for each in found.objects}


async def unmark(index: Index, ids: Sequence[UUID]) -> None:
    await batch_writes.purge(index.notes, ids)


async def put_part(index: Index, number: int, part: Part) -> None:
    head, body = await asyncio.to_thread(part.dump)
    version = f"{number} {uuid4().hex}"
    await batch_writes.insert(
        index.notes, [_note(_part_id(number), _PART, version=version, head=head, body=body)]
    )


async def part_versions(index: Index) -> dict[int, str]:
    found = await index.notes.query.fetch_objects(
        filters=query.Filter.by_property("kind").equal(_PART), limit=_MOST, return_properties=["version"]
    )
    versions = [str(each.properties["version"]) for each in found.objects]
    return {int(version.partition(" ")[0]): version for version in versions}


async def parts(index: Index, numbers: Sequence[int]) -> dict[int, tuple[str, Part]]:
    """Return the parts by their numbers, with their versions."""
    loaded: dict[int, tuple[str, Part]] = {}
    for start in range(0, len(numbers), _AT_ONCE):
        group = [_part_id(number) for number in numbers[start : start + _AT_ONCE]]
        found = await index.notes.query.fetch_objects_by_ids(
            group, limit=len(group), return_properties=["version", "head", "body"]
        )
        for each in found.objects:
            version = str(each.properties["version"])
            head, body = (str(each.properties.get(name) or "") for name in ("head", "body"))
            part = await asyncio.to_thread(lexicon.load, head, body)
            loaded[int(version.partition(" ")[0])] = version, part
    return loaded


def _part_id(number: int) -> UUID:
    return uuid5(_NAMESPACE, str(number))


def _note(
    name: UUID, kind: str, *, version: str = "", head: str = "", body: str = ""
) -> data.DataObject[dict[str, WeaviateField], None]:
    told: dict[str, WeaviateField] = {"kind": kind, "version": version, "head": head, "body": body}
    return data.DataObject(uuid=name, properties={key: value for key, value in told.items() if value})
