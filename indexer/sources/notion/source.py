"""Notion: every page and database that is shared with an integration."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field

from bot.config.base import Identifiers, Secret, Section
from bot.config.sources import SourceSettings
from bot.runtime.private_files import write_whole
from bot.text.globs import Selection
from indexer.sources.base import (
    Entry,
    Fetched,
    ListingFailed,
    Misfit,
    PageFailed,
    PageGone,
    Source,
    Surroundings,
)
from indexer.sources.http_client import (
    CallFailed,
    HttpClient,
    Json,
    fetching,
    follow,
    listing,
    moment,
)
from indexer.sources.notion import blocks as notionblocks

_VERSION = "2025-09-03"
_PAGE = 100
# Notion tells the time of an edit to the minute: a page edited just now may change again unnoticed.
_FRESH = timedelta(minutes=2)
_DEEPEST = 12
_MOST_BLOCKS = 20_000
_UNKNOWN = "?"


_EVERYTHING = ("**",)
_GONE = (404, 410)


class NotionOptions(Section):
    """`token` is an internal integration's. `include` and `exclude` are globs over `Parent/Page title`.

    `audiences` gives a page or database (its link or id) and all below it words of its own: who reads a page
    must have one of them for each page above it that has any.
    """

    token: Secret
    include: tuple[str, ...] = _EVERYTHING
    exclude: tuple[str, ...] = ()
    audiences: Mapping[str, Identifiers] = {}
    api_url: Annotated[str, Field(pattern=r"^https?://")] = "https://api.notion.com"


class NotionSource(Source):
    """A page's path is its id. Search finds pages, and each database is read row by row besides.

    Notion's API tells nobody who may see a page: the audience is the configuration's. Its search may leave
    out a page for a while: one that was there before is asked for by itself before it counts as gone.
    """

    # Three calls a second are allowed on average.
    fetches_at_once = 3

    def __init__(self, settings: SourceSettings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        self._options = settings.parse(NotionOptions)
        self.http = HttpClient(self._options.api_url, headers=self._headers)
        self._words = {_plain(key): words for key, words in self._options.audiences.items()}
        self._met: set[str] = set()
        # `audience_of` is about ids, as paths are: that a title fits it says nothing.
        self.selection = Selection(self._options.include, self._options.exclude)
        self._cache = surroundings.data / f"notion-{settings.name}.json"

    async def close(self) -> None:
        await self.http.close()

    async def _headers(self) -> Mapping[str, str]:
        return {
            "Authorization": f"Bearer {self._options.token.get_secret_value()}",
            "Notion-Version": _VERSION,
        }

    async def entries(self) -> AsyncIterator[Entry]:
        self._met = set()
        with listing():
            people = await self._people()
            pages: dict[str, Json] = {}
            tables: dict[str, Json] = {}
            async for found in self._paged("POST", "/v1/search", {}):
                (pages if found["object"] == "page" else tables)[found["id"]] = found
            for table in [each for each in tables.values() if not _gone(each)]:
                async for row in self._paged("POST", f"/v1/data_sources/{table['id']}/query", {}):
                    pages.setdefault(row["id"], row)
            async for page in self._left_out(pages):
                pages[page["id"]] = page
            alive = {key: page for key, page in pages.items() if not _gone(page)}
            if not alive:
                raise ListingFailed("nothing is shared with this integration (in Notion: ••• > Connections)")
            await asyncio.to_thread(_save, self._cache, alive)
            every = {**tables, **alive}
            parents = await self._parents(every)
            for page in alive.values():
                trail = list(_trail(page["id"], parents))
                self._met.update(key for key in map(_plain, trail) if key in self._words)
                names = [_title(every[key]).replace("/", "_") for key in reversed(trail) if key in every]
                if self.selection.takes("/".join(names)):
                    yield self._entry(page, people, self._audience(trail))

    def misfits(self) -> list[Misfit]:
        """A page of its `audiences` that isn't there may be one under another id: it would be open to more."""
        unmet = {
            name: words for name, words in self._options.audiences.items() if _plain(name) not in self._met
        }
        return super().misfits() + [self.misfit("audiences", name, words) for name, words in unmet.items()]

    async def fetch(self, entry: Entry) -> Fetched:
        with fetching():
            page = await self.http.json("GET", f"/v1/pages/{entry.path}")
            if _gone(page):
                raise PageGone("it was moved to the trash")
            head = notionblocks.properties(page["properties"])
            body = await self._blocks(entry.path, 0, [0])
            return Fetched(f"{entry.path}.md", f"{head}\n\n{body}".strip().encode(), title=_title(page))

    async def _blocks(self, block: str, depth: int, count: list[int]) -> str:
        """What is below a block, children indented as Markdown wants it."""
        parts: list[notionblocks.BlockText] = []
        async for found in self._paged("GET", f"/v1/blocks/{block}/children", None):
            count[0] += 1
            if count[0] > _MOST_BLOCKS:
                raise PageFailed(f"it has more than {_MOST_BLOCKS} blocks")
            below = ""
            if found["type"] == "table":
                rows = [row async for row in self._paged("GET", f"/v1/blocks/{found['id']}/children", None)]
                below = notionblocks.table(rows)
            elif self._words and (found.get("synced_block") or {}).get("synced_from"):
                continue  # from another page, which may be for fewer people
            elif found.get("has_children") and found["type"] not in {"child_page", "child_database"}:
                if depth >= _DEEPEST:
                    raise PageFailed("it is nested too deeply")
                below = await self._blocks(found["id"], depth + 1, count)
            parts.append(notionblocks.part(found, below))
        return notionblocks.joined(parts)

    async def _paged(self, method: str, path: str, body: Json | None) -> AsyncIterator[Json]:
        async def call(cursor: str) -> Json:
            asked = {"page_size": _PAGE, **({"start_cursor": cursor} if cursor else {})}
            if body is None:
                return await self.http.json(method, path, params={key: str(it) for key, it in asked.items()})
            return await self.http.json(method, path, body={**body, **asked})

        async for page in follow(call, lambda page: page["next_cursor"] if page["has_more"] else None):
            for found in page["results"]:
                yield found

    async def _left_out(self, found: Collection[str]) -> AsyncIterator[Json]:
        """Pages that search found the last time, and not now."""
        for key in sorted(await asyncio.to_thread(_load, self._cache) - set(found)):
            try:
                yield await self.http.json("GET", f"/v1/pages/{key}")
            except CallFailed as error:
                if error.status not in _GONE:
                    raise

    async def _parents(self, every: Mapping[str, Json]) -> Mapping[str, str]:
        """What each page or database is in; past blocks only where somebody wants to know."""
        asked = bool(self._words) or self._options.include != _EVERYTHING or bool(self._options.exclude)
        blocks: dict[str, str] = {}
        parents: dict[str, str] = {}
        for key, found in every.items():
            parent, below = found.get("parent", {}), key
            if "database_parent" in found:  # a database lies between its table and the page
                below = parents[key] = parent["database_id"]
                parent = found["database_parent"]
            block = parent.get("block_id")
            if block and asked and block not in blocks:
                blocks[block] = await self._holder(block)
            parents[below] = blocks.get(block, "") if block else _key(parent)
        return parents

    async def _holder(self, block: str) -> str:
        """The page that the block is on."""
        for _ in range(_DEEPEST * 2):
            try:
                parent = (await self.http.json("GET", f"/v1/blocks/{block}"))["parent"]
            except CallFailed as error:
                if error.status in _GONE:
                    return _UNKNOWN
                raise
            if not parent.get("block_id"):
                return _key(parent)
            block = parent["block_id"]
        return _UNKNOWN

    def _audience(self, trail: Collection[str]) -> frozenset[str] | None:
        """None where nobody narrows it; nobody where it can't be told what it is below."""
        if self._words and _UNKNOWN in trail:
            return frozenset()
        words = [self._words[key] for key in map(_plain, trail) if key in self._words]
        return frozenset.intersection(*words) if words else None

    async def _people(self) -> Mapping[str, str]:
        """Names by id; none for an integration that may not read users."""
        try:
            return {each["id"]: each.get("name") or "" async for each in self._paged_users()}
        except CallFailed as error:
            if error.status == 403:  # noqa: PLR2004 - the capability isn't there
                return {}
            raise

    def _paged_users(self) -> AsyncIterator[Json]:
        return self._paged("GET", "/v1/users", None)

    def _entry(self, page: Json, people: Mapping[str, str], audience: frozenset[str] | None) -> Entry:
        edited = moment(page["last_edited_time"])
        revision = str(page["last_edited_time"])
        now = datetime.now(UTC)
        if edited is not None and now - edited < _FRESH:
            revision += f"+{now.isoformat()}"
        owner = notionblocks.owner(page["properties"]) or people.get(page.get("created_by", {}).get("id"), "")
        owners = self.settings.owners or ((owner,) if owner else ())
        url = page.get("url", "")
        return Entry(page["id"], revision, edited, owners, audience, url=url, title=_title(page))


