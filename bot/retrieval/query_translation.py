"""Translates words of other languages, and of chat's shorthand, into English.

It serves questions in one language over pages in another, where the embedding model knows only one of them. The
words are a dictionary's, with an office's own before them: see the README of bot/retrieval/dictionaries.
"""

import gzip
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from bot.text.analyzer import fold, tokens

LANGUAGES = ("de", "es", "fr", "it", "nl", "pt")
_OFFICE = LANGUAGES[:3]

# Chat's and offices' shorthand, which is in no page: as whole words only, and only where no page has them.
_SHORTHAND = """
acct account|addr address|admin administrator|amt amount|appt appointment|approx approximately|app application
asap soon|avail available|b4 before|bc because|btw|biz business|cal calendar|cc credit card|cert certificate
chk check|comp compensation|config configuration|conf conference|cust customer|cust. customer|custs customers
dept department|dev developer|devs developers|diff different|dl download|doc document|docs documentation
eng engineering|env environment|eod end of day|eow end of week|est estimate|exp expense|ext extension
govt government|hr human resources|hrs hours|hw hardware|id identification|idk|imo|info information
ins insurance|inv invoice|k8s kubernetes|kb knowledge base|kept kept stored retained|l8r later|loc lines of code|lptp laptop|mgmt management
mgr manager|mgrs managers|min minimum|mins minutes|misc miscellaneous|mo month|msg message|mtg meeting
nb note|natl national|num number|ofc office|ooo out of office|org organization|ot overtime
pls please|plz please|pmt payment|pos position|ppl people|pr pull request|prod production|pto paid time off annual leave vacation
pw password|pwd password|pymt payment|qtr quarter|rcpt receipt|rec receive|recv receive|ref referral
reg regular|repo repository|req request|reqs requirements|resp responsible|rn now|rsu restricted stock units
sched schedule|sec security|shld should|sw software|sync synchronize|temp temporary|thru through|thx thanks
tix tickets|tkt ticket|tmrw tomorrow|tmr tomorrow|trng training|txn transaction|u you|ur your|vac vacation
vs versus|wfh work from home|wk week|wks weeks|wkend weekend|wknd weekend|wo without|wrk work
yr year|yrs years|wat what|wats what is|whats what is|wen when|wheres where is|hw how
"""


@cache
def words_of(language: str) -> Mapping[str, tuple[str, ...]]:
    """Return the words of one of LANGUAGES with their meanings, the usual words first.

    A word without a meaning stands there because its stem is another word's.
    """
    words = _dictionary(language)
    for word, meanings in _office().get(language, {}).items():
        words[word] = tuple(dict.fromkeys((*meanings, *words.get(word, ()))))
    return words


def by_stem(word: str, language: str) -> tuple[str, ...]:
    """Return the meanings of the most usual word with this one's stem: others with it may mean something else."""
    stem = _stem(word, language)
    # Dutch stems lack the "ge" of their words.
    begun = dict.fromkeys(map(_beginning, (stem, word)))
    return next((found for each in begun if (found := _stems(language, each).get(stem))), ())


# A language's stems take a tenth of a second; words of one stem begin alike, so that few are needed.
@cache
def _stems(language: str, beginning: str) -> Mapping[str, tuple[str, ...]]:
    words = words_of(language)
    stems: dict[str, tuple[str, ...]] = {}
    for word in _beginnings(language).get(beginning, ()):
        stems.setdefault(_stem(word, language), words[word])
    return stems


@cache
def _beginnings(language: str) -> Mapping[str, list[str]]:
    begun: dict[str, list[str]] = {}
    for word in words_of(language):
        begun.setdefault(_beginning(word), []).append(word)
    return begun


def _beginning(word: str) -> str:
    return fold(word[:3])[:2]


def _stem(word: str, language: str) -> str:
    return (tokens(word, language) or [fold(word)])[0]


@cache
def english() -> frozenset[str]:
    """Return English words that are spelled right, whether a page has them or not."""
    language = LANGUAGES[0]
    meanings = (line.partition("\t")[2] for line in _lines(language))
    known = " ".join(each for each in meanings if not each.startswith("=")).replace("|", " ").split()
    return frozenset(known).union(*_office().get(language, {}).values())


def _dictionary(language: str) -> dict[str, tuple[str, ...]]:
    words: dict[str, tuple[str, ...]] = {}
    for line in _lines(language):
        word, _, meanings = line.partition("\t")
        if meanings.startswith("="):
            words[word] = words.get(meanings[1:], ())
        else:
            words[word] = tuple(meanings.split("|"))
    return words


def _lines(language: str) -> list[str]:
    packed = files("bot.retrieval.dictionaries").joinpath(f"{language}.txt.gz").read_bytes()
    return gzip.decompress(packed).decode().splitlines()


@cache
def _office() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Return an office's own words, by language, with their meanings."""
    meanings: dict[str, dict[str, tuple[str, ...]]] = {language: {} for language in _OFFICE}
    for row in (
        files("bot.retrieval.dictionaries").joinpath("office.txt").read_text(encoding="utf-8").splitlines()
    ):
        notion, *others = row.split("|")
        for language, words in zip(_OFFICE, others, strict=True):
            for word in words.split():
                known = meanings[language].get(word, ())
                meanings[language][word] = tuple(dict.fromkeys((*known, *notion.split())))
    return meanings


def _shorthand() -> Mapping[str, str]:
    entries = (entry.strip() for line in _SHORTHAND.strip().splitlines() for entry in line.split("|"))
    return {
        short: meaning
        for short, _, meaning in (entry.partition(" ") for entry in entries)
        if meaning and meaning != short
    }


SHORTHAND = _shorthand()
