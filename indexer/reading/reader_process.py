"""Reads pages in a confined process."""

from collections.abc import Sequence

from indexer.confinement.messages import ReaderDied, packed
from indexer.confinement.process import SECONDS_A_PAGE, ConfinedProcess
from indexer.reading.confined_builder import build_all
from indexer.reading.page_builder import NoPage, Page, RawPage

__all__ = ["SECONDS_A_PAGE", "ReaderDied", "ReaderProcess", "to_be_read"]


class ReaderProcess(ConfinedProcess):
    """Reads pages in one process (see ConfinedProcess)."""

    async def read(self, pages: Sequence[RawPage], *, seconds: float = SECONDS_A_PAGE) -> list[Page | NoPage]:
        """Read pages, each in so many seconds of processor time. Raises ReaderDied."""
        return await self.within(seconds, build_all, list(pages), seconds)


def to_be_read(pages: Sequence[RawPage], seconds: float) -> bytes:
    """Pack the same call for `relay`, where the process is on another machine."""
    return packed(seconds, build_all, list(pages), seconds)
