"""An embedder on this machine: an ONNX model through fastembed, by name or from a folder on disk.

fastembed is imported, and the model loaded, at the first text (about two seconds) or by `load`. Documents go
through one thread in batches of like length; questions have a thread of their own, so that none waits for
the documents' batch. ONNX Runtime computes outside of the interpreter's lock.
"""

import asyncio
import difflib
import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from bot.backends.fastembed.loading import LoadedOnce, Wording, not_installed, opened
from bot.config.models import LocalEmbedderSettings as LocalSettings
from bot.model import Usage
from bot.ports import Rejected, Unavailable, Vector

if TYPE_CHECKING:
    from fastembed import TextEmbedding

PART: Final = "the embedder"
_WORDING: Final = Wording(PART, "an ONNX model", "embedder: {local: {path: …, dimensions: …}}")

# What models want before a text, where fastembed doesn't put it itself.
_PREFIXES: Final = {
    "BAAI/bge-small-en-v1.5": ("Represent this sentence for searching relevant passages: ", ""),
    "BAAI/bge-base-en-v1.5": ("Represent this sentence for searching relevant passages: ", ""),
    "BAAI/bge-large-en-v1.5": ("Represent this sentence for searching relevant passages: ", ""),
    "intfloat/multilingual-e5-large": ("query: ", "passage: "),
}
_NEEDED: Final = ("tokenizer.json", "tokenizer_config.json")
_SAMPLES: Final = 64
_SAMPLE: Final = 65_536
_LONGEST: Final = 20_000  # characters; models read 512 tokens at most


async def open_embedder(settings: LocalSettings, cache: Path) -> "FastembedEmbedder":
    """Raises Rejected for files that are missing or a name that fastembed doesn't know. Loads no model yet."""
    if settings.path is None:
        dimensions = await asyncio.to_thread(_dimensions, settings)
        identity = settings.model
    else:
        digest = await asyncio.to_thread(_digest, settings.path, settings.file)
        dimensions = settings.dimensions or 0
        identity = f"{Path(settings.file).name}@{digest}:{settings.pooling}"
    return FastembedEmbedder(settings, settings.cache or cache, identity, dimensions)


class FastembedEmbedder:
    """ports.Embedder. Made by `open_embedder`."""

    def __init__(self, settings: LocalSettings, cache: Path, identity: str, dimensions: int) -> None:
        self._settings = settings
        self._dimensions = dimensions
        query, document = _PREFIXES.get(settings.model, ("", "")) if settings.path is None else ("", "")
        self._query_prefix = query if settings.query_prefix is None else settings.query_prefix
        self._document_prefix = document if settings.document_prefix is None else settings.document_prefix
        self._identity = identity
        self._model = LoadedOnce(lambda: _load(settings, cache, identity, dimensions))
        self._documents = ThreadPoolExecutor(1, "embed")
        self._questions = ThreadPoolExecutor(1, "embed-question")
        self._calls = self._texts = 0

    @property
    def model(self) -> str:
        """Also what is put before a document: other vectors need another name."""
        prefix = f":{self._document_prefix.strip()}" if self._document_prefix else ""
        return f"local:{self._identity}:{self._dimensions}{prefix}"

    @property
    def dimensions(self) -> int:
        return self._dimensions

    async def load(self) -> None:
        """Load the model now, not with the first text. A model by name may be downloaded."""
        await self._model.get()

    async def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        model = await self._model.get()
        rows = np.zeros((len(texts), self._dimensions), dtype=np.float32)
        for batch in _batches(texts, self._settings.batch):
            words = [self._document_prefix + texts[number][:_LONGEST] for number in batch]
            rows[batch] = await self._run(self._documents, model, words)
        self._texts += len(texts)
        return rows

    async def embed_query(self, text: str) -> Vector:
        words = [self._query_prefix + text[:_LONGEST]]
        row: Vector = (await self._run(self._questions, await self._model.get(), words))[0]
        self._texts += 1
        return row

    def usage(self) -> Usage:
        """Nothing of it costs anything."""
        return Usage(self.model, calls=self._calls, texts=self._texts)

    async def close(self) -> None:
        """Let what runs end; the model's memory goes with this object."""
        self._documents.shutdown(wait=False, cancel_futures=True)
        self._questions.shutdown(wait=False, cancel_futures=True)
        self._model.forget()

    async def _run(
        self, thread: ThreadPoolExecutor, model: "TextEmbedding", texts: list[str]
    ) -> NDArray[np.float32]:
        loop = asyncio.get_running_loop()
        rows = await loop.run_in_executor(thread, _embed, model, texts)
        self._calls += 1
        if rows.shape[1] != self._dimensions:
            raise Rejected(
                PART,
                f"the model makes vectors of {rows.shape[1]} numbers, docent.yaml says {self._dimensions}.",
                remedy=f"Write dimensions: {rows.shape[1]}.",
            )
        return rows


