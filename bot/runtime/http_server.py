"""Serves HTTP inside a process that has other work to do and to end, and to callers that nobody knows."""

import asyncio
import errno
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Final

import h11
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.ports import Unavailable

_BACKLOG: Final = 2048


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits what a caller may take up before it is known who it is.

    A body has at most `most` bytes. A request's head may take `seconds`, and its body as many again. `connections`
    are open at once.
    """

    most: int = 1_000_000
    seconds: float = 10.0
    connections: int = 100


class Bounded:
    """Reads a body whole, within its bounds, before the application is called, or refuses the request (ASGI)."""

    def __init__(self, app: ASGIApp, bounds: Bounds) -> None:
        self._app = app
        self._bounds = bounds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._bounds.seconds):
                body = await self._read(scope, receive)
        except TimeoutError:
            await _refused(408, "The request took too long to arrive.")(scope, receive, send)
        except _TooLargeError:
            await _refused(413, "The body is too large.")(scope, receive, send)
        except ConnectionError:
            return
        else:
            await self._app(scope, _replaying(body, receive), send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes:
        told = dict(scope["headers"]).get(b"content-length", b"0")
        if not told.isdigit() or int(told[:20]) > self._bounds.most:
            raise _TooLargeError
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ConnectionError
            body += message.get("body", b"")
            if len(body) > self._bounds.most:
                raise _TooLargeError
            if not message.get("more_body"):
                return bytes(body)


class _TooLargeError(Exception): ...


def _refused(status: int, text: str) -> PlainTextResponse:
    # What is still on its way is not waited for.
    return PlainTextResponse(text, status_code=status, headers={"Connection": "close"})


def _replaying(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


class _HttpServer(uvicorn.Server):
    """A uvicorn server that leaves signals to the process: in `docent run` other parts have to end as well."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override] # as narrow as needed
        return nullcontext()


class _Patient(H11Protocol):
    """Bounds what uvicorn doesn't: how long it waits for the rest of a head, and how many may connect."""

    bounds = Bounds()
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # uvicorn's own
        super().connection_made(transport)
        if len(self.connections) > self.bounds.connections:
            transport.abort()
            return
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._wait()
        else:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self._wait()

    def _wait(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(self.bounds.seconds, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


def listen_at(host: str, port: int) -> socket.socket:
    """Return a socket that listens there. Raises Unavailable with what to do, where uvicorn would end the process."""
    try:
        family, kind, number, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, number)
    except OSError as error:
        raise _not_had(host, port, error) from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise _not_had(host, port, error) from error
    listening.setblocking(False)  # noqa: FBT003 - its way
    return listening


def _not_had(host: str, port: int, error: OSError) -> Unavailable:
    if error.errno == errno.EADDRINUSE:
        return Unavailable(
            f"port {port}", f"another program listens there ({host}).", remedy="End it, or take another port."
        )
    reason = error.strerror or str(error)
    return Unavailable(
        f"port {port}", f"{host}:{port} can't be listened at: {reason}.", remedy="Check host and port."
    )


async def serve(
    web: Starlette,
    *,
    host: str,
    port: int,
    stop: asyncio.Event,
    bounds: Bounds | None = None,
    begun: Callable[[], None] = lambda: None,
) -> None:
    """Serve `web` until `stop`, then let requests that are under way end. Raises Unavailable if the port is taken.

    `begun` is called once the port is open.
    """
    listening = listen_at(host, port)
    begun()
    protocol = type("Patient", (_Patient,), {"bounds": bounds or Bounds()})
    server = _HttpServer(
        uvicorn.Config(web, host=host, port=port, http=protocol, ws="none", log_config=None, access_log=False)
    )
    serving = asyncio.create_task(server.serve([listening]))
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait([serving, waiting], return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    waiting.cancel()
    await serving
