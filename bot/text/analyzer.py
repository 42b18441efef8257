"""Analyses text into search terms, the same way for pages and questions. Pure; change `VERSION` with it.

A term is made of letters, digits and ``-_.+#`` only, so that it needs no escaping beyond quotes.

- words: folded (case, width, diacritics) and stemmed by the page's language
- identifiers (`max_connections`, `maxConnections`, `on-call`): the whole without separators, and its parts
- flags (`--dry-run`): as they are, and as identifiers
- numbers in groups (12,500; 12 500; 12'500; 12.500): without what groups them; a version without its `v`
- capitals that would be a stop word (IT, US, OR): with a `+`, beside the word
- Chinese, Japanese, Korean, Thai, Lao, Burmese, Khmer: overlapping pairs of characters
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache
from itertools import chain

import Stemmer

from bot.text.language_guess import guess_language
from bot.text.stopwords import STOP_WORDS

VERSION = 3
LONGEST_TERM = 64

_STEMMERS = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek",
    "en": "english", "es": "spanish", "et": "estonian", "eu": "basque", "fi": "finnish", "fr": "french",
    "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian",
    "lt": "lithuanian", "nb": "norwegian", "ne": "nepali", "nl": "dutch", "nn": "norwegian", "no": "norwegian",
    "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish",
    "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip

# Scripts that write without spaces between words: they are cut into pairs of characters.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
# What can't be in a word. A negated class, because `\w` leaves out the vowel signs of many scripts.
_NOT_WORD = (
    "\x00-/:-@\\[-`{-\xa9\xab-\xb1\xb4\xb6-\xb8\xbb\xbf\xd7\xf7\u2000-\u206f\u20a0-\u20cf\u2100-\u2bff"
    "\u2e00-\u2e7f\u3000-\u3004\u3008-\u303f\u30fb\ud800-\uf8ff\ufe00-\ufe6f\uff00-\uff0f\uff1a-\uff20"
    "\uff3b-\uff40\uff5b-\uff65\ufff0-\uffff\U0001f000-\U0001ffff\U000e0000-\U0010ffff"
)
_WORD = re.compile(
    r"(?<![\w-])--?[A-Za-z][\w-]*"  # a flag
    r"|\b[A-Za-z](?:\+\+|\#)(?!\w)"  # C++, C#
    r"|\d{1,3}(?:,\d{3})+(?![\d,])"  # 12,500
    r"|\d{1,3}(?:['’]\d{3})+(?![\d'’])"  # 12'500
    rf"|[{_UNSPACED}]+"
    rf"|[^{_NOT_WORD}{_UNSPACED}]+(?:[_.'’-]+[^{_NOT_WORD}{_UNSPACED}]+)*"
)
# Rough pieces of a text, cheap to find, each of which is analysed once and then remembered.
_PIECE = re.compile(r"[^\s()\[\]{}*|/\\\"<>`:;!?=]+")
_AROUND = ".,'’‘“”„«»…¿¡?!-–—"
_SEPARATORS = re.compile(r"[_.'’-]+")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_NOT_TERM = re.compile(r"[\x00-\"$-*,/:-@\[-^`{-\x7f]")
_UNSPACED_START = re.compile(rf"[{_UNSPACED}]")
_POSSESSIVE = re.compile("['’][sS]$")
# 12 500: each group may be a number of its own as well.
_SPACED_NUMBER = re.compile(r"(?<![\w.,'’])\d{1,3}(?:[ \u00a0\u2009\u202f]\d{3})+(?!\w)")
_BETWEEN_DIGITS = re.compile(r"\d[ \u00a0\u2009\u202f]\d")
_DOTTED_NUMBER = re.compile(r"\d{1,3}(?:\.\d{3})+")
_GROUPED = re.compile("[,'’]")
_VERSION = re.compile(r"[vV](?=\d+[._]\d)")
_SHORT_VERSION = re.compile(r"[vV](\d+)")
_LONGEST_ACRONYM = 4
_SHORTEST_PART = 2
_MOST_PARTS = 12  # more are no identifier

# Letters that no decomposition folds.
_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "þ": "th", "ё": "е"}
)
_SHORT_STOP_WORDS = frozenset(word for word in STOP_WORDS["en"] if len(word) <= _LONGEST_ACRONYM)


def tokens(text: str, language: str = "en") -> list[str]:
    """Return the terms of a text in reading order, an identifier's whole before its parts."""
    if not text.isascii() and not unicodedata.is_normalized("NFKC", text):
        text = unicodedata.normalize("NFKC", text)
    if _BETWEEN_DIGITS.search(text):
        text = _SPACED_NUMBER.sub(lambda found: f"{ungrouped(found[0])} {found[0]}", text)
    return list(chain.from_iterable(map(_expander(language), _PIECE.findall(text))))


@lru_cache(maxsize=8_192)
def distinct_tokens(text: str) -> frozenset[str]:
    """Return the terms of an English text, from a cache: what one question looks for, the next does, too."""
    return frozenset(tokens(text))


def ungrouped(number: str) -> str:
    return "".join(filter(str.isdecimal, number))