def _embed(model: "TextEmbedding", texts: list[str]) -> NDArray[np.float32]:
    try:
        rows = np.asarray(list(model.embed(texts, batch_size=len(texts))), dtype=np.float32)
    except (RuntimeError, ValueError, MemoryError) as error:
        raise Unavailable(PART, f"the model failed ({type(error).__name__}).") from error
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(lengths == 0, 1, lengths)).astype(np.float32)


def _batches(texts: Sequence[str], size: int) -> Iterator[list[int]]:
    """Numbers of texts of like length: a batch costs what its longest text does."""
    ordered = sorted(range(len(texts)), key=lambda number: len(texts[number]), reverse=True)
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]


def _load(settings: LocalSettings, cache: Path, identity: str, dimensions: int) -> "TextEmbedding":
    return opened(
        _fastembed(),
        settings,
        cache,
        _WORDING,
        registered=lambda: _registered(settings, identity, dimensions),
    )


def _registered(settings: LocalSettings, identity: str, dimensions: int) -> str:
    """Fastembed's list of models is of the process: the same one may stand there already."""
    from fastembed import TextEmbedding
    from fastembed.common.model_description import ModelSource, PoolingType

    name = f"docent/{identity}:{settings.normalize}"
    if name.lower() not in {str(known["model"]).lower() for known in TextEmbedding.list_supported_models()}:
        TextEmbedding.add_custom_model(
            model=name,
            pooling=PoolingType.MEAN if settings.pooling == "mean" else PoolingType.CLS,
            normalization=settings.normalize,
            sources=ModelSource(hf="local/model"),
            dim=dimensions,
            model_file=settings.file,
        )
    return name


def _dimensions(settings: LocalSettings) -> int:
    """Of a model by name."""
    known = {str(model["model"]): int(model["dim"]) for model in _fastembed().list_supported_models()}
    if settings.model in known:
        return known[settings.model]
    near = difflib.get_close_matches(settings.model, known, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}?" if near else "See the models of fastembed."
    raise Rejected(PART, f"there is no model {settings.model}.", remedy=hint)


def _fastembed() -> "type[TextEmbedding]":
    try:
        from fastembed import TextEmbedding
    except ImportError:
        raise not_installed(PART) from None
    return TextEmbedding


def _digest(folder: Path, file: str) -> str:
    """Of samples all over the file and its length: any training changes every part of a model."""
    remedy = "Check embedder.local.path and file in docent.yaml."
    for name in (file, *_NEEDED):
        if not (folder / name).is_file():
            raise Rejected(PART, f"{folder / name} is not there.", remedy=remedy)
    digest = hashlib.sha256()
    try:
        with (folder / file).open("rb") as model:
            size = model.seek(0, 2)
            digest.update(str(size).encode())
            for number in range(_SAMPLES):
                model.seek(max(0, size - _SAMPLE) * number // (_SAMPLES - 1))
                digest.update(model.read(_SAMPLE))
        digest.update((folder / "tokenizer.json").read_bytes())
    except OSError as error:
        raise Rejected(PART, f"{folder / file} can't be read: {error.strerror}.", remedy=remedy) from error
    return digest.hexdigest()[:12]
