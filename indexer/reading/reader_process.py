"""Reads pages in a confined process."""

from collections.abc import Sequence

from indexer.confinement.limits import limit_time
from indexer.confinement.process import SECONDS_A_PAGE, ConfinedProcess, ReaderDied, packed
from indexer.reading.page_builder import NoPage, Page, RawPage, build

__all__ = ["SECONDS_A_PAGE", "ReaderDied", "ReaderProcess", "to_be_read"]


class ReaderProcess(ConfinedProcess):
    """Reads pages in one process (see ConfinedProcess)."""

    async def read(self, pages: Sequence[RawPage], *, seconds: float = SECONDS_A_PAGE) -> list[Page | NoPage]:
        """Read pages, each in so many seconds of processor time. Raises ReaderDied."""
        return await self.within(seconds, _built_all, list(pages), seconds)


def to_be_read(pages: Sequence[RawPage], seconds: float) -> bytes:
    """Pack the same call for `relay`, where the process is on another machine."""
    return packed(seconds, _built_all, list(pages), seconds)


def _built_all(pages: Sequence[RawPage], seconds: float) -> list[Page | NoPage]:
    return [_built(page, seconds) for page in pages]


def _built(page: RawPage, seconds: float) -> Page | NoPage:
    limit_time(seconds)
    try:
        return build(page)
    except MemoryError:
        return NoPage(page.entry.path, "it takes too much memory to read")
