"""Does a Dask worker's tasks for the leader, with confined processes and an embedder of its own."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from distributed import Worker, WorkerPlugin, get_worker

from bot.config.models import LocalEmbedderSettings, Nothing
from bot.opened_models import open_local
from bot.ports import BackendError, Embedder
from indexer.confinement.messages import ReaderDied, unpacked
from indexer.confinement.process import ConfinedProcess
from indexer.dask.versions import stamp, versions
from indexer.reading.chunker import embedded_text
from indexer.reading.page_builder import NoPage, Page

# Under which a task's key is told when a worker begins with it: a worker that ends has others that only wait.
BEGUN: Final = "docent-begun"
_NAME: Final = "docent"
_log = logging.getLogger("distributed.docent")


@dataclass(frozen=True, slots=True)
class About:
    """Describes a worker: its versions, how many tasks it does at once, and whether it was started to read pages."""

    versions: Mapping[str, str]
    threads: int
    prepared: bool


@dataclass(frozen=True, slots=True)
class Done:
    """The result of a task: the readers' answers, each with its vectors, or vectors alone; as 32-bit floats."""

    data: Any


@dataclass(frozen=True, slots=True)
class Died:
    """The process that read ended; `reason` is ReaderDied's text."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The worker can't do the task, and why. `always`: it can do no other of this leader's, either."""

    reason: str
    always: bool = False


class Reading(WorkerPlugin):
    """Reads with a confined process for each of the worker's threads; the embedder is opened by the first text."""

    def __init__(self) -> None:
        self._idle: asyncio.Queue[ConfinedProcess] = asyncio.Queue()
        self._readers: list[ConfinedProcess] = []
        self._embedders: dict[LocalEmbedderSettings | Nothing, Embedder] = {}
        self._opening = asyncio.Lock()
        self._worker: Worker | None = None

    def setup(self, worker: Worker) -> None:
        """Start as a plugin of Dask's worker."""
        self._worker = worker
        self._readers = [ConfinedProcess() for _ in range(worker.state.nthreads)]
        for reader in self._readers:
            self._idle.put_nowait(reader)

    async def teardown(self, worker: Worker) -> None:  # noqa: ARG002 - Dask's way
        """End the processes and close the embedder."""
        for reader in self._readers:
            await reader.close()
        for embedder in self._embedders.values():
            await embedder.close()

    async def read(self, requests: Sequence[bytes], seconds: float) -> list[bytes | Died]:
        """Have a confined process answer requests, one after the other, each in so many seconds of processor time."""
        reader = await self._idle.get()
        try:
            return [await _answer(reader, request, seconds) for request in requests]
        finally:
            self._idle.put_nowait(reader)

    async def embedder(self, model: LocalEmbedderSettings | Nothing) -> Embedder:
        """Open the embedder, once. Raises BackendError."""
        async with self._opening:
            if model not in self._embedders and self._worker is not None:
                own = model
                if isinstance(model, LocalEmbedderSettings):
                    own = model.model_copy(update={"threads": self._worker.state.nthreads})
                # Beside the worker's own folder, which ends with it: a model is downloaded once.
                folder = Path(self._worker.local_directory).parent / "docent-models"
                self._embedders[model] = await open_local(own, folder)
            return self._embedders[model]


async def prepare(worker: Worker) -> None:
    """Make a worker one that reads pages."""
    ours = await asyncio.to_thread(versions)
    await worker.plugin_add(plugin=Reading(), name=_NAME, catch_errors=False)
    _log.info("reads pages for Docent: %s", ", ".join(f"{name} {which}" for name, which in ours.items()))


def about(dask_worker: Worker) -> About:
    """Describe this worker."""
    return About(versions(), dask_worker.state.nthreads, isinstance(dask_worker.plugins.get(_NAME), Reading))


async def read(
    key: str, requests: Sequence[bytes], seconds: float, wanted: str, static: str = ""
) -> Done | Refused:
    """Answer requests that the leader packed, one after the other. `wanted` is the stamp of the leader's versions.

    Each answer comes with the vectors of its pages' texts, a row for each piece, if the leader embeds with `static`,
    of this name: it takes less than another task.
    """
    reading = _begun(key, wanted)
    if isinstance(reading, Refused):
        return reading
    answers = await reading.read(requests, seconds)
    return Done([(answer, await _vectors(reading, answer, static) if static else b"") for answer in answers])


async def embed(
    key: str, texts: Sequence[str], model: LocalEmbedderSettings | Nothing, name: str, wanted: str
) -> Done | Refused:
    """Embed texts in their order. `name` is the leader's name for the model, which must be this worker's, too."""
    reading = _begun(key, wanted)
    if isinstance(reading, Refused):
        return reading
    try:
        embedder = await reading.embedder(model)
        if embedder.model != name:
            return Refused(f"its model is {embedder.model}, here it is {name}")
        return Done((await embedder.embed_documents(texts)).astype("<f4").tobytes())
    except BackendError as error:
        return Refused(str(error))


async def _vectors(reading: Reading, answer: bytes | Died, name: str) -> bytes:
    """Embed an answer's texts; b"" where there are none or it can't be done: the leader sees to it then."""
    if isinstance(answer, Died):
        return b""
    try:
        texts = await asyncio.to_thread(_texts, answer)
        embedder = await reading.embedder(Nothing())
    except (ReaderDied, BackendError):
        return b""
    if not texts or embedder.model != name:
        return b""
    return (await embedder.embed_documents(texts)).astype("<f4").tobytes()


def _texts(answer: bytes) -> list[str]:
    pages: list[Page | NoPage] = unpacked(answer)
    return [
        embedded_text(page.document, piece.chunk)
        for page in pages
        if isinstance(page, Page)
        for piece in page.pieces
    ]


async def _answer(reader: ConfinedProcess, request: bytes, seconds: float) -> bytes | Died:
    try:
        return await reader.relay(request, seconds)
    except ReaderDied as error:
        return Died(str(error))


def _begun(key: str, wanted: str) -> Reading | Refused:
    worker = get_worker()
    worker.log_event(BEGUN, key)
    reading = worker.plugins.get(_NAME)
    if isinstance(reading, Reading) and stamp() == wanted:
        return reading
    return Refused(f"{worker.address} reads pages otherwise", always=True)
