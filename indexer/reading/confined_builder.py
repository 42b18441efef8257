"""Builds pages inside of a confined process. Without asyncio, which it needn't load."""

from collections.abc import Sequence

from indexer.confinement.limits import limit_time
from indexer.reading.page_builder import NoPage, Page, RawPage, build


def build_all(pages: Sequence[RawPage], seconds: float) -> list[Page | NoPage]:
    """Build pages, each in so many seconds of processor time; one that takes more ends the process."""
    return [_build(page, seconds) for page in pages]


def _build(page: RawPage, seconds: float) -> Page | NoPage:
    limit_time(seconds)
    try:
        return build(page)
    except MemoryError:
        return NoPage(page.entry.path, "it takes too much memory to read")
