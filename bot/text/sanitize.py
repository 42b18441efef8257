"""Untrusted text made harmless on every platform: it pings nobody and links only to what was retrieved."""

import re
from collections.abc import Callable

_ZERO_WIDTH = "\u200b"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_BROADCAST = re.compile(r"@(?=(?:everyone|here|channel)\b(?!\.\w))", re.IGNORECASE)
_ANGLE_MENTION = re.compile(r"<([@!#][^<>\s]{0,100})>")

_IMAGE = re.compile(r"!\[([^\]\n]*)\](?:\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)|\[[^\]\n]*\])")
_INLINE = re.compile(r"\[([^\]\n]*)\]\(\s*<?([^()\s>]*(?:\([^()\s]*\)[^()\s>]*)*)>?(?:\s+[^()\n]*)?\)")
_REFERENCE = re.compile(r"\[([^\]\n]+)\]\[[^\]\n]*\]")
_DEFINITION = re.compile(r"(?m)^[ \t]{0,3}\[[^\]\n]+\]:[ \t]*\S+.*$")
_ANGLE_LINK = re.compile(r"<((?:[a-z][a-z0-9+.-]*:|www\.)[^\s<>|]*)(?:\|([^<>\n]*))?>", re.IGNORECASE)
_HTML = re.compile(
    r"</?(?:a|img|iframe|script|style|form|object|embed|svg|video|audio|link|meta)\b[^>]*>", re.IGNORECASE
)
_BARE = re.compile(r"(?<![\w/@.-])(?:https?://|ftp://|www\.)[^\s<>\])}\"'`|]+", re.IGNORECASE)

_CREDENTIALS = re.compile(r"(?<=://)[^/\s]*@")
_URL = re.compile(r"(?:https?://|ftp://|www\.|mailto:)[^\s<>\])}\"'`|]+", re.IGNORECASE)


def clean(text: str) -> str:
    """Without control characters and those that turn the reading direction."""
    return _CONTROL.sub("", text.replace("\r\n", "\n"))


def defuse(text: str) -> str:
    """The same to read, but no platform takes anything in it for a mention."""
    text = _ANGLE_MENTION.sub(lambda match: f"<{match[1][0]}{_ZERO_WIDTH}{match[1][1:]}>", text)
    return _BROADCAST.sub(f"@{_ZERO_WIDTH}", text)


def without_credentials(text: str) -> str:
    """Addresses in it lose the user and the password that they hold, also one with an @ in it."""
    return _CREDENTIALS.sub("", text)


def urls(text: str) -> set[str]:
    """Every address in a text, in the form that `unlink` compares."""
    return {normal(match.group()) for match in _URL.finditer(text)}


def normal(url: str) -> str:
    """An address without what doesn't change where it leads."""
    url = url.strip().rstrip(".,;:!?/")
    return re.sub(r"^(?:https?://)?(?:www\.)?", "", url, flags=re.IGNORECASE)


def unlink(text: str, allowed: Callable[[str], bool]) -> str:
    """Links that are not `allowed` become their text; images, and HTML that loads or links, go."""
    text = _HTML.sub("", _IMAGE.sub(r"\1", _DEFINITION.sub("", text)))
    text = _INLINE.sub(lambda match: match[0] if allowed(match[2]) else match[1], text)
    text = _REFERENCE.sub(r"\1", text)
    text = _ANGLE_LINK.sub(lambda match: match[0] if allowed(match[1]) else match[2] or "", text)
    return _BARE.sub(lambda match: match[0] if _in_link(text, match) or allowed(match[0]) else "", text)


def _in_link(text: str, match: re.Match[str]) -> bool:
    """An allowed Markdown link's own address was judged already."""
    return text[max(0, match.start() - 2) : match.start()].endswith(("](", "(<"))
