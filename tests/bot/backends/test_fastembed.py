"""The embedder on this machine. What needs a model runs with the one of ../shared, where it is."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import constants

from bot.backends.fastembed.embedder import FastembedEmbedder, open_embedder
from bot.config.models import LocalEmbedderSettings as LocalSettings
from bot.ports import Rejected, Unavailable

MODEL = Path(__file__).resolve().parents[4] / "shared/models/all-MiniLM-L6-v2-int8"
needs_model = pytest.mark.skipif(
    not MODEL.exists(), reason="needs ../shared/models, an embedding model on disk"
)


def settings(**more) -> LocalSettings:
    return LocalSettings(**{"path": MODEL, "file": "model_int8.onnx", "dimensions": 384, **more})


@pytest.fixture
async def embedder(tmp_path: Path) -> AsyncIterator[FastembedEmbedder]:
    embedder = await open_embedder(settings(), tmp_path)
    yield embedder
    await embedder.close()


@needs_model
async def test_vectors_are_of_length_one_and_in_order(embedder: FastembedEmbedder):
    """One row a text in the texts' order; the same text has the same vector, to the last bit, whatever is beside it."""
    texts = ["dogs in the office", "annual leave " * 50, "x", "annual leave", "how to deploy", "x"]
    rows = await embedder.embed_documents(texts)
    assert rows.shape == (6, 384)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert np.array_equal(rows[2], rows[5])
    assert np.array_equal((await embedder.embed_documents(texts[1:2]))[0], rows[1])
    question = await embedder.embed_query("May I bring my dog?")
    assert int(np.argmax(rows @ question)) == 0


@needs_model
async def test_no_texts_and_blank_texts_are_fine(embedder: FastembedEmbedder):
    """Nothing in, nothing out; blank and huge texts have vectors."""
    assert (await embedder.embed_documents([])).shape == (0, 384)
    assert (await embedder.embed_documents(["", "word " * 30_000])).shape == (2, 384)


@needs_model
async def test_a_question_does_not_wait_for_documents(embedder: FastembedEmbedder):
    """While a long list is embedded, a question is answered before the list is done."""
    await embedder.load()
    documents = asyncio.create_task(embedder.embed_documents(["some words of a page " * 40] * 64))
    await asyncio.sleep(0)
    await embedder.embed_query("a question")
    assert not documents.done()
    documents.cancel()


@needs_model
async def test_the_loop_goes_on_while_a_model_loads(embedder: FastembedEmbedder):
    """Loading and computing happen on threads."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.005)

    counting = asyncio.create_task(count())
    await embedder.embed_query("a question")
    counting.cancel()
    assert turns > 3  # held up, it would have one turn, or two between the two parts


@needs_model
async def test_the_name_is_of_the_files_content(tmp_path: Path, embedder: FastembedEmbedder):
    """A copy elsewhere has the same name; another model, pooling or prefix has another."""
    copy = tmp_path / "elsewhere"
    copy.mkdir()
    for file in MODEL.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    same = await open_embedder(settings(path=copy), tmp_path)
    assert same.model == embedder.model
    with (copy / "model_int8.onnx").open("r+b") as model:
        model.seek(10_000_000)
        model.write(b"\x07" * 600_000)
    names = {embedder.model, (await open_embedder(settings(path=copy), tmp_path)).model}
    names |= {(await open_embedder(settings(pooling="cls"), tmp_path)).model}
    names |= {(await open_embedder(settings(document_prefix="passage: "), tmp_path)).model}
    assert len(names) == 4


@needs_model
async def test_wrong_dimensions_are_told_with_the_right_ones(tmp_path: Path):
    """Before anything is stored."""
    embedder = await open_embedder(settings(dimensions=300), tmp_path)
    with pytest.raises(Rejected, match=r"vectors of 384 numbers, docent\.yaml says 300"):
        await embedder.embed_query("x")


@pytest.mark.parametrize(
    ("config", "dimensions"),
    [('{"hidden_size": 384}', 384), ('{"d_model": 512}', 512), ('{"dim": 768, "hidden_size": null}', 768)],
)
async def test_a_models_own_file_says_how_many_dimensions(tmp_path: Path, config: str, dimensions: int):
    """Nobody has to know them."""
    for name in ("model.onnx", "tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_text("{}")
    (tmp_path / "config.json").write_text(config)
    made = await open_embedder(LocalSettings(path=tmp_path), tmp_path)
    assert made.dimensions == dimensions


@pytest.mark.parametrize("config", [None, "", "[]", '{"hidden_size": "many"}', '{"hidden_size": 0}', "\xff"])
async def test_dimensions_that_nobody_says_are_asked_for(tmp_path: Path, config: str | None):
    """With the line to write."""
    for name in ("model.onnx", "tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_text("{}")
    if config is not None:
        (tmp_path / "config.json").write_bytes(config.encode("latin-1"))
    with pytest.raises(Rejected, match="Write dimensions beside path, such as dimensions: 384"):
        await open_embedder(LocalSettings(path=tmp_path), tmp_path)


async def test_a_missing_file_is_named(tmp_path: Path):
    """With the settings to look at."""
    with pytest.raises(Rejected, match=r"model\.onnx is not there.*embedder\.local\.path"):
        await open_embedder(LocalSettings(path=tmp_path, dimensions=3), tmp_path)


async def test_what_is_no_model_is_named(tmp_path: Path):
    """A file that can't be loaded is the configuration's fault, not a crash."""
    for name in ("model.onnx", "tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_text("{}")
    embedder = await open_embedder(LocalSettings(path=tmp_path, dimensions=3), tmp_path)
    with pytest.raises(Rejected, match=r"model\.onnx can't be loaded"):
        await embedder.load()


async def test_an_unknown_name_is_told_with_the_nearest(tmp_path: Path):
    """The list of models needs no network."""
    with pytest.raises(Rejected, match=r"Did you mean BAAI/bge-small-en-v1\.5\?"):
        await open_embedder(LocalSettings(model="BAAI/bge-smal-en-v1.5"), tmp_path)


async def test_without_a_way_to_the_models_it_says_so_once(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """In one sentence, at once, with what to do; fastembed itself tries for most of a minute."""
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{unheard.getsockname()[1]}")
        embedder = await open_embedder(LocalSettings(), tmp_path / "models")
        with pytest.raises(Unavailable) as caught:
            await embedder.embed_query("dogs")
        await embedder.close()
    said = str(caught.value)
    assert "BAAI/bge-small-en-v1.5 isn't on this machine yet, and 127.0.0.1 can't be reached" in said
    assert f"copy {tmp_path / 'models'} from a machine" in said
    assert "ERROR" not in "".join(capfd.readouterr())
