"""Vectors that aren't stored yet outlive the process that paid for them."""

import logging
from pathlib import Path

import numpy as np
import pytest

from bot.ports import Vector
from indexer.reading.chunker import text_hash
from indexer.sync.embedding.vector_cache import VectorCache


def vectors(*texts: str) -> dict[str, Vector]:
    return {text_hash(text): np.full(4, len(text), np.float32) for text in texts}


def opened(path: Path, model: str = "m", dimensions: int = 4) -> VectorCache:
    vault = VectorCache(path, model, dimensions)
    vault.load()
    return vault


def test_what_was_kept_is_found(tmp_path: Path) -> None:
    """A vault that was not closed gives its vectors to the next one."""
    first = opened(tmp_path / "v")
    first.keep(vectors("a"))
    first.keep(vectors("bb", "ccc"))

    second = opened(tmp_path / "v")

    found = [second.get(text_hash(text)) for text in ("a", "bb", "ccc")]
    assert [vector.tolist() for vector in found if vector is not None] == [[1.0] * 4, [2.0] * 4, [3.0] * 4]
    assert second.get(text_hash("d")) is None
    first.close(done=False)


def test_goes_on_after_a_kill(tmp_path: Path) -> None:
    """What two killed syncs kept is there for the third."""
    first = opened(tmp_path / "v")
    first.keep(vectors("a"))
    second = opened(tmp_path / "v")
    second.keep(vectors("bb"))

    third = opened(tmp_path / "v")

    assert third.get(text_hash("a")) is not None
    assert third.get(text_hash("bb")) is not None
    first.close(done=False)
    second.close(done=False)


@pytest.mark.parametrize("cut", [1, 20, 35])
def test_a_torn_record(tmp_path: Path, cut: int) -> None:
    """Of a record that was cut short nothing is taken, of those before it all."""
    vault = opened(tmp_path / "v")
    vault.keep(vectors("a", "bb"))
    vault.close(done=False)
    data = (tmp_path / "v").read_bytes()
    (tmp_path / "v").write_bytes(data[:-cut])

    again = opened(tmp_path / "v")

    assert again.get(text_hash("a")) is not None
    assert again.get(text_hash("bb")) is None


def test_a_spoilt_record(tmp_path: Path) -> None:
    """Numbers that don't match their checksum are not taken."""
    vault = opened(tmp_path / "v")
    vault.keep(vectors("a"))
    vault.close(done=False)
    data = bytearray((tmp_path / "v").read_bytes())
    data[40] ^= 1
    (tmp_path / "v").write_bytes(data)

    assert opened(tmp_path / "v").get(text_hash("a")) is None


@pytest.mark.parametrize("other", [("n", 4), ("m", 5)])
def test_another_models_vectors(tmp_path: Path, other: tuple[str, int]) -> None:
    """A model's vectors are none of another's, nor of the same with other dimensions."""
    vault = opened(tmp_path / "v")
    vault.keep(vectors("a", "bb"))
    vault.close(done=False)

    assert opened(tmp_path / "v", *other).get(text_hash("a")) is None


def test_the_file_goes_with_the_need(tmp_path: Path) -> None:
    """When all is stored, or the sync is done, there is no file."""
    for done in (True, False):
        vault = opened(tmp_path / "v")
        vault.keep(vectors("a"))
        if not done:
            vault.stored(vectors("a"))
        vault.close(done=done)
        assert list(tmp_path.iterdir()) == []


def test_it_stays_small(tmp_path: Path) -> None:
    """What is stored by now is thrown out of a file that has grown large, and what isn't stays."""
    dimensions = 1024
    vault = VectorCache(tmp_path / "v", "m", dimensions)
    vault.keep({text_hash("first"): np.ones(dimensions, np.float32)})
    for number in range(0, 12_000, 100):
        some = {text_hash(str(n)): np.full(dimensions, n, np.float32) for n in range(number, number + 100)}
        vault.keep(some)
        vault.stored(some)
    vault.keep({text_hash("last"): np.ones(dimensions, np.float32)})
    vault.close(done=False)

    assert (tmp_path / "v").stat().st_size < 40 * 2**20
    again = VectorCache(tmp_path / "v", "m", dimensions)
    again.load()
    assert again.get(text_hash("first")) is not None
    assert again.get(text_hash("last")) is not None


def test_a_folder_that_cannot_be_written(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A sync goes on without, and the log says so once."""
    (tmp_path / "file").write_text("no folder")
    vault = opened(tmp_path / "file" / "v")
    with caplog.at_level(logging.WARNING):
        vault.keep(vectors("a"))
        vault.keep(vectors("bb"))
    vault.close(done=True)

    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "vectors can't be kept beside the index until they are in it"
    ]
