"""Makes what people type ready for search. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.limits import ANSWER
from bot.model import Question, Turn
from bot.text.analyzer import acronym
from bot.text.questions import small_talk
from bot.text.stopwords import STOP_WORDS

LIMIT = ANSWER.question_characters
_READ, _END = 8_000, 2_000  # characters of a message, and of those from its end
_LONG = 240  # characters: who writes more tells a story before the question
_AFTER_THE_QUESTION = 3  # sentences: "Thanks in advance! Best, Ada"
_FEWEST = 3  # words
_SENTENCE = re.compile(r"(?<=[.!?？。！])\s+|(?<=[？。！])")
_TRIES = 4  # messages of a conversation in which is looked for what a question leans on
_TAIL = 4  # one in so many characters is from the end: long messages tend to end with what they ask
FOLLOW_UP_WORDS = 12  # a longer question is taken to say what it means

# Colours and titles, as in what is copied from a terminal.
_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*\x07?)")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_LEAN = re.compile(
    r"^\W*(?:and|or|but|also|so|then|same|what about|how about|what if|und|oder|aber|was ist mit|wie ist es|"
    r"y|o|pero|qué hay de|et|ou|mais|qu'en est-il)\b"
    r"|\b(?:it|its|that|this|these|those|they|them|their|there|one|ones|he|she|him|her|instead|"
    r"das|dies|diese|dort|dafür|davon|eso|esto|ça|cela|ceux)\b",
    re.IGNORECASE,
)
# "Who is Bosun?" names all that it is about; "What is required?" doesn't.
_NAMED = re.compile(
    r"\W*(?i:who|what|where|wer|was|wo|qui|quién|qué|dónde)(?:['’]s| +(?i:is|are|was|were|ist|sind|est|es|son)) +[^\W\d_a-zß-ÿ]"
)
# Words that carry no subject: what a follow-up doesn't need from the question before it.
_EMPTY = frozenset(
    """a about after all am an and any are as at be because been before but by can could did do does doing for from
    get got had has have he her him his how i if in into is it its just know like may me might must my need no not
    of on or our please she should so some tell than thanks that the their them then there these they this those to
    too up us want was we were what when where which who whom whose why will with would you your""".split()  # noqa: SIM905 - a list of a hundred words reads worse
)
# With nothing else beside these a message asks for help, not for something.
_FILLERS = frozenset(
    """answer answers anybody anyone anything ask assist check explain everyone find folks guys help here hey idea ideas info
    information look looking question questions quick see somebody someone something somehow take thing today
    understand anyway right okay ok team all urgent asap
    beantworten erklären frage helfen hilfe schauen aider aide expliquer question regarder répondre
    ayuda ayudar explicar mirar pregunta responder""".split()  # noqa: SIM905
)
_ANY_STOP_WORD = frozenset().union(*STOP_WORDS.values())
_ASKS = frozenset({"how", "when", "where", "who", "whom", "whose", "why"})


@dataclass(frozen=True, slots=True)
class PreparedText:
    """`text` is "" if there is nothing to search for. `note` tells the asker what was left out."""

    text: str
    note: str = ""


def bounded(text: str) -> str:
    """Return a message's beginning and end, before any pattern sees it: more of it is never read."""
    return text if len(text) <= _READ else f"{text[: _READ - _END]} … {text[-_END:]}"


def prepare(text: str, limit: int = LIMIT) -> PreparedText:
    """Remove control characters and terminal codes, collapse space, and cut the middle out of more than `limit` characters."""
    text = _TERMINAL.sub(" ", bounded(text))
    text = "".join(" " if _is_control(c) else c for c in text)
    text = " ".join(text.split())
    if not _WORD.search(text):
        return PreparedText("")
    if len(text) <= limit:
        return PreparedText(text)
    end = limit // _TAIL
    head, tail = text[: limit - end], text[-end:]
    cut = f"{head.rsplit(' ', 1)[0]} … {tail.split(' ', 1)[-1]}"
    note = f"Your message was long: I read its first {limit - end:,} characters and its last {end:,}."
    return PreparedText(cut, note)


def asked_in(text: str) -> str:
    """Return the question at the end of a long message, with the sentence before it if it leans on that."""
    if len(text) < _LONG:
        return text
    sentences = [each for each in _SENTENCE.split(text) if _WORD.search(each)]
    asking = [at for at, each in enumerate(sentences) if each.rstrip(" )\"'”’*_").endswith(("?", "？"))]
    if not asking or asking[-1] < len(sentences) - _AFTER_THE_QUESTION:
        return text
    first = asking[-1]
    while first - 1 in asking:
        first -= 1
    if first and leans(sentences[first]):
        first -= 1
    found = " ".join(sentences[first : asking[-1] + 1])
    return found if len(_WORD.findall(found)) >= _FEWEST else text


