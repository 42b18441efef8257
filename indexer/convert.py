"""File bytes → Markdown."""

import re


class Unreadable(Exception):
    """Why a file can't be indexed, in words that go on from its name."""


def to_markdown(name: str, data: bytes) -> str:  # noqa: ARG001 (until there are other formats)
    """Raises Unreadable."""
    if not data.strip():
        return ""
    return decode(data)


def decode(data: bytes) -> str:
    """UTF-8, UTF-16 with its mark, or the old Windows page; raises Unreadable for what is no text."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise Unreadable("it is no text: its UTF-16 is broken") from error
    if b"\x00" in data:
        raise Unreadable("it is a binary file, not text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    if len(re.findall("[\x00-\x08\x0e-\x1f\ufffd]", text)) > len(text) / 100:
        raise Unreadable("it is a binary file, not text")
    return text
