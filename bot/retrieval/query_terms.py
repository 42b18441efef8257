"""Reads a question: the words to look for in pages, in the pages' own words, and the texts to embed. Pure."""

import math
import re
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.ports import Vocabulary
from bot.retrieval import everyday_words
from bot.retrieval.query_translation import LANGUAGES, SHORTHAND, by_stem, words_of
from bot.text import analyzer
from bot.text.analyzer import acronym, joined_numbers, tokens, ungrouped
from bot.text.language_guess import guess_language
from bot.text.questions import unspaced
from bot.text.stopwords import STOP_WORDS

_EDGES = re.compile(r"^[^\w\-.+#]+|[^\w+#]+$")
_JOINED = re.compile(r"(?<=\w)[-'’](?=\w)")
_ONE_NUMBER = re.compile(r"\d{1,3}(?:[.,'’]\d{3})+|[vV]\d+")
_MOST_WORDS = 48
# Meanings that stand for one foreign word in what is embedded, of its first few: more only blur it.
_GLOSSED, _LIKELY_MEANINGS = 2, 3
# Keyword search takes its time for each chunk that holds a word; beyond so many only the rarest words count.
_MOST_POSTINGS, _FEWEST_KEYWORDS = 4_000, 3
_CERTAIN = 2
# Words that only say what kind of answer is wanted.
_FRAME = re.compile(
    r"\bhow (?P<how>long|often|soon|far|old|fast|quickly|big|late|early)\b"
    r"|\bwhat (?:does|do|is|are)\b.{1,60}?\b(?P<what>means?|stands? for|called)\W*$",
    re.IGNORECASE,
)
_COMPOUNDING = ("de", "nl")
_SHORTEST_COMPOUND, _SHORTEST_PART = 8, 4


@dataclass(frozen=True, slots=True)
class SearchedTerms:
    """One word of the question, found by any of its `terms`, best first. `others` are words that it may mean.

    `foreign`: it is of another language than the pages, and counts only if it has a meaning that they have. `near`
    are those of the terms that are another word's: they hardly ever mean quite the same.
    """

    surface: str
    terms: tuple[str, ...]
    foreign: bool = False
    others: tuple[str, ...] = ()
    near: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QueryTerms:
    """What a question is searched by. The mean of the vectors of `texts` is used; with a gloss, the nearest of them.

    `gloss` is a foreign question's words with their meanings, where any are known; see `glossed`.
    """

    texts: tuple[str, ...]
    sought: tuple[SearchedTerms, ...]
    gloss: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def terms(self) -> list[str]:
        return [term for word in self.sought for term in word.terms]


@dataclass(frozen=True, slots=True)
class WeighedTerm:
    """A sought word and its weight, the inverse document frequency.

    `missed` is what it costs not to find it, where one asks whether pages answer: a word that no page has weighs as
    a usual one of those that some have, because it may be the asker's own for what the pages call otherwise.
    """

    sought: SearchedTerms
    weight: float
    missed: float


def read(text: str, languages: Sequence[str]) -> QueryTerms:
    """Read the question. `languages` are the index's, the usual ones first."""
    language = _language(text, languages)
    foreign = language not in languages
    stop = STOP_WORDS.get(language, frozenset())
    # A hyphen or an apostrophe joins what the glossary has apart: API-Schlüssel, ai-je, l'équipe.
    split = joined_numbers(_JOINED.sub(" ", text) if foreign else text)
    if unspaced.is_written_so(split):
        split = unspaced.telling(split)
    words = [word for each in split.split() if (word := _EDGES.sub("", each))]
    shouted = text.isupper()
    empty = stop | _frame(text) if language == "en" else stop
    telling = [
        word
        for word in words
        if word.lower().replace("’", "'") not in empty or (not shouted and acronym(word))
    ] or words
    sought: dict[tuple[str, ...], SearchedTerms] = {}
    meant: dict[str, tuple[str, ...]] = {}
    for word in telling[:_MOST_WORDS]:
        meanings = _meanings(word, language, languages)
        others = everyday_words.other_words(word, text) if language == "en" else ()
        for each in _sought(word, (*meanings, *others), (language, *languages), foreign=foreign):
            sought.setdefault(each.terms, each)
        if meanings:
            meant[word] = meanings
    if foreign and meant:
        return QueryTerms(
            (text,), tuple(sought.values()), tuple((word, meant.get(word, ())) for word in telling)
        )
    plain = replaced(text, {word: " ".join(meanings) for word, meanings in meant.items()})
    return QueryTerms((plain,), tuple(sought.values()))


