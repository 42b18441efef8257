"""Embeds on this machine, by an ONNX model from a folder on disk, or by name through fastembed.

The model is loaded at the first text or by `load`. Texts are computed one by one, each on one thread, as many at
once as there are cores: with two cores that takes half the CPU time of batches, and a vector depends on nothing but
its text. ONNX Runtime computes outside of the interpreter's lock. fastembed is imported for models by name alone:
it takes a second, and knows where to download them.
"""

import asyncio
import difflib
import hashlib
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from bot.backends.fastembed.encoder import Encoder, open_encoder
from bot.backends.fastembed.loading import LoadedOnce, Wording, downloaded, from_folder, not_installed
from bot.backends.fastembed.text_queue import TextQueue
from bot.config.models import LocalEmbedderSettings as LocalSettings
from bot.model import Usage
from bot.ports import Rejected, Unavailable, Vector
from bot.runtime.process.cores import cores

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
    """Open an embedder; no model is loaded yet.

    Raises Rejected for missing files, or a name that fastembed doesn't know.
    """
    if settings.path is None:
        dimensions = await asyncio.to_thread(_dimensions, settings)
        identity = settings.model
    else:
        digest = await asyncio.to_thread(_digest, settings.path, settings.file)
        told = settings.dimensions
        dimensions = await asyncio.to_thread(_told_dimensions, settings.path) if told is None else told
        identity = f"{Path(settings.file).name}@{digest}:{settings.pooling}"
    return FastembedEmbedder(settings, settings.cache or cache, identity, dimensions)


class FastembedEmbedder:
    """Implements ports.Embedder. Made by `open_embedder`."""

    def __init__(self, settings: LocalSettings, cache: Path, identity: str, dimensions: int) -> None:
        self._settings = settings
        self._dimensions = dimensions
        query, document = _PREFIXES.get(settings.model, ("", "")) if settings.path is None else ("", "")
        self._query_prefix = query if settings.query_prefix is None else settings.query_prefix
        self._document_prefix = document if settings.document_prefix is None else settings.document_prefix
        self._identity = identity
        self._model: LoadedOnce[Encoder] = LoadedOnce(lambda: _load(settings, cache))
        self._queue: TextQueue[Vector] = TextQueue(settings.threads or cores(), "embed")
        self._texts = 0

    @property
    def model(self) -> str:
        """The model's name, with what is put before a document: other vectors need another name."""
        prefix = f":{self._document_prefix.strip()}" if self._document_prefix else ""
        return f"local:{self._identity}:{self._dimensions}{prefix}"

    @property
    def dimensions(self) -> int:
        return self._dimensions

    async def load(self) -> None:
        """Load the model now, not with the first text. A model by name may be downloaded."""
        await self._model.get()

    async def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row of length 1 for each text. Of two calls the one with fewer texts goes first."""
        rows = await self._embed([self._document_prefix + text[:_LONGEST] for text in texts])
        return np.stack(rows) if rows else np.zeros((0, self._dimensions), dtype=np.float32)

    async def embed_query(self, text: str) -> Vector:
        (row,) = await self._embed([self._query_prefix + text[:_LONGEST]])
        return row

    def usage(self) -> Usage:
        """Return a usage without figures: nothing of it costs anything."""
        return Usage(self.model, calls=self._texts, texts=self._texts)

    async def close(self) -> None:
        """Let what runs end; the model's memory goes with this object."""
        self._queue.close()
        self._model.forget()

    async def _embed(self, texts: Sequence[str]) -> list[Vector]:
        encoder = await self._model.get()
        rows = await self._queue.each(lambda text: _encoded(encoder, text), texts)
        self._texts += len(rows)
        if rows and len(rows[0]) != self._dimensions:
            raise Rejected(
                PART,
                f"the model makes vectors of {len(rows[0])} numbers, docent.yaml says {self._dimensions}.",
                remedy=f"Write dimensions: {len(rows[0])}.",
            )
        return rows


def _encoded(encoder: Encoder, text: str) -> Vector:
    """Return a vector of length 1. Raises Unavailable."""
    try:
        row = encoder(text)
    except Exception as error:  # ONNX Runtime's own have nothing else in common
        raise Unavailable(PART, f"the model failed ({type(error).__name__}).") from error
    length = np.linalg.norm(row)
    return np.asarray(row / (length or 1.0), dtype=np.float32)


def _load(settings: LocalSettings, cache: Path) -> Encoder:
    if settings.path is not None:
        return from_folder(
            lambda: open_encoder(settings.path or Path(), settings.file, pooling=settings.pooling),
            settings,
            _WORDING,
        )
    model = downloaded(partial(_fastembed(), threads=1), settings, cache, _WORDING)
    return lambda text: np.asarray(next(iter(model.embed([text], batch_size=1))), dtype=np.float32)


def _told_dimensions(folder: Path) -> int:
    """Return the dimensions that the model's config.json has; they are compared with the real ones at the first use."""
    try:
        told = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        told = {}
    for name in ("hidden_size", "d_model", "dim"):
        if isinstance(told, dict) and isinstance(size := told.get(name), int) and size > 0:
            return size
    raise Rejected(
        PART,
        f"how many dimensions the model in {folder} has isn't known: no config.json there says so.",
        remedy="Write dimensions beside path, such as dimensions: 384.",
    )


def _dimensions(settings: LocalSettings) -> int:
    """Return the dimensions of a model by name."""
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
    """Digest samples from all over the file, and its length: any training changes every part of a model."""
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
