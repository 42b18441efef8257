"""Reads a Notion page's blocks as Markdown; what can't be read of them is told."""

from collections.abc import Mapping

from indexer.sources.base import PageFailed, Unlisted
from indexer.sources.http.failures import one_item
from indexer.sources.http.json_values import Json, text
from indexer.sources.notion import blocks
from indexer.sources.notion.api import NotionApi

_DEEPEST = 12
_MOST_BLOCKS = 20_000


class PageBody:
    """Reads one page. `own_only` leaves out what is synced from other pages, which may be for fewer people."""

    def __init__(self, api: NotionApi, *, own_only: bool) -> None:
        self._api = api
        self._own_only = own_only
        self._count = 0
        self.missing: list[Unlisted] = []

    async def read(self, page: str) -> str:
        """Read all of it as Markdown; blocks that can't be read go to `missing`. Raises PageFailed, CallFailed."""
        return await self._blocks(page, 0)

    def problem(self) -> str:
        """Say for people which part is missing; "" where none is."""
        if not self.missing:
            return ""
        first = self.missing[0]
        more = f" (and {len(self.missing) - 1} more)" if len(self.missing) > 1 else ""
        return f"a part of it is missing, {first.name}{more}: {first.reason}"

    async def _blocks(self, block: str, depth: int) -> str:
        """Read what is below a block as Markdown, children indented."""
        parts: list[blocks.BlockText] = []
        async for found in self._api.children(block):
            self._count += 1
            if self._count > _MOST_BLOCKS:
                raise PageFailed(f"it has more than {_MOST_BLOCKS} blocks")
            with one_item(self.missing, _kind_of(found)):
                below = await self._below(found, depth)
                if below is not None:
                    parts.append(blocks.part(found, below))
        return blocks.joined(parts)

    async def _below(self, found: Json, depth: int) -> str | None:
        """Read a block's children as Markdown; None where the block is to be left out."""
        if found["type"] == "table":
            rows = [row async for row in self._api.children(found["id"])]
            return blocks.table(rows)
        if self._own_only and (found.get("synced_block") or {}).get("synced_from"):
            return None  # from another page, which may be for fewer people
        if found.get("has_children") and found["type"] not in {"child_page", "child_database"}:
            if depth >= _DEEPEST:
                raise PageFailed("it is nested too deeply")
            with one_item(self.missing, _kind_of(found)):
                return await self._blocks(text(found["id"]), depth + 1)
        return ""


def _kind_of(block: object) -> str:
    kind = block.get("type") if isinstance(block, Mapping) else None
    if not isinstance(kind, str):
        return "a block of no kind"
    if kind == "synced_block":
        return "a synced block, whose original may not be shared with the integration"
    return f"a block of the kind {kind[:40]}"
