"""Notion: every page and database that is shared with an integration."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import Field

from bot.settings.base import Secret, Section
from bot.settings.sources import SourceSettings
from indexer.globs import selects
from indexer.sources import notionblocks
from indexer.sources.base import Entry, Fetched, ListingFailed, PageFailed, PageGone, Source, Surroundings
from indexer.sources.http import CallFailed, Http, Json, fetching, follow, listing, moment

_VERSION = "2025-09-03"
_PAGE = 100
# Notion tells the time of an edit to the minute: a page edited just now may change again unnoticed.
_FRESH = timedelta(minutes=2)
_DEEPEST = 12
_MOST_BLOCKS = 20_000


class NotionOptions(Section):
    """`token` is an internal integration's. `include` and `exclude` are globs over `Parent/Page title`."""

    token: Secret
    include: tuple[str, ...] = ("**",)
    exclude: tuple[str, ...] = ()
    api_url: Annotated[str, Field(pattern=r"^https?://")] = "https://api.notion.com"


class NotionSource(Source):
    """A page's path is its id. Search finds pages, and each database is read row by row besides.

    Notion tells nobody who may see a page: the audience is the configuration's.
    """

    # Three calls a second are allowed on average.
    fetches_at_once = 3

    def __init__(self, settings: SourceSettings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        self._options = settings.parse(NotionOptions)
        self.http = Http(self._options.api_url, headers=self._headers)

    async def close(self) -> None:
        await self.http.close()

    async def _headers(self) -> Mapping[str, str]:
        return {
            "Authorization": f"Bearer {self._options.token.get_secret_value()}",
            "Notion-Version": _VERSION,
        }

    async def entries(self) -> AsyncIterator[Entry]:
        with listing():
            people = await self._people()
            pages: dict[str, Json] = {}
            tables: dict[str, Json] = {}
            async for found in self._paged("POST", "/v1/search", {}):
                (pages if found["object"] == "page" else tables)[found["id"]] = found
            for table in [each for each in tables.values() if not _gone(each)]:
                async for row in self._paged("POST", f"/v1/data_sources/{table['id']}/query", {}):
                    pages.setdefault(row["id"], row)
            alive = {key: page for key, page in pages.items() if not _gone(page)}
            if not alive:
                raise ListingFailed("nothing is shared with this integration (in Notion: ••• > Connections)")
            for page in alive.values():
                trail = _trail(page, alive, tables)
                if selects(trail, self._options.include, self._options.exclude):
                    yield self._entry(page, people)

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
        parts: list[notionblocks.Part] = []
        async for found in self._paged("GET", f"/v1/blocks/{block}/children", None):
            count[0] += 1
            if count[0] > _MOST_BLOCKS:
                raise PageFailed(f"it has more than {_MOST_BLOCKS} blocks")
            below = ""
            if found["type"] == "table":
                rows = [row async for row in self._paged("GET", f"/v1/blocks/{found['id']}/children", None)]
                below = notionblocks.table(rows)
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

    def _entry(self, page: Json, people: Mapping[str, str]) -> Entry:
        edited = moment(page["last_edited_time"])
        revision = str(page["last_edited_time"])
        now = datetime.now(UTC)
        if edited is not None and now - edited < _FRESH:
            revision += f"+{now.isoformat()}"
        owner = notionblocks.owner(page["properties"]) or people.get(page.get("created_by", {}).get("id"), "")
        owners = self.settings.owners or ((owner,) if owner else ())
        return Entry(page["id"], revision, edited, owners, url=page.get("url", ""), title=_title(page))


def _gone(found: Json) -> bool:
    return bool(found.get("archived") or found.get("in_trash"))


def _title(found: Json) -> str:
    if found.get("object") == "data_source":
        return notionblocks.plain(found.get("title", []))
    for value in found.get("properties", {}).values():
        if value["type"] == "title":
            return notionblocks.plain(value["title"])
    return ""


def _trail(page: Json, pages: Mapping[str, Json], tables: Mapping[str, Json]) -> str:
    """`Parent/Child` as far as it is shared, for globs."""
    names: list[str] = []
    found: Json | None = page
    while found is not None and len(names) < _DEEPEST * 2:
        names.insert(0, _title(found).replace("/", "_"))
        parent = found.get("database_parent") or found.get("parent", {})
        key = parent.get("page_id") or parent.get("data_source_id") or ""
        found = pages.get(key) or tables.get(key)
    return "/".join(names)
