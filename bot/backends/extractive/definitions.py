"""Tells what a question wants defined, and which snippets define it. Pure."""

import re
from typing import Final

from bot.backends.extractive.snippets import Snippet
from bot.text.analyzer import distinct_tokens

_ASKED: Final = re.compile(
    r"\W*(?:what(?:['’]?s| is| are)|who (?:is|are)|define|what do(?:es)?|was (?:ist|sind|bedeutet|heißt)|"
    r"qu['’]est-ce qu(?:e |['’])|qué (?:es|son|significa))\s+"
    r"(?:an?\s+|the\s+|eine?\s+|der\s+|die\s+|das\s+|une?\s+|una?\s+|el\s+|la\s+)?(?P<what>.+?)"
    r"(?:\s+(?:mean|means|stand for|stands for))?\W*",
    re.IGNORECASE,
)
# What stands between a name and what it means: as in a glossary, or in a sentence.
_ENTRY: Final = re.compile(r"\s*(?::|\s[–—-]\s|\|)\s*")
_SENTENCE: Final = re.compile(
    r"\s+(?:is|are|means?|stands? for|ist|sind|bedeutet|heißt|est|son|es)\s+", re.IGNORECASE
)
_NAMED: Final = re.compile(r"(?:an?|the|eine?|der|die|das|une?|una?|el|la|le)\s+", re.IGNORECASE)
_LONGEST_NAME: Final = 5  # words
_MARKS: Final = "| *_`"


def asked_for(question: str) -> frozenset[str]:
    """Return the terms of what it wants defined ("what is a conductor"); none if it doesn't ask that way."""
    match = _ASKED.fullmatch(question.strip())
    return distinct_tokens(match["what"]) if match else frozenset()


def defines(snippet: Snippet, wanted: frozenset[str]) -> float:
    """Return how well the snippet defines what is `wanted`, from 0 to 1.

    1.0 for a glossary's entry of exactly that, 0.5 for a sentence that begins with it and says what it is, 0.4 for
    one that begins with it and says something else ("A hotfix mends …").
    """
    if not wanted:
        return 0.0
    text = snippet.text.strip(_MARKS)
    for between, weight in ((_ENTRY, 1.0), (_SENTENCE, 0.5)):
        name, *meaning = between.split(text, maxsplit=1)
        if meaning and distinct_tokens(name) == wanted:
            return weight
    return 0.4 if _is_subject(text, wanted) else 0.0


def _is_subject(text: str, wanted: frozenset[str]) -> bool:
    """Tell whether a sentence begins with an article and what is wanted."""
    match = _NAMED.match(text)
    words = text[match.end() :].split() if match else []
    ends = range(1, min(len(words), _LONGEST_NAME + 1))
    return any(distinct_tokens(" ".join(words[:end])) == wanted for end in ends)
