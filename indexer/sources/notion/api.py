"""Calls Notion's API for a source, with an integration's token."""

from collections.abc import AsyncIterator, Mapping

from pydantic import SecretStr

from indexer.sources.http.client import HttpClient, follow
from indexer.sources.http.failures import CallFailed
from indexer.sources.http.json_values import Json, flag, items, text

_VERSION = "2025-09-03"
_PAGE = 100
_GONE = (404, 410)


class NotionApi:
    """Calls Notion. Raises CallFailed; a shape that isn't documented raises LookupError and the like."""

    def __init__(self, url: str, token: SecretStr) -> None:
        self._token = token
        self.http = HttpClient(url, headers=self._headers)

    async def close(self) -> None:
        await self.http.close()

    async def _headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._token.get_secret_value()}", "Notion-Version": _VERSION}

    def search(self) -> AsyncIterator[Json]:
        """Find every page and data source that is shared with the integration; a new one may be missing for a while."""
        return self._paged("POST", "/v1/search", {})

    def rows(self, table: str) -> AsyncIterator[Json]:
        """List the pages that are a data source's rows."""
        return self._paged("POST", f"/v1/data_sources/{table}/query", {})

    def children(self, block: str) -> AsyncIterator[Json]:
        """List the blocks right below a block or a page."""
        return self._paged("GET", f"/v1/blocks/{block}/children", None)

    def users(self) -> AsyncIterator[Json]:
        """List the workspace's people and bots."""
        return self._paged("GET", "/v1/users", None)

    async def page(self, key: str) -> Json:
        """Fetch a page's metadata and properties."""
        return await self.http.json("GET", f"/v1/pages/{key}")

    async def page_if_there(self, key: str) -> Json | None:
        """Fetch a page; None for one that is gone or isn't shared."""
        return await self._if_there(f"/v1/pages/{key}")

    async def block_if_there(self, key: str) -> Json | None:
        """Fetch a block; None for one that is gone or isn't shared."""
        return await self._if_there(f"/v1/blocks/{key}")

    async def _if_there(self, path: str) -> Json | None:
        try:
            return await self.http.json("GET", path)
        except CallFailed as error:
            if error.status in _GONE:
                return None
            raise

    async def _paged(self, method: str, path: str, body: Json | None) -> AsyncIterator[Json]:
        async def call(cursor: str) -> Json:
            asked = {"page_size": _PAGE, **({"start_cursor": cursor} if cursor else {})}
            if body is None:
                return await self.http.json(method, path, params={key: str(it) for key, it in asked.items()})
            return await self.http.json(method, path, body={**body, **asked})

        async for page in follow(
            call, lambda page: text(page["next_cursor"]) if flag(page, "has_more") else None
        ):
            for found in items(page["results"]):
                yield found
