"""Serving HTTP inside a process that has other things to do and to end."""

import asyncio
from contextlib import AbstractContextManager, nullcontext

import uvicorn
from starlette.applications import Starlette


class _HttpServer(uvicorn.Server):
    """Signals are the process's own: in `docent run` others have to end as well."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override] # as narrow as needed
        return nullcontext()


async def serve(web: Starlette, *, host: str, port: int, stop: asyncio.Event) -> None:
    """Listen until `stop`, and let what is being answered end."""
    server = _HttpServer(uvicorn.Config(web, host=host, port=port, log_config=None, access_log=False))
    serving = asyncio.create_task(server.serve())
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait([serving, waiting], return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    waiting.cancel()
    await serving
