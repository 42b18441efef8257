"""A chunk as the terms that it is found by. Pure."""

from bot.model import Chunk, Document
from bot.text.analyzer import tokens


def lines(document: Document, chunk: Chunk) -> str:
    """The terms of title, headings (with the page's keywords) and text, one line each, with blanks between."""

    def terms(*texts: str) -> str:
        return " ".join(tokens(" \n ".join(texts), document.language))

    return "\n".join((terms(document.title), terms(chunk.heading, *document.keywords), terms(chunk.text)))
