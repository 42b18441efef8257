"""Make bot/retrieval/dictionaries/*.txt.gz from dictionaries: `python tools/words.py DICTIONARIES`; bot/retrieval/dictionaries/README.md says from what.

Needs wordfreq and simplemma, which Docent itself doesn't.
"""

import gzip
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import simplemma
from wordfreq import top_n_list, zipf_frequency

from bot.retrieval.query_translation import LANGUAGES
from bot.text.analyzer import tokens
from bot.text.stopwords import STOP_WORDS

TARGET = Path(__file__).parents[1] / "bot" / "retrieval" / "dictionaries"

# Frequencies are Zipf's: 3 is once in a million words. A compound may be rarer.
USUAL, USUAL_IN_ENGLISH, USUAL_FORM, COMPOUNDING = 3.3, 3.2, 3.2, ("de", "nl")
SO_USUAL_THAT_IT_SAYS_NOTHING = 6.2
MOST_MEANINGS, LEAST_SHARE = 6, 0.1
MOST_FORMS = 50_000

# Parts of speech of what is no word to look for.
_LEFT_OUT = frozenset(
    [
        "prop",
        "initialism",
        "abbr",
        "acronym",
        "letter",
        "symbol",
        "suffix",
        "prefix",
        "article",
        "proverb",
        "determiner",
        "pron",
        "prep",
        "conj",
        "interj",
        "contraction",
        "phrase",
        "particle",
        "num",
        "cardinal",
        "ordinal",
    ]
)
_ARTICLES = {
    "de": "der|die|das|ein|eine|sich|einen",
    "es": "el|la|los|las|un|una",
    "fr": "le|la|les|un|une|se|s'",
    "it": "il|lo|la|l'|i|gli|un|una",
    "pt": "o|a|os|as|um|uma",
    "nl": "de|het|een|zich",
}
_LINE = re.compile(r"(.+?) \{([^}]*)\}.*? :: (.+)")
_WORD = re.compile(r"[^\W\d_]{2,}(?:-[^\W\d_]+)*")
_ENGLISH = re.compile(r"[a-z]{2,}(?:[ -][a-z]{2,})?")


def pairs(folder: Path, language: str) -> Iterator[tuple[str, str, float]]:
    """(foreign, English, how many stand before it) of both directions; a tie goes to the English one's."""
    forth, back = (
        folder / "src" / f"{each}-enwiktionary.txt" for each in (f"en-{language}", f"{language}-en")
    )
    markup = folder / "dsl" / "oneway" / f"en-{language}-enwiktionary.dsl.dz"
    for head, body in _lines(forth) if forth.exists() else _entries(markup):
        yield from ((foreign, head, at) for at, foreign in enumerate(_listed(body)))
    if back.exists():
        for head, body in _lines(back):
            yield from ((_plain(head), english, at + 0.5) for at, english in enumerate(_listed(body)))


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        match = _LINE.match(line)
        if match and match[2].split(",")[0] not in _LEFT_OUT:
            yield match[1], match[3]


def _entries(path: Path) -> Iterator[tuple[str, str]]:
    head = kind = ""
    for line in gzip.decompress(path.read_bytes()).decode("utf-16").splitlines():
        if not line.startswith(("\t", "#")):
            head = line.strip()
        elif line.startswith("\t[b]"):
            match = re.search(r"<([^>]*)>", line)
            kind = match[1] if match else ""
        elif line.startswith("\t[m1]") and kind not in _LEFT_OUT:
            yield head, re.sub(r"\[p\].*?\[/p\]|\[/?\w+[^\]]*\]", "", line)


def _listed(text: str) -> list[str]:
    return [_plain(each) for each in re.split(r"[,;](?![^(\[{]*[)\]}])", text)]


def _plain(text: str) -> str:
    return " ".join(re.sub(r"\{[^}]*\}|\[[^\]]*\]|\([^)]*\)|\\|~", "", text).split())


def _english(text: str) -> str:
    """Without "to" and such; "" for what is more than two words, or says nothing."""
    text = re.sub(r"^(?:to be|to|a|an|the|be) ", "", text.lower())
    text = re.sub(r"(?: (?:of|to|at|with|for|on|in|from|about|oneself|someone|something))+$", "", text)
    telling = _ENGLISH.fullmatch(text) and not set(text.split()) <= STOP_WORDS["en"]
    return text if telling else ""


def meanings(folder: Path, language: str) -> dict[str, list[str]]:
    """By how many senses have a meaning, how early, and how usual it is."""
    scores: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for listed, gloss, before in pairs(folder, language):
        foreign = re.sub(rf"^(?:{_ARTICLES[language]})\s+", "", listed).lower()
        english = _english(gloss)
        if not english or not _WORD.fullmatch(foreign):
            continue
        words = re.split("[ -]", english)
        usual = min(zipf_frequency(word, "en") for word in words) + (len(words) > 1)
        if usual >= USUAL_IN_ENGLISH:
            scores[foreign][english] += usual / (1 + 0.3 * before)
    least = USUAL - (0.5 if language in COMPOUNDING else 0)
    found = {}
    for foreign, counted in scores.items():
        usual = zipf_frequency(foreign, language)
        if least <= usual < SO_USUAL_THAT_IT_SAYS_NOTHING and foreign not in STOP_WORDS[language]:
            best = sorted(counted.items(), key=lambda each: -each[1])[:MOST_MEANINGS]
            found[foreign] = [english for english, score in best if score >= LEAST_SHARE * best[0][1]]
    return found


def forms(known: dict[str, list[str]], language: str) -> dict[str, str]:
    """Usual inflected forms that their stem alone would lead to another word, or to one that has nothing to do with them."""
    first: dict[str, str] = {}
    for word in _usual_first(known, language):
        first.setdefault(_stem(word, language), word)
    found = {}
    for form in top_n_list(language, MOST_FORMS):
        usual = zipf_frequency(form, language)
        if usual < USUAL_FORM or form in known or not form.isalpha() or form in STOP_WORDS[language]:
            continue
        word, guess = simplemma.lemmatize(form, lang=language).lower(), first.get(_stem(form, language))
        if word in known and word not in (form, guess):
            found[form] = word
        elif word not in known and guess not in (None, word) and usual >= USUAL + 0.5:
            found[form] = ""
    return found


def _stem(word: str, language: str) -> str:
    return (tokens(word, language) or [word])[0]


def _usual_first(words: dict[str, list[str]], language: str) -> list[str]:
    return sorted(words, key=lambda word: (-zipf_frequency(word, language), word))


def main(folder: Path) -> None:
    for language in LANGUAGES:
        known = meanings(folder, language)
        lines = [f"{word}\t{'|'.join(known[word])}" for word in _usual_first(known, language)]
        lines += [f"{form}\t={word}" for form, word in sorted(forms(known, language).items())]
        text = "\n".join(lines) + "\n"
        (TARGET / f"{language}.txt.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))
        print(language, len(lines))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
