"""Makes documents into the objects that Weaviate holds, and back.

A page's *stamp* is made of all that is stored for it. Chunks have it in their ids, so that another revision never
overwrites the chunks that readers are shown, and writing one revision twice changes nothing.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast
from uuid import UUID, uuid5

from bot.backends.weaviate.schema import TERMS, VECTOR
from bot.backends.weaviate.server.sdk_types import WeaviateField, data
from bot.model import Passage
from bot.ports import IndexedChunk, IndexedDocument
from bot.text.analyzer import is_unspaced
from bot.text.chunk_terms import lines

_NAMESPACE: Final = UUID("5f0f9c3e-7a52-4d0b-9d2e-3c1d6e0b8a47")
# What a passage is made of.
SHOWN: Final = (
    "doc_id",
    "source",
    "stamp",
    "ordinal",
    "title",
    "heading",
    "url",
    "text",
    "updated_at",
    "owners",
    "of",
)

Properties = Mapping[str, object]
Row = data.DataObject[Mapping[str, WeaviateField], None]


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """An entry of the manifest: what is live of a document."""

    doc_id: str
    source: str
    language: str
    revision: str
    stamp: str
    chunks: int
    audience: tuple[str, ...] = ()
    words: str = ""


# Slots that a page's id may fall into.
SLOTS: Final = 1 << 16


def slot(doc_id: str) -> int:
    return int.from_bytes(page_id(doc_id).bytes[:2], "big")


def seal(value: str) -> str:
    """Put marks around a value that filters match whole: the server trims such values, and the marks keep their spaces."""
    return f"<{value}>"


def unseal(value: object) -> str:
    return value[1:-1] if isinstance(value, str) else ""


def page_id(doc_id: str) -> UUID:
    return uuid5(_NAMESPACE, doc_id)


def chunk_id(doc_id: str, stamp: str, ordinal: int) -> UUID:
    return uuid5(_NAMESPACE, f"{doc_id}\n{stamp}\n{ordinal}")


def chunk_ids(page: ManifestEntry) -> list[UUID]:
    """Return the ids of all chunks that the manifest names for the page."""
    return [chunk_id(page.doc_id, page.stamp, ordinal) for ordinal in range(page.chunks)]


def stamp(indexed: IndexedDocument) -> str:
    """Return the stamp: the same for the same revision, content and embedded texts, another one for any other."""
    document = indexed.document
    parts = [
        document.id,
        document.source,
        document.revision,
        document.title,
        document.url,
        document.language,
        str(document.updated_at),
        *sorted(document.audience),
        "",
        *document.owners,
        "",
        *document.keywords,
    ]
    for each in indexed.chunks:
        chunk = each.chunk
        parts += [str(chunk.ordinal), chunk.heading, chunk.anchor, chunk.text, each.text_hash]
        parts.append("keyword" if each.vector is None else "vector")
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def page_row(page: ManifestEntry) -> Row:
    return data.DataObject(
        uuid=page_id(page.doc_id),
        properties={
            "doc_id": seal(page.doc_id),
            "source": seal(page.source),
            "language": page.language,
            "revision": page.revision,
            "stamp": page.stamp,
            "chunks": page.chunks,
            "slot": slot(page.doc_id),
            **_filled({"audience": [seal(each) for each in page.audience], "words": page.words}),
        },
    )


def page(properties: Properties) -> ManifestEntry:
    return ManifestEntry(
        doc_id=unseal(properties.get("doc_id")),
        source=unseal(properties.get("source")),
        language=_str(properties, "language"),
        revision=_str(properties, "revision"),
        stamp=_str(properties, "stamp"),
        chunks=_int(properties, "chunks"),
        audience=tuple(map(unseal, _strings(properties, "audience"))),
        words=_str(properties, "words"),
    )


def page_of(properties: Properties) -> ManifestEntry:
    """Return the page that a chunk tells of. An older schema doesn't say how many chunks it has: 0."""
    return ManifestEntry(
        doc_id=unseal(properties.get("doc_id")),
        source=unseal(properties.get("source")),
        language="",
        revision="",
        stamp=_str(properties, "stamp"),
        chunks=_int(properties, "of"),
    )


