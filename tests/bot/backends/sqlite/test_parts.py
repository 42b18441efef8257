"""The pure parts of the embedded store: fusion, the choice of terms, two passes over the signs."""

from pathlib import Path

import numpy as np
import pytest

from bot.backends.sqlite import (
    file_errors,
    fts_query,
    schema,
    vectors,
)
from bot.backends.sqlite import (
    writer as writing,
)
from bot.backends.sqlite.relative_score_fusion import fuse
from bot.ports import IndexFormat, Vector
from tests.support.store_contract import FORMAT, page


def test_fusion_spreads_each_leg() -> None:
    """Each leg's scores are spread over 0..1 and weighted; a chunk of one leg gets nothing from the other."""
    fused = fuse({1: 12.0, 2: 6.0, 3: 0.0}, {2: 0.9, 4: 0.1}, alpha=0.25, limit=9)
    assert fused == [(1, 0.75), (2, 0.625), (3, 0.0), (4, 0.0)]


def test_fusion_of_one_leg() -> None:
    """A leg that found one chunk gives it its whole weight; one without weight brings no chunk."""
    assert fuse({1: 3.0}, {}, alpha=0.0, limit=5) == [(1, 1.0)]
    assert fuse({1: 3.0}, {2: 0.5}, alpha=1.0, limit=5) == [(2, 1.0)]
    assert fuse({}, {}, alpha=0.5, limit=5) == []


def test_ties_keep_their_order() -> None:
    """Chunks of one score come in the order in which they were stored, cut at the limit."""
    assert fuse({9: 1.0, 2: 1.0, 5: 1.0}, {}, alpha=0.0, limit=2) == [(2, 1.0), (5, 1.0)]


def test_common_terms_are_left_out() -> None:
    """In a large index the commonest terms go first, those of no page at all too, the rarest never."""
    counts = {"rare": 10, "mid": 4_000, "common": 9_000, "most": 10_000, "none": 0}
    assert fts_query.choose(list(counts), counts) == ["rare", "mid", "common"]
    everywhere = dict.fromkeys("abcde", fts_query.POSTINGS)
    assert fts_query.choose(list(everywhere), everywhere) == ["a", "b", "c"]


def test_questions_of_very_many_terms() -> None:
    """Of a very long question the rarest terms are looked for."""
    counts = {f"t{n}": n + 1 for n in range(1_000)}
    assert fts_query.choose(list(counts), counts) == list(counts)[: fts_query.MOST_TERMS]


def test_match_expression() -> None:
    """Scopes stand inside the MATCH, as what must or as what must not be; one character begins pairs."""
    columns = "{title heading body} : "
    assert fts_query.match(["a", "b"]) == columns + '("a" OR "b")'
    assert fts_query.match(["a"], only=[1, 7]) == f'({columns}("a")) AND scope : (s1 OR s7)'
    assert fts_query.match(["a"], never=[3]) == f'({columns}("a")) NOT scope : (s3)'
    assert fts_query.match(["税"]) == columns + '("税"*)'


def _unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def _codes(matrix: np.ndarray, scopes: np.ndarray) -> vectors.Codes:
    bits = np.frombuffer(b"".join(map(vectors.pack, matrix)), np.uint64).reshape(len(matrix), -1).T
    ids = np.arange(1, len(matrix) + 1)
    return vectors.Codes(1, 0, ids, scopes.astype(np.int32), np.ascontiguousarray(bits))


@pytest.mark.slow
@pytest.mark.parametrize("dimensions", [384, 100])
def test_two_passes_find_the_nearest(tmp_path: Path, dimensions: int) -> None:
    """Of 6,000 vectors in clusters the exact ten nearest are found, and their exact scores."""
    rng = np.random.default_rng(5)
    centres = rng.standard_normal((300, dimensions))
    noise = rng.standard_normal((6_000, dimensions)) * 0.6
    matrix = _unit(centres[rng.integers(300, size=6_000)] + noise)
    scopes = np.arange(6_000) % 3
    connection = file_errors.connect(tmp_path / "index.db", cache_kib=1_000)
    with file_errors.transaction(connection, write=True):
        build = schema.create(connection, IndexFormat("m", dimensions, "c"), state="live")
        rows = [(n + 1, vectors.to_halves(row[None])[0]) for n, row in enumerate(matrix)]
        connection.executemany(f"insert into vectors_{build.id} values(?, ?)", rows)
    codes = _codes(matrix, scopes)
    for allowed in (None, [0, 2]):
        shares = []
        for query in _unit(centres[:20] + rng.standard_normal((20, dimensions)) * 0.3):
            found = vectors.nearest(connection, codes, query, allowed, 10)
            scores = matrix @ query
            if allowed is not None:
                scores[~np.isin(scopes, allowed)] = -1
            best = np.argsort(-scores)[:10] + 1
            shares.append(len(set(best.tolist()) & set(found)) / 10)
            assert all(abs(scores[key - 1] - score) < 2e-3 for key, score in found.items())
            assert list(found.values()) == sorted(found.values(), reverse=True)
        assert np.mean(shares) > 0.99
    connection.close()


