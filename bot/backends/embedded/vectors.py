"""Vectors: their signs in memory for a first pass, float16 rows in the file for exact scores."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import apsw
import numpy as np
from numpy.typing import NDArray

from bot.backends.embedded.schema import Build
from bot.ports import Vector

# Up to this many candidates are scored exactly without a first pass.
EXACT = 2_000
# How many the first pass leaves; recall@10 of the exact ranking stands in benchmarks/README.md.
DEPTH = 1_000
_BATCH = 10_000
_WORD_BITS = 64


@dataclass(frozen=True, slots=True)
class Codes:
    """The signs of all vectors of a build at one generation, by ascending chunk id."""

    build: int
    generation: int
    ids: NDArray[np.int64]
    scopes: NDArray[np.int32]
    bits: NDArray[np.uint64]

    @property
    def version(self) -> tuple[int, int]:
        return self.build, self.generation


def pack(vector: Vector) -> bytes:
    """A bit for each number's sign, filled up to whole 64-bit words."""
    bits = np.packbits(vector > 0).tobytes()
    return bits.ljust(_words(len(vector)) * 8, b"\0")


def to_half(vector: Vector) -> bytes:
    return vector.astype(np.float16).tobytes()


def from_half(blob: bytes) -> Vector:
    vector: Vector = np.frombuffer(blob, np.float16).astype(np.float32)
    return vector


def load(connection: apsw.Connection, build: Build, known: Codes | None) -> Codes:
    """The codes of the snapshot; only what changed is read if an earlier generation is known."""
    words = _words(build.format.dimensions)
    if known is None or known.build != build.id or known.generation < build.floor:
        known = Codes(
            build.id, -1, np.empty(0, np.int64), np.empty(0, np.int32), np.empty((0, words), np.uint64)
        )
    ids, scopes, bits = [known.ids], [known.scopes], [known.bits]
    if known.generation >= 0:
        gone = connection.execute(f"select id from gone_{build.id} where generation > ?", (known.generation,))
        kept = ~np.isin(known.ids, np.fromiter((row[0] for row in gone), np.int64))
        if not kept.all():
            ids, scopes, bits = [known.ids[kept]], [known.scopes[kept]], [known.bits[kept]]
    rows = connection.execute(
        f"select id, scope, bits from codes_{build.id} where generation > ? order by id", (known.generation,)
    )
    while batch := list(islice(rows, _BATCH)):
        ids.append(np.array([row[0] for row in batch], np.int64))
        scopes.append(np.array([row[1] for row in batch], np.int32))
        bits.append(np.frombuffer(b"".join(row[2] for row in batch), np.uint64).reshape(len(batch), words))
    return Codes(
        build.id, build.generation, np.concatenate(ids), np.concatenate(scopes), np.concatenate(bits)
    )


def nearest(
    connection: apsw.Connection, codes: Codes, vector: Vector, allowed: Iterable[int] | None, limit: int
) -> dict[int, float]:
    """The best chunks by cosine similarity among the allowed scopes (None: all), best first."""
    chosen = _visible(codes, allowed)
    size = len(codes.ids) if chosen is None else len(chosen)
    if size > EXACT:
        bits = codes.bits if chosen is None else codes.bits[chosen]
        query = np.frombuffer(pack(vector), np.uint64)
        distance = np.bitwise_count(bits ^ query).sum(axis=1, dtype=np.uint16)
        first = np.argpartition(distance, DEPTH)[:DEPTH]
        chosen = first if chosen is None else chosen[first]
    ids = codes.ids if chosen is None else codes.ids[np.sort(chosen)]
    scores = exact(connection, codes.build, vector, ids.tolist())
    return dict(sorted(scores.items(), key=lambda item: -item[1])[:limit])


def exact(connection: apsw.Connection, build: int, vector: Vector, ids: list[int]) -> dict[int, float]:
    """Cosine similarity of those of the chunks that have a vector."""
    rows: list[tuple[int, bytes]] = connection.execute(  # type: ignore[assignment] # apsw can't know
        f"select id, vector from vectors_{build} where id in (select value from json_each(?))",
        (json.dumps(ids),),
    ).fetchall()
    if not rows:
        return {}
    matrix = np.frombuffer(b"".join(row[1] for row in rows), np.float16).reshape(len(rows), -1)
    scores = matrix.astype(np.float32) @ vector
    return {row[0]: score for row, score in zip(rows, scores.tolist(), strict=True)}


def _visible(codes: Codes, allowed: Iterable[int] | None) -> NDArray[np.intp] | None:
    if allowed is None:
        return None
    if not len(codes.scopes):
        return np.empty(0, np.intp)
    seen = np.zeros(int(codes.scopes.max()) + 1, np.bool_)
    for scope in allowed:
        if scope < len(seen):
            seen[scope] = True
    return np.flatnonzero(seen[codes.scopes])


def _words(dimensions: int) -> int:
    return -(-dimensions // _WORD_BITS)
