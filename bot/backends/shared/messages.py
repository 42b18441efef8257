"""Messages of a conversation as chat models take them. Pure."""

from typing import Literal, TypedDict


class Message(TypedDict):
    role: Literal["system", "user", "assistant"]
    content: str


def encodable(text: str) -> str:
    """Half a character, which a broken file may hold, can't be sent."""
    return text.encode("utf-8", "replace").decode()
