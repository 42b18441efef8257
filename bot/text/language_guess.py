"""Tells which language a text is in, by its script and then by its small words. Pure.

Ours: on pages these words are as right as py3langid (390 manual pages and READMEs in 18 languages: both 100 % of
2,500 characters, 98 and 99 % of 400), and py3langid takes 0.8 s of CPU and 100 MB at every start; lingua takes 4 s
and simplemma, for 15 languages, 16 s.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import chain

from bot.text.stopwords import STOP_WORDS

_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")), ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")), ("th", re.compile("[\u0e00-\u0e7f]")),
    ("el", re.compile("[\u0370-\u03ff]")), ("ar", re.compile("[\u0600-\u06ff]")),
    ("he", re.compile("[\u0590-\u05ff]")), ("hi", re.compile("[\u0900-\u097f]")),
    ("hy", re.compile("[\u0530-\u058f]")), ("ta", re.compile("[\u0b80-\u0bff]")),
)  # fmt: skip
# Without the signs between U+2000 and U+2BFF: typographic quotes stand on every second page.
_OTHER_SCRIPT = re.compile("[\u0370-\u03ff\u0530-\u1fff\u2c00-\ud7af]")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_LETTER = re.compile(r"[^\W\d_]")
# Not `users` of /v1/users, nor its `v`.
_WORD = re.compile(r"(?<![\w/])[^\W\d_]+(?:['’][^\W\d_]+)?(?![\w/])")
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+", re.DOTALL)
_AROUND = ".,;:!?()[]\"'„“”«»*_"
# Scripts in which a letter is about a word are outnumbered by a few Latin product names.
_SHARE_OF_PAGE, _SHARE_OF_QUESTION = 0.15, 1 / 3
_LOOKED_AT, _LOOKED_AT_IN_QUESTION = 2_500, 4_000  # characters
_LEAST_STOP_WORDS = 3
_LIKELY = 1.2  # what a stop word of a likely language counts


def guess_language(text: str, candidates: Iterable[str] = (), *, default: str | None = None) -> str:
    """Return the language of a question (ISO 639-1), however little tells it.

    `candidates` are likely ones, the likeliest first: their stop words count a little more, and a tie goes to the
    earlier one, then to English. Without any sign of a language it is `default`, else the first candidate, else
    English.
    """
    text = _CODE.sub(" ", text[:_LOOKED_AT_IN_QUESTION])
    counts = Counter(chain.from_iterable(_languages().get(_plain(word), ()) for word in _WORD.findall(text)))
    if not text.isascii():
        letters = sum(map(str.isalpha, text))
        if language := _by_script(text, letters * _SHARE_OF_QUESTION):
            return language
        if len(_CYRILLIC.findall(text)) > letters * _SHARE_OF_QUESTION:
            return "uk" if counts["uk"] > counts["ru"] else "ru"
    likely = list(dict.fromkeys(candidates))
    order = [*likely, *(language for language in STOP_WORDS if language not in likely)]
    best, most = default or (likely or ["en"])[0], 0.0
    for language in order:
        count = counts[language] * (_LIKELY if language in likely else 1.0)
        if count > most:
            best, most = language, count
    return best


def page_language(text: str, default: str = "en") -> str:
    """Return the language of a page or of what is said of it (ISO 639-1).

    It is `default` where the text is too short or too mixed to tell: a tie, or hardly a stop word of any language.
    Code and addresses do not count.
    """
    sample = _CODE.sub(" ", text[: 2 * _LOOKED_AT])[:_LOOKED_AT]
    if _OTHER_SCRIPT.search(sample):
        letters = len(_LETTER.findall(sample)) or 1
        if language := _by_script(sample, letters * _SHARE_OF_PAGE):
            return language
    votes: Counter[str] = Counter()
    languages = _languages()
    for word, count in Counter(word.strip(_AROUND) for word in _plain(sample).split()).items():
        for language in languages.get(word, ()):
            votes[language] += count
    best = votes.most_common(1)
    if not best or best[0][1] < _LEAST_STOP_WORDS or votes[default] == best[0][1]:
        return default
    return best[0][0]


def _by_script(text: str, most: float) -> str:
    """Return the first language of whose script there are more than `most` characters; "" for none."""
    return next((language for language, script in _SCRIPTS if len(script.findall(text)) > most), "")


@cache
def _languages() -> Mapping[str, tuple[str, ...]]:
    """Return the languages that have a word as a stop word, by the word."""
    found: dict[str, tuple[str, ...]] = {}
    for language, words in STOP_WORDS.items():
        for word in words:
            found[word] = (*found.get(word, ()), language)
    return found


def _plain(word: str) -> str:
    return word.lower().replace("’", "'")
