"""A sync whose pages are read on a Dask cluster: the same index, whatever becomes of the cluster."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.backends.sqlite import SqliteStore
from bot.backends.static_embedder import open_embedder
from bot.config.cluster import DaskSettings
from bot.config.models import LocalEmbedderSettings, Nothing
from bot.model import SyncReport
from bot.opened_models import open_local
from bot.ports import Embedder
from indexer.dask.connection import Patience
from indexer.dask.machines import DaskMachines
from indexer.reading.machines import Machines, ThisMachine
from indexer.sources import open_source
from indexer.sources.base import Entry, Fetched, Source, Surroundings
from indexer.sync.source_sync import SyncOptions
from indexer.sync.sync_all import sync_all
from tests.bot.backends.test_fastembed import MODEL, needs_model
from tests.support.dask_cluster import Cluster, commands
from tests.support.every_format import every_format
from tests.support.indexes import held
from tests.support.pages import put, settings
from tests.support.relay import relayed
from tests.support.waiting import until

HANDBOOK = Path(__file__).resolve().parents[3] / "examples" / "handbook"
WORD = "xoxb-4711-not-for-workers"


class Many(Source):
    """Small pages, and a call when the leader fetches each."""

    def __init__(self, pages: int, data: Path, on_fetch: Callable[[int], None] = lambda _: None) -> None:
        super().__init__(settings(type="x"), Surroundings(data))
        self._pages = pages
        self._on_fetch = on_fetch

    async def entries(self) -> AsyncIterator[Entry]:
        for number in range(self._pages):
            yield Entry(f"page-{number}.md", "1")

    async def fetch(self, entry: Entry) -> Fetched:
        number = int(entry.path[5:-3])
        self._on_fetch(number)
        return Fetched(entry.path, f"# Page {number}\n\n{'Some words of it. ' * 30}\n".encode())


async def synced(
    source: Source, data: Path, machines: Machines, embedder: Embedder | None = None, **options
) -> SyncReport:
    """One sync into an index of its own."""
    data.mkdir(parents=True, exist_ok=True)
    store = SqliteStore(data / "index.db")
    try:
        (report,) = await sync_all(
            [source], store, machines.embedder(embedder), SyncOptions(machines=machines, **options)
        )
        return report
    finally:
        await machines.close()
        await store.close()


def at(address: str, **more) -> DaskMachines:
    return DaskMachines(DaskSettings(address=address, **more), None)


@pytest.mark.slow
async def test_the_index_is_the_same(cluster: Cluster, tmp_path: Path):
    """Every format, broken pages, an empty one and a draft: documents, chunks, terms and vectors are the same to the byte."""
    shutil.copytree(HANDBOOK, tmp_path / "docs")
    put(tmp_path / "docs", every_format())
    source = open_source(settings(path=str(tmp_path / "docs")), Surroundings(tmp_path))
    embedder = await open_embedder()
    here = await synced(source, tmp_path / "here", ThisMachine(), embedder)
    idle = await open_embedder()
    machines = DaskMachines(DaskSettings(address=cluster.address), Nothing())
    there = await synced(source, tmp_path / "there", machines, idle)
    assert (there.added, there.failed, there.warnings, there.words) == (
        here.added,
        here.failed,
        here.warnings,
        here.words,
    )
    assert (there.empty, there.drafts, there.machines, there.error) == (1, 1, "", "")
    assert (len(here.failed), there.embedded, idle.usage().texts) == (2, here.embedded, 0)
    assert held(tmp_path / "there") == held(tmp_path / "here")


@pytest.mark.slow
@needs_model
async def test_a_local_model_embeds_on_the_workers(cluster: Cluster, tmp_path: Path):
    """The workers' vectors are this machine's, and this machine makes none."""
    put(tmp_path / "docs", {f"{number}.md": f"# Page {number}\n\nIts own words.\n" for number in range(20)})
    source = open_source(settings(path=str(tmp_path / "docs")), Surroundings(tmp_path))
    model = LocalEmbedderSettings(path=MODEL, file="model_int8.onnx", dimensions=384)
    own, idle = await open_local(model, tmp_path), await open_local(model, tmp_path)
    await synced(source, tmp_path / "here", ThisMachine(), own)
    machines = DaskMachines(DaskSettings(address=cluster.address), model)
    report = await synced(source, tmp_path / "there", machines, idle)
    assert (report.machines, report.embedded > 0, idle.usage().texts) == ("", True, 0)
    assert held(tmp_path / "there") == held(tmp_path / "here")
    await own.close()
    await idle.close()


@pytest.mark.slow
async def test_a_killed_worker_costs_nothing_but_time(cluster: Cluster, tmp_path: Path):
    """While pages are read, one worker after the other gets kill -9: no page is lost, none fails, none is twice."""

    def kill(number: int) -> None:
        if number in (350, 600):
            os.kill(cluster.workers()[0], signal.SIGKILL)

    report = await synced(Many(700, tmp_path, kill), tmp_path / "there", at(cluster.address))
    assert (report.added, report.failed, report.machines) == (700, (), "")
    await synced(Many(700, tmp_path), tmp_path / "here", ThisMachine())
    assert held(tmp_path / "there") == held(tmp_path / "here")


async def test_no_secret_is_sent(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What goes to the cluster has the page's words, but nothing of the environment and of docent.yaml's secrets."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", WORD)
    put(tmp_path / "docs", {"a.md": "# A\n\nThe quokka is in the page.\n"})
    source = open_source(
        settings(path=str(tmp_path / "docs"), webhook=WORD), Surroundings(tmp_path / WORD[:3])
    )
    sent = bytearray()

    def record(data: bytes) -> bytes:
        sent.extend(data)
        return data

    async with relayed(int(cluster.address.rpartition(":")[2]), change=record) as port:
        report = await synced(source, tmp_path / "there", at(f"tcp://127.0.0.1:{port}"))
    assert (report.added, report.machines) == (1, "")
    assert b"The quokka is in the page." in sent
    assert WORD.encode() not in sent


@pytest.mark.slow
async def test_a_scheduler_that_is_killed(tmp_path: Path, free_port: Callable[[], int]):
    """In the middle of a sync the scheduler is killed: this machine reads the rest, and says so; the next sync is there again."""
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    scheduling = ("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
    working = ("worker", address, "--preload", "indexer.dask", "--no-nanny", "--no-dashboard")
    many = Patience(answer=30, first_worker=120)
    async with commands(*scheduling) as scheduler, commands(*working):
        machines = DaskMachines(DaskSettings(address=address), None, many)

        def kill(number: int) -> None:
            if number == 500:
                scheduler.kill()

        report = await synced(Many(700, tmp_path, kill), tmp_path / "there", machines)
    assert (report.added, report.failed) == (700, ())
    assert scheduler.returncode == -signal.SIGKILL
    assert report.machines == f"the Dask scheduler at {address} went away: this machine did it alone"
    await synced(Many(700, tmp_path), tmp_path / "here", ThisMachine())
    assert held(tmp_path / "there") == held(tmp_path / "here")
    async with commands(*scheduling), commands(*working):
        again = DaskMachines(DaskSettings(address=address), None, many)
        report = await synced(Many(10, tmp_path), tmp_path / "again", again)
    assert (report.added, report.machines) == (10, "")


@pytest.mark.slow
async def test_no_scheduler_at_all(
    tmp_path: Path, free_port: Callable[[], int], caplog: pytest.LogCaptureFixture
):
    """Where nobody answers, this machine reads all; it is told once in the log, and in the report."""
    address = f"tcp://127.0.0.1:{free_port()}"
    machines = DaskMachines(DaskSettings(address=address), None, Patience(answer=0.2))
    report = await synced(Many(20, tmp_path), tmp_path / "data", machines)
    assert report.added == 20
    assert report.machines == f"no Dask scheduler answers at {address}: this machine did it alone"
    told = [record.message for record in caplog.records if "Dask" in record.message]
    assert told == [f"no Dask scheduler answers at {address}: this machine goes on alone"]


@pytest.mark.slow
async def test_nothing_is_asked_while_nothing_changed(tmp_path: Path, free_port: Callable[[], int]):
    """A sync that has nothing to read reaches for no cluster."""
    await synced(Many(3, tmp_path), tmp_path / "data", ThisMachine())
    nowhere = DaskMachines(DaskSettings(address=f"tcp://127.0.0.1:{free_port()}"), None)
    report = await synced(Many(3, tmp_path), tmp_path / "data", nowhere)
    assert (report.unchanged, report.machines) == (3, "")


@pytest.mark.slow
async def test_versions_that_differ(cluster: Cluster, tmp_path: Path):
    """A worker with another version of a converter is named with both, and reads no page; the others go on."""
    put(
        tmp_path / "other" / "pypdfium2-0.0.1.dist-info",
        {"METADATA": "Metadata-Version: 2.1\nName: pypdfium2\nVersion: 0.0.1\n"},
    )
    working = ("worker", cluster.address, "--preload", "indexer.dask", "--no-nanny", "--no-dashboard")
    async with commands(*working, more={"PYTHONPATH": str(tmp_path / "other")}):

        async def three() -> bool:
            machines = at(cluster.address)
            async with machines.readers(1, 1):
                found = machines.trouble
            await machines.close()
            return "pypdfium2 0.0.1 (here " in found

        await until(three, 60)
        report = await synced(Many(60, tmp_path), tmp_path / "data", at(cluster.address))
    assert (report.added, report.failed) == (60, ())
    assert report.machines.startswith(
        f"1 worker isn't used at the Dask scheduler {cluster.address} (tcp://127.0.0.1:"
    )


@pytest.mark.slow
async def test_stopping_leaves_nothing_behind(cluster: Cluster, tmp_path: Path):
    """A sync that is told to stop while the workers read ends at once, and is done by the next one."""
    told = asyncio.Event()
    source = Many(300, tmp_path, lambda number: told.set() if number > 40 else None)
    report = await synced(source, tmp_path / "data", at(cluster.address), stop=told.is_set)
    assert report.cancelled
    report = await synced(Many(300, tmp_path), tmp_path / "data", at(cluster.address))
    assert (report.failed, report.machines) == ((), "")
    assert len(held(tmp_path / "data")) == 601
