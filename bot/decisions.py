"""Holds what `Trace.decision` says where no measure decided: written while answering, and explained to people."""

from typing import Final

NO_AUDIENCE: Final = "no audience: nothing may be shown"
SMALL_TALK: Final = "small talk, no question"
NO_SUBJECT: Final = "no word of what about"
REFUSED: Final = "refused by the style guide"
GUIDES_WORDS: Final = "said in the style guide's words"
UNCOVERED: Final = "nothing that was written was covered"
