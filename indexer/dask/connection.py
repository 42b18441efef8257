"""Holds the leader's end of a Dask cluster: its tasks, the workers that do them, and when it is of no more use.

When a worker ends, Dask would give its tasks to another one. That is prevented here: a page may have ended the worker.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import uuid4

from distributed import Client, Future, KilledWorker
from distributed.client import FutureCancelledError

from bot.config.cluster import DaskSettings
from indexer.confinement.process import HANGS_AFTER
from indexer.dask.client import cause, connected, unfit
from indexer.dask.worker import BEGUN, About, Done, Refused, about

log = logging.getLogger(__name__)

_LOOK = 1.0  # seconds
_NAMED: Final = 3  # workers
_TRIES: Final = 3


class Lost(Exception):
    """The cluster can't be used any more in this run. `str(error)` says why."""


class WorkerDied(Exception):
    """The worker that had the task ended. `begun`: it had begun the task; otherwise the task only waited there."""

    def __init__(self, *, begun: bool) -> None:
        super().__init__()
        self.begun = begun


@dataclass(slots=True)
class _UnderWay:
    died: asyncio.Future[None]
    begun: bool = False


class Unfit(Exception):
    """The worker can't do the task. `str(error)` says why."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Timeouts in seconds: for the scheduler's answer, for the first worker, later without any worker, and for a task."""

    answer: float = 5.0
    first_worker: float = 10.0
    no_worker: float = 60.0
    answered: float = 2 * HANGS_AFTER


