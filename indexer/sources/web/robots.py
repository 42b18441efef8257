"""robots.txt as RFC 9309 has it: the longest rule wins, `*` and `$` mean something, Allow breaks a tie."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class _Group:
    agents: list[str] = field(default_factory=list)
    rules: list[tuple[str, bool]] = field(default_factory=list)
    delay: float = 0.0


class Robots:
    """What a file allows the agent called `agent`. An empty file allows everything."""

    def __init__(self, text: str, agent: str = "docent") -> None:
        groups = _groups(text)
        own = [group for group in groups if any(name != "*" and name in agent for name in group.agents)]
        chosen = own or [group for group in groups if "*" in group.agents]
        self._rules = [rule for group in chosen for rule in group.rules]
        self.delay = max((group.delay for group in chosen), default=0.0)

    def allows(self, path: str) -> bool:
        """`path` with its query."""
        best = (0, True)
        for pattern, allowed in self._rules:
            if pattern and _fits(pattern, path):
                best = max(best, (len(pattern), allowed))
        return best[1]


def _groups(text: str) -> Sequence[_Group]:
    groups: list[_Group] = []
    naming = False
    for line in text.splitlines():
        key, colon, value = line.partition("#")[0].partition(":")
        key, value = key.strip().lower(), value.strip()
        if not colon:
            continue
        if key == "user-agent":
            if not naming:
                groups.append(_Group())
            groups[-1].agents.append(value.lower())
        elif groups and key in {"allow", "disallow"}:
            groups[-1].rules.append((value, key == "allow"))
        elif groups and key == "crawl-delay" and re.fullmatch(r"\d+(\.\d+)?", value):
            groups[-1].delay = min(float(value), 60.0)
        if key in {"user-agent", "allow", "disallow", "crawl-delay"}:
            naming = key == "user-agent"
    return groups


def _fits(pattern: str, path: str) -> bool:
    """Step by step from star to star: no file can make it slow."""
    ends = pattern.endswith("$")
    first, *parts = (pattern[:-1] if ends else pattern).split("*")
    if not path.startswith(first):
        return False
    position = len(first)
    for number, part in enumerate(parts, 1):
        if ends and number == len(parts):
            return path.endswith(part) and len(path) - len(part) >= position
        found = path.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    return not ends or position == len(path)
