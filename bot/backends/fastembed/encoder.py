"""Encodes sentences with ONNX, one text at a time on one thread: no padding, and the caches stay warm.

A vector depends on its text alone. (A model in int8 scales each batch by what is in it: the same text beside others
had another vector.) A session may be called from several threads at once.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bot.ports import Vector

Encoder = Callable[[str], Vector]
_MASK: Final = "attention_mask"
_KINDS: Final = "token_type_ids"
_TOKENS: Final = "input_ids"
_LONGEST: Final = 1_000_000  # tokens; a tokenizer that says more knows no limit


def open_encoder(folder: Path, file: str, *, pooling: str) -> Encoder:
    """Open `file` in `folder`, with the tokenizer beside it. Raises what ONNX Runtime, tokenizers and JSON raise."""
    import onnxruntime
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(_longest(folder / "tokenizer_config.json"))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(folder / file), options, providers=["CPUExecutionProvider"])
    wanted = [one.name for one in session.get_inputs()]
    if unknown := set(wanted) - {_TOKENS, _MASK, _KINDS}:
        raise ValueError(f"the model wants {', '.join(sorted(unknown))}")

    def encode(text: str) -> Vector:
        encoded = tokenizer.encode(text)
        given = {_TOKENS: encoded.ids, _MASK: encoded.attention_mask, _KINDS: encoded.type_ids}
        tokens = session.run(None, _fed(wanted, given))[0][0]
        return _pooled(tokens, pooling)

    return encode


def _fed(wanted: Sequence[str], given: dict[str, list[int]]) -> dict[str, NDArray[np.int64]]:
    return {name: np.array([given[name]], dtype=np.int64) for name in wanted}


def _pooled(tokens: NDArray[np.floating], pooling: str) -> Vector:
    """Pool rows, one a token, into a vector; a model that pools by itself gives one row."""
    if tokens.ndim == 1:
        return tokens.astype(np.float32)
    row: Vector = (tokens[0] if pooling == "cls" else tokens.mean(axis=0, dtype=np.float64)).astype(
        np.float32
    )
    return row


def _longest(config: Path) -> int:
    """Return how many tokens the model reads. Raises ValueError if its tokenizer doesn't say."""
    told: dict[str, Any] = json.loads(config.read_text(encoding="utf-8"))
    known = [told.get(name) for name in ("model_max_length", "max_length")]
    usable = [each for each in known if isinstance(each, int) and 0 < each < _LONGEST]
    if not usable:
        raise ValueError("the tokenizer's configuration has no model_max_length")
    return min(usable)