def _frame(text: str) -> frozenset[str]:
    found = (word for match in _FRAME.finditer(text) for word in match.groupdict().values() if word)
    return frozenset(word for each in found for word in each.lower().split())


def keywords(wording: QueryTerms, vocabulary: Vocabulary) -> str:
    """Return the rarest words, for the keyword search. All that it finds is scored by all words later."""
    held = vocabulary.holding
    counted = sorted(
        ((sum(held.get(term, 0) for term in word.terms), word) for word in wording.sought),
        key=lambda each: each[0],
    )
    kept: list[str] = []
    cost = 0
    for number, (count, word) in enumerate(counted):
        cost += count
        if cost > _MOST_POSTINGS and number >= _FEWEST_KEYWORDS:
            break
        kept += (word.surface, *word.others)
    return " ".join(dict.fromkeys(kept))


def glossed(wording: QueryTerms, vocabulary: Vocabulary) -> QueryTerms:
    """Add the gloss of a foreign question: some embedding models know its language, others only English.

    Each word is glossed as the one of its meanings that most chunks have; a word without a meaning stays if pages
    have it.
    """
    if not wording.gloss:
        return wording
    known = {
        word.surface
        for word in wording.sought
        if vocabulary.chunks is None or any(term in vocabulary.holding for term in word.terms)
    }
    words = (
        _likeliest(meanings, vocabulary) if meanings else word
        for word, meanings in wording.gloss
        if meanings or word in known
    )
    return replace(wording, texts=(*wording.texts, " ".join(words)))


def _likeliest(meanings: Sequence[str], vocabulary: Vocabulary) -> str:
    def held(meaning: str) -> int:
        return min((vocabulary.holding.get(term, 0) for term in _terms(meaning)), default=0)

    likely = [meaning for meaning in meanings if held(meaning)] or meanings
    return " ".join(sorted(likely[:_LIKELY_MEANINGS], key=held, reverse=True)[:_GLOSSED])


def _terms(meaning: str) -> list[str]:
    """Return the terms of the meaning's telling words."""
    return [term for word in meaning.split() if word not in STOP_WORDS["en"] for term in tokens(word)]


def _language(text: str, languages: Sequence[str]) -> str:
    """Return the question's language: another than the pages' only if more than one of its words leaves no doubt."""
    words = [_EDGES.sub("", word).lower() for word in text.split()]
    guess = guess_language(text, languages)
    stop = STOP_WORDS.get(guess, frozenset())
    if guess in languages or (not text.isascii() and guess not in STOP_WORDS):
        if stop.intersection(words):
            return guess
        said = Counter(each for each in LANGUAGES for word in words if word in words_of(each))
        likely, count = said.most_common(1)[0] if said else (guess, 0)
        return likely if likely not in languages and count * 2 > len(words) else guess
    certain = sum(word in stop or bool(_translated(word, guess)) for word in words)
    return guess if certain >= _CERTAIN or not text.isascii() else languages[0]


def replaced(text: str, meant: Mapping[str, str]) -> str:
    """Put other words in place of those that `meant` has."""
    if not meant:
        return text
    words = "|".join(map(re.escape, sorted(meant, key=len, reverse=True)))
    return re.sub(rf"(?<!\w)(?:{words})(?!\w)", lambda match: meant[match[0]], text)


