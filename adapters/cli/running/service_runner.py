"""Runs services until they are told to stop: one alone, or several in one process for a small team."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial

from adapters.cli.running.newer_state import refuse_newer, stop_for_newer
from bot.bootstrap import App, open_app
from bot.config.live import Check, LiveSettings
from bot.config.loader import Settings
from bot.journal.records.retention import keep_forgetting
from bot.monitoring.service import monitored
from bot.ports import BackendError, Rejected, Unauthorized, Unavailable
from bot.runtime.process.logging_setup import keep_out
from bot.runtime.process.memory import give_back, one_heap, settle
from bot.runtime.process.running import TELLS_EVERY, Announcement
from bot.runtime.process.threads import take_turns_often

log = logging.getLogger(__name__)

# A service answers until the event is set, and closes itself properly then.
Service = Callable[[App, asyncio.Event], Awaitable[None]]

_LOOK_EVERY = 1.0
_PAUSES = (1.0, 5.0, 15.0, 60.0)


async def serve_one(settings: Settings, name: str, service: Service, check: Check | None = None) -> None:
    """Run a service alone. Raises BackendError for what keeps it from starting."""
    one_heap()
    take_turns_often()
    stop = _stop_on_signals()
    async with (
        open_app(settings) as app,
        monitored(app, [name], alone=True),
        _beside(app, [name], check),
    ):
        await service(app, stop)


async def serve_all(settings: Settings, services: Mapping[str, Service], check: Check | None = None) -> None:
    """Run several services side by side. One that fails is started again, without effect on the others.

    A service that can't run as it is configured stays down and is logged; when none is left, the first such
    error is raised. `check` judges a docent.yaml that was changed, before it is used.
    """
    one_heap()
    take_turns_often()
    stop = _stop_on_signals()
    names = list(services)
    async with (
        open_app(settings) as app,
        monitored(app, names, alone=False),
        _beside(app, names, check),
    ):
        running = [asyncio.create_task(_keep(name, one, app, stop)) for name, one in services.items()]
        results = await asyncio.gather(*running)
    errors = [error for error in results if error is not None]
    if errors and len(errors) == len(services):
        raise errors[0]


async def _keep(name: str, service: Service, app: App, stop: asyncio.Event) -> BackendError | None:
    failures = 0
    while not stop.is_set():
        try:
            await service(app, stop)
        except (Unauthorized, Rejected) as error:
            log.error("%s stays down: %s", name, error)  # noqa: TRY400 - its own words suffice
            return error
        except Unavailable as error:
            log.warning("%s is down: %s", name, error)
        except Exception:  # the outermost loop of a service: the others go on
            log.exception("%s failed", name)
        if not stop.is_set():
            pause = _PAUSES[min(failures, len(_PAUSES) - 1)]
            failures += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await stop.wait()
    return None


@asynccontextmanager
async def _beside(app: App, names: Sequence[str], check: Check | None) -> AsyncIterator[None]:
    """Run what every process needs beside its services, while the context is open.

    It loads models, so that the first question doesn't wait for them, deletes what is too old to be kept, uses
    changes of docent.yaml, and announces this to other commands. Raises Newer at the start if a newer Docent
    has migrated the data; if that happens later, it stops the process.
    """
    await refuse_newer(app)

    async def load() -> None:
        try:
            await app.ready()
        finally:
            settle()
        await give_back()

    forgetting = keep_forgetting(app.journal, app.settings.journal.keep_days)
    announced = Announcement(app.settings.data, names)
    beside = [
        asyncio.create_task(load()),
        asyncio.create_task(forgetting, name="forgetting"),
        asyncio.create_task(stop_for_newer(app.records.database), name="watch for a newer Docent"),
        asyncio.create_task(_keep_current(app.live, check, announced), name="watch docent.yaml"),
    ]
    try:
        yield
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await asyncio.to_thread(announced.withdraw)


async def _checked(check: Check | None, wanted: Settings) -> None:
    """Check changed settings; their secrets are kept out of the log before anything about them is logged."""
    keep_out(wanted)
    if check is not None:
        await check(wanted)


async def _keep_current(live: LiveSettings, check: Check | None, announced: Announcement) -> None:
    """Use changes of docent.yaml, for ever. Failures are logged and tried again."""
    told = -TELLS_EVERY
    while True:
        now = asyncio.get_running_loop().time()
        try:
            if await live.look(partial(_checked, check)) or now - told >= TELLS_EVERY:
                told = now
                await asyncio.to_thread(
                    announced.tell, version=live.version, problem=live.problem, restart_for=live.restart_for
                )
        except OSError as error:
            log.warning("what runs here can't be told to other commands: %s", error)
        except Exception:  # the outermost loop of a watch: the current settings stay
            log.exception("docent.yaml can't be watched")
        await asyncio.sleep(_LOOK_EVERY)


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
