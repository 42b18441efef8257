"""Reads a Slack message's parts besides its text: forwarded messages and files. Pure functions."""

from collections.abc import Iterator
from typing import Any

from adapters.slack.replies.mrkdwn import incoming
from bot.text.questions.question_text import asked_with

Message = dict[str, Any]  # Slack's own JSON

_MOST = 5  # forwarded messages, and files
_DEPTH = 8  # of rich text within rich text
_PREVIEW = ("from_url", "original_url", "app_unfurl_url")
_FORWARDED = ("is_share", "is_msg_unfurl", "is_reply_unfurl", "is_thread_root_unfurl")
# A file that is gone, or hidden by the workspace's plan, or only a link to elsewhere.
_NOT_THERE = ("tombstone", "hidden_by_limit", "external")


def forwarded(message: Message, bot_user: str) -> tuple[str, ...]:
    """Return the messages that were shared or forwarded with one; previews of web pages don't count."""
    texts = (incoming(_text(each), bot_user) for each in _shared(message))
    return tuple(dict.fromkeys(filter(None, texts)))


def question_in(message: Message, bot_user: str) -> tuple[str, tuple[str, ...]]:
    """Return what a message asks, and what was forwarded with it.

    Without words of its own, what was forwarded is the question. An app's message may have no text: then its
    blocks and attachments are read.
    """
    text, about = incoming(str(message.get("text") or ""), bot_user), forwarded(message, bot_user)
    if not (text or about):
        text = incoming(_of_app(message), bot_user)
    return asked_with(text, about), about


def files(message: Message) -> tuple[str, ...]:
    """Return the ids of the files sent with a message, and with what was forwarded in it."""
    found = [*_list(message, "files"), *(file for one in _shared(message) for file in _list(one, "files"))]
    there = (str(file["id"]) for file in found if file.get("id") and file.get("mode") not in _NOT_THERE)
    return tuple(dict.fromkeys(there))[: _MOST + 1]


def _shared(message: Message) -> list[Message]:
    found = _list(message, "attachments")
    return [one for one in found if any(one.get(flag) is True for flag in _FORWARDED)][:_MOST]


def _text(attachment: Message) -> str:
    text = str(attachment.get("text") or "")
    if text.strip():
        return text
    blocks = [block for one in _list(attachment, "message_blocks") for block in _blocks(one)]
    return "".join(piece for block in blocks for piece in _pieces(block, _DEPTH)).strip()


def _of_app(message: Message) -> str:
    """Return what an app's message without a text shows, without previews of linked pages."""
    blocks = "".join(piece for block in _list(message, "blocks") for piece in _pieces(block, _DEPTH))
    shown = [
        "\n".join(dict.fromkeys(str(one[key]) for key in ("pretext", "title", "text") if one.get(key)))
        or str(one.get("fallback") or "")
        for one in _list(message, "attachments")[:_MOST]
        if not any(one.get(key) for key in _PREVIEW)
    ]
    return "\n".join(filter(None, (blocks.strip(), *shown)))


def _blocks(one: Message) -> list[Message]:
    message = one.get("message")
    return _list(message, "blocks") if isinstance(message, dict) else []


def _pieces(part: Message, depth: int) -> Iterator[str]:
    """Yield the words of rich text, as they would stand in a message's own text."""
    kind, text = part.get("type"), part.get("text")
    if isinstance(text, dict):
        text = text.get("text")
    if isinstance(text, str):
        yield text
    elif kind == "link":
        yield str(part.get("url") or "")
    elif kind == "user":
        yield f"<@{part.get('user_id')}>"
    elif kind == "emoji":
        yield f":{part.get('name')}:"
    if depth:
        for each in _list(part, "elements"):
            yield from _pieces(each, depth - 1)
    if kind in ("rich_text_section", "rich_text_preformatted", "rich_text_quote", "section", "header"):
        yield "\n"


def _list(data: Message, key: str) -> list[Message]:
    """Return the list under `key`; an empty one if it isn't what Slack documents."""
    found = data.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
