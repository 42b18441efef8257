"""Searches vectors: by their signs in memory for a first pass, then by float16 rows in the file for exact scores."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice

import apsw
import numpy as np
from numpy.typing import NDArray

from bot.backends.sqlite.schema import Build
from bot.ports import Vector

# Up to this many candidates are scored exactly without a first pass.
EXACT = 2_000
# The first pass (signs against signs) leaves a part of all chunks, but not fewer and not more than these;
# the second (the question's numbers against signs) leaves those that are scored exactly. Measured on 5,000
# paragraphs of a real handbook, the exact ten nearest are among the first 1,000 of the one pass by .996, and
# among the first 250 of the other by .994; how many chunks there are matters little.
FIRST_PART = 25
FIRST_LEAST, FIRST_MOST = 1_000, 8_000
SECOND = 400
_BATCH = 10_000
_WORD_BITS = 64


@dataclass(frozen=True, slots=True)
class Codes:
    """The signs of all vectors of a build at one generation, by ascending chunk id.

    `bits` has a row for each 64 dimensions and a column for each chunk: numpy then runs along the chunks.
    """

    build: int
    generation: int
    ids: NDArray[np.int64]
    scopes: NDArray[np.int32]
    bits: NDArray[np.uint64]

    @property
    def version(self) -> tuple[int, int]:
        return self.build, self.generation

    def without(self, gone: NDArray[np.int64]) -> "Codes":
        place = np.searchsorted(self.ids, gone)
        place = place[place < len(self.ids)]
        kept = np.ones(len(self.ids), np.bool_)
        kept[place[np.isin(self.ids[place], gone)]] = False
        if kept.all():
            return self
        return replace(self, ids=self.ids[kept], scopes=self.scopes[kept], bits=self.bits[:, kept])


def pack(vector: Vector) -> bytes:
    """Pack a bit for each number's sign, filled up to whole 64-bit words."""
    bits = np.packbits(vector > 0).tobytes()
    return bits.ljust(_words(len(vector)) * 8, b"\0")


def pack_all(rows: NDArray[np.float32]) -> list[bytes]:
    """Pack each row as `pack` does."""
    size = _words(rows.shape[1]) * 8
    return [bits.tobytes().ljust(size, b"\0") for bits in np.packbits(rows > 0, axis=1)]


def to_halves(rows: NDArray[np.float32]) -> list[bytes]:
    """Make 16-bit floats of each row."""
    return [half.tobytes() for half in rows.astype(np.float16)]


def from_half(blob: bytes) -> Vector:
    vector: Vector = np.frombuffer(blob, np.float16).astype(np.float32)
    return vector


def load(connection: apsw.Connection, build: Build, known: Codes | None) -> Codes:
    """Return the codes of the snapshot; only what changed is read if an earlier generation is known."""
    words = _words(build.format.dimensions)
    if known is None or known.build != build.id or known.generation < build.floor:
        nothing = np.empty(0, np.int64)
        known = Codes(build.id, -1, nothing, nothing.astype(np.int32), np.empty((words, 0), np.uint64))
    else:
        gone = connection.execute(f"select id from gone_{build.id} where generation > ?", (known.generation,))
        known = known.without(np.fromiter((row[0] for row in gone), np.int64))
    ids, scopes, bits = [known.ids], [known.scopes], [known.bits]
    rows = connection.execute(
        f"select id, scope, bits from codes_{build.id} where generation > ? order by id", (known.generation,)
    )
    while batch := list(islice(rows, _BATCH)):
        ids.append(np.array([row[0] for row in batch], np.int64))
        scopes.append(np.array([row[1] for row in batch], np.int32))
        bits.append(np.frombuffer(b"".join(row[2] for row in batch), np.uint64).reshape(len(batch), words).T)
    codes = Codes(
        build.id,
        build.generation,
        np.concatenate(ids),
        np.concatenate(scopes),
        np.ascontiguousarray(np.concatenate(bits, axis=1)),
    )
    # A chunk that went to another scope keeps its id, and comes after those that are larger.
    if not (codes.ids[1:] < codes.ids[:-1]).any():
        return codes
    order = np.argsort(codes.ids)
    by_id = np.ascontiguousarray(codes.bits[:, order])
    return replace(codes, ids=codes.ids[order], scopes=codes.scopes[order], bits=by_id)


def nearest(
    connection: apsw.Connection, codes: Codes, vector: Vector, allowed: Iterable[int] | None, limit: int
) -> dict[int, float]:
    """Return the best chunks by cosine similarity among the allowed scopes (None: all), best first."""
    seen = _visible(codes, allowed)
    count = len(codes.ids) if seen is None else int(seen.sum())
    if count > EXACT:
        chosen = codes.ids[_likeliest(codes.bits, seen, vector, max(SECOND, 3 * limit))]
    else:
        chosen = codes.ids if seen is None else codes.ids[seen]
    scores = exact(connection, codes.build, vector, chosen.tolist())
    return dict(sorted(scores.items(), key=lambda item: -item[1])[:limit])


def _likeliest(
    bits: NDArray[np.uint64], seen: NDArray[np.bool_] | None, vector: Vector, count: int
) -> NDArray[np.intp]:
    """Return columns, in their order, by two passes over the signs: the first cheap, the second telling more."""
    distance = np.zeros(bits.shape[1], np.uint16)
    for row, word in zip(bits, np.frombuffer(pack(vector), np.uint64), strict=True):
        distance += np.bitwise_count(row ^ word)
    near = distance if seen is None else distance[seen]
    left = min(max(len(near) // FIRST_PART, FIRST_LEAST, count), FIRST_MOST)
    furthest = np.searchsorted(np.bincount(near).cumsum(), left)
    within = distance <= furthest
    first = np.flatnonzero(within if seen is None else within & seen)[:FIRST_MOST]
    if count >= len(first):
        return first
    words = np.ascontiguousarray(bits[:, first].T)
    signs = np.unpackbits(words.view(np.uint8), axis=1, count=len(vector))
    second = np.argpartition(-(signs.astype(np.float32) @ vector), count)[:count]
    return np.sort(first[second])


def exact(connection: apsw.Connection, build: int, vector: Vector, ids: list[int]) -> dict[int, float]:
    """Return the cosine similarity of those of the chunks that have a vector."""
    rows: list[tuple[int, bytes]] = connection.execute(  # type: ignore[assignment] # apsw can't know
        f"select id, vector from vectors_{build} where id in (select value from json_each(?))",
        (json.dumps(ids),),
    ).fetchall()
    if not rows:
        return {}
    matrix = np.frombuffer(b"".join(row[1] for row in rows), np.float16).reshape(len(rows), -1)
    scores = matrix.astype(np.float32) @ vector
    return {row[0]: score for row, score in zip(rows, scores.tolist(), strict=True)}


def _visible(codes: Codes, allowed: Iterable[int] | None) -> NDArray[np.bool_] | None:
    if allowed is None:
        return None
    scopes = np.zeros(int(codes.scopes.max(initial=0)) + 1, np.bool_)
    scopes[[scope for scope in allowed if scope < len(scopes)]] = True
    seen: NDArray[np.bool_] = scopes[codes.scopes]
    return seen


def _words(dimensions: int) -> int:
    return -(-dimensions // _WORD_BITS)