def _sought(
    word: str, meanings: Sequence[str], languages: Sequence[str], *, foreign: bool
) -> Iterator[SearchedTerms]:
    """Give the word as the pages of each language have it; an identifier as a whole and in parts."""
    others = [term for meaning in meanings for term in _terms(meaning)]
    if _ONE_NUMBER.fullmatch(word):
        yield SearchedTerms(word, tuple(term for term in tokens(word) if _is_whole(term, word)))
        return
    if (term := acronym(word)) and word.lower() in STOP_WORDS.get(languages[0], ()):
        yield SearchedTerms(word, (term,))
        return
    if analyzer.is_unspaced(word):
        # A pair that no page has is hardly a word: the others tell.
        for term in dict.fromkeys(tokens(word)):
            yield SearchedTerms(term, (term,), foreign=True)
        return
    analysed = [tokens(word, each) for each in dict.fromkeys(languages)]
    analysed = [[term for term in terms if term != acronym(word)] for terms in analysed]
    for terms in zip(*analysed, strict=False):
        found = tuple(dict.fromkeys((*terms, *others)))
        yield SearchedTerms(
            word, found, foreign, tuple(meanings), () if foreign else found[len(set(terms)) :]
        )


def _is_whole(term: str, number: str) -> bool:
    """Tell whether a term is the whole number: 12500 for 12.500 and not its groups, 2 for v2."""
    return term.lower() == number.lower() or term == ungrouped(number)


def _meanings(word: str, language: str, languages: Sequence[str]) -> tuple[str, ...]:
    """Return English words for a foreign or a shortened one; none where no page is in English."""
    if "en" not in languages:
        return ()
    lower = word.lower()
    if language == "en":
        return tuple(SHORTHAND[lower].split()) if lower in SHORTHAND else ()
    return () if language in languages else _translated(lower, language)


def _translated(word: str, language: str) -> tuple[str, ...]:
    """Translate the word itself, its stem or, in German and Dutch, the words that it is made of."""
    if language not in LANGUAGES:
        return ()
    known = words_of(language).get(word)
    if known is None:
        known = by_stem(word, language)
    if known or language not in _COMPOUNDING or len(word) < _SHORTEST_COMPOUND:
        return known or ()
    cuts = range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1)
    # Even parts first: short ones are in many words by chance.
    for cut in sorted(cuts, key=lambda cut: abs(len(word) - 2 * cut)):
        head = _translated(word[:cut], language) or _translated(word[:cut].removesuffix("s"), language)
        tail = head and _translated(word[cut:], language)
        if tail:
            return tuple(dict.fromkeys((head[0], tail[0], *head, *tail)))
    return ()


def weigh(sought: Sequence[SearchedTerms], vocabulary: Vocabulary) -> list[WeighedTerm] | None:
    """Weigh each word by how many chunks of the index hold any spelling of it; None if the store can't count."""
    if vocabulary.chunks is None:
        return None
    chunks = max(vocabulary.chunks, *vocabulary.holding.values(), 1)
    counted = [(word, max(vocabulary.holding.get(term, 0) for term in word.terms)) for word in sought]
    return _weighed(counted, chunks)


def weigh_by(sought: Sequence[SearchedTerms], texts: Sequence[Container[str]]) -> list[WeighedTerm]:
    """Weigh each word by a sample of the index's chunks, such as what a search found, each given as its terms."""
    counted = [(word, sum(any(term in text for term in word.terms) for text in texts)) for word in sought]
    return _weighed(counted, len(texts))


def _weighed(counted: Sequence[tuple[SearchedTerms, int]], chunks: int) -> list[WeighedTerm]:
    known = [rarity(holding, chunks) for _, holding in counted if holding]
    usual = sum(known) / len(known) if known else rarity(0, chunks)
    return [
        WeighedTerm(word, rarity(holding, chunks), rarity(holding, chunks) if holding else usual)
        for word, holding in counted
        if holding or not word.foreign
    ]


def rarity(holding: int, chunks: int) -> float:
    """Return the inverse document frequency as BM25 has it, never negative (Robertson & Zaragoza 2009)."""
    return math.log(1 + (chunks - holding + 0.5) / (holding + 0.5))
