"""Marks tabs as parts: each keeps its label, as a heading below its section."""

import re

# What a page can't hold itself: these signs are taken out of it first.
_OPENS, _CLOSES = "\ue002", "\ue003"
_MARK = re.compile(f"([{_OPENS}{_CLOSES}])")


def opening(label: str) -> str:
    """Make the line that begins a part; without a label it begins none."""
    return f"###### {_OPENS}{' '.join(label.split())}"


def closing() -> str:
    """Make the line that ends a part."""
    return f"###### {_CLOSES}"


def split(text: str) -> list[str]:
    """Split a text so that each mark stands alone."""
    return _MARK.split(text) if _OPENS in text or _CLOSES in text else [text]


def is_mark(text: str) -> bool:
    """Tell whether a text is a mark."""
    return text in (_OPENS, _CLOSES)


def label_of(heading: str) -> str | None:
    """Read a heading that is a mark: the label of a part that begins, "" for the end of one; None for any other heading."""
    mark = _MARK.search(heading)
    if mark is None:
        return None
    return heading[mark.end() :].strip() if mark[0] == _OPENS else ""
