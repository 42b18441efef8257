"""What of a conversation goes along with a question: whoever said it, the nearest first."""

import re
from collections.abc import Sequence

from bot.config.chat import LimitSettings
from bot.model import Turn

_CHARACTERS_A_TOKEN = 4
_LEAST = 200  # characters of a message that is cut


def turn(text: str, *, own: bool) -> Turn:
    """A message; of the bot's own without the numbers of its sources."""
    return Turn("assistant", re.sub(r"\s*\[\d+\]", "", text)) if own else Turn("user", text)


def kept(said: Sequence[Turn], limits: LimitSettings) -> tuple[Turn, ...]:
    """The latest of it within the limits, oldest first; the beginning of one for which there isn't room."""
    said = [each for each in said if each.text]
    room = limits.history_tokens * _CHARACTERS_A_TOKEN
    found: list[Turn] = []
    for each in reversed(said[-limits.history_turns :] if limits.history_turns else []):
        text = _cut(each.text, room)
        if not text:
            break
        room -= len(text)
        found.append(Turn(each.role, text))
    return tuple(reversed(found))


def _cut(text: str, room: int) -> str:
    """Its beginning, if there is room for enough of it; "" if there isn't."""
    if len(text) <= room:
        return text
    return text[:room] if room >= _LEAST else ""
