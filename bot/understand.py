"""From a question's text to what is sought, and what is embedded. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.analyze import guess_language, tokens
from bot.stopwords import STOP_WORDS
from bot.wording import Sought

_EDGES = re.compile(r"^[^\w\-.+#]+|[^\w+#]+$")


@dataclass(frozen=True, slots=True)
class Understood:
    """`texts` are embedded, and searched for by their mean; `keywords` is what the keyword leg gets."""

    texts: tuple[str, ...]
    keywords: str
    sought: tuple[Sought, ...]


def understand(text: str, languages: Sequence[str]) -> Understood:
    """`languages` are the index's, the usual ones first."""
    language = guess_language(text, languages)
    stop = STOP_WORDS.get(language, frozenset())
    words = [_EDGES.sub("", word) for word in text.split()]
    telling = [word for word in words if word.lower().replace("’", "'") not in stop]
    sought = _sought(telling, language, languages) or _sought(words, language, languages)
    return Understood((text,), text, sought)


def _sought(words: Sequence[str], language: str, languages: Sequence[str]) -> tuple[Sought, ...]:
    """Each word as the pages of each language have it."""
    found: dict[tuple[str, ...], Sought] = {}
    for word in words:
        analysed = [tokens(word, each) for each in dict.fromkeys((language, *languages))]
        for terms in zip(*analysed, strict=False):
            distinct = tuple(dict.fromkeys(terms))
            found.setdefault(distinct, Sought(distinct))
    return tuple(found.values())
