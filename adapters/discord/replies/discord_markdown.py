"""Converts Discord's text: incoming text is unwrapped, outgoing text is escaped. Pure functions."""

import re

from adapters.chat.markdown_text import shorten, split, tables_as_code
from bot.text import links
from bot.text.questions.question_text import bounded

MESSAGE = 1900  # of 2,000 characters, which Discord counts differently
_JOINER = "\N{WORD JOINER}"
_USER = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")
_CHANNEL = re.compile(r"<#(\d+)>")
_EMOJI = re.compile(r"<a?:(\w+):\d+>")
_ADDRESS = re.compile(r"(?P<before>\]\(|(?<![<\w]))(?P<url>https?://[^\s<>)\]]+)")


def incoming(text: str, bot: int, roles: frozenset[int] = frozenset()) -> str:
    """Return what somebody wrote, without the mention of the bot (or of its role), other mentions as words."""
    text = bounded(text)
    text = _USER.sub(lambda m: " " if int(m[1]) == bot else "@someone", text)
    text = _ROLE.sub(lambda m: " " if int(m[1]) in roles else "@role", text)
    return _EMOJI.sub(r":\1:", _CHANNEL.sub("#channel", text)).strip()


def escape(text: str) -> str:
    """Return text in which nothing is a mention; every message also switches mentions off."""
    text = re.sub(r"@(?=(?:everyone|here)\b)", "@" + _JOINER, text)
    return re.sub(r"<(?=@|#|a?:\w+:\d|/|t:\d|id:)", "<" + _JOINER, text)


def quiet(text: str) -> str:
    """Return text with its addresses in angle brackets, so that none unfolds into a preview."""
    return _ADDRESS.sub(lambda m: f"{m['before']}<{m['url']}>", text)


def as_messages(markdown: str) -> list[str]:
    """Return an answer's Markdown as texts for one message each, with tables as aligned code."""
    return split(quiet(escape(links.kept(tables_as_code(links.canonical(markdown)), markdown))), MESSAGE) or [
        "…"
    ]


def thread_name(question: str) -> str:
    """Return the question in at most 100 characters, as the name of its thread."""
    return escape(shorten(links.none(bounded(question)), 95)) or "Question"


def link(title: str, url: str) -> str:
    """Return a Markdown link, or the title alone where there is no address that may be linked."""
    shown = escape(title).replace("[", "(").replace("]", ")")
    if not re.match(r"https?://[^\s<>]+$", url):
        return shown
    return f"[{shown}]({url.replace('(', '%28').replace(')', '%29')})"
