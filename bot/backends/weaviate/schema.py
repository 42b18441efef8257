"""Describes the three collections of an index.

`chunks` are searched; `pages` are the manifest, which says which chunks count, and what words a page has; `notes`
are what writers leave for readers and for each other: which pages are being written, and the counted vocabulary.

Chunks are searched by terms that bot.text.analyzer made of their title, headings and text, split at spaces and
nothing else, so that this store finds by the same words as the embedded one. What is only shown isn't indexed at
all.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from bot.backends.weaviate.server.sdk_types import CollectionConfig, config
from bot.ports import IndexFormat
from bot.text.analyzer import VERSION as ANALYSIS

# Another number means a rebuild: raise it with every change below that stored data must follow.
SCHEMA: Final = f"3.{ANALYSIS}"
VECTOR: Final = "text"

# Matched whole: ids and words for filters.
_FILTERS: Final = ("doc_id", "source", "stamp", "text_hash")
_SHOWN: Final = ("title", "heading", "url", "text", "updated_at")
TERMS: Final = ("title_terms", "heading_terms", "text_terms")


@dataclass(frozen=True, slots=True)
class Layout:
    """What the settings say about how collections are kept; None leaves it to the server."""

    replication: int = 1
    quantization: str = "rq8"
    shards: int | None = None
    ef: int | None = None
    ef_construction: int | None = None
    max_connections: int | None = None


@dataclass(frozen=True, slots=True)
class Generation:
    """An index: the collection of its chunks, that of its pages, and what it was made with.

    With a tenant it is that tenant's part of collections that several share.
    """

    chunks: str
    format: IndexFormat
    schema: str = SCHEMA
    retired: bool = False
    tenant: str = ""

    @property
    def pages(self) -> str:
        return pages_of(self.chunks)

    @property
    def notes(self) -> str:
        return notes_of(self.chunks)

    @property
    def description(self) -> str:
        """Kept with the collection, so that it and what it was made with appear in one step."""
        made = {
            "docent": self.schema,
            "model": self.format.model,
            "dimensions": self.format.dimensions,
            "chunking": self.format.chunking,
            "retired": self.retired,
        }
        return json.dumps(made, ensure_ascii=False)


def pages_of(chunks: str) -> str:
    return f"{chunks}_pages"


def notes_of(chunks: str) -> str:
    return f"{chunks}_notes"


def generation(name: str, description: str | None) -> Generation | None:
    """Read an index from its collection's name and description; None for one that isn't ours."""
    try:
        made = json.loads(description or "")
        index_format = IndexFormat(str(made["model"]), int(made["dimensions"]), str(made["chunking"]))
        return Generation(name, index_format, str(made["docent"]), bool(made["retired"]))
    except (ValueError, TypeError, KeyError):
        return None


def is_newer(schema: str) -> bool:
    """Tell whether a later version than this one makes such indexes."""
    numbers = [number for number in schema.split(".") if number.isdecimal()]
    return [int(number) for number in numbers] > [int(number) for number in SCHEMA.split(".")]


def chunks_arguments(new: Generation, layout: Layout) -> dict[str, Any]:
    """Return the arguments of `collections.create` for chunks."""
    return {
        "name": new.chunks,
        "description": new.description,
        "properties": _chunk_properties(),
        "vector_config": config.Configure.Vectors.self_provided(
            name=VECTOR,
            quantizer=_quantizer(layout.quantization),
            vector_index_config=config.Configure.VectorIndex.hnsw(
                distance_metric=config.VectorDistances.COSINE,
                filter_strategy=config.VectorFilterStrategy.ACORN,
                ef=layout.ef,
                ef_construction=layout.ef_construction,
                max_connections=layout.max_connections,
            ),
        ),
        **_common(layout, new),
    }


def pages_arguments(new: Generation, layout: Layout) -> dict[str, Any]:
    """Return the arguments of `collections.create` for pages."""
    return {
        "name": new.pages,
        "description": "Which revision of each page counts. Written last.",
        "properties": [
            _text("doc_id"),
            _text("source"),
            _text("language"),
            _slot(),
            _shown("revision"),
            _shown("stamp"),
            _shown("audience", config.DataType.TEXT_ARRAY),
            _shown("words"),
            config.Property(name="chunks", data_type=config.DataType.INT),
        ],
        **_no_vectors(),
        **_common(layout, new),
    }


def notes_arguments(new: Generation, layout: Layout) -> dict[str, Any]:
    """Return the arguments of `collections.create` for notes."""
    return {
        "name": new.notes,
        "description": "What writers tell readers and each other.",
        "properties": [_text("kind"), _shown("version"), _shown("head"), _shown("body")],
        **_no_vectors(),
        **_common(layout, new),
    }


def _no_vectors() -> dict[str, Any]:
    none = config.Configure.VectorIndex.none()
    return {"vector_config": config.Configure.Vectors.self_provided(vector_index_config=none)}


def differences(found: CollectionConfig) -> list[str]:
    """Return what makes searching a collection of chunks wrong, in words; nothing if it will do."""
    properties = {each.name: each for each in found.properties}
    wrong = [f"the property {name} is missing" for name in _names() if name not in properties]
    for name in (*_FILTERS, "audience", *TERMS):
        wanted = "whitespace" if name in TERMS else "field"
        each = properties.get(name)
        if each is not None and (each.tokenization is None or each.tokenization.value != wanted):
            wrong.append(f"the property {name} isn't tokenized by {wanted}")
        if each is not None and not (each.index_searchable if name in TERMS else each.index_filterable):
            wrong.append(f"the property {name} isn't indexed")
    index = (found.vector_config or {}).get(VECTOR)
    if index is None:
        wrong.append(f"the vector {VECTOR} is missing")
    elif getattr(index.vector_index_config, "distance_metric", None) != config.VectorDistances.COSINE:
        wrong.append("the vectors aren't compared by cosine")
    return wrong


def deviations(found: CollectionConfig, layout: Layout) -> list[str]:
    """Return what works, but isn't as the settings say."""
    other = []
    if found.replication_config.factor != layout.replication:
        other.append(f"replication is {found.replication_config.factor} instead of {layout.replication}")
    index = (found.vector_config or {}).get(VECTOR)
    made = getattr(index, "vector_index_config", None)
    quantization = _quantization(getattr(made, "quantizer", None))
    if quantization != layout.quantization:
        other.append(f"quantization is {quantization} instead of {layout.quantization}")
    of_tenants = found.multi_tenancy_config.enabled
    shards = None if of_tenants else getattr(found.sharding_config, "actual_count", None)
    for name, wanted, is_now in (
        ("shards", layout.shards, shards),
        ("ef", layout.ef, getattr(made, "ef", None)),
        ("ef_construction", layout.ef_construction, getattr(made, "ef_construction", None)),
        ("max_connections", layout.max_connections, getattr(made, "max_connections", None)),
    ):
        if wanted is not None and is_now is not None and wanted != is_now:
            other.append(f"{name} is {is_now} instead of {wanted}")
    return other


