"""Finds who owns a file by the repository's CODEOWNERS: gitignore's patterns, of which the last that fits counts.

Ours: codeowners gives nobody what a GitLab section's heading gives its owners, and loses the whole file for one
pattern with a lone `[`; pathspec takes `docs/pay/*` for all that lies deeper, which GitHub doesn't.
"""

import re

# Where GitHub and GitLab look for it, the first that is there.
PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")

_MOST_BYTES = 3_000_000  # GitHub's own limit
_MOST_STARS = 12  # in one pattern: what is longer costs more than it says
_SECTION = re.compile(r"\^?\[[^\]]*\](?:\[\d+\])?(?P<owners>.*)")


class CodeOwners:
    """The rules of one CODEOWNERS file; `text` "" has none."""

    def __init__(self, text: str) -> None:
        self._rules = tuple(_rules(text[:_MOST_BYTES]))[::-1]
        self._known: dict[str, tuple[str, ...]] = {}

    def owners(self, path: str) -> tuple[str, ...]:
        """Find the owners of a path in the repository, without their @; none where no rule names any."""
        if path not in self._known:
            found = (owners for pattern, owners in self._rules if pattern.fullmatch(path))
            self._known[path] = next(found, ())
        return self._known[path]


def _rules(text: str) -> list[tuple[re.Pattern[str], tuple[str, ...]]]:
    rules = []
    default: tuple[str, ...] = ()
    for line in text.splitlines():
        words = re.split(r"(?<!\\)\s+", re.sub(r"(?:^|(?<=\s))#.*", "", line).strip())
        section = _SECTION.fullmatch(" ".join(words))
        if section:  # GitLab's: a heading, maybe with owners for the rules below that name none
            default = _names(section["owners"].split())
        elif words[0] and words[0].count("*") <= _MOST_STARS:
            rules.append((_pattern(words[0]), _names(words[1:]) or default))
    return rules


def _names(words: list[str]) -> tuple[str, ...]:
    """Take the @ away, which would call somebody wherever the name is shown."""
    return tuple(dict.fromkeys(word.removeprefix("@") for word in words if "@" in word))


def _pattern(glob: str) -> re.Pattern[str]:
    """Compile a pattern: one with a slash before its end starts at the root; a folder's name covers all in it."""
    anchored = "/" in glob.rstrip("/")
    inside = glob.endswith("/")
    glob = re.sub(r"\\(.)", r"\1", glob).strip("/")
    # GitHub: `docs/*` is what lies in docs itself, `docs` and `docs/` also what lies deeper.
    below = "/.+" if inside else "" if glob.endswith("/*") else "(?:/.+)?"
    tokens = re.split(r"(\*\*/|/\*\*$|\*\*|\*|\?)", glob)
    meanings = {"**/": "(?:.*/)?", "/**": "/.+", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    body = "".join(meanings.get(token) or re.escape(token) for token in tokens)
    return re.compile(("" if anchored else "(?:.*/)?") + body + below, re.DOTALL)
