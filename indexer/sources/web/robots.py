"""Reads robots.txt (RFC 9309), robots meta elements and X-Robots-Tag headers."""

from collections.abc import Iterable

from protego import Protego

# A site may ask for patience, not for a standstill.
_LONGEST_DELAY = 60.0
# Directives of X-Robots-Tag that have a value: no names of robots.
_VALUED = {"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"}


class Robots:
    """The rules that a robots.txt has for `agent`. An empty file allows everything; `delay` is in seconds."""

    def __init__(self, text: str, agent: str = "docent") -> None:
        self._agent = agent
        self._rules = Protego.parse(text)
        self.delay = min(float(self._rules.crawl_delay(agent) or 0), _LONGEST_DELAY)

    def allows(self, url: str) -> bool:
        """Tell whether an address may be read."""
        return self._rules.can_fetch(url, self._agent)


def told(directives: str) -> tuple[bool, bool]:
    """Read a robots meta element's directives: whether the page may be indexed, and its links be followed."""
    words = {word.strip() for word in directives.lower().split(",")}
    return not words & {"noindex", "none"}, not words & {"nofollow", "none"}


def told_by_headers(values: Iterable[str], agent: str = "docent") -> tuple[bool, bool]:
    """Read X-Robots-Tag headers in the same way, without what they say to robots of other names than `agent`."""
    found: list[str] = []
    for value in values:
        ours = True
        for part in value.lower().split(","):
            name, colon, rest = part.strip().partition(":")
            named = bool(colon) and name.strip() not in _VALUED
            if named:
                ours = name.strip() == agent
            if ours:
                found.append(rest if named else part)
    return told(",".join(found))
