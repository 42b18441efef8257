"""Measures how much of a file arrived in its page: the share of its words. Pure."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from bot.model import Failure, WordsKept
from bot.revisions import LOSSY
from indexer.converters.formats import ending
from indexer.converters.plain_text import plain_text

# A page below it isn't what its readers know, and its admin hears of it.
LEAST_KEPT: Final = 0.6
# Fewer words than this tell nothing.
_FEW: Final = 20
# Chinese, Japanese and Korean have no spaces between words, and lines end anywhere in them.
_WORD: Final = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+"
)


def words_kept(name: str, data: bytes, body: str, shown: Iterable[str]) -> WordsKept:
    """Count a file's words, and those of them that are in its page.

    `body` is the text of a text file, `shown` are the page's texts as they will be found.
    """
    held = _words(plain_text(name, data, body))
    kept = held & _words("\n".join(shown))
    return WordsKept(ending(name), sum(held.values()), sum(kept.values()))


def loss(words: WordsKept) -> str:
    """Say for an admin what a page lacks that has lost most of its words; "" for others."""
    if words.held < _FEW or words.kept >= LEAST_KEPT * words.held:
        return ""
    share = 100 * words.kept // words.held
    return f"only {share} % of its words arrived ({words.kept:,} of {words.held:,}){_REASONS.get(words.format, '')}"


def loss_mark(words: WordsKept) -> str:
    """Mark such a loss in a page's revision, so that it is told for as long as the page is in the index."""
    return f"{LOSSY}{words.kept}-{words.held}-{words.format}" if loss(words) else ""


def lossy_pages(revisions: Mapping[str, str]) -> list[Failure]:
    """List stored pages that lack most of their words. `revisions` are by document id."""
    found = []
    for doc_id, revision in revisions.items():
        if told := _MARK.match(revision):
            words = WordsKept(told[3], held=int(told[2]), kept=int(told[1]))
            found.append(Failure(doc_id.partition(":")[2], loss(words)))
    return sorted(found, key=lambda page: page.name)


_MARK: Final = re.compile(rf"[^.{LOSSY}]*{LOSSY}(\d+)-(\d+)-([^.]*)\.")
_REASONS: Final = {
    "pdf": ": its text may be part of drawings, or stand in no order that is understood",
    "xlsx": ": hidden rows and columns are left out",
    "docx": ": struck-out and hidden text is left out",
    "pptx": ": struck-out text is left out",
    "html": ": the page's main part may not be told from what is around it",
    "htm": ": the page's main part may not be told from what is around it",
    "rst": ": directives that aren't known are left out",
}


# Quotes, dashes, bullets, arrows: none is part of a word, and without them most pages are ASCII, which is counted quicker.
_SIGNS: Final = re.compile("[\u2010-\u2027\u2030-\u203a\u2190-\u21ff\u00a0]+")
_APART: Final = "".join(chr(code) if chr(code).isalnum() else " " for code in range(128)).lower()


def _words(text: str) -> Counter[str]:
    text = _SIGNS.sub(" ", text)
    if text.isascii():
        return Counter(text.translate(_APART).split())
    return Counter(_WORD.findall(unicodedata.normalize("NFKC", text).lower()))
