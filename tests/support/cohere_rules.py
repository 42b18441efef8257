"""What the real Cohere accepts and how it answers, for tests/support/cohere_server.py. Pure."""

import base64
import hashlib
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

DIMENSIONS = (256, 512, 1024, 1536)
CHAT_MODELS = ("command-a-03-2025", "command-r-08-2024", "command-a-reasoning-08-2025")
EMBED_MODELS = ("embed-v4.0", "embed-english-v3.0", "embed-multilingual-v3.0")
RERANK_MODELS = ("rerank-v4.0-fast", "rerank-v4.0-pro", "rerank-v3.5")

_CHAT_FIELDS = {
    "model",
    "messages",
    "documents",
    "stream",
    "citation_options",
    "response_format",
    "safety_mode",
    "max_tokens",
    "stop_sequences",
    "temperature",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "k",
    "p",
    "logprobs",
    "tool_choice",
    "tools",
    "strict_tools",
    "thinking",
    "priority",
}
_EMBED_FIELDS = {
    "texts",
    "images",
    "model",
    "input_type",
    "inputs",
    "max_tokens",
    "output_dimension",
    "embedding_types",
    "truncate",
    "priority",
}
_RERANK_FIELDS = {"model", "query", "documents", "top_n", "max_tokens_per_doc", "priority"}
_TOKEN = re.compile(r"\s*\S+|\s+")
_WORD = re.compile(r"\w+")
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]?")


class Invalid(Exception):
    """The request gets this status and message."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


def _need(condition: object, message: str, status: int = 400) -> None:
    if not condition:
        raise Invalid(message, status)


def _known(body: Any, fields: set[str], models: Sequence[str]) -> None:
    _need(isinstance(body, dict), "invalid request: not an object")
    strange = sorted(set(body) - fields)
    _need(not strange, f"unknown field: parameter '{''.join(strange[:1])}' is not a valid field", 422)
    _need(body.get("model"), "a model parameter is required for this endpoint.")
    _need(body["model"] in models, f"model '{body['model']}' not found, make sure the model id is right", 404)


def check_embed(body: Any) -> None:
    _known(body, _EMBED_FIELDS, EMBED_MODELS)
    texts = body.get("texts")
    _need(isinstance(texts, list) and texts, "invalid request: at least one of texts or images is required")
    _need(
        len(texts) <= 96, f"invalid request: total number of texts must be at most 96 - received {len(texts)}"
    )
    _need(
        all(isinstance(t, str) and t for t in texts),
        "invalid request: each text must be at least 1 token long",
    )
    kinds = ("search_document", "search_query", "classification", "clustering")
    _need(
        body.get("input_type") in kinds,
        "invalid request: valid input_type must be provided with the provided model",
    )
    types = body.get("embedding_types")
    known = {"float", "int8", "uint8", "binary", "ubinary", "base64"}
    _need(
        isinstance(types, list) and types and set(types) <= known,
        "invalid request: embedding_types is not valid",
    )
    _need(body.get("truncate", "END") in ("NONE", "START", "END"), "invalid request: truncate is not valid")
    if "output_dimension" in body:
        _need("v4" in body["model"], "invalid request: output_dimension is not supported by this model")
        _need(body["output_dimension"] in DIMENSIONS, "invalid request: output_dimension is not valid")


def check_rerank(body: Any) -> None:
    _known(body, _RERANK_FIELDS, RERANK_MODELS)
    _need(
        str(body.get("query", "")).strip(), "invalid request: query must not be empty or be only whitespace"
    )
    documents = body.get("documents")
    _need(isinstance(documents, list) and documents, "invalid request: list of documents must not be empty")
    _need(len(documents) <= 10_000, "invalid request: too many documents")
    _need(
        all(isinstance(d, str) and d.strip() for d in documents),
        "invalid request: documents must not be empty",
    )


def check_chat(body: Any) -> None:
    _known(body, _CHAT_FIELDS, CHAT_MODELS)
    messages = body.get("messages")
    _need(isinstance(messages, list) and messages, "invalid request: messages must not be empty")
    for number, message in enumerate(messages):
        _need(
            message.get("role") in ("system", "user", "assistant", "tool"),
            "invalid request: role is not valid",
        )
        _need(message["role"] != "system" or number == 0, "system turn must be the first in the list")
        _need(str(message.get("content", "")).strip(), "message must not be empty in a turn")
    _need(messages[-1]["role"] == "user", "invalid request: the last message must be from the user")
    documents = body.get("documents")
    if documents is not None:
        _need(isinstance(documents, list), "invalid request: documents is not valid")
        _need("response_format" not in body, "invalid request: response_format is not supported with RAG.")
        ids = [d.get("id") for d in documents if isinstance(d, dict) and d.get("id") is not None]
        _need(len(ids) == len(set(ids)), "invalid request: document ids must be unique")
        _need(all(isinstance(i, str) for i in ids), "invalid request: document id must be a string")
        _need(all(_document_text(d) for d in documents), "invalid request: documents must not be empty")
    _need(
        0 <= body.get("temperature", 0.3) <= 1,
        "invalid request: temperature must be between 0 and 1.0 inclusive.",
    )
    _need(body.get("max_tokens", 1) >= 1, "invalid request: max_tokens must be at least 1")
    mode = (body.get("citation_options") or {}).get("mode", "FAST")
    _need(
        mode in ("ENABLED", "DISABLED", "FAST", "ACCURATE", "OFF"),
        "invalid request: citation mode is not valid",
    )


def _document_text(document: Any) -> str:
    if isinstance(document, str):
        return document.strip()
    data = document.get("data") if isinstance(document, dict) else None
    if isinstance(data, str):
        return data.strip()
    return " ".join(str(v) for k, v in (data or {}).items() if k in ("snippet", "text")).strip()


def words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


_DIRECTIONS: dict[tuple[str, int], np.ndarray] = {}


def _direction(word: str, dimensions: int) -> np.ndarray:
    key = (word, dimensions)
    if key not in _DIRECTIONS:
        seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "big")
        _DIRECTIONS[key] = np.random.default_rng(seed).standard_normal(dimensions)
    return _DIRECTIONS[key]


def embedding(text: str, dimensions: int) -> np.ndarray:
    """Texts that share words point the same way."""
    total = sum((_direction(word, dimensions) for word in set(words(text)) or {text}), np.zeros(dimensions))
    return np.asarray(total / np.linalg.norm(total), dtype=np.float32)


def embeddings(texts: Sequence[str], kinds: Sequence[str], dimensions: int) -> dict[str, Any]:
    rows = np.stack([embedding(text, dimensions) for text in texts])
    found: dict[str, Any] = {}
    if "float" in kinds:
        found["float"] = rows.tolist()
    if "int8" in kinds:
        found["int8"] = np.clip(np.round(rows * 127 / np.abs(rows).max()), -128, 127).astype(int).tolist()
    if "base64" in kinds:
        found["base64"] = [base64.b64encode(row.astype("<f4").tobytes()).decode() for row in rows]
    return found


def relevance(query: str, document: str) -> float:
    """The share of the question's longer words that the document has."""
    wanted = _stems(query)
    have = _stems(document)
    return round(0.02 + 0.96 * len(wanted & have) / max(1, len(wanted)), 4)


