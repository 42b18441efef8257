"""Makes headings' anchors as each site's software does.

github-slugger (GitHub, Docusaurus, Hugo), GitLab's, Python-Markdown's `toc`, `@mdit-vue/shared` (VitePress), docutils
(Sphinx), Asciidoctor, Confluence.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Final

_NO_LETTER: Final = re.compile(r"[^a-z0-9 _-]")
_VITEPRESS_SPECIAL: Final = re.compile(r"[\s~`!@#$%^&*()\-_+=\[\]{}|\\;:\"'“”‘’<>,.?/]+")


class Anchors:
    """Makes the anchors of one page by one rule: a name that comes again gets a number."""

    def __init__(self, rule: str = "github") -> None:
        self._slug = _RULES.get(rule, _github)
        self._rule = rule
        self._seen: dict[str, int] = {}

    def of(self, heading: str) -> str:
        """Make the next heading's anchor."""
        slug = self._slug(heading)
        if self._rule == "sphinx" and (not slug or slug in self._seen):
            return self._numbered_for_sphinx()
        count = self._seen.get(slug)
        self._seen[slug] = 0 if count is None else count + 1
        if count is None:
            return slug
        numbered = f"{slug}{_SIGNS.get(self._rule, '-')}{count + 1 + (self._rule == 'asciidoctor')}"
        self._seen.setdefault(numbered, 0)
        return numbered

    def _numbered_for_sphinx(self) -> str:
        count = self._seen[""] = self._seen.get("", 0) + 1
        return f"id{count}"


def _github(heading: str) -> str:
    """Lower-case it and make spaces hyphens; only letters, digits, `_` and `-` stay."""
    lower = heading.lower()
    if lower.isascii():
        return _NO_LETTER.sub("", lower).replace(" ", "-")
    return "".join(
        "-" if letter == " " else letter for letter in lower if letter in " -_" or letter.isalnum()
    )


def _gitlab(heading: str) -> str:
    slug = re.sub(r"-{2,}", "-", _github(heading.strip()))
    return f"anchor-{slug}" if slug.isdigit() else slug


def _mkdocs(heading: str) -> str:
    plain = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


def _vitepress(heading: str) -> str:
    plain = re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFKD", heading))
    slug = _VITEPRESS_SPECIAL.sub("-", plain).strip("-")
    return re.sub(r"^(\d)", r"_\1", slug).lower()


def _sphinx(heading: str) -> str:
    plain = unicodedata.normalize("NFKD", heading.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"^[-0-9]+|-+$", "", re.sub(r"[^a-z0-9]+", "-", " ".join(plain.split())))


def asciidoctor(heading: str, prefix: str = "_", separator: str = "_") -> str:
    """Make Asciidoctor's anchor. `prefix` and `separator` are its `idprefix` and `idseparator`."""
    plain = re.sub(r"<[^<>]+>|&(?:[a-z]+\d{0,2}|#\d{2,6}|#x[\da-f]{2,5});", "", heading.lower())
    plain = re.sub(r"[^\w .-]", "", plain)
    slug = (
        re.sub(rf"[ .\-{re.escape(separator)}]+", separator, plain) if separator else plain.replace(" ", "")
    )
    slug = f"{prefix}{slug.removesuffix(separator) if separator else slug}"
    return slug.removeprefix(separator) if separator and not prefix else slug


def _confluence(heading: str) -> str:
    return re.sub(r"\s+", "-", heading.strip())


def _confluence_server(heading: str) -> str:
    return re.sub(r"\s+", "", heading)


_RULES: Final[Mapping[str, Callable[[str], str]]] = {
    "github": _github,
    "docusaurus": _github,
    "hugo": _github,
    "gitlab": _gitlab,
    "mkdocs": _mkdocs,
    "pymdownx": _github,
    "vitepress": _vitepress,
    "sphinx": _sphinx,
    "asciidoctor": asciidoctor,
    "confluence": _confluence,
    "confluence-server": _confluence_server,
}
_SIGNS: Final = {
    "mkdocs": "_",
    "pymdownx": "_",
    "asciidoctor": "_",
    "confluence": ".",
    "confluence-server": ".",
}
