"""Shows file names as text: most are UTF-8, old ones are in the Windows code page of their time."""

import re
from collections.abc import Collection

from indexer.sources.base import PageFailed

_PLAIN = 0.7  # of a name in another encoding: with fewer plain letters it may be any


class PathNames:
    """The names of one listing. `raw` paths are Python's: bytes that aren't UTF-8 stand as surrogates."""

    def __init__(self, raw: Collection[str] = ()) -> None:
        self._texts: dict[str, str] = {}
        self._raw: dict[str, str] = {}
        self._problems: dict[str, str] = {}
        odd = sorted(path for path in raw if not is_text(path))
        taken = set(raw) if odd else set()
        for path in odd:
            text, problem = decoded(path), ""
            if text is None:
                problem = "its name is neither UTF-8 nor readable as another encoding: rename it"
            elif text in taken:
                problem = f"its name is not UTF-8, and read as {text} it is another file's, too: rename it"
            if problem or text is None:
                text = _all_escaped(path)
                self._problems[text] = problem
            taken.add(text)
            self._texts[path], self._raw[text] = text, path

    def text(self, raw: str) -> str:
        """Show a path of the listing as text, differently for each."""
        return self._texts.get(raw, raw)

    def raw(self, text: str) -> str:
        """Find the path that was shown as this text. Raises PageFailed for a name that is no page's."""
        if text in self._problems:
            raise PageFailed(self._problems[text])
        return self._raw.get(text, text)


def decoded(path: str) -> str | None:
    """Decode a path folder by folder, as UTF-8 or else as cp1252 where that gives a word; None where neither does."""
    parts = [part if is_text(part) else _of_windows(part) for part in path.split("/")]
    return None if None in parts else "/".join(filter(None, parts))


def _of_windows(name: str) -> str | None:
    try:
        text = name.encode(errors="surrogateescape").decode("cp1252")
    except UnicodeDecodeError:
        return None
    others = [letter for letter in text if not letter.isascii()]
    plain = len(re.findall(r"[\x20-\x7e]", text))
    return text if all(map(str.isalpha, others)) and plain >= _PLAIN * len(text) else None


def _all_escaped(path: str) -> str:
    return "/".join(part if is_text(part) else _escaped(part) for part in path.split("/"))


def _escaped(name: str) -> str:
    return name.encode(errors="surrogateescape").decode("ascii", "backslashreplace")


def shown(path: str) -> str:
    """Show a path to people, as `PathNames` does where no other file has that name."""
    return decoded(path) or _all_escaped(path)


def is_text(path: str) -> bool:
    """Tell whether a path holds no surrogates."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