@cache
def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:6] for word in words(text) if len(word) > 3) or frozenset(words(text))


@dataclass(frozen=True)
class Quote:
    """A citation: what of the text it covers, in characters of the block, and whose it is."""

    start: int
    end: int
    documents: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    text: str
    quotes: tuple[Quote, ...] = ()
    kind: str = "text"


@dataclass(frozen=True)
class Reply:
    blocks: tuple[Block, ...]
    finish: str | None = "COMPLETE"
    citations_last: bool = False
    usage: dict[str, Any] | None = field(
        default_factory=lambda: {
            "billed_units": {"input_tokens": 120.0, "output_tokens": 30.0},
            "tokens": {"input_tokens": 300.0, "output_tokens": 32.0},
        }
    )


def said(*parts: str | tuple[str, ...], **more: Any) -> Reply:
    """One block of text; a tuple is a stretch that cites: (text, document id, …)."""
    text, quotes = "", []
    for part in parts:
        if isinstance(part, tuple):
            quotes.append(Quote(len(text), len(text) + len(part[0]), part[1:]))
            part = part[0]  # noqa: PLW2901 - the words are what goes on
        text += part
    return Reply((Block(text, tuple(quotes)),), **more)


def from_documents(body: dict[str, Any]) -> Reply:
    """The sentence of each of the first documents that is most like the question, cited."""
    question = body["messages"][-1]["content"]
    if not body.get("documents"):
        return said(question)
    found: list[str | tuple[str, ...]] = []
    for document in body["documents"][:2]:
        sentences = [s.strip() for s in _SENTENCE.findall(_document_text(document)) if len(words(s)) > 2]
        if sentences:
            best = max(sentences, key=lambda s: relevance(question, s))
            found += [(best if best[-1] in ".!?" else f"{best}.", document["id"]), " "]
    return said(*found[:-1]) if found else said("The documents don't say.")


def whole(reply: Reply) -> dict[str, Any]:
    content = [
        {"type": b.kind, ("thinking" if b.kind == "thinking" else "text"): b.text} for b in reply.blocks
    ]
    found: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "message": {"role": "assistant", "content": content},
        "finish_reason": reply.finish,
    }
    return found if reply.usage is None else {**found, "usage": reply.usage}


def events(reply: Reply, documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by_id = {document["id"]: document for document in documents if "id" in document}
    empty = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    found: list[dict[str, Any]] = [
        {"type": "message-start", "id": str(uuid.uuid4()), "delta": {"message": empty}}
    ]
    late: list[dict[str, Any]] = []
    number = 0
    for index, block in enumerate(reply.blocks):
        name = "thinking" if block.kind == "thinking" else "text"
        found.append(_content("content-start", index, {"type": block.kind, name: ""}))
        quotes, at = sorted(block.quotes, key=lambda quote: quote.end), 0
        for piece in _TOKEN.findall(block.text):
            at += len(piece)
            found.append(_content("content-delta", index, {name: piece}))
            while quotes and quotes[0].end <= at:
                quote = quotes.pop(0)
                (late if reply.citations_last else found).extend(
                    _citation(quote, block, index, number, by_id)
                )
                number += 1
        found += [*late, {"type": "content-end", "index": index}]
        late = []
    delta: dict[str, Any] = {"finish_reason": reply.finish}
    if reply.usage is not None:
        delta["usage"] = reply.usage
    return [*found, {"type": "message-end", "id": str(uuid.uuid4()), "delta": delta}]


def _content(kind: str, index: int, content: dict[str, str]) -> dict[str, Any]:
    return {"type": kind, "index": index, "delta": {"message": {"content": content}}}


def _citation(
    quote: Quote, block: Block, index: int, number: int, by_id: dict[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    sources = [
        {"type": "document", "id": each, "document": {"id": each, **by_id.get(each, {}).get("data", {})}}
        for each in quote.documents
    ]
    cited = {
        "start": quote.start,
        "end": quote.end,
        "text": block.text[quote.start : quote.end],
        "sources": sources,
        "content_index": index,
        "type": "TEXT_CONTENT",
    }
    return [
        {"type": "citation-start", "index": number, "delta": {"message": {"citations": cited}}},
        {"type": "citation-end", "index": number},
    ]