def _gone(found: Json) -> bool:
    return bool(found.get("archived") or found.get("in_trash"))


def _title(found: Json) -> str:
    if found.get("object") == "data_source":
        return notionblocks.plain(found.get("title", []))
    for value in found.get("properties", {}).values():
        if value["type"] == "title":
            return notionblocks.plain(value["title"])
    return ""


def _key(parent: Json) -> str:
    return parent.get("page_id") or parent.get("data_source_id") or ""


def _trail(key: str, parents: Mapping[str, str]) -> Iterator[str]:
    """The page and what it is in, as far as that is shared, and the first that is not."""
    for _ in range(_DEEPEST * 2):
        if not key:
            return
        yield key
        key = parents.get(key, "")


def _plain(key: str) -> str:
    """The id in a link, without its dashes."""
    name = key.partition("?")[0].rstrip("/").rpartition("/")[2].replace("-", "").lower()
    found = re.search(r"[0-9a-f]{32}$", name)
    return found[0] if found else name


def _load(cache: Path) -> set[str]:
    try:
        return {str(key) for key in json.loads(cache.read_text(encoding="utf-8"))}
    except (OSError, ValueError, TypeError):
        return set()


def _save(cache: Path, keys: Collection[str]) -> None:
    with suppress(OSError):
        write_whole(cache, json.dumps(sorted(keys)).encode())