def _quantization(quantizer: object) -> str:
    """Return the quantizer's name in the settings."""
    if quantizer is None:
        return "none"
    bits = getattr(quantizer, "bits", None)
    return f"rq{bits}" if bits is not None else "bq"


def _names() -> tuple[str, ...]:
    return (*_FILTERS, "audience", "owners", "ordinal", "of", "slot", *_SHOWN, *TERMS)


def _chunk_properties() -> list[config.Property]:
    kind, split = config.DataType, config.Tokenization
    return [
        *(_text(name) for name in _FILTERS),
        _text("audience", kind.TEXT_ARRAY),
        config.Property(name="ordinal", data_type=kind.INT),
        config.Property(name="of", data_type=kind.INT, index_filterable=False),
        _slot(),
        *(_shown(name) for name in _SHOWN),
        _shown("owners", kind.TEXT_ARRAY),
        *(
            config.Property(
                name=name,
                data_type=kind.TEXT,
                tokenization=split.WHITESPACE,
                index_searchable=True,
                index_filterable=False,
            )
            for name in TERMS
        ),
    ]


def _slot() -> config.Property:
    """Return the property for a number made of the page's id: ranges of it split an index into parts of about one size."""
    return config.Property(
        name="slot", data_type=config.DataType.INT, index_filterable=False, index_range_filters=True
    )


def _text(name: str, kind: config.DataType = config.DataType.TEXT) -> config.Property:
    return config.Property(
        name=name,
        data_type=kind,
        tokenization=config.Tokenization.FIELD,
        index_searchable=False,
        index_filterable=True,
    )


def _shown(name: str, kind: config.DataType = config.DataType.TEXT) -> config.Property:
    return config.Property(
        name=name,
        data_type=kind,
        tokenization=config.Tokenization.FIELD,
        index_searchable=False,
        index_filterable=False,
    )


def _quantizer(name: str) -> Any:  # noqa: ANN401 - the vendor's type is private
    quantizers = config.Configure.VectorIndex.Quantizer
    if name == "none":
        return quantizers.none()
    return quantizers.bq() if name == "bq" else quantizers.rq(bits=1 if name == "rq1" else 8)


def _common(layout: Layout, new: Generation) -> dict[str, Any]:
    """Return arguments that all collections have. Each tenant is a shard of its own."""
    shards = layout.shards if not new.tenant else None
    return {
        # The terms have lost their stop words already.
        "inverted_index_config": config.Configure.inverted_index(
            stopwords_preset=config.StopwordsPreset.NONE
        ),
        "replication_config": config.Configure.replication(
            factor=layout.replication,
            async_enabled=layout.replication > 1,
            deletion_strategy=config.ReplicationDeletionStrategy.TIME_BASED_RESOLUTION,
        ),
        "sharding_config": config.Configure.sharding(desired_count=shards) if shards else None,
        "multi_tenancy_config": config.Configure.multi_tenancy(enabled=bool(new.tenant)),
    }
