"""Makes the terms that a chunk is found by. Pure."""

from functools import lru_cache

from bot.model import Chunk, Document
from bot.text.analyzer import tokens


def lines(document: Document, chunk: Chunk) -> str:
    """Return the terms of title, headings (with the page's keywords) and text: three lines, terms separated by blanks."""
    heading = " \n ".join((chunk.heading, *document.keywords))
    title, above = _of_head(document.title, document.language), _of_head(heading, document.language)
    return "\n".join((title, above, _terms(chunk.text, document.language)))


def _terms(text: str, language: str) -> str:
    return " ".join(tokens(text, language))


# A page's title, and a section's heading, stand above many chunks in a row.
_of_head = lru_cache(64)(_terms)
