"""Chooses how much of the conversation goes along with a question: the latest messages, by anybody."""

import re
from collections.abc import Sequence

from bot.config.chat import LimitSettings
from bot.model import Turn

_CHARACTERS_A_TOKEN = 4
_LEAST = 200  # characters: a message that is cut shorter says too little


def turn(text: str, *, own: bool) -> Turn:
    """Return a message as a turn; the bot's own lose their citation numbers."""
    return Turn("assistant", re.sub(r"\s*\[\d+\]", "", text)) if own else Turn("user", text)


def kept(said: Sequence[Turn], limits: LimitSettings) -> tuple[Turn, ...]:
    """Return the latest turns within the limits, oldest first; one that doesn't fit is cut at its end."""
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
    """Return the beginning of `text` that fits into `room`; "" if that is too little to be of use."""
    if len(text) <= room:
        return text
    return text[:room] if room >= _LEAST else ""
