"""Embeds with the vectors that come with the package: one a token, weighed and averaged. No model runs.

The vectors and the tokenizer are those of WordLlama (https://github.com/dleemiller/WordLlama, MIT), 256 numbers a
token, out of its wheel; nothing of its code is used, because its own loader asks the network. A text costs about 50
µs, so nothing is batched and no thread is kept. Much worse than a sentence encoder at telling near things apart,
much better than words alone at other wordings.

The table's file is mapped, not read: a command that asks one question touches a few of its 32,000 rows.
"""

import asyncio
import csv
import hashlib
import importlib.util
import json
import mmap
from base64 import urlsafe_b64decode
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
_KINDS: Final = {"F16": "<f2", "F32": "<f4"}


async def open_embedder() -> "StaticEmbedder":
    """Load it, in about 0.1 s. Raises Rejected if its files aren't there."""
    return await asyncio.to_thread(_open)


class StaticEmbedder:
    """Implements ports.Embedder. Made by `open_embedder`."""

    def __init__(self, tokenizer: "Tokenizer", table: NDArray[np.floating], identity: str) -> None:
        """`table` has a row a token, as the file has it."""
        self._tokenizer = tokenizer
        self._table = table
        self._weights = np.log1p(np.arange(len(table), dtype=np.float32) / _COMMON)
        self._weighed: NDArray[np.float32] | None = None  # all of it, once there is much to embed
        self._identity = identity
        self._texts = 0

    @property
    def model(self) -> str:
        return f"static:{self._identity}:{DIMENSIONS}"

    @property
    def dimensions(self) -> int:
        return DIMENSIONS

    async def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row of length 1 for each text; zeros for a text without a single known token."""
        if self._weighed is None and len(texts) >= _BATCH:
            self._weighed = self._table.astype(np.float32) * self._weights[:, None]
        rows = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for start in range(0, len(texts), _BATCH):
            batch = texts[start : start + _BATCH]
            rows[start : start + len(batch)] = await asyncio.to_thread(self._embed, batch)
        self._texts += len(texts)
        return rows

    async def embed_query(self, text: str) -> Vector:
        """Embed a question, which is too quick to be worth a thread."""
        self._texts += 1
        row: Vector = self._embed([text])[0]
        return row

    def usage(self) -> Usage:
        """Return a usage without figures: nothing of it costs anything."""
        return Usage(self.model, texts=self._texts)

    async def close(self) -> None: ...

    def _embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        encoded = self._tokenizer.encode_batch_fast(
            [text[:LONGEST] for text in texts], add_special_tokens=False
        )
        rows = np.stack([self._summed(each.ids) for each in encoded])
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.where(lengths == 0, 1, lengths), dtype=np.float32)

    def _summed(self, tokens: list[int]) -> NDArray[np.float32]:
        """Add up the tokens' weighed vectors."""
        if self._weighed is not None:
            return np.asarray(self._weighed[tokens].sum(axis=0))
        rows = self._table[tokens].astype(np.float32) * self._weights[tokens][:, None]
        return np.asarray(rows.sum(axis=0))


def _open() -> StaticEmbedder:
    folder = _folder()
    from tokenizers import Tokenizer

    try:
        words = (folder / _TOKENIZER).read_text(encoding="utf-8")
        table = _mapped(folder / _WEIGHTS)
        digest = _recorded_digest(folder) or hashlib.sha256((folder / _WEIGHTS).read_bytes()).hexdigest()
    except OSError as error:
        raise _missing(f"{error.filename} can't be read: {error.strerror}.") from error
    tokenizer = Tokenizer.from_str(words)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return StaticEmbedder(tokenizer, table, f"{digest[:12]}:zipf{_COMMON}")


def _mapped(file: Path) -> NDArray[np.floating]:
    """Map the only table of a safetensors file: 8 bytes of length, a head in JSON, the numbers."""
    with file.open("rb") as opened:
        data = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    size = int.from_bytes(data[:8], "little")
    ((_, told),) = ((name, one) for name, one in json.loads(data[8 : 8 + size]).items() if name[:2] != "__")
    begin, end = told["data_offsets"]
    kind = np.dtype(_KINDS[told["dtype"]])
    numbers = np.frombuffer(data, kind, count=(end - begin) // kind.itemsize, offset=8 + size + begin)
    return numbers.reshape(told["shape"])


def _recorded_digest(folder: Path) -> str:
    """Return the SHA-256 of the table, as the installer wrote it down; "" if it didn't."""
    for record in folder.parent.glob("wordllama-*.dist-info/RECORD"):
        for name, digest, *_ in csv.reader(record.read_text(encoding="utf-8").splitlines()):
            if name == f"wordllama/{_WEIGHTS}" and digest.startswith("sha256="):
                return urlsafe_b64decode(digest.removeprefix("sha256=") + "=").hex()
    return ""


def _folder() -> Path:
    """Find the package's folder without importing it."""
    spec = importlib.util.find_spec("wordllama")
    if spec is None or not spec.submodule_search_locations:
        raise _missing("wordllama is not installed.")
    return Path(spec.submodule_search_locations[0])


def _missing(why: str) -> Rejected:
    return Rejected(PART, why, remedy="Install docent again, or write embedder: none.")
