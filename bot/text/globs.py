"""Matches paths with `/` against globs as people write them for git: `**/*.md`, `docs/`, `*.pdf`.

Ours: wcmatch and pathspec compare code points: a Mac's spelling of `ü`, or `%C3%BC`, would slip through them.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import Literal
from urllib.parse import unquote_to_bytes

Form = Literal["NFC", "NFKC"]


def matches(path: str, glob: str) -> bool:
    """Tell whether the glob fits: `*` stays within a folder, `**` doesn't; `{a,b}` is a choice; `docs/` is all in `docs`.

    Names are the same however they are spelled: composed or decomposed letters, or their %-form.
    """
    return _compiled(glob, "NFC", fold=False).fullmatch(_plain(path)) is not None


def may_match(path: str, glob: str, *, fold: bool = True) -> bool:
    """Tell whether the glob fits any reading of the path, for patterns that hide pages. `fold`: in any case, too."""
    readings = _readings(path, fold=fold)
    return any(_compiled(glob, form, fold=fold).fullmatch(reading) is not None for form, reading in readings)


def name_of(text: str) -> str:
    """Return the name of a group, a person or an address in the one spelling in which names are compared."""
    return _spelled(text.strip(), "NFC", fold=True)


class Selection:
    """Selects the pages of a listing by their names, and remembers which names no pattern takes and which patterns fit none.

    `fold`: the source doesn't tell names apart by their case. `watched` are patterns of other settings, which may
    fit what is excluded.
    """

    def __init__(
        self,
        include: Iterable[str] = ("**",),
        exclude: Iterable[str] = (),
        *,
        fold: bool = True,
        watched: Iterable[str] = (),
        any_case: Iterable[str] = (),
    ) -> None:
        self.fold = fold
        self._include = tuple(include)
        self._exclude = tuple(exclude)
        self._any_case = frozenset(any_case)
        self._watched = tuple(watched)
        self.start_listing()

    def start_listing(self) -> None:
        """Forget what was counted; called before a listing."""
        self.untaken: dict[str, int] = {}
        self.unfit = set(self._exclude)
        self.unseen = set(self._watched)

    def takes(self, path: str) -> bool:
        if not any(self._includes(path, glob) for glob in self._include):
            name = path.rpartition("/")[2]
            ending = name.rpartition(".")[2].lower() if "." in name else ""
            self.untaken[ending] = self.untaken.get(ending, 0) + 1
            return False
        excluding = [glob for glob in self._exclude if may_match(path, glob, fold=self.fold)]
        self.unfit.difference_update(excluding)
        self.seen(path)
        return not excluding

    def excludes(self, path: str) -> bool:
        return any(may_match(path, glob, fold=self.fold) for glob in self._exclude)

    def would_take(self, path: str) -> bool:
        """Tell whether the path is taken, without counting it."""
        return any(self._includes(path, glob) for glob in self._include) and not self.excludes(path)

    def seen(self, path: str) -> None:
        """Count the watched patterns that fit a page's name as used."""
        self.unseen = {glob for glob in self.unseen if not may_match(path, glob)}

    def _includes(self, path: str, glob: str) -> bool:
        return matches(path.lower() if glob in self._any_case else path, glob)


# --- spelling -------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _plain(path: str) -> str:
    return unicodedata.normalize("NFC", _decoded(path))


@lru_cache(maxsize=4096)
def _readings(path: str, *, fold: bool) -> frozenset[tuple[Form, str]]:
    """Return the path in every form in which somebody may take it for the one that a pattern names."""
    texts = {path}
    for _ in range(4):  # "%2525": some servers decode more than once
        texts |= {_decoded(text) for text in texts}
    texts |= {re.sub(r"/(?:\.?/)+", "/", text) for text in texts}
    forms: tuple[Form, ...] = ("NFC", "NFKC")
    return frozenset((form, _spelled(text, form, fold=fold)) for text in texts for form in forms)


def _spelled(text: str, form: Form, *, fold: bool) -> str:
    text = unicodedata.normalize(form, text)
    if form == "NFKC":  # what nobody sees tells no names apart
        text = "".join(each for each in text if unicodedata.category(each) != "Cf")
        text = unicodedata.normalize(form, text)
    if fold:  # by capitals first: some letters share theirs
        for _ in range(2):
            decomposed = unicodedata.normalize("NFKD" if form == "NFKC" else "NFD", text)
            text = unicodedata.normalize(form, decomposed.upper().casefold())
    return text


def _decoded(text: str) -> str:
    """Decode %-forms as UTF-8 or, where they are none, as Windows-1252."""
    if "%" not in text:
        return text
    return re.sub(r"(?:%[0-9A-Fa-f]{2})+", _letters, text)


def _letters(found: re.Match[str]) -> str:
    data = unquote_to_bytes(found[0])
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


# --- patterns -------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def _compiled(glob: str, form: Form, *, fold: bool) -> re.Pattern[str]:
    glob = unicodedata.normalize("NFC", glob).removeprefix("./").removeprefix("/")
    if glob.endswith("/"):
        glob += "**"
    literal = partial(_literal, form=form, fold=fold)
    pattern, plain, position = "", "", 0
    while position < len(glob):
        found = _special(glob, position, literal)
        if found is None:
            plain, position = plain + glob[position], position + 1
            continue
        pattern, plain, position = pattern + literal(plain) + found[0], "", found[1]
    return re.compile(pattern + literal(plain), re.IGNORECASE if fold else 0)


def _literal(text: str, *, form: Form, fold: bool) -> str:
    return re.escape(_spelled(_decoded(text), form, fold=fold))


def _special(glob: str, position: int, literal: Callable[[str], str]) -> tuple[str, int] | None:
    """Return the expression for what stands here, and where it ends; None for a plain letter."""
    if glob.startswith("**/", position):
        return "(?:.*/)?", position + 3
    if glob.startswith("**", position):
        return ".*", position + 2
    if glob[position] in "*?":
        return "[^/]*" if glob[position] == "*" else "[^/]", position + 1
    if glob[position] == "[" and (end := glob.find("]", position + 2)) > 0:
        letters = re.escape(glob[position + 1 : end]).replace("\\-", "-")
        return f"[{'^' + letters[1:] if letters.startswith('!') else letters}]", end + 1
    if glob[position] == "{" and (end := glob.find("}", position)) > 0:
        choices = "|".join(map(literal, glob[position + 1 : end].split(",")))
        return f"(?:{choices})", end + 1
    return None