class Connection:
    """A connection for one run. `tell` is called once with `trouble`, a sentence for admins; after Lost each call raises it."""

    def __init__(
        self,
        settings: DaskSettings,
        patience: Patience | None = None,
        tell: Callable[[str], None] = log.warning,
    ) -> None:
        self._address = settings.address
        self._settings = settings
        self._patience = patience or Patience()
        self._tell = tell
        self._client: Client | None = None
        self._watching: asyncio.Task[None] | None = None
        self._threads: Mapping[str, int] = {}
        self._unfit: dict[str, str] = {}
        self._under_way: dict[str, _UnderWay] = {}
        self._lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._why = ""
        self._odd = ""

    @property
    def is_lost(self) -> bool:
        """Whether the cluster can't be used any more."""
        return self._lost.done()

    @property
    def trouble(self) -> str:
        """Why it can't be used, as a sentence for admins; "" while it can."""
        if self._why:
            return f"{self._why}: this machine did it alone"
        return self._told_unfit() if self._unfit else self._odd

    @property
    def threads(self) -> int:
        """How many tasks its workers do at once, as far as is known."""
        return sum(count for worker, count in self._threads.items() if worker not in self._unfit)

    @property
    def workers(self) -> int:
        """How many workers there are, as far as is known."""
        return len(self._threads)

    async def open(self) -> None:
        """Connect, and wait for a first worker. Raises Lost."""
        try:
            self._client = await connected(self._settings, self._patience.answer)
        except (OSError, TimeoutError) as error:
            raise self.lose(f"no Dask scheduler answers at {self._address}{cause(error)}") from error
        self._client.subscribe_topic("all", self._hear)
        self._client.subscribe_topic(BEGUN, self._hear_begun)
        self._threads = await self._first_workers(self._client)
        await self._look(self._client)
        self._watching = asyncio.create_task(self._watch(self._client), name="dask workers")

    async def close(self) -> None:
        """Disconnect."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait({self._watching})
        if self._client is not None:
            if self._client.status == "running":  # what it was told meanwhile, it can't be told any more
                self._client.unsubscribe_topic("all")
                self._client.unsubscribe_topic(BEGUN)
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(self._patience.answer):
                    await self._client.close()

    def lose(self, why: str) -> Lost:
        """Give the cluster up: tasks under way end with Lost, and none is begun."""
        if not self._lost.done():
            self._why = why
            self._lost.set_result(None)
            self._tell(f"{why}: this machine goes on alone")
        return Lost(self._why)

    async def call(self, function: Callable[..., Awaitable[Done | Refused]], *arguments: object) -> Any:  # noqa: ANN401
        """Run a function of `indexer.dask.worker` as a task, and return its result. Raises Lost, WorkerDied, Unfit."""
        why = ""
        for _ in range(_TRIES):
            answer = await self._answer(function, *arguments)
            if isinstance(answer, Done):
                return answer.data
            why = answer.reason
            if self._client is None or not answer.always:
                break
            await self._look(self._client)  # one that came later
        raise Unfit(why)

    async def _answer(
        self, function: Callable[..., Awaitable[Done | Refused]], *arguments: object
    ) -> Done | Refused:
        if self._client is None or self.is_lost:
            raise Lost(self._why)
        if self._client.status != "running":
            raise self.lose(f"the Dask scheduler at {self._address} went away")
        key = f"docent-{function.__name__}-{uuid4().hex}"
        told = self._under_way[key] = _UnderWay(asyncio.get_running_loop().create_future())
        # A worker that isn't asked is better than none at all: it says so itself.
        fit = [worker for worker in self._threads if worker not in self._unfit] if self._unfit else []
        # What Dask awaits, it doesn't say in its types.
        task = cast("Callable[..., Done | Refused]", function)
        future = self._client.submit(
            task, key, *arguments, key=key, pure=False, workers=fit or None, allow_other_workers=bool(fit)
        )
        result = asyncio.create_task(_result(future))
        try:
            ends: set[asyncio.Future[Any]] = {result, told.died, self._lost}
            await asyncio.wait(ends, timeout=self._patience.answered, return_when=asyncio.FIRST_COMPLETED)
            if result.done():
                return self._came_to(result, future.status, told)
            if told.died.done():
                raise WorkerDied(begun=told.begun)
            if self.is_lost:
                raise Lost(self._why)
            raise self._unfit_for_tasks("its tasks aren't done in time", None)
        finally:
            del self._under_way[key]
            future.release()
            result.cancel()
            await asyncio.wait({result})

    def _came_to(
        self, result: "asyncio.Task[Done | Refused]", status: str | None, told: _UnderWay
    ) -> Done | Refused:
        error = result.exception()
        if error is None:
            return result.result()
        if isinstance(error, KilledWorker):
            raise WorkerDied(begun=told.begun) from error
        if status != "error" and isinstance(error, OSError | FutureCancelledError):
            raise self.lose(f"the Dask scheduler at {self._address} went away") from error
        # Whatever a worker raises that isn't as it should be.
        raise self._unfit_for_tasks(f"a task of it failed ({type(error).__name__})", error) from error

    def _unfit_for_tasks(self, why: str, error: BaseException | None) -> Unfit:
        if not self._odd:
            self._odd = f"the Dask scheduler at {self._address} is of no use: {why}"
            log.debug("what a task came to", exc_info=error)
            self._tell(f"{self._odd}. This machine did it")
        return Unfit(self._odd)

    def _hear(self, event: tuple[float, Mapping[str, object]]) -> None:
        """Take up what the scheduler tells of its workers."""
        _, told = event
        tasks = told.get("processing-tasks")
        if (
            told.get("action") == "remove-worker"
            and not told.get("expected")
            and isinstance(tasks, Collection)
        ):
            for key in tasks:
                task = self._under_way.get(str(key))
                if task is not None and not task.died.done():
                    task.died.set_result(None)

    def _hear_begun(self, event: tuple[float, str]) -> None:
        _, key = event
        if key in self._under_way:  # not another leader's
            self._under_way[key].begun = True

    async def _first_workers(self, client: Client) -> Mapping[str, int]:
        """Wait for the first workers and count their threads. Raises Lost."""
        try:
            async with asyncio.timeout(self._patience.first_worker):
                while not (threads := await client.nthreads()):  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(_LOOK / 10)
        except TimeoutError:
            raise self.lose(f"the Dask scheduler at {self._address} has no workers") from None
        except OSError as error:
            raise self.lose(f"the Dask scheduler at {self._address} went away") from error
        return dict(threads)

    async def _look(self, client: Client) -> None:
        """Look at what each worker has installed. Raises Lost where none can be used."""
        asked = await asyncio.gather(*(self._about(client, worker) for worker in await self._known(client)))
        there = await self._known(client)  # without those that ended meanwhile
        found = {worker: told for worker, told in asked if worker in there}
        before = self._unfit
        self._unfit = {worker: why for worker, told in found.items() if (why := unfit(told))}
        self._threads = {worker: told.threads for worker, told in found.items() if isinstance(told, About)}
        if found and len(self._unfit) == len(found):
            raise self.lose(self._told_unfit())
        if self._unfit and self._unfit != before:
            self._tell(self._told_unfit())

    async def _known(self, client: Client) -> Collection[str]:
        """List the workers' addresses. Raises Lost."""
        try:
            async with asyncio.timeout(self._patience.answer):
                workers: Mapping[str, int] = await client.nthreads()
                return workers
        except (OSError, TimeoutError) as error:
            raise self.lose(f"the Dask scheduler at {self._address} went away") from error

    async def _about(self, client: Client, worker: str) -> tuple[str, object]:
        """Ask a worker about itself, or find why it doesn't answer."""
        try:
            async with asyncio.timeout(self._patience.first_worker):
                answers: Mapping[str, object] = await client.run(about, workers=[worker], on_error="return")
        except (OSError, TimeoutError) as error:
            return worker, error
        return worker, answers.get(worker, OSError())

    def _told_unfit(self) -> str:
        named = [f"{worker}: {why}" for worker, why in sorted(self._unfit.items())[:_NAMED]]
        more = f"; and {len(self._unfit) - _NAMED} more" if len(self._unfit) > _NAMED else ""
        count = "1 worker isn't" if len(self._unfit) == 1 else f"{len(self._unfit)} workers aren't"
        return f"{count} used at the Dask scheduler {self._address} ({'; '.join(named)}{more})"

    async def _watch(self, client: Client) -> None:
        """Watch until the scheduler is gone, or there was no worker for too long."""
        loop = asyncio.get_running_loop()
        seen = loop.time()
        while not self.is_lost:
            await asyncio.sleep(_LOOK)
            try:
                async with asyncio.timeout(self._patience.no_worker):
                    self._threads = dict(await client.nthreads())
            except (OSError, TimeoutError):
                self.lose(f"the Dask scheduler at {self._address} went away")
            if self.threads:
                seen = loop.time()
            elif loop.time() - seen > self._patience.no_worker:
                self.lose(f"no worker is left at the Dask scheduler {self._address}")


async def _result(future: "Future[Done | Refused]") -> Done | Refused:
    done: Done | Refused = await future
    return done
