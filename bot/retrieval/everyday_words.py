"""Says what pages may call what people say: "purchase" for "bought", "leave" for "three weeks off".

Pages are written in an office's words, questions in everyday ones. An embedding model knows that, words alone don't.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

# Forms of one word that have no stem in common. Not pay and paid: paid leave says nothing of pay.
_FORMS: Final = """
become became|begin began begun|break broke broken|bring brought|build built|buy bought|catch caught
child children|choose chose chosen|come came|draw drew drawn|drive drove driven|eat ate eaten|fall fell fallen
feel felt|find found|fly flew flown|forget forgot forgotten|freeze froze frozen|give gave given|go went gone
grow grew grown|hold held|keep kept|know knew known|lead led|leave left|lend lent|lose lost|make made|man men
meet met|mouse mice|person people|rise rose risen|run ran|say said|see saw seen|seek sought|sell sold
send sent|speak spoke spoken|spend spent|steal stole stolen|take took taken|teach taught|tell told
think thought|throw threw thrown|understand understood|wear wore worn|win won|withdraw withdrew withdrawn
woman women|write wrote written
"""
# To be paid is to have one's salary; paid leave says nothing of pay, and who is paid back has spent something.
_BEING_PAID: Final = re.compile(
    r"\b(?:get|gets|getting|got|be|been|being|is|are|am|was|were) paid$", re.IGNORECASE
)
_PAY: Final = ("pay", "salary")
# "Three weeks off", "Friday off": no word of it is in what a page says of leave.
_OFF: Final = re.compile(
    r"\b(?P<time>time|days?|weeks?|months?|hours?|mornings?|afternoons?|mondays?|tuesdays?|wednesdays?|thursdays?|"
    r"fridays?|saturdays?|sundays?|january|february|march|april|may|june|july|august|september|october|november|"
    r"december|spring|summer|autumn|fall|winter|christmas) off\b",
    re.IGNORECASE,
)
_LEAVE: Final = ("vacation", "leave", "holiday", "pto")


def other_words(word: str, text: str) -> tuple[str, ...]:
    """Return what English pages may have for a word of the question `text`: its other forms, and an office's words."""
    lower = word.lower()
    forms = _forms().get(lower, ())
    if lower == "paid" and _BEING_PAID.search(text.rstrip(" ?!.")):
        return (*forms, *_PAY)
    if " off" in text.lower() and any(lower == found.lower() for found in _OFF.findall(text)):
        return (*forms, *_LEAVE)
    return (*forms, *_everyday().get(lower, ()))


@cache
def _forms() -> Mapping[str, tuple[str, ...]]:
    groups = (entry.split() for line in _FORMS.strip().splitlines() for entry in line.split("|"))
    return {one: tuple(other for other in group if other != one) for group in groups for one in group}


@cache
def _everyday() -> Mapping[str, tuple[str, ...]]:
    lines = files("bot.retrieval.dictionaries").joinpath("everyday.txt").read_text(encoding="utf-8")
    return {word: tuple(others) for word, *others in map(str.split, lines.splitlines())}
