"""Reads what Cohere's responses hold, liberally: servers that speak like Cohere leave out or rename fields. Pure."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

import numpy as np
from numpy.typing import NDArray
from pydantic_core import from_json

from bot.ports import Refused, Unavailable

Embeddings = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Billed:
    """What one call was charged. Reranking is billed in searches of up to 100 texts: `calls`."""

    calls: int = 1
    input_tokens: int = 0
    output_tokens: int = 0


class Document(TypedDict):
    id: str
    data: dict[str, str]


# (index of the text, relevance), in the server's order
Ranking = list[tuple[int, float]]


def take_embeddings(body: bytes) -> tuple[Embeddings | None, bytes]:
    """Return the numbers of an embed response as an array (a row a text), and the rest; (None, body) if it holds none."""
    try:
        found = from_json(body)
        rows = _rows(found["embeddings"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, body
    return rows, _rest(found, "embeddings", {})


def take_ranking(body: bytes) -> tuple[Ranking | None, bytes]:
    """Return the results of a rerank response, and the rest; (None, body) if it holds none."""
    try:
        found = from_json(body)
        ranking = [(int(each["index"]), float(each["relevance_score"])) for each in found["results"]]
    except (ValueError, KeyError, TypeError, OverflowError):
        return None, body
    return ranking, _rest(found, "results", [])


def _rest(found: dict[str, Any], name: str, nothing: object) -> bytes:
    return json.dumps({"id": str(found.get("id", "")), name: nothing, "meta": found.get("meta")}).encode()


def _rows(embeddings: Any) -> Embeddings:  # noqa: ANN401 - as the server sent it
    if isinstance(embeddings, list):  # the older shape
        return _matrix(embeddings)
    for name in ("float", "float_", "int8"):
        if embeddings.get(name):
            return _matrix(embeddings[name])
    return _floats(embeddings["base64"])


def _matrix(rows: Any) -> Embeddings:  # noqa: ANN401 - lists of numbers, or not
    matrix = np.asarray(rows, dtype=np.float32)
    if matrix.ndim != 2 or not np.isfinite(matrix).all():  # noqa: PLR2004 - rows and columns
        raise ValueError("not rows of numbers")
    return matrix


def _floats(texts: Sequence[str]) -> Embeddings:
    """Decode all texts at once: an array for each row would cost more than the numbers."""
    try:
        rows = [base64.b64decode(text, validate=True) for text in texts]
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if len({len(row) for row in rows}) != 1:
        raise ValueError("rows of several lengths")
    return _matrix(np.frombuffer(b"".join(rows), dtype="<f4").reshape(len(rows), -1))


def text_of(response: Any) -> str:  # noqa: ANN401 - the SDK checks nothing
    """Return the text of a whole answer, without thinking."""
    content = getattr(getattr(response, "message", None), "content", None) or ()
    blocks = [content] if isinstance(content, str) else content
    return "".join(
        block if isinstance(block, str) else str(getattr(block, "text", None) or "") for block in blocks
    )


def billed(meta: Any) -> Billed:  # noqa: ANN401 - `meta` or `usage`, of whichever SDK type
    """Return what was billed; a figure that is missing counts as 0."""
    units = getattr(meta, "billed_units", None)
    tokens = getattr(meta, "tokens", None)

    def count(name: str) -> int:
        value = getattr(units, name, None)
        value = getattr(tokens, name, None) if value is None else value
        return int(value) if isinstance(value, int | float) else 0

    return Billed(
        calls=max(1, count("search_units")),
        input_tokens=count("input_tokens"),
        output_tokens=count("output_tokens"),
    )


def check_finish(part: str, reason: Any, error: Any) -> Literal["complete", "length"]:  # noqa: ANN401
    """Return how an answer ended. Raises if it didn't end as answers should."""
    name = str(reason or "").upper()
    if "TOXIC" in name:
        raise Refused(part, "the model declined to answer.")
    if error or name.startswith("ERROR"):
        raise Unavailable(part, "Cohere failed while it wrote the answer.")
    if name == "TIMEOUT":
        raise Unavailable(part, "Cohere ran out of time while it wrote the answer.")
    if name == "TOOL_CALL":
        raise Unavailable(part, "Cohere asked for a tool instead of answering.")
    return "length" if name == "MAX_TOKENS" else "complete"
