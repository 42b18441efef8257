"""What tells a message of the bot from its others, whoever reads it later."""

from collections.abc import Sequence
from typing import Any, Final

from adapters.slack.replies.rendering import Block

_MARK: Final = "docent:"


def marked(blocks: Sequence[Block], mark: str) -> list[Block]:
    """The blocks with the mark as the id of the first that keeps one: Slack drops those of `markdown` blocks."""
    marked = list(blocks)
    for number, block in enumerate(marked):
        if mark and block["type"] != "markdown":
            marked[number] = {**block, "block_id": f"{_MARK}{mark}"}
            break
    return marked


def is_marked(message: dict[str, Any], mark: str, text: str, own: bool) -> bool:  # noqa: FBT001 - what it is
    """Whether a message has this mark: in its metadata or a block, or where there is neither, if it is our text."""
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    if "mark" in payload:
        return bool(payload["mark"] == mark)
    if not own:
        return False
    marks = [one for block in message.get("blocks") or () if (one := _mark_of(block))]
    return mark in marks if marks else bool(text) and message.get("text") == text


def mark_of(message: dict[str, Any]) -> str:
    """The mark of a message that the bot wrote; "" if it has none."""
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    if payload.get("mark"):
        return str(payload["mark"])
    return next(filter(None, map(_mark_of, message.get("blocks") or ())), "")


def _mark_of(block: Block) -> str:
    name = str(block.get("block_id") or "")
    return name.removeprefix(_MARK) if name.startswith(_MARK) else ""