def with_what_came_along(question: Question) -> Question:
    """Put what was forwarded or attached in its place: it is the question if that has no words, else said just before."""
    about = tuple(text for text in question.about if _WORD.search(text) and text != question.text)
    if not about:
        return question
    if says_nothing(question.text):
        return replace(question, text="\n\n".join(about))
    return replace(question, history=(*question.history, *(Turn("user", bounded(text)) for text in about)))


def says_nothing(text: str) -> bool:
    """Tell whether it has no word of what it is about: it is empty, or like "Can you answer this?"."""
    return not _WORD.search(text) or is_vague(text)


def asked_with(text: str, about: Sequence[str]) -> str:
    """Return what a message asks: its own words or, if it has none, those of the messages forwarded with it."""
    return "\n\n".join(about) if about and says_nothing(text) else text


def stands_alone(question: Question) -> bool:
    """Tell whether it is a question by itself: neither another's words, nor clear only from what was said before."""
    if says_nothing(question.text) or question.text in question.about:
        return False
    return not (leans(question.text) and (question.history or question.about))


def merged(question: Question) -> str:
    """Add the content words of the question before it, if it seems to lean on that.

    This is for where no language model can say it better: "and for contractors?" after "How many days off do
    employees get?" is searched as "and for contractors? How many days off employees".
    """
    return wordings(question)[0]


def wordings(question: Question) -> tuple[str, ...]:
    """Return what a follow-up may mean, by the nearest message before it first.

    After an answer that is the last question. Where several people talk before they ask, it may be about anything
    that they said since then, most likely the first of it.
    """
    said = [turn.text for turn in question.history if turn.role == "user" and _WORD.search(turn.text)]
    if not said or not leans(question.text):
        return (question.text,)
    have = {word.lower() for word in _WORD.findall(question.text)}
    since = [text for text in _since_an_answer(question.history) if small_talk.reply(text) is None]
    nearest = [_with_words(question.text, text, have) for text in reversed(since)]
    last = _with_words(question.text, _previous(said), have)
    told = [each for each in nearest[:-1] if _words_more(each, question.text) > 1]
    first = [each for each in (*nearest[-1:], last) if each != question.text]
    return tuple(dict.fromkeys((*told[:_TRIES], *first))) or (last,)


def _words_more(text: str, than: str) -> int:
    return len(_WORD.findall(text)) - len(_WORD.findall(than))


def _since_an_answer(history: Sequence[Turn]) -> list[str]:
    """Return what people said after the last answer; nothing if that is one message, which leans on what was before."""
    at = max((number for number, turn in enumerate(history) if turn.role == "assistant"), default=-1)
    said = [turn.text for turn in history[at + 1 :] if _WORD.search(turn.text)]
    return said if len(said) > 1 else []


def _with_words(text: str, previous: str, have: set[str]) -> str:
    words = (w for w in _WORD.findall(previous) if w.lower() not in (_EMPTY - _ASKS) | have)
    return " ".join([text, *dict.fromkeys(words)])


def is_vague(text: str) -> bool:
    """Tell whether it asks without a word of what about, like "Can you answer this?"."""
    found = _WORD.findall(text)
    if not text.isupper() and any(map(acronym, found)):
        return False  # IT and US are names
    words = {word.lower().replace("’", "'") for word in found}
    return bool(words) and not words - _EMPTY - _FILLERS - _ANY_STOP_WORD


def leans(text: str) -> bool:
    """Tell whether it probably can't be understood without what was said before."""
    words = _WORD.findall(text)
    content = [word for word in words if word.lower() not in _EMPTY]
    lean = len(content) == 0 or (len(content) == 1 and not _NAMED.match(text))
    return len(words) <= FOLLOW_UP_WORDS and (lean or is_vague(text) or _LEAN.search(text) is not None)


def _previous(said: Sequence[str]) -> str:
    """Return the last thing that was said, with what that leaned on in turn."""
    last = prepare(said[-1]).text
    return f"{last} {said[-2][:LIMIT]}" if len(said) > 1 and leans(last) else last


def _is_control(character: str) -> bool:
    """Tell whether it is a control character, lone surrogate or private character; joiners of scripts and emoji are none."""
    return (
        unicodedata.category(character) in {"Cc", "Cs", "Co", "Cn"} or character in "\u202a\u202b\u202d\u202e"
    )
