"""Serves monitoring beside the services of a process: it begins and ends with them, and takes none of them along."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from bot.bootstrap import App
from bot.config.monitoring import Process, part_of, process_of
from bot.monitoring.readiness import Readiness
from bot.monitoring.readings import Readings
from bot.ports import BackendError
from bot.runtime.process.installed import how_to_add

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from bot.monitoring.metrics import Metrics
    from bot.monitoring.traces import Traces

log = logging.getLogger(__name__)

_PORT_AGAIN: Final = 60.0  # seconds
_LAG_EVERY: Final = 0.5  # seconds


@asynccontextmanager
async def monitored(app: App, services: Sequence[str], *, alone: bool) -> AsyncIterator[None]:
    """Within, the process can be watched as docent.yaml and the environment say. What isn't installed is told once."""
    process, stop = process_of(services, alone=alone), asyncio.Event()
    port = app.settings.monitoring.port_of(process)
    tasks: list[asyncio.Task[None]] = []
    if port is not None:
        tasks = _start(app, [part_of(one) for one in services], process, port, stop)
    traces = await _traces() if app.settings.traced else None
    if traces is not None:
        app.observers.add(traces)
        log.info("traces are sent where OTEL_* in the environment says")
    try:
        yield
    finally:
        stop.set()
        for task in tasks[1:]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if traces is not None:
            await traces.close()


def _start(
    app: App, parts: Sequence[str], process: Process, port: int, stop: asyncio.Event
) -> list[asyncio.Task[None]]:
    """Begin to serve, and return the tasks to cancel when that ends."""
    try:
        from bot.monitoring.metrics import Metrics  # noqa: PLC0415 - a web server only where one is wanted
        from bot.monitoring.web import pages  # noqa: PLC0415
    except ModuleNotFoundError as error:
        log.error("monitoring isn't served: %s (%s)", how_to_add("monitoring"), error)  # noqa: TRY400
        return []
    metrics = Metrics(app, parts, process)
    app.observers.add(metrics)
    return [
        asyncio.create_task(
            _serve(app, pages(metrics, Readiness(app, parts), Readings(app)), port, stop), name="monitoring"
        ),
        asyncio.create_task(_measure_lag(metrics), name="event loop lag"),
    ]


async def _serve(app: App, web: "Starlette", port: int, stop: asyncio.Event) -> None:
    """Serve until `stop`. A port that can't be had costs monitoring, not chat: it is tried again."""
    from bot.monitoring.web import BOUNDS  # noqa: PLC0415 - a web server only where one is wanted
    from bot.runtime.http_server import serve  # noqa: PLC0415

    host, told = app.settings.monitoring.host, ""
    begun = partial(log.info, "monitoring: http://%s:%d/metrics, /ready and /health", host, port)
    while not stop.is_set():
        try:
            await serve(web, host=host, port=port, stop=stop, bounds=BOUNDS, begun=begun)
        except BackendError as error:
            if told != str(error):
                where = app.settings.where("monitoring", "port")
                log.error("monitoring isn't served: %s: %s", where, error)  # noqa: TRY400
            told = str(error)
        except Exception:  # the outermost loop: everything else goes on
            log.exception("monitoring isn't served")
        with suppress(TimeoutError):
            async with asyncio.timeout(_PORT_AGAIN):
                await stop.wait()


async def _measure_lag(metrics: "Metrics") -> None:
    """Measure for ever how late the event loop is: a sleep of half a second that takes longer was kept waiting."""
    clock = asyncio.get_running_loop().time
    while True:
        before = clock()
        await asyncio.sleep(_LAG_EVERY)
        metrics.lagged(clock() - before - _LAG_EVERY)


async def _traces() -> "Traces | None":
    """Return the traces. The SDK takes a while to import."""

    def load() -> "Traces":
        from bot.monitoring.traces import Traces  # noqa: PLC0415 - an extra's, and only where it is wanted

        return Traces()

    try:
        return await asyncio.to_thread(load)
    except ModuleNotFoundError:
        log.warning("OTEL_* is set, but no traces are sent. %s", how_to_add("otel"))
    except Exception:  # the SDK's own reading of OTEL_*: whatever is wrong there, questions are answered
        log.exception("no traces are sent: OTEL_* in the environment can't be used")
    return None