@pytest.mark.slow
@pytest.mark.parametrize("visible", [2_001, 5_000])
def test_no_pass_brings_in_what_is_hidden(tmp_path: Path, visible: int) -> None:
    """However few of very many chunks may be seen, no hidden one is ever scored, near as it may be."""
    rng = np.random.default_rng(6)
    matrix = _unit(rng.standard_normal((60_000, 64)))
    query = _unit(rng.standard_normal(64))
    matrix[visible:] = _unit(query + rng.standard_normal((60_000 - visible, 64)) * 0.1)
    scopes = np.where(np.arange(60_000) < visible, 1, 2)
    connection = file_errors.connect(tmp_path / "index.db", cache_kib=1_000)
    with file_errors.transaction(connection, write=True):
        build = schema.create(connection, IndexFormat("m", 64, "c"), state="live")
        rows = [(n + 1, vectors.to_halves(row[None])[0]) for n, row in enumerate(matrix)]
        connection.executemany(f"insert into vectors_{build.id} values(?, ?)", rows)
    found = vectors.nearest(connection, _codes(matrix, scopes), query, [1], 50)
    assert len(found) == 50
    assert max(found) <= visible
    connection.close()


def test_codes_follow_changes(tmp_path: Path) -> None:
    """Codes that were brought up to date are those that would be read anew, after any changes."""
    connection = file_errors.connect(tmp_path / "index.db", cache_kib=1_000)
    with file_errors.transaction(connection, write=True):
        build = schema.create(connection, FORMAT, state="live")
    known: vectors.Codes | None = None
    rng = np.random.default_rng(9)
    for step in range(30):
        with file_errors.transaction(connection, write=True):
            build = schema.get(connection, build.id) or build
            writer = writing.SqliteWriter(connection, build)
            doc_id = f"s:{rng.integers(6)}"
            if step % 4 == 3:
                writer.drop(doc_id)
            else:
                writer.put(writing.prepare([page(doc_id, f"step {step}", f"other {step}")], FORMAT))
            writer.done()
        if step % 3 == 2:
            continue
        build = schema.get(connection, build.id) or build
        known = vectors.load(connection, build, known)
        anew = vectors.load(connection, build, None)
        assert known.version == anew.version == (build.id, build.generation)
        for name in ("ids", "scopes", "bits"):
            assert np.array_equal(getattr(known, name), getattr(anew, name))
    connection.close()


def test_a_reader_that_missed_much_reads_all(tmp_path: Path) -> None:
    """Deletions are forgotten after a while; who knows an older state than that reads everything."""
    connection = file_errors.connect(tmp_path / "index.db", cache_kib=1_000)
    with file_errors.transaction(connection, write=True):
        build = schema.create(connection, FORMAT, state="live")
    known: vectors.Codes | None = None
    for step in range(8):
        with file_errors.transaction(connection, write=True):
            writer = writing.SqliteWriter(connection, schema.get(connection, build.id) or build, history=3)
            writer.put(writing.prepare([page("s:a", f"step {step}")], FORMAT))
            writer.done()
        if step == 0:
            known = vectors.load(connection, schema.get(connection, build.id) or build, None)
    now = schema.get(connection, build.id) or build
    assert now.floor == now.generation - 3
    assert len(vectors.load(connection, now, known).ids) == 1
    connection.close()


def test_half_precision_is_enough() -> None:
    """A vector comes back within a thousandth of its cosine."""
    vector: Vector = _unit(np.random.default_rng(1).standard_normal(384))
    assert float(vectors.from_half(vectors.to_halves(vector[None])[0]) @ vector) == pytest.approx(
        1.0, abs=1e-3
    )
