"""Marks the bot's messages, so that a later process can tell one from another."""

from collections.abc import Sequence
from typing import Any, Final

from adapters.slack.replies.rendering import Block

_MARK: Final = "docent:"


def marked(blocks: Sequence[Block], mark: str) -> list[Block]:
    """Return the blocks with the mark as the first block's id.

    `markdown` blocks are passed over: Slack drops their ids.
    """
    marked = list(blocks)
    for number, block in enumerate(marked):
        if mark and block["type"] != "markdown":
            marked[number] = {**block, "block_id": f"{_MARK}{mark}"}
            break
    return marked


def is_marked(message: dict[str, Any], mark: str, text: str, own: bool) -> bool:  # noqa: FBT001 - what it is
    """Return whether a message has this mark, in its metadata or in a block.

    Where it has neither, the bot's own message with exactly this text counts.
    """
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    if "mark" in payload:
        return bool(payload["mark"] == mark)
    if not own:
        return False
    marks = [one for block in message.get("blocks") or () if (one := _mark_of(block))]
    return mark in marks if marks else bool(text) and message.get("text") == text


def mark_of(message: dict[str, Any]) -> str:
    """Return the mark of a message that the bot wrote; "" if it has none."""
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    if payload.get("mark"):
        return str(payload["mark"])
    return next(filter(None, map(_mark_of, message.get("blocks") or ())), "")


def _mark_of(block: Block) -> str:
    name = str(block.get("block_id") or "")
    return name.removeprefix(_MARK) if name.startswith(_MARK) else ""
