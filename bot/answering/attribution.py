"""Finds the passage that an uncited sentence was taken from, and tells whether the two agree. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.answering.support_check import SupportCheck
from bot.model import Passage
from bot.text.analyzer import query_terms
from bot.text.language_guess import page_language
from bot.text.markdown_units import sentences

# The share of a sentence's words that a passage's sentence (with its heading) has to have.
_ENOUGH: Final = 0.6
_FEWEST: Final = 4  # words of a sentence that can be told by them
_LOOKED_AT: Final = 3
_SAME: Final = 0.8  # of both sides: they say the same, or the opposite
_SHORT: Final = 14  # words of a sentence that has one statement alone
_DENIAL: Final = re.compile(
    r"\b(?:no|not|never|none|nobody|nothing|neither|nor|cannot|without|kein\w*|nicht|nie|niemand|nichts|ohne|ne|pas|aucune?|jamais|sans|ni|nunca|sin|ningún|ninguna?)\b|n['’]t\b",
    re.IGNORECASE,
)
# What a page may say from which a denial follows.
_LIMIT: Final = re.compile(
    r"\b(?:only|unless|except\w*|exclud\w*|exclusive\w*|ineligible|prohibit\w*|forbid\w*|forbidden|declin\w*|reject\w*|den(?:y|ied|ies)|instead|stop\w*|limit\w*|require\w*|must|at most|"
    r"maximum|until|rather|avoid|un\w{4,}|in(?:valid|complete|active|correct)\w*|nur|außer|ausgeschlossen|verboten|höchstens|muss|sauf|seulement|uniquement|interdit\w*|"
    r"solo|sólo|salvo|excepto|prohibid\w*)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Said:
    """A sentence of a passage, its words together with those of its heading, and the sentences around it."""

    words: frozenset[str]
    around: str  # it and its neighbours


class Attribution:
    """Compares sentences with those of the passages. What it makes of a passage it keeps for the next sentence."""

    def __init__(self, passages: Sequence[Passage], question: str = "") -> None:
        self._passages = passages
        self._question = question
        self._kept: dict[str, list[_Said]] = {}

    def source(self, sentence: str, *, around: str = "") -> Passage | None:
        """Return the passage that has a sentence which says the same with all its facts; None if none has.

        `around` is the text that the sentence stands in.
        """
        wanted = _words(sentence)
        if len(wanted) < _FEWEST:
            return None
        near = sorted(
            (
                (_share(wanted, said.words), -place, said.around)
                for place, passage in enumerate(self._passages)
                for said in self._said(passage)
            ),
            reverse=True,
        )
        for share, place, text in near[:_LOOKED_AT]:
            passage = self._passages[-place]
            narrow = replace(passage, text=text, owners=())
            unsupported = SupportCheck(self._question).unsupported(sentence, [narrow], around=around)
            if share >= _ENOUGH and not unsupported and not self.contradicts(sentence, [passage]):
                return passage
        return None

    def contradicts(self, sentence: str, cited: Sequence[Passage]) -> bool:
        """Tell whether one of the sentence and `cited` denies what the other affirms, as far as words show.

        A denial is supported only by a page that denies or limits something near it. An affirmation must not be a
        short denial of the page with its "not" left out.
        """
        if _DENIAL.search(sentence):
            return self._denies_alone(sentence, cited)
        short = [
            unit
            for passage in cited
            if _DENIAL.search(passage.text)
            for unit in sentences(passage.text)
            if len(unit.split()) <= _SHORT and _DENIAL.search(unit)
        ]
        wanted = _words(sentence) if short else frozenset()
        return any(
            _share(wanted, bare) >= _SAME and _share(bare, wanted) >= _SAME for bare in map(_words, short)
        )

    def _denies_alone(self, sentence: str, cited: Sequence[Passage]) -> bool:
        said = [one for passage in cited for one in self._said(passage)]
        if not said:
            return False
        wanted = _words(sentence)
        best = max(said, key=lambda one: _share(wanted, one.words))
        return not (_DENIAL.search(best.around) or _LIMIT.search(best.around))

    def _said(self, passage: Passage) -> list[_Said]:
        if passage.chunk_id not in self._kept:
            self._kept[passage.chunk_id] = list(_sentences(passage))
        return self._kept[passage.chunk_id]


def _sentences(passage: Passage) -> Iterable[_Said]:
    units = sentences(passage.text)
    head = _words(f"{passage.title} {passage.heading}")
    for number, unit in enumerate(units):
        near = "\n".join(units[max(0, number - 1) : number + 2])
        yield _Said(_words(unit) | head, near)


def _words(text: str) -> frozenset[str]:
    return frozenset(query_terms(text, (page_language(text),)))


def _share(wanted: frozenset[str], there: frozenset[str]) -> float:
    return len(wanted & there) / len(wanted) if wanted else 0.0
