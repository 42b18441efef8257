"""Connects to a Dask scheduler, with TLS where docent.yaml has it, and says what is wrong with it or its workers."""

import asyncio
import logging
from pathlib import Path

import dask.config
from distributed import Client
from distributed.security import Security

from bot.config.cluster import DaskSettings
from indexer.dask.versions import difference, versions
from indexer.dask.worker import About


async def connected(settings: DaskSettings, seconds: float) -> Client:
    """Connect within so many seconds. Raises OSError, TimeoutError."""
    # A page of megabytes isn't the mistake that Dask warns of, and what it logs is told in our own words.
    # By itself it also keeps the last thousand messages, with the pages in them: hundreds of megabytes.
    dask.config.set(
        {
            "distributed.admin.large-graph-warning-threshold": "1 GB",
            "distributed.admin.low-level-log-length": 1,
        }
    )
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    security = None
    if settings.encrypted:
        for path in (settings.tls_ca_file, settings.tls_cert, settings.tls_key):
            await asyncio.to_thread(
                (path or Path()).read_bytes
            )  # what ssl says of a missing one doesn't name it
        security = Security(
            require_encryption=True,
            tls_ca_file=str(settings.tls_ca_file),
            tls_client_cert=str(settings.tls_cert),
            tls_client_key=str(settings.tls_key),
        )
    client: Client = await Client(
        settings.address,
        asynchronous=True,
        timeout=seconds,
        security=security,
        set_as_default=False,
        name="docent",
    )
    return client


def cause(error: BaseException) -> str:
    """Say why connecting failed: a missing file or a refused certificate has another remedy than a scheduler that is down."""
    while error.__cause__ is not None:
        error = error.__cause__
    name = getattr(error, "filename", None)
    if name:
        return f": {name} can't be read"
    return f" ({type(error).__name__})" if type(error).__module__ == "ssl" else ""


def unfit(told: object) -> str:
    """Say why a worker can't be used; "" if it can."""
    if isinstance(told, About):
        differs = difference(told.versions, versions())
        return (
            f"it has {differs}"
            if differs
            else ""
            if told.prepared
            else "it was started without --preload indexer.dask"
        )
    if isinstance(told, ImportError):
        return "Docent isn't installed there, or another one"
    return f"it doesn't answer ({type(told).__name__})"
