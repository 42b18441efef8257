"""Makes untrusted text harmless on every platform: it pings nobody and shows no credentials."""

import re

_ZERO_WIDTH = "\u200b"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_BROADCAST = re.compile(r"@(?=(?:everyone|here|channel)\b(?!\.\w))", re.IGNORECASE)
_ANGLE_MENTION = re.compile(r"<([@!#][^<>\s]{0,100})>")

_CREDENTIALS = re.compile(r"(?<=://)[^/\s]*@")


def clean(text: str) -> str:
    """Remove control characters, and those that turn the reading direction."""
    return _CONTROL.sub("", text)


def defuse(text: str) -> str:
    """Return the same text to read, in which no platform finds a mention."""
    text = _ANGLE_MENTION.sub(lambda match: f"<{match[1][0]}{_ZERO_WIDTH}{match[1][1:]}>", text)
    return _BROADCAST.sub(f"@{_ZERO_WIDTH}", text)


def as_name(text: str) -> str:
    """Reduce it to a person's name of at most 80 characters, plain text on every platform; "an admin" for nothing."""
    return re.sub(r"[*_`\[\]<>|\n]", "", defuse(clean(text))).strip()[:80] or "an admin"


def without_credentials(text: str) -> str:
    """Take user and password out of the addresses in the text, also a password with an @ in it."""
    return _CREDENTIALS.sub("", text)
