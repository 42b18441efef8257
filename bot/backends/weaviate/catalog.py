"""Knows which index is live: the alias points at its collection of chunks, and moving it is the one step of a swap.

An index is three collections, so readers don't ask through the alias: they look up where it points, keep that for a
few seconds, and then ask the collections of one index by name. The old index outlives a swap for longer than that,
and a search that finds it dropped looks again.
"""

import asyncio
import logging
import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from bot.backends.weaviate.schema import (
    SCHEMA,
    Generation,
    Layout,
    chunks_arguments,
    deviations,
    differences,
    generation,
    is_newer,
    notes_arguments,
    notes_of,
    pages_arguments,
    pages_of,
)
from bot.backends.weaviate.server.errors import PART, VENDOR
from bot.backends.weaviate.server.sdk_types import WeaviateAsyncClient
from bot.backends.weaviate.writing.rehearsal import TRIAL, rehearse
from bot.ports import IndexFormat, Newer, Rejected

REMEDY: Final = "`docent index` builds it anew beside this one and then swaps them."
FRESH_SECONDS: Final = 3.0
# How long a look may take while an index is known that can be asked instead. A cluster whose leader has just
# died answers questions, but says for some seconds nothing about aliases.
LOOK_SECONDS: Final = 0.8
FIRST_LOOK_SECONDS: Final = 4.0
# Where it was not told, it is asked for again after so long.
AGAIN_SECONDS: Final = 2.0
_log = logging.getLogger(__name__)


