"""Reads one web site as it allows: which addresses belong to it, its robots.txt, and how fast it may be asked."""

import asyncio
from urllib.parse import urljoin, urlsplit

from indexer.converters.formats import ending
from indexer.sources.http.client import HttpClient, HttpResponse
from indexer.sources.http.ssrf_guard import PublicOnly
from indexer.sources.web.address import cleaned
from indexer.sources.web.content import is_readable
from indexer.sources.web.robots import Robots, told_by_headers

_USUAL = (80, 443)


class Site:
    """The pages below `prefix`. With `private`, it and its `sitemap` may be in one's own network.

    `delay` is the least time between two calls, in seconds; robots.txt may ask for more. `agent` is the User-Agent.
    """

    def __init__(
        self, prefix: str, sitemap: str | None, *, agent: str, private: bool, delay: float, max_bytes: int
    ) -> None:
        self.prefix = cleaned(prefix)
        start = self.prefix.rpartition("/")[0] if ending(self.prefix) else self.prefix
        self._folder = (start.rstrip("/") + "/").partition("://")[2]
        self._delay = delay
        self._robots = Robots("")
        self._agent = agent.partition("/")[0].strip().lower()
        self._turn = asyncio.Lock()
        own = {place for url in (prefix, sitemap or prefix) for place in _places(url)}
        self.http = HttpClient(agent=agent, public=PublicOnly(own, private=private), max_bytes=max_bytes)

    async def visit(self) -> None:
        """Begin a visit, without the cookies of an earlier one and with robots.txt as it is now. Raises CallFailed."""
        self.http.forget_cookies()
        reply = await self.get(urljoin(self.prefix, "/robots.txt"), accept=range(400, 500), whole=True)
        told = reply.data.decode("utf-8-sig", "replace") if reply.status == 200 else ""  # noqa: PLR2004
        self._robots = Robots(told, self._agent)

    async def get(
        self,
        url: str,
        method: str = "GET",
        *,
        headers: dict[str, str] | None = None,
        accept: range | tuple[int, ...] = (),
        whole: bool = False,
    ) -> HttpResponse:
        """Fetch an address, no faster than the site allows. `whole`: the body is read whatever its content type.

        Raises CallFailed for what is neither a success nor a status in `accept`.
        """
        delay = max(self._delay, self._robots.delay)
        if delay:
            async with self._turn:
                await self.http.pause(delay)
        allowed = [status for status in accept if status != 429]  # noqa: PLR2004 - that one is retried
        worth = None if whole else is_readable
        return await self.http.call(method, url, headers=headers, accept=allowed, worth=worth)

    def contains(self, url: str) -> bool:
        """Tell whether an address is below the prefix, with or without TLS."""
        return bool(url) and (url + "/").partition("://")[2].startswith(self._folder)

    def allows(self, url: str) -> bool:
        """Tell whether an address belongs to the site, and robots.txt lets it be read."""
        return self.contains(url) and self._robots.allows(url)

    def path(self, url: str) -> str:
        """Make a page's path of its address below the prefix; `index` for the start page."""
        return url.partition("://")[2].removeprefix(self._folder).strip("/") or "index"

    def told(self, reply: HttpResponse) -> tuple[bool, bool]:
        """Read by its headers whether a reply may be indexed, and its links be followed."""
        return told_by_headers(reply.headers.get_list("x-robots-tag"), self._agent)


def _places(url: str) -> tuple[tuple[str, int], ...]:
    """List the hosts and ports of a site; those of the usual ports both with TLS and without."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    if port in {None, *_USUAL}:
        return tuple((host, each) for each in _USUAL)
    return ((host, port or 0),)
