"""Tabs: of what stands side by side on the page, each part keeps its label, as a heading below the section that it is in."""

import re

# What a page can't hold itself: these signs are taken out of it first.
_OPENS, _CLOSES = "\ue002", "\ue003"
_MARK = re.compile(f"([{_OPENS}{_CLOSES}])")


def opening(label: str) -> str:
    """A line that begins the part. Without a label it is as if there were none."""
    return f"###### {_OPENS}{' '.join(label.split())}"


def closing() -> str:
    return f"###### {_CLOSES}"


def split(text: str) -> list[str]:
    """The text with each mark apart."""
    return _MARK.split(text) if _OPENS in text or _CLOSES in text else [text]


def is_mark(text: str) -> bool:
    return text in (_OPENS, _CLOSES)


def label_of(heading: str) -> str | None:
    """Of a heading's text: the label of a part that begins, "" for the end of one; None for any other heading."""
    mark = _MARK.search(heading)
    if mark is None:
        return None
    return heading[mark.end() :].strip() if mark[0] == _OPENS else ""
