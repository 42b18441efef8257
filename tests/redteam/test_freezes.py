"""Whatever page is indexed, whoever asks meanwhile hardly waits: the event loop is never held up for long."""

import asyncio
import gc
import io
import time
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.backends.sqlite import SqliteStore
from indexer.sources import open_source
from indexer.sources.base import Surroundings
from indexer.sync.sync_all import sync_all
from tests.support.pages import put, settings

pytestmark = pytest.mark.slow

LONGEST = 0.25  # seconds
_GOES = 4


def bomb() -> bytes:
    """A document that unpacks to a hundred megabytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("[Content_Types].xml", "<Types/>")
        file.writestr("word/document.xml", b" " * 100_000_000)
    return made.getvalue()


HOSTILE: dict[str, bytes] = {
    "strong.md": b"**a " * 15_000,
    "brackets.md": b"[" * 60_000,
    "images.md": b"![" * 30_000,
    "directives.md": b":::[a\n" * 10_000,
    "headings.md": b"# a {#\n" * 10_000,
    "quotes.md": b"> " * 20_000,
    "lists.md": b"- a\n\n" * 10_000,
    "one-word.md": b"a.b.c" * 12_000,
    "words.md": b"The keeper of the lighthouse counts the gulls. " * 20_000,
    "tables.md": b"| a | b |\n|---|---|\n" + b"| c | d |\n" * 20_000,
    "wide.csv": b"a," * 4000 + b"\n" + b"b\n" * 2000,
    "rows.csv": b"a,b,c\n" * 50_000,
    "links.adoc": b"link:a[" * 8_000,
    "inline.rst": b"`a`_ |a|_ *a* " * 3_000,
    "tags.html": b"<div>" * 10_000 + b"x",
    "cells.html": b"<table>" + b"<tr><td>a<td>b" * 10_000,
    "deep.ipynb": b'{"cells": ' + b"[" * 100_000,
    "merges.md": b"---\n" + b"a: &a {x: y}\n" * 1_000 + b"<<: *a\n---\nText.",
    "bomb.docx": bomb(),
    "no.pdf": b"%PDF-1.4\n" + b"1 0 obj<<" * 20_000,
}


class Pulse:
    """How long the event loop was held up at most.

    What counts is the shorter of the time that passed and the processor's time that this process took: a machine that
    is busy with others holds up everybody.
    """

    def __init__(self) -> None:
        self.longest = 0.0

    @asynccontextmanager
    async def beating(self) -> AsyncIterator[None]:
        gc.collect()
        gc.freeze()  # what other tests of this process left is none of this one's garbage to go through
        beating = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            beating.cancel()
            gc.unfreeze()

    async def _beat(self) -> None:
        while True:
            moment, used = time.perf_counter(), time.process_time()
            await asyncio.sleep(0.005)
            held = min(time.perf_counter() - moment, time.process_time() - used)
            self.longest = max(self.longest, held)


async def held_up(folder: Path, index: str) -> float:
    """For how many seconds at most the event loop stood still while the pages were indexed."""
    source = open_source(settings(path=str(folder / "docs")), Surroundings(folder / "data"))
    store = SqliteStore(folder / index)
    pulse = Pulse()
    try:
        await sync_all([], store, None)  # what is loaded and made at the first use is there
        async with pulse.beating():
            (report,) = await sync_all([source], store, None)
    finally:
        await source.close()
        await store.close()
    assert report.added >= 1, report
    return pulse.longest


@pytest.mark.parametrize("name", HOSTILE)
async def test_freeze(tmp_path: Path, name: str, record_property) -> None:
    """While a hostile page is indexed, nothing waits longer than a quarter of a second.

    A machine may be busy, but not each time just then: what a page does it does each time.
    """
    put(tmp_path / "docs", {name: HOSTILE[name], "owl.md": "The owl of the tower is called Tamsin."})
    longest: list[float] = []
    while not longest or (min(longest) > LONGEST and len(longest) < _GOES):
        longest.append(await held_up(tmp_path, f"{len(longest)}.db"))
    freeze = min(longest)
    record_property("freeze_ms", freeze * 1000)
    print(f"{name}: longest freeze {freeze * 1000:.0f} ms")  # noqa: T201 - the figure
    assert freeze <= LONGEST, longest