def terms_of(indexed: IndexedDocument) -> list[list[str]]:
    """Return the terms of each chunk as the server gets them: of title, headings and text.

    CPU-bound where the chunks come without their terms.
    """
    return [
        [_found_by(line) for line in (each.terms or lines(indexed.document, each.chunk)).split("\n")]
        for each in indexed.chunks
    ]


def chunk_rows(indexed: IndexedDocument, of_stamp: str, terms_of_each: Iterable[list[str]]) -> Iterable[Row]:
    document = indexed.document
    for each, terms in zip(indexed.chunks, terms_of_each, strict=True):
        yield data.DataObject(
            uuid=chunk_id(document.id, of_stamp, each.chunk.ordinal),
            properties=_filled(
                {
                    "doc_id": seal(document.id),
                    "source": seal(document.source),
                    "stamp": of_stamp,
                    "text_hash": each.text_hash,
                    "audience": [seal(each) for each in sorted(document.audience)],
                    "ordinal": each.chunk.ordinal,
                    "of": len(indexed.chunks),
                    "slot": slot(document.id),
                    "title": document.title,
                    "heading": each.chunk.heading,
                    "url": _url(document.url, each),
                    "text": each.chunk.text,
                    "updated_at": document.updated_at.isoformat() if document.updated_at else "",
                    "owners": list(document.owners),
                    **dict(zip(TERMS, terms, strict=True)),
                }
            ),
            vector={VECTOR: each.vector.tolist()} if each.vector is not None else None,
        )


def ordinal(properties: Properties) -> int:
    return _int(properties, "ordinal")


def moved(properties: Properties, to: ManifestEntry) -> dict[str, WeaviateField]:
    """Return a chunk's properties in that revision of its page."""
    kept = {name: value for name, value in properties.items() if value is not None}
    new: dict[str, WeaviateField] = {"stamp": to.stamp, "audience": [seal(each) for each in to.audience]}
    return _filled({**cast("dict[str, WeaviateField]", kept), **new})


def passage(properties: Properties, score: float = 0.0) -> Passage:
    doc_id, ordinal = unseal(properties.get("doc_id")), _int(properties, "ordinal")
    updated_at = _str(properties, "updated_at")
    return Passage(
        chunk_id=f"{doc_id}#{ordinal}",
        doc_id=doc_id,
        source=unseal(properties.get("source")),
        ordinal=ordinal,
        title=_str(properties, "title"),
        heading=_str(properties, "heading"),
        url=_str(properties, "url"),
        text=_str(properties, "text"),
        score=score,
        updated_at=datetime.fromisoformat(updated_at) if updated_at else None,
        owners=_strings(properties, "owners"),
    )


def terms(properties: Properties) -> str:
    """Return the terms as `bot.text.chunk_terms.lines` made them."""
    return "\n".join(_made_of(_str(properties, name)) for name in TERMS)


def _found_by(terms: str) -> str:
    """Add the first one of each pair of unspaced characters, so that one alone is found."""
    if terms.isascii():
        return terms
    return " ".join(f"{term} {term[0]}" if _is_pair(term) else term for term in terms.split())


def _made_of(found_by: str) -> str:
    """Remove those first ones."""
    if found_by.isascii():
        return found_by
    words = found_by.split()
    return " ".join(term for before, term in zip(["", *words], words, strict=False) if not _is_pair(before))


def _is_pair(term: str) -> bool:
    return len(term) > 1 and is_unspaced(term)


def _url(url: str, each: IndexedChunk) -> str:
    return f"{url}#{each.chunk.anchor}" if url and each.chunk.anchor else url


def _filled(properties: dict[str, WeaviateField]) -> dict[str, WeaviateField]:
    """Leave out empty values: they are read as missing."""
    return {name: value for name, value in properties.items() if value not in ("", [])}


def _str(properties: Properties, name: str) -> str:
    value = properties.get(name)
    return value if isinstance(value, str) else ""


def _int(properties: Properties, name: str) -> int:
    value = properties.get(name)
    return int(value) if isinstance(value, int | float) else 0


def _strings(properties: Properties, name: str) -> tuple[str, ...]:
    value = properties.get(name)
    return tuple(str(each) for each in value) if isinstance(value, list) else ()
