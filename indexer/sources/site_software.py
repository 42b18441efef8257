"""Recognises the software that shows a folder's pages, by its settings' files."""

import re
from collections.abc import Iterable
from typing import Final

# The first that fits: a project may be on GitHub and have a site besides.
_SETTINGS: Final = tuple(
    (software, re.compile(pattern, re.IGNORECASE))
    for software, pattern in (
        ("docusaurus", r"docusaurus\.config\.[cm]?[jt]s"),
        ("mkdocs", r"(?:mkdocs|properdocs|zensical)\.(?:ya?ml|toml)"),
        ("vitepress", r"\.vitepress"),
        ("sphinx", r"conf\.py"),
        ("hugo", r"hugo\.(?:toml|ya?ml|json)"),
        ("asciidoctor", r"antora(?:-playbook)?\.ya?ml"),
        ("github", r"\.github|_config\.yml"),
        ("gitlab", r"\.gitlab(?:-ci\.yml)?"),
    )
)


def software_of(folders: Iterable[Iterable[str]]) -> str:
    """Name the software; "" if unknown. `folders` are the names in the pages' folder and in those above it, nearest first."""
    for names in folders:
        listed = list(names)
        for software, pattern in _SETTINGS:
            if any(pattern.fullmatch(name) for name in listed):
                return software
    return ""
