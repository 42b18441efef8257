"""What the leader makes of workers that end, of readers that end, and how much it sends at once; the workers are a script."""

import asyncio
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from distributed import get_worker

from bot.config.cluster import DaskSettings
from bot.diagnostics.findings import Check
from indexer.confinement.messages import ReaderDied, packed, unpacked
from indexer.dask import worker
from indexer.dask.budget import Budget
from indexer.dask.check import check_cluster
from indexer.dask.connection import Connection, Lost, Patience, Unfit, WorkerDied
from indexer.dask.readers import DaskReaders
from indexer.dask.versions import LIBRARIES, difference, stamp, versions
from indexer.dask.worker import BEGUN, Died, Done
from indexer.reading.page_builder import NoPage, Page, RawPage, raw_page
from indexer.reading.reader_pool import ReaderPool
from indexer.reading.reader_process import ReaderProcess
from indexer.sources.base import Entry, Fetched
from tests.support.dask_cluster import Cluster, commands, started
from tests.support.pages import settings
from tests.support.relay import own_authority, relayed
from tests.support.waiting import given_up, patience, until


def page(path: str, text: str = "text") -> RawPage:
    return raw_page(settings(), Entry(path, "1"), Fetched(path, text.encode()))


def told(built: Sequence[Page | NoPage]) -> list[str]:
    return ["" if isinstance(each, Page) else each.reason for each in built]


class Workers:
    """Connection's calls, done by one reader of this machine; `fate` raises for what ends a worker."""

    threads = 2
    is_lost = False

    def __init__(self, fate: Callable[[bytes], None] = lambda _: None) -> None:
        self._fate = fate
        self._reader = ReaderProcess()
        self.under_way = self.most = self.calls = 0

    async def call(
        self, _: object, requests: Sequence[bytes], seconds: float, __: str, static: str
    ) -> list[tuple[bytes | Died, bytes]]:
        assert not static
        self.calls += 1
        size = sum(map(len, requests))
        self.under_way += size
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(0)
            return [(await self._answer(request, seconds), b"") for request in requests]
        finally:
            self.under_way -= size

    async def _answer(self, request: bytes, seconds: float) -> bytes | Died:
        try:
            self._fate(request)
        except ReaderDied as error:
            return Died(str(error))
        return await self._reader.relay(request, seconds)

    async def close(self) -> None:
        await self._reader.close()


async def built(
    workers: Workers, *groups: Sequence[RawPage], limit: int = 1_000_000
) -> list[list[Page | NoPage]]:
    readers = DaskReaders(
        workers,  # type: ignore[arg-type]
        ReaderPool(1, 100),
        Budget(limit),
        pages=100,
        bytes_at_once=limit,
    )
    async with readers:
        found = await asyncio.gather(*(readers.read(group) for group in groups))
    await workers.close()
    return found


async def test_a_page_that_ends_two_workers_is_a_failed_page() -> None:
    """A page that ends its worker among others and alone fails; the pages that were with it are read."""

    def fate(request: bytes) -> None:
        if b"murder" in request:
            raise WorkerDied(begun=True)

    workers = Workers(fate)
    (found,) = await built(workers, [page("a.md"), page("b.md", "murder"), page("c.md")])
    assert told(found) == ["", "two workers ended while they read it", ""]
    assert workers.calls == 5


async def test_a_worker_that_ends_once_costs_a_second_try() -> None:
    """Pages whose worker was killed are read by another one."""
    deaths = iter([True])

    def fate(_: bytes) -> None:
        if next(deaths, False):
            raise WorkerDied(begun=True)

    (found,) = await built(Workers(fate), [page("a.md"), page("b.md")])
    assert told(found) == ["", ""]


async def test_who_only_waited_did_nothing() -> None:
    """A page whose workers ended before they began with it isn't to blame, however many they are."""
    deaths = iter([True] * 5)

    def fate(_: bytes) -> None:
        if next(deaths, False):
            raise WorkerDied(begun=False)

    workers = Workers(fate)
    (found,) = await built(workers, [page("a.md")])
    assert (told(found), workers.calls) == ([""], 6)


async def test_a_page_that_ends_its_reader_is_a_failed_page() -> None:
    """A page that ends the process that reads it, among others and alone, fails; the pages that were with it are read."""

    def fate(request: bytes) -> None:
        if b"murder" in request:
            raise ReaderDied("reading it ended the process that read it")

    (found,) = await built(Workers(fate), [page("a.md"), page("b.md", "murder"), page("c.md")])
    assert told(found) == ["", "reading it ended the process that read it", ""]


@pytest.mark.slow
async def test_without_a_cluster_this_machine_reads() -> None:
    """From when the cluster is lost, its pages are read here, in their order."""

    def fate(request: bytes) -> None:
        if b"late" in request:
            raise Lost("gone")

    found = await built(Workers(fate), [page("a.md")], [page("late.md"), page("b.rst")])
    assert [[each.document.path for each in group if isinstance(each, Page)] for group in found] == [
        ["a.md"],
        ["late.md", "b.rst"],
    ]


