"""A Dask cluster in a process of its own: `python -m tests.support.dask_cluster WORKERS [THREADS]`.

It says its scheduler's address, then the processes of its workers at each line that it reads, until there are no more.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from distributed import LocalCluster

_ROOT = Path(__file__).resolve().parents[2]
_BIN = Path(sys.executable).parent


class Cluster:
    """Started by `started`."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.address = self._line()

    def workers(self) -> list[int]:
        """The ids of their processes, without those that are being started again."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        found: list[int] = json.loads(self._line())
        return found

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def started(workers: int, *, config: Mapping[str, str] | None = None) -> Iterator[Cluster]:
    """A LocalCluster of single-threaded workers."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.dask_cluster", str(workers)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
        env={**os.environ, **(config or {})},
    )
    try:
        yield Cluster(process)
    finally:
        process.communicate()


@asynccontextmanager
async def commands(
    *arguments: str, more: Mapping[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Dask's own command, such as `dask scheduler`, until the end or until somebody ends it."""
    process = await asyncio.create_subprocess_exec(
        str(_BIN / "dask"),
        *arguments,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=_ROOT,
        env={**os.environ, **(more or {})},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _main(workers: int) -> None:
    cluster = LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=":0",
        asynchronous=True,
        silence_logs=60,
        preload=["indexer.dask"],
    )
    async with cluster:
        print(cluster.scheduler_address, flush=True)  # noqa: T201 - it is what it is for
        while await asyncio.to_thread(sys.stdin.readline):
            processes = [worker.process for worker in cluster.workers.values()]
            print(json.dumps([each.pid for each in processes if each and each.pid]), flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))
