"""Reads every page and database of Notion that is shared with an integration."""

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
from bot.runtime.process.private_files import write_whole
from bot.text.dates import moment
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
from indexer.sources.http.failures import CallFailed, fetching, listing, one_item
from indexer.sources.http.json_values import Json, flag, text
from indexer.sources.notion import blocks
from indexer.sources.notion.api import NotionApi
from indexer.sources.notion.page_body import PageBody

# Notion tells the time of an edit to the minute: a page edited just now may change again unnoticed.
_FRESH = timedelta(minutes=2)
_DEEPEST = 12
_UNKNOWN = "?"
_BROKEN = "!"
_KINDS = ("page", "data_source", "database")


_EVERYTHING = ("**",)


class NotionOptions(Section):
    """`token` is an internal integration's. `include` and `exclude` are globs over `Parent/Page title`.

    `audiences` gives a page or database (its link or id), with all below it, an audience of its own: who reads a page
    must be in each audience above it.
    """

    token: Secret
    include: tuple[str, ...] = _EVERYTHING
    exclude: tuple[str, ...] = ()
    audiences: Mapping[str, Identifiers] = {}
    api_url: Annotated[str, Field(pattern=r"^https?://")] = "https://api.notion.com"


class NotionSource(Source):
    """Paths are page ids. Pages come from Notion's search, and besides from each database, row by row.

    Notion's API doesn't tell who may see a page, so the configuration decides. Its search may leave a page out for a
    while: one that was there before is asked for by itself before it counts as gone.
    """

    # Three calls a second are allowed on average.
    fetches_at_once = 3

    def __init__(self, settings: SourceSettings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        self._options = settings.parse(NotionOptions)
        self._api = NotionApi(self._options.api_url, self._options.token)
        self.http = self._api.http
        self._words = {_plain(key): words for key, words in self._options.audiences.items()}
        self._met: set[str] = set()
        self._names: dict[str, str] = {}
        # `audience_of` is about ids, as paths are: that a title fits it says nothing.
        self.selection = Selection(self._options.include, self._options.exclude)
        self._cache = surroundings.data / f"notion-{settings.name}.json"

    async def close(self) -> None:
        await self._api.close()

    async def entries(self) -> AsyncIterator[Entry]:
        self._met = set()
        with listing():
            people = await self._people()
            before = await asyncio.to_thread(_load, self._cache)
            every = await self._every(before)
            alive = {key: page for key, page in every.items() if page["object"] == "page" and not _gone(page)}
            if not alive:
                why = f": {self.unlisted[0].reason}" if self.unlisted else " (in Notion: ••• > Connections)"
                raise ListingFailed(f"nothing is shared with this integration{why}")
            unsure = {key for item in self.unlisted for key in item.below}
            await asyncio.to_thread(_save, self._cache, {*alive, *((before or set()) & unsure)})
            found = {key: it for key, it in every.items() if key in alive or it["object"] != "page"}
            parents = await self._parents(found)
            for key, page in alive.items():
                with one_item(self.unlisted, _label(page), (key,)):
                    trail = list(_trail(key, parents))
                    if _BROKEN in trail:
                        raise CallFailed("what it is in can't be told, and so not who may see it")
                    self._met.update(each for each in map(_plain, trail) if each in self._words)
                    names = [
                        _title(found[each]).replace("/", "_") for each in reversed(trail) if each in found
                    ]
                    entry = self._entry(page, people, self._audience(trail))
                    if self.selection.takes("/".join(names)):
                        yield entry

    async def _every(self, before: Collection[str] | None) -> dict[str, Json]:
        """Collect pages and tables by id: those that search finds, each table's rows, and those that search left out."""
        found: dict[str, Json] = {}
        async for told in self._api.search():
            self._put(found, told)
        for table in [each for each in found.values() if each["object"] != "page" and not _gone(each)]:
            # Rows that were there before are asked for by themselves.
            with one_item(self.unlisted, _label(table), ("",) if before is None else ()):
                async for row in self._api.rows(table["id"]):
                    self._put(found, row)
        for key in sorted((before or set()) - found.keys()):
            with one_item(self.unlisted, key, (key,)):
                page = await self._api.page_if_there(key)
                if page is not None:
                    self._put(found, page)
        return found

    def _put(self, found: dict[str, Json], told: Json) -> None:
        key = told.get("id") if isinstance(told, Mapping) else None
        with one_item(self.unlisted, _label(told), (key,) if isinstance(key, str) and key else ("",)):
            if told["object"] not in _KINDS:
                raise ValueError(f"a page or a table is expected, not {str(told['object'])[:40]}")
            _gone(told)
            _title(told)
            found.setdefault(text(told["id"]), told)

    def misfits(self) -> list[Misfit]:
        """Add the `audiences` of pages that aren't there: such a page may be one under another id, and open to more people."""
        unmet = {
            name: words for name, words in self._options.audiences.items() if _plain(name) not in self._met
        }
        return super().misfits() + [self.misfit("audiences", name, words) for name, words in unmet.items()]

    async def fetch(self, entry: Entry) -> Fetched:
        with fetching():
            page = await self._api.page(entry.path)
            if _gone(page):
                raise PageGone("it was moved to the trash")
            head = blocks.properties(page["properties"])
            body = PageBody(self._api, own_only=bool(self._words))
            whole = f"{head}\n\n{await body.read(entry.path)}".strip()
            missing = body.problem()
            if missing and not whole:
                raise PageFailed(missing)
            again = any(item.passing for item in body.missing)
            return Fetched(
                f"{entry.path}.md", whole.encode(), title=_title(page), missing=missing, again=again
            )

    async def _parents(self, every: Mapping[str, Json]) -> Mapping[str, str]:
        """Find what each page or database lies in; blocks in between are only asked for where that matters."""
        asked = bool(self._words) or self._options.include != _EVERYTHING or bool(self._options.exclude)
        holders: dict[str, str] = {}
        parents: dict[str, str] = {}
        for key, found in every.items():
            parents[key] = _BROKEN
            with one_item(self.unlisted, _label(found), (key,)):
                parent, below = found.get("parent", {}), key
                if "database_parent" in found:  # a database lies between its table and the page
                    below = parents[key] = text(parent["database_id"])
                    parents[below] = _BROKEN
                    parent = found["database_parent"]
                block = parent.get("block_id")
                if block and asked and block not in holders:
                    holders[block] = await self._holder(block)
                parents[below] = holders.get(block, "") if block else _key(parent)
        return parents

    async def _holder(self, block: str) -> str:
        """Find the page that a block is on."""
        for _ in range(_DEEPEST * 2):
            found = await self._api.block_if_there(block)
            if found is None:
                return _UNKNOWN
            parent = found["parent"]
            if not parent.get("block_id"):
                return _key(parent)
            block = parent["block_id"]
        return _UNKNOWN

    def _audience(self, trail: Collection[str]) -> frozenset[str] | None:
        """Intersect the audiences along the trail; None without any, nobody where the trail can't be told."""
        if self._words and _UNKNOWN in trail:
            return frozenset()
        words = [self._words[key] for key in map(_plain, trail) if key in self._words]
        return frozenset.intersection(*words) if words else None

    async def _people(self) -> Mapping[str, str]:
        """List people's names by id, as far as they are told; none for an integration that may not read users."""
        with one_item(self.unlisted, "the names of people", ()):
            try:
                async for each in self._api.users():
                    with suppress(LookupError, TypeError, AttributeError):
                        self._names[each["id"]] = each.get("name") or ""
            except CallFailed as error:
                if error.status != 403:  # noqa: PLR2004 - the capability isn't there
                    raise
        return self._names

    def _entry(self, page: Json, people: Mapping[str, str], audience: frozenset[str] | None) -> Entry:
        edited = moment(page["last_edited_time"])
        revision = text(page["last_edited_time"])
        now = datetime.now(UTC)
        if edited is not None and now - edited < _FRESH:
            revision += f"+{now.isoformat()}"
        owner = blocks.owner(page["properties"]) or people.get(
            (page.get("created_by") or {}).get("id", ""), ""
        )
        owners = self.settings.owners or ((owner,) if owner else ())
        url = page.get("url") or ""
        return Entry(page["id"], revision, edited, owners, audience, url=url, title=_title(page))


def _label(found: object) -> str:
    """Name an entry as people know it."""
    if not isinstance(found, Mapping):
        return "an entry of the search"
    with suppress(LookupError, TypeError, AttributeError):
        if title := _title(found):
            return title[:100]
    return str(found.get("id") or "an entry of the search")[:100]


def _gone(found: Json) -> bool:
    return flag(found, "archived") or flag(found, "in_trash")


def _title(found: Json) -> str:
    if found.get("object") == "data_source":
        return blocks.plain(found.get("title") or [])
    for value in (found.get("properties") or {}).values():
        if isinstance(value, Mapping) and value.get("type") == "title":
            return blocks.plain(value["title"])
    return ""


def _key(parent: Json) -> str:
    for name in ("page_id", "data_source_id", "database_id"):
        if parent.get(name):
            return text(parent[name])
    return ""


def _trail(key: str, parents: Mapping[str, str]) -> Iterator[str]:
    """Follow a page's parents upwards, to the first that isn't shared."""
    for _ in range(_DEEPEST * 2):
        if not key:
            return
        yield key
        key = parents.get(key, "")


def _plain(key: str) -> str:
    """Find the id in a link, without its dashes."""
    name = key.partition("?")[0].rstrip("/").rpartition("/")[2].replace("-", "").lower()
    found = re.search(r"[0-9a-f]{32}$", name)
    return found[0] if found else name


def _load(cache: Path) -> set[str] | None:
    """Read the ids of the last listing; None where none are kept."""
    try:
        return {str(key) for key in json.loads(cache.read_text(encoding="utf-8"))}
    except (OSError, ValueError, TypeError):
        return None


def _save(cache: Path, keys: Collection[str]) -> None:
    with suppress(OSError):
        write_whole(cache, json.dumps(sorted(keys)).encode())
