"""A reranker on this machine, with a real model of a few kilobytes."""

from pathlib import Path

import pytest

from bot.backends.extractive.writer import ExtractiveWriter
from bot.backends.fastembed.reranker import KNOWN, LocalReranker
from bot.config.models import LocalRerankerSettings
from bot.ports import Brief, Rejected, Style, Wrote
from tests.support import word_overlap_model
from tests.support.fakes import make_passage

# Words that the known questions and their answers share, so that the model tells them apart as a trained one does.
SHARED = " ".join(f"{question} {answer}" for question, answer in KNOWN)
PAGES = "dogs are welcome on mondays cats live in the garden may i bring dog to office"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return word_overlap_model.write(tmp_path / "model", f"{SHARED} {PAGES}")


def reranker(folder: Path, **more) -> LocalReranker:
    return LocalReranker(LocalRerankerSettings(path=folder, **more), folder)


async def test_texts_get_a_relevance_from_what_they_say(folder: Path):
    """As many numbers as texts, between 0 and 1, the best for the text that answers."""
    model = reranker(folder)
    given = await model.rerank(
        "When are dogs welcome?", ["Cats live in the garden.", "Dogs are welcome on Mondays."]
    )
    assert given[1] > given[0]
    assert all(0 <= one <= 1 for one in given)
    assert await model.rerank("When are dogs welcome?", []) == []
    assert model.usage().texts == 2
    await model.close()


async def test_a_folder_without_a_model_is_named(tmp_path: Path):
    """One sentence says which file, and what it should be."""
    with pytest.raises(Rejected, match=r"model\.onnx can't be loaded.*cross-encoder in ONNX"):
        await reranker(tmp_path).load()


async def test_a_model_that_ranks_backwards_is_refused(tmp_path: Path):
    """An embedder's file, or one with its scores turned round, would decline every question."""
    backwards = word_overlap_model.write(tmp_path / "model", SHARED, sign=-1.0)
    with pytest.raises(Rejected, match="doesn't tell answers from other texts"):
        await reranker(backwards).load()


async def test_an_unknown_name_is_told_before_any_download(tmp_path: Path):
    """What fastembed doesn't list can't be downloaded."""
    model = LocalReranker(LocalRerankerSettings(model="nobody/has-this"), tmp_path)
    with pytest.raises(Rejected, match="there is no model nobody/has-this"):
        await model.load()


async def test_quotes_are_chosen_by_it(folder: Path):
    """Where a reranker is on this machine, it says which sentence answers."""
    page = make_passage("Cats live in the garden. Dogs are welcome on Mondays.")
    writer = ExtractiveWriter(None, reranker(folder))
    brief = Brief("When are dogs welcome?", (page,), Style())
    text = "".join([event.text async for event in writer.write(brief) if isinstance(event, Wrote)])
    assert text.startswith("Dogs are welcome on Mondays.")
    assert "Cats" not in text
