"""A process that syncs a folder into an embedded store, to be killed: `python -m tests.support.syncing_child FOLDER DATA`.

Each text that it embeds goes as a line into DATA/embedded before its vector is used.
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.backends.sqlite import SqliteStore
from indexer.sources import open_source
from indexer.sources.base import Surroundings
from indexer.sync.source_sync import SyncOptions
from indexer.sync.sync_all import sync_all
from tests.support.fakes import FakeEmbedder
from tests.support.pages import settings


class TellingEmbedder(FakeEmbedder):
    """Slow enough to be killed at its work."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file

    async def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = await super().embed_documents(texts)
        await asyncio.sleep(0.02)
        with self.file.open("a") as lines:
            lines.writelines(f"\n{text!r}\n" for text in texts)  # a line that a kill tore ends here
        return rows


async def main(folder: Path, data: Path) -> None:
    store = SqliteStore(data / "index.db")
    source = open_source(settings(path=str(folder)), Surroundings(data))
    options = SyncOptions(confirm_deletes=True)
    (report,) = await sync_all([source], store, TellingEmbedder(data / "embedded"), options)
    await store.close()
    sys.exit(report.error or 0)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
