"""Receives Slack's requests over HTTP, checks them, and hands them to Bolt."""

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs

from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.runtime.http_server import Bounded, Bounds

log = logging.getLogger(__name__)

BOUNDS: Final = Bounds(most=1_000_000)
_FORGED_AGAIN: Final = 60.0  # seconds


def web(bolt: AsyncApp) -> Starlette:
    """Return the web app: `/slack/events` for events, commands and interactivity, and `/health`.

    Bolt checks the signatures.
    """
    handler, forged = AsyncSlackRequestHandler(bolt), _Forged()

    async def events(request: Request) -> Response:
        if not await asyncio.to_thread(is_understood, await request.body(), request.headers):
            return PlainTextResponse("This is no request of Slack's.", HTTPStatus.BAD_REQUEST)
        response = await handler.handle(request)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            forged.tell()
        return response

    async def health(_: Request) -> Response:
        return PlainTextResponse("ok")

    routes = [Route("/slack/events", events, methods=["POST"]), Route("/health", health)]
    return Starlette(routes=routes, middleware=[Middleware(Bounded, bounds=BOUNDS)])


def is_understood(body: bytes, headers: Mapping[str, str]) -> bool:
    """Return whether the body is a JSON object, or a form as Slack sends it, whose `payload`, if any, is one."""
    try:
        text = body.decode()
        if headers.get("content-type", "").partition(";")[0].strip() == "application/json":
            return isinstance(json.loads(text), dict)
        form = parse_qs(text, keep_blank_values=True, max_num_fields=1000)
        return all(isinstance(json.loads(each), dict) for each in form.get("payload", ()))
    except (ValueError, RecursionError):
        return False


class _Forged:
    """Logs requests with a wrong signature, at most once a minute: they are forged, or the secret is wrong."""

    def __init__(self) -> None:
        self._again = 0.0

    def tell(self) -> None:
        if time.monotonic() < self._again:
            return
        self._again = time.monotonic() + _FORGED_AGAIN
        log.warning(
            "a request to /slack/events was refused: its signature is missing, old or wrong."
            " If it was Slack's, check SLACK_SIGNING_SECRET and the clock."
        )