@pytest.mark.slow
async def test_bytes_under_way_are_bounded() -> None:
    """However many pages are to be read, only so many bytes are with the workers; a page larger than that goes alone."""
    groups = [[page(f"{number}.md", "word " * 4_000)] for number in range(12)]
    workers = Workers()
    found = await built(workers, *groups, [page("huge.md", "word " * 19_000)], limit=50_000)
    assert [told(group) for group in found] == [[""]] * 13
    assert workers.calls == 13
    assert 40_000 < workers.most < 100_000


@pytest.mark.slow
def test_dask_is_imported_only_where_it_is_chosen() -> None:
    """Neither the command line nor the indexer loads it by themselves."""
    code = (
        "import sys, adapters.cli.app, adapters.cli.index_run, adapters.cli.reports.doctor_report, indexer.service;"
        "print([name for name in ('dask', 'distributed', 'tornado') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


# --- real workers --------------------------------------------------------------------------------------


async def die(key: str) -> None:
    """A task that ends the worker that has it."""
    get_worker().log_event(BEGUN, key)
    await asyncio.sleep(1)
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Whose scheduler gives no task to a second worker when the first one ended, as docs/scale.md advises."""
    with started(2, config={"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}) as running:
        yield running


async def test_a_task_that_kills_its_worker_is_told(cluster: Cluster) -> None:
    """A task ends one worker, not the next one as well, and the leader hears of it; other tasks are done."""
    connection = Connection(DaskSettings(address=cluster.address))
    await connection.open()
    before = cluster.workers()
    try:
        with pytest.raises(WorkerDied) as died:
            await connection.call(die)  # type: ignore[arg-type]
        assert died.value.begun
        request = packed(60, max, 3, 4)
        ((done, _),) = await connection.call(worker.read, [request], 60.0, stamp())
        assert unpacked(done) == 4
        assert len(set(before) & set(cluster.workers())) == 1
    finally:
        await connection.close()


async def stop_one(key: str, stopped: str) -> Done:
    """A task whose worker stops in the middle of it: stopped from outside, out of memory, its disk gone."""
    get_worker().log_event(BEGUN, key)
    with suppress(FileExistsError):
        with Path(stopped).open("x") as file:
            file.write(str(os.getpid()))
        await asyncio.sleep(0.5)
        os.kill(os.getpid(), signal.SIGSTOP)
    return Done(os.getpid())


@pytest.mark.slow
async def test_a_worker_that_hangs_is_given_up(tmp_path: Path) -> None:
    """A worker that stops costs a second try, after the time that the scheduler gives it; the other does its tasks."""
    config = {
        "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": f"{4 * min(patience(), 3):.0f}s",
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
    }
    stopped = tmp_path / "stopped"
    with started(2, config=config) as cluster:
        connection = Connection(DaskSettings(address=cluster.address))
        await connection.open()
        try:
            async with given_up():
                with pytest.raises(WorkerDied) as died:
                    await connection.call(stop_one, str(stopped))
                assert died.value.begun
                assert await connection.call(stop_one, str(stopped)) != int(stopped.read_text())
        finally:
            await connection.close()
            with suppress(FileNotFoundError, ProcessLookupError):
                os.kill(int(stopped.read_text()), signal.SIGKILL)


async def raise_what_is_odd(_: str) -> None:
    """A task of a worker with a bug."""
    raise ZeroDivisionError


async def dawdle(_: str) -> None:
    """A task that takes longer than it is waited for; its worker has it until it is done."""
    await asyncio.sleep(5)


@pytest.mark.parametrize(
    ("task", "patience", "why"),
    [
        (raise_what_is_odd, Patience(), "a task of it failed (ZeroDivisionError)"),
        (dawdle, Patience(answered=0.5), "its tasks aren't done in time"),
    ],
    ids=["raises", "dawdles"],
)
async def test_tasks_that_come_to_nothing(
    cluster: Cluster, task: Callable[[], None], patience: Patience, why: str
) -> None:
    """A task that raises, or never ends, is told once, and the leader does without it."""
    said: list[str] = []
    connection = Connection(DaskSettings(address=cluster.address), patience, said.append)
    await connection.open()
    try:
        for _ in range(2):
            with pytest.raises(Unfit):
                await connection.call(task)  # type: ignore[arg-type]
        assert connection.trouble == f"the Dask scheduler at {cluster.address} is of no use: {why}"
        assert said == [f"{connection.trouble}. This machine did it"]
    finally:
        await connection.close()


async def test_a_reader_that_takes_too_long_ends_alone(cluster: Cluster) -> None:
    """What takes more of a processor's time than it may ends with its process: the worker lives on."""
    connection = Connection(DaskSettings(address=cluster.address))
    await connection.open()
    before = sorted(cluster.workers())
    try:
        requests = [
            packed(0.3, sum, itertools.count()),
            packed(9, os._exit, 1),
            packed(9, open, "/etc/passwd"),
            packed(9, max, 3, 4),
        ]
        answers = await connection.call(worker.read, requests, 0.3, stamp())
        slow, ended, opened, fine = (answer for answer, _ in answers)
        assert slow.reason == "reading it took longer than 0.3 s of the processor's time"
        assert ended.reason.startswith("reading it ended the process")
        # It is as confined there as here.
        with pytest.raises(PermissionError, match="no business"):
            unpacked(opened)
        assert unpacked(fine) == 4
        assert sorted(cluster.workers()) == before
    finally:
        await connection.close()


async def test_what_was_sent_is_not_kept(cluster: Cluster) -> None:
    """Dask's log of messages, with the pages in them, holds no more than the last one in the leader's memory."""
    connection = Connection(DaskSettings(address=cluster.address))
    await connection.open()
    try:
        for _ in range(3):
            await connection.call(worker.read, [packed(9, max, 3, 4)], 9.0, stamp())
        assert connection._client is not None
        assert len(connection._client.scheduler_comm.recent_message_log) == 1
    finally:
        await connection.close()


async def test_doctor_finds_the_cluster(cluster: Cluster, free_port: Callable[[], int]) -> None:
    """`docent doctor` says how many workers there are; a scheduler that isn't there is an error with what to do."""

    async def both() -> bool:  # one may be starting again
        found = await check_cluster(DaskSettings(address=cluster.address))
        assert found.verdict == "ok"
        return found.finding == f"{cluster.address}: 2 workers with 2 threads, of the same versions"

    await until(both)
    nowhere = await check_cluster(DaskSettings(address=f"tcp://127.0.0.1:{free_port()}"))
    assert (nowhere.verdict, nowhere.finding.startswith("no Dask scheduler answers at tcp://")) == (
        "error",
        True,
    )


@pytest.mark.slow
async def test_a_cluster_behind_tls(tmp_path: Path, free_port: Callable[[], int]) -> None:
    """With the three files it is reached; a certificate of somebody else's is refused, and named as the cause."""
    (tmp_path / "other").mkdir()
    certificate, key = own_authority(tmp_path)
    other, _ = own_authority(tmp_path / "other")
    port = free_port()
    address = f"tls://127.0.0.1:{port}"
    tls = ("--tls-ca-file", str(certificate), "--tls-cert", str(certificate), "--tls-key", str(key))
    scheduling = (
        "scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--protocol",
        "tls",
        "--no-dashboard",
        *tls,
    )
    working = ("worker", address, "--preload", "indexer.dask", "--no-nanny", "--no-dashboard", *tls)
    async with commands(*scheduling), commands(*working):

        async def found(authority: Path) -> Check:
            settings = DaskSettings(address=address, tls_ca_file=authority, tls_cert=certificate, tls_key=key)
            return await check_cluster(settings)

        async def reached() -> bool:
            return (await found(certificate)).verdict == "ok"

        await until(reached, 60)
        refused = await found(other)
    assert refused.finding == f"no Dask scheduler answers at {address} (SSLCertVerificationError)."


@pytest.mark.slow
async def test_a_connection_that_breaks_for_good(cluster: Cluster) -> None:
    """When the scheduler can't be reached any more, it is told, tasks end with that, and nothing is left open."""
    said: list[str] = []
    async with relayed(int(cluster.address.rpartition(":")[2])) as port:
        connection = Connection(
            DaskSettings(address=f"tcp://127.0.0.1:{port}"), Patience(answer=2), said.append
        )
        await connection.open()
        waiting = asyncio.create_task(connection.call(dawdle))  # type: ignore[arg-type]
        await asyncio.sleep(0)
    with pytest.raises(Lost):
        await waiting
    assert connection.is_lost
    client = connection._client
    assert client is not None

    async def is_closed() -> bool:
        return client.status == "closed"

    await until(is_closed)
    await connection.close()
    assert said == [f"the Dask scheduler at tcp://127.0.0.1:{port} went away: this machine goes on alone"]


@pytest.mark.slow
async def test_a_key_that_is_not_there(tmp_path: Path, free_port: Callable[[], int]) -> None:
    """A TLS file that can't be read is named."""
    files = {name: tmp_path / f"{name}.pem" for name in ("tls_ca_file", "tls_cert", "tls_key")}
    found = await check_cluster(DaskSettings(address=f"tls://127.0.0.1:{free_port()}", **files))
    assert "tls_ca_file.pem can't be read" in found.finding


@pytest.mark.slow
def test_versions_are_compared() -> None:
    """What differs is named with both versions, and what is missing on one side."""
    ours = {"docent": "0.1.0", "lxml": "6.0.1"}
    assert difference(ours, ours) == ""
    assert (
        difference({"docent": "0.1.0", "numpy": "2"}, ours) == "lxml none (here 6.0.1), numpy 2 (here none)"
    )
    assert len(versions()) == len(LIBRARIES) + 3
