"""The embedder that comes with the package: one vector a token, weighed and averaged. No model runs.

The vectors and the tokenizer are those of WordLlama (https://github.com/dleemiller/WordLlama, MIT), 256
numbers a token, out of its wheel; nothing of its code is used, because its own loader asks the network.
A text costs about 50 µs, so nothing is batched and no thread is kept. Much worse than a sentence encoder at
telling near things apart, much better than words alone at other wordings.
"""

import asyncio
import hashlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from bot.model import Usage
from bot.ports import Rejected, Vector

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PART: Final = "the embedder"
DIMENSIONS: Final = 256
LONGEST: Final = 20_000  # characters
_WEIGHTS: Final = "weights/l2_supercat_256.safetensors"
_TOKENIZER: Final = "tokenizers/l2_supercat_tokenizer_config.json"
# The tokenizer's numbers follow how common a token is. A token weighs log(1 + number / this): common ones, in
# every text, tell little (Zipf weights, as Model2Vec has them). 20 to 1,000 give nDCG@10 within .01.
_COMMON: Final = 200
_BATCH: Final = 256


async def open_embedder() -> "StaticEmbedder":
    """Load it: about 0.1 s. Raises Rejected if its files aren't there."""
    return await asyncio.to_thread(_open)


class StaticEmbedder:
    """ports.Embedder. Made by `open_embedder`."""

    def __init__(self, tokenizer: "Tokenizer", table: NDArray[np.float32], identity: str) -> None:
        self._tokenizer = tokenizer
        self._table = table
        self._identity = identity
        self._texts = 0

    @property
    def model(self) -> str:
        return f"static:{self._identity}:{DIMENSIONS}"

    @property
    def dimensions(self) -> int:
        return DIMENSIONS

    async def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row of length 1 a text; a text without a single known token has zeros."""
        rows = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for start in range(0, len(texts), _BATCH):
            batch = texts[start : start + _BATCH]
            rows[start : start + len(batch)] = await asyncio.to_thread(self._embed, batch)
        self._texts += len(texts)
        return rows

    async def embed_query(self, text: str) -> Vector:
        """Too quick to be worth a thread."""
        self._texts += 1
        row: Vector = self._embed([text])[0]
        return row

    def usage(self) -> Usage:
        """Nothing of it costs anything."""
        return Usage(self.model, texts=self._texts)

    async def close(self) -> None: ...

    def _embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        encoded = self._tokenizer.encode_batch_fast(
            [text[:LONGEST] for text in texts], add_special_tokens=False
        )
        rows = np.stack([self._table[each.ids].sum(axis=0) for each in encoded])
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.where(lengths == 0, 1, lengths), dtype=np.float32)


def _open() -> StaticEmbedder:
    folder = _folder()
    from safetensors.numpy import load
    from tokenizers import Tokenizer

    try:
        raw = (folder / _WEIGHTS).read_bytes()
        words = (folder / _TOKENIZER).read_text(encoding="utf-8")
    except OSError as error:
        raise _missing(f"{error.filename} can't be read: {error.strerror}.") from error
    tokenizer = Tokenizer.from_str(words)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    (table,) = load(raw).values()
    weights = np.log1p(np.arange(len(table), dtype=np.float32) / _COMMON)
    digest = hashlib.sha256(raw).hexdigest()[:12]
    return StaticEmbedder(tokenizer, table.astype(np.float32) * weights[:, None], f"{digest}:zipf{_COMMON}")


def _folder() -> Path:
    """Found without importing the package."""
    spec = importlib.util.find_spec("wordllama")
    if spec is None or not spec.submodule_search_locations:
        raise _missing("wordllama is not installed.")
    return Path(spec.submodule_search_locations[0])


def _missing(why: str) -> Rejected:
    return Rejected(PART, why, remedy="Install docent again, or write embedder: none.")