class Catalog:
    """The indexes under one alias, named `{alias}_1`, `{alias}_2` and so on."""

    def __init__(
        self,
        alias: str,
        layout: Layout,
        *,
        fresh: float = FRESH_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._alias = alias
        self._names = rf"{alias}_\d+"
        self._layout = layout
        self._fresh = fresh
        self._clock = clock
        self._live: Generation | None = None
        self._wrong: list[str] = []
        self._looked_at = float("-inf")
        self._lock = asyncio.Lock()

    @property
    def is_shared(self) -> bool:
        """Whether others' indexes are in the same collections."""
        return False

    @property
    def fresh(self) -> float:
        """Seconds for which a look is good."""
        return self._fresh

    def forget(self) -> None:
        """Forget what was live, so that the next question looks."""
        self._live = None
        self._looked_at = float("-inf")

    async def live(self, client: WeaviateAsyncClient) -> Generation | None:
        """Return the live index; None while there is none. Raises Rejected if it can't be searched as it is."""
        if self._live is None or not self._lock.locked():
            await self._freshen(client)
        if self._live is not None and self._wrong:
            raise Rejected(
                PART,
                f"the collection {self._live.chunks} in Weaviate isn't as expected: "
                f"{'; '.join(self._wrong)}.",
                remedy=REMEDY,
            )
        return self._live

    async def _freshen(self, client: WeaviateAsyncClient) -> None:
        """Look where the alias points, unless that was done lately."""
        async with self._lock:
            if self._clock() - self._looked_at > self._fresh:
                try:
                    async with asyncio.timeout(LOOK_SECONDS if self._live else FIRST_LOOK_SECONDS):
                        self._live, self._wrong = await self._look(client, self._live)
                except VENDOR:
                    if self._live is None:
                        raise
                    self._looked_at = self._clock() + AGAIN_SECONDS - self._fresh
                else:
                    self._looked_at = self._clock()

    async def format(self, client: WeaviateAsyncClient) -> IndexFormat | None:
        """Return the live index's format. One of another schema has a format that nobody wants, so that it is rebuilt."""
        live, wrong = await self._look(client, None)
        self._live, self._wrong, self._looked_at = live, wrong, self._clock()
        if live is None or (live.schema == SCHEMA and not wrong):
            return live.format if live else None
        made = live.format
        return IndexFormat(made.model, made.dimensions, f"{made.chunking} (schema {live.schema}, altered)")

    async def outdate(self, client: WeaviateAsyncClient) -> None:
        """Give the live index a schema that nobody wants, so that the next sync rebuilds it."""
        live = await self.live(client)
        if live is not None:
            await self._remark(client, replace(live, schema="0"))

    async def building(self, client: WeaviateAsyncClient, wanted: IndexFormat) -> Generation | None:
        """Return an index that was begun with this format and isn't live yet."""
        for each in await self._all(client):
            if each.format == wanted and each.schema == SCHEMA and not each.retired:
                live = await self._target(client)
                if each.chunks != live and not await self._wrong_of(client, each):
                    return each
        return None

    async def create(self, client: WeaviateAsyncClient, wanted: IndexFormat) -> Generation:
        """Create an index. Its chunks come last: where they are, all is there."""
        numbers = [0]
        for name in await client.collections.list_all():
            match = re.fullmatch(rf"{self._alias}_(\d+)(_pages|_notes)?", name)
            numbers += [int(match[1])] if match else []
        new = Generation(f"{self._alias}_{max(numbers) + 1}", wanted)
        await client.collections.create(**notes_arguments(new, self._layout))
        await client.collections.create(**pages_arguments(new, self._layout))
        await client.collections.create(**chunks_arguments(new, self._layout))
        return new

    async def point(self, client: WeaviateAsyncClient, to: Generation) -> None:
        """Make an index the live one, in one step.

        The old one is marked before: whatever happens then, it is dropped as soon as it isn't live.
        """
        if await client.alias.get(alias_name=self._alias) is not None:
            live = await self._target(client)
            for each in await self._all(client):
                if each.chunks == live and not each.retired:
                    await self._mark(client, each)
            await client.alias.update(alias_name=self._alias, new_target_collection=to.chunks)
        elif await client.collections.exists(self._alias):
            raise Rejected(
                PART,
                f"Weaviate holds a collection {self._alias} that isn't Docent's.",
                remedy="Set weaviate.collection to another name.",
            )
        else:
            await client.alias.create(alias_name=self._alias, target_collection=to.chunks)
        self.forget()

    async def retire(self, client: WeaviateAsyncClient, wanted: IndexFormat) -> list[Generation]:
        """Mark all indexes but the live one and the one wanted next, so that nothing goes on with them, and return them."""
        live = await self._target(client)
        old = []
        for each in await self._all(client):
            if each.chunks == live or (each.format == wanted and each.schema == SCHEMA and not each.retired):
                continue
            old.append(each)
            if not each.retired:
                await self._mark(client, each)
        return old

    async def drop(self, client: WeaviateAsyncClient, old: Generation) -> None:
        """Drop an index, its chunks last, so that a crash leaves something that is known by its description."""
        if old.chunks == await self._target(client):
            return
        for name in (notes_of(old.chunks), pages_of(old.chunks), old.chunks):
            await client.collections.delete(name)
        _log.info("dropped the former index %s", old.chunks)

    async def drop_halves(self, client: WeaviateAsyncClient) -> None:
        """Drop manifests and notes whose chunks were never created."""
        names = await client.collections.list_all(simple=True)
        for name in names:
            match = re.fullmatch(rf"({self._alias}_\d+)_(pages|notes)", name)
            if match and match[1] not in names:
                await client.collections.delete(name)

    async def retired(self, client: WeaviateAsyncClient) -> list[Generation]:
        live = await self._target(client)
        return [each for each in await self._all(client) if each.retired and each.chunks != live]

    async def rehearse(self, client: WeaviateAsyncClient) -> None:
        """Try what an index takes, and raise what it would stumble over."""
        await rehearse(
            client, Generation(f"{self._alias}_trial", TRIAL), f"{self._alias}_trial_alias", self._layout
        )

    async def deviations(self, client: WeaviateAsyncClient) -> list[str]:
        """Return how the live index differs from the settings, though it works."""
        live = await self.live(client)
        if live is None:
            return []
        return deviations(await client.collections.use(live.chunks).config.get(), self._layout)

    async def _mark(self, client: WeaviateAsyncClient, old: Generation) -> None:
        await self._remark(client, replace(old, retired=True))

    async def _remark(self, client: WeaviateAsyncClient, marked: Generation) -> None:
        await client.collections.use(marked.chunks).config.update(description=marked.description)

    async def made(
        self, client: WeaviateAsyncClient, name: str, description: str | None
    ) -> Generation | None:
        """Return the index whose chunks that collection has; None if it isn't ours."""
        del client
        return generation(name, description)

    async def _look(
        self, client: WeaviateAsyncClient, known: Generation | None
    ) -> tuple[Generation | None, list[str]]:
        """Return the live index, and what is wrong with it; if it is still the one that is known, only the latter."""
        target = await self._target(client)
        if target is None:
            return None, []
        if known is not None and known.chunks == target and not self._wrong:
            return known, []
        if not await client.collections.exists(target):
            return None, []  # the alias outlived its collection
        found = await client.collections.use(target).config.get()
        live = await self.made(client, target, found.description)
        if live is None:
            raise Rejected(
                PART,
                f"the alias {self._alias} in Weaviate points at {target}, which isn't Docent's.",
                remedy="Set weaviate.collection to another name.",
            )
        if is_newer(live.schema):
            raise Newer(
                PART,
                f"the index in Weaviate was written by a newer Docent (schema {live.schema}, this one knows {SCHEMA}).",
                remedy="Start that one, or set weaviate.collection to another name.",
            )
        wrong = differences(found)
        wrong += [f"its {name} is missing" for name in await self._missing(client, live)]
        return live, wrong

    async def _missing(self, client: WeaviateAsyncClient, each: Generation) -> list[str]:
        """Return which of the collections beside the chunks are missing."""
        return [name for name in (each.pages, each.notes) if not await client.collections.exists(name)]

    async def _target(self, client: WeaviateAsyncClient) -> str | None:
        alias = await client.alias.get(alias_name=self._alias)
        return alias.collection if alias is not None else None

    async def _wrong_of(self, client: WeaviateAsyncClient, each: Generation) -> list[str]:
        if missing := await self._missing(client, each):
            return missing
        return differences(await client.collections.use(each.chunks).config.get())

    async def _all(self, client: WeaviateAsyncClient) -> list[Generation]:
        found = await client.collections.list_all(simple=True)
        ours = [name for name in found if re.fullmatch(self._names, name)]
        all_of_them = [await self.made(client, name, found[name].description) for name in ours]
        return sorted((each for each in all_of_them if each), key=lambda each: each.chunks)
