"""Messages of a conversation as chat models take them. Pure."""

from collections.abc import Sequence
from typing import Literal, TypedDict


class Message(TypedDict):
    role: Literal["system", "user", "assistant"]
    content: str


def encodable(text: str) -> str:
    """Replace halves of characters, which a broken file may hold and which can't be sent."""
    return text.encode("utf-8", "replace").decode()


def alternating(messages: Sequence[Message]) -> list[Message]:
    """Join messages so that turns alternate and begin with the user's, as many models' templates demand.

    In a thread several people may speak before the model does.
    """
    made: list[Message] = []
    for one in messages:
        before = made[-1] if made else None
        if before is not None and before["role"] == one["role"]:
            made[-1] = {"role": one["role"], "content": f"{before['content']}\n\n{one['content']}"}
            continue
        if one["role"] == "assistant" and (before is None or before["role"] == "system"):
            made.append({"role": "user", "content": "…"})
        made.append(one)
    return made
