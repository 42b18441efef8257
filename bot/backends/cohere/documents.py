"""Makes passages into the documents that Cohere takes. Pure."""

import re
from collections.abc import Iterator, Sequence

from bot.backends.cohere.transport.responses import Document
from bot.backends.shared.writing.messages import encodable
from bot.backends.shared.writing.prompts import title
from bot.model import Passage

SNIPPET_WORDS = 350  # Cohere advises 300-400 at most
_PARAGRAPH = re.compile(r"\n\s*\n")


def documents(passages: Sequence[Passage]) -> tuple[list[Document], dict[str, str]]:
    """Return passages as documents, long ones as several, and which chunk each document's id stands for."""
    sent: list[Document] = []
    chunks: dict[str, str] = {}
    for passage in passages:
        for snippet in _snippets(passage.text):
            id = str(len(sent) + 1)  # noqa: A001 - the field's name
            data = {"title": title(passage), "snippet": snippet}
            if passage.updated_at is not None:
                data["updated"] = passage.updated_at.date().isoformat()
            sent.append({"id": id, "data": data})
            chunks[id] = passage.chunk_id
    return sent, chunks


def _snippets(text: str) -> Iterator[str]:
    """Give whole paragraphs, as many as fit; one that is too long alone is cut at lines, or else between words."""
    held: list[str] = []
    words = 0
    for paragraph in _paragraphs(encodable(text).strip()):
        length = len(paragraph.split())
        if held and words + length > SNIPPET_WORDS:
            yield "\n\n".join(held)
            held, words = [], 0
        if length:
            held.append(paragraph)
            words += length
    if held:
        yield "\n\n".join(held)


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in _PARAGRAPH.split(text):
        held: list[str] = []
        words = 0
        for line in _lines(paragraph):
            length = len(line.split())
            if held and words + length > SNIPPET_WORDS:
                yield "\n".join(held)
                held, words = [], 0
            held.append(line)
            words += length
        yield "\n".join(held)


def _lines(paragraph: str) -> Iterator[str]:
    for line in paragraph.split("\n"):
        words = line.split()
        if len(words) <= SNIPPET_WORDS:
            yield line
            continue
        for start in range(0, len(words), SNIPPET_WORDS):
            yield " ".join(words[start : start + SNIPPET_WORDS])
