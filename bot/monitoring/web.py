"""Serves `/health`, `/ready` and `/metrics` for whoever watches a process, and nothing else."""

import asyncio
from http import HTTPStatus
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.monitoring.metrics import Metrics
from bot.monitoring.readiness import READY, Readiness
from bot.monitoring.readings import Readings
from bot.runtime.http_server import Bounded, Bounds

BOUNDS: Final = Bounds(most=1_000, seconds=5.0, connections=50)


def pages(metrics: Metrics, readiness: Readiness, readings: Readings) -> Starlette:
    """Return the application. `/health`: the process runs. `/ready`: it can do its work, or 503 with what can't.

    `/metrics`: what was counted.
    """

    async def health(_: Request) -> Response:
        return PlainTextResponse("ok")

    async def ready(_: Request) -> Response:
        parts = await readiness.look()
        is_ready = all(said == READY for said in parts.values())
        status = HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE
        return JSONResponse({"ready": is_ready, "parts": dict(parts)}, status)

    async def scrape(request: Request) -> Response:
        reading, parts = await asyncio.gather(readings.now(), readiness.look())
        text, media_type = metrics.exposed(request.headers.get("accept", ""), reading, parts)
        return Response(text, headers={"Content-Type": media_type})

    routes = [Route("/health", health), Route("/ready", ready), Route("/metrics", scrape)]
    return Starlette(routes=routes, middleware=[Middleware(Bounded, bounds=BOUNDS)])
