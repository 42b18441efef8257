"""Converts Slack's text: incoming text is unwrapped, outgoing text is escaped. Pure functions."""

import html
import re

from adapters.chat.markdown_text import plain
from bot.text import links
from bot.text.questions.question_text import bounded

_LINK = re.compile(r"<((?:https?|mailto|tel):[^|<>]+)(?:\|([^<>]*))?>")
_USER = re.compile(r"<@([UW][A-Z0-9]+)(?:\|([^<>]*))?>")
_CHANNEL = re.compile(r"<#([CG][A-Z0-9]+)(?:\|([^<>]*))?>")
_SPECIAL = re.compile(r"<!(?:subteam\^[A-Z0-9]+(?:\|([^<>]*))?|([a-z]+)(?:\^[^|<>]*)?(?:\|([^<>]*))?)>")
_QUOTED = re.compile(r"^(\s{0,3}(?:&gt;\s?)+)", re.MULTILINE)
# An invisible character: it keeps "@channel" from being a mention in clients that look for one.
_JOINER = "\N{WORD JOINER}"


def incoming(text: str, bot_user: str) -> str:
    """Return what somebody wrote as plain text, without the bot's own mention and Slack's markup."""
    text = re.sub(rf"<@{re.escape(bot_user)}(?:\|[^<>]*)?>[,:]?", " ", bounded(text))
    text = _LINK.sub(lambda m: m[2] or m[1], text)
    text = _USER.sub(lambda m: f"@{m[2] or 'someone'}", text)
    text = _CHANNEL.sub(lambda m: f"#{m[2] or 'channel'}", text)
    text = _SPECIAL.sub(lambda m: f"@{(m[1] or m[3] or m[2] or 'group').removeprefix('@')}", text)
    return html.unescape(text).strip()


def mentions(text: str, bot_user: str) -> bool:
    return f"<@{bot_user}>" in text or f"<@{bot_user}|" in text


def addressed(text: str) -> bool:
    """Return whether a message begins with a mention of somebody."""
    return _USER.match(text.lstrip()) is not None


def escape(text: str) -> str:
    """Return text that Slack shows as it is: no mention, no link, no entity."""
    text = re.sub(r"@(?=(?:channel|here|everyone)\b)", "@" + _JOINER, text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def markdown(text: str) -> str:
    """Return Markdown for a `markdown` block: escaped, with its quote marks kept."""
    escaped = escape(links.canonical(text))
    return _QUOTED.sub(lambda m: m[1].replace("&gt;", ">"), escaped)


def link(title: str, url: str) -> str:
    """Return a mrkdwn link, or the title alone where there is no address that may be linked."""
    shown = escape(title).replace("|", "\N{BROKEN BAR}")
    if not re.match(r"https?://", url) or re.search(r"[<>|\s]", url):
        return shown
    return f"<{url.replace('&', '&amp;')}|{shown}>"


def fallback(text: str, limit: int = 3000) -> str:
    """Return the plain text of a message with blocks, for notifications and screen readers."""
    text = text[: 2 * limit]
    words = escape(links.kept(plain(links.canonical(text)), text))
    return words if len(words) <= limit else words[: limit - 1] + "…"