def joined_numbers(text: str) -> str:
    """Write `12 500` as `12500`."""
    return _SPACED_NUMBER.sub(lambda found: ungrouped(found[0]), text)


def acronym(word: str) -> str | None:
    """Return the term of a word in capitals that is a stop word in small letters; None for every other word."""
    lower = word.lower()
    if 1 < len(word) <= _LONGEST_ACRONYM and word.isupper() and word.isascii() and lower in _SHORT_STOP_WORDS:
        return f"{lower}+"
    return None


def query_terms(text: str, languages: Collection[str] = ("en",)) -> list[str]:
    """Return the terms to look for in pages of these languages (the usual ones first), none twice.

    Each word is analysed as each language's pages are, so that a German page is found by its own stems whatever the
    question's language. Stop words of the question's language are left out, unless nothing else is there.
    """
    language = guess_language(text, languages)
    stop = STOP_WORDS.get(language, frozenset())
    shouted = text.isupper()
    words = " ".join(
        piece
        for piece in _PIECE.findall(joined_numbers(text))
        if _plain(word := piece.strip(_AROUND)) not in stop or (not shouted and acronym(word))
    )
    wanted = dict.fromkeys([language, *languages])
    terms = dict.fromkeys(chain.from_iterable(tokens(words, each) for each in wanted))
    if not terms:
        terms = dict.fromkeys(chain.from_iterable(tokens(text, each) for each in wanted))
    return list(terms)


def fold(text: str) -> str:
    """Remove case and, in Latin and Greek, diacritics."""
    text = text.lower()
    if text.isascii():
        return text
    return "".join(map(_fold_character, text.translate(_LETTERS)))


def is_unspaced(term: str) -> bool:
    """Tell whether the term is of a script that is cut into pairs; a single character of one is the start of pairs."""
    return _UNSPACED_START.match(term) is not None


def _plain(word: str) -> str:
    return word.lower().replace("’", "'")


@lru_cache(4096)
def _fold_character(character: str) -> str:
    parts = unicodedata.normalize("NFD", character)
    if len(parts) == 1 or not ("a" <= parts[0] <= "z" or "\u0370" <= parts[0] <= "\u03ff"):
        return "" if "\u0300" <= character <= "\u036f" else character
    return parts[0]


@lru_cache(64)
def _expander(language: str) -> Callable[[str], tuple[str, ...]]:
    """Return what makes terms of a piece. Most pieces of a text were seen before: hence the caches."""
    name = _STEMMERS.get(language.partition("-")[0].lower())
    stem_word = Stemmer.Stemmer(name, 0).stemWord if name else str

    def stem(word: str) -> str:
        """Stemmed before it is folded: the stemmers need the accents."""
        return _NOT_TERM.sub("", fold(stem_word(word)))[:LONGEST_TERM]

    @lru_cache(30_000)
    def expand(piece: str) -> tuple[str, ...]:
        return tuple(term for word in _WORD.findall(piece) for term in _word(word, stem) if term)

    return expand


def _word(word: str, stem: Callable[[str], str]) -> Iterable[str]:
    if _UNSPACED_START.match(word):
        return _pairs(word)
    lower = word.lower()
    if special := acronym(word):
        return (stem(lower), special)
    if lower.isalpha() and (lower == word or word[1:] == lower[1:] or word.isupper()):
        return (stem(lower),)
    return dict.fromkeys(_compound(word, stem))


def _without_v(word: str) -> str:
    return word[1:] if _VERSION.match(word) else word


def _pairs(run: str) -> tuple[str, ...]:
    return tuple(run[k : k + 2] for k in range(len(run) - 1)) if len(run) > 1 else (run,)


def _compound(word: str, stem: Callable[[str], str]) -> list[str]:
    if word[-1] in "+#":
        return [word.lower(), word[0].lower()]
    if word[0].isdecimal() and _GROUPED.search(word) and ungrouped(word) == _GROUPED.sub("", word):
        return [ungrouped(word)]
    word = _without_v(_POSSESSIVE.sub("", word))
    if short := _SHORT_VERSION.fullmatch(word):
        return [word.lower(), short[1]]
    lower = word.lower()
    found = [lower[:LONGEST_TERM]] if word[0] == "-" else []
    parts = [part for part in _SEPARATORS.split(word) if part]
    if len(parts) > 1 and all(part.isdecimal() for part in parts):  # 3.11 is not 311
        whole = [ungrouped(word)] if _DOTTED_NUMBER.fullmatch(word) else []
        return [*found, lower[:LONGEST_TERM], *whole, *parts]
    if len(parts) == 2 and ("'" in word or "’" in word):  # noqa: PLR2004 - company's, l'équipe
        longest = max(parts, key=len)
        return [*found, *_compound(longest, stem)]
    if len(parts) <= _MOST_PARTS:
        found.append(stem("".join(parts).lower()))
    for part in parts:
        pieces = [piece for piece in _CAMEL.findall(part) if len(piece) >= _SHORTEST_PART]
        if len(parts) > 1:
            found.append(stem(part.lower()))
        if len(pieces) > 1:
            found.extend(stem(piece.lower()) for piece in pieces)
    return found
