"""Globs over paths with `/`, as people write them for git: `**/*.md`, `docs/`, `*.pdf`."""

import re
from collections.abc import Iterable
from functools import lru_cache


@lru_cache(maxsize=1024)
def _compiled(glob: str) -> re.Pattern[str]:
    glob = glob.removeprefix("./").removeprefix("/")
    if glob.endswith("/"):
        glob += "**"
    pattern = ""
    position = 0
    while position < len(glob):
        if glob.startswith("**/", position):
            pattern, position = pattern + "(?:.*/)?", position + 3
        elif glob.startswith("**", position):
            pattern, position = pattern + ".*", position + 2
        elif glob[position] == "*":
            pattern, position = pattern + "[^/]*", position + 1
        elif glob[position] == "?":
            pattern, position = pattern + "[^/]", position + 1
        elif glob[position] == "[" and (end := glob.find("]", position + 2)) > 0:
            letters = re.escape(glob[position + 1 : end]).replace("\\-", "-")
            pattern += f"[{letters.replace('!', '^', 1) if letters.startswith('!') else letters}]"
            position = end + 1
        elif glob[position] == "{" and (end := glob.find("}", position)) > 0:
            choices = "|".join(re.escape(choice) for choice in glob[position + 1 : end].split(","))
            pattern, position = f"{pattern}(?:{choices})", end + 1
        else:
            pattern, position = pattern + re.escape(glob[position]), position + 1
    return re.compile(pattern)


def matches(path: str, glob: str) -> bool:
    """`*` stays within a folder, `**` doesn't; `{a,b}` is a choice; a folder's name with `/` is all in it."""
    return _compiled(glob).fullmatch(path) is not None


def selects(path: str, include: Iterable[str], exclude: Iterable[str]) -> bool:
    return any(matches(path, glob) for glob in include) and not any(matches(path, glob) for glob in exclude)
