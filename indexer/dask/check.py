"""Checks a Dask cluster for `docent doctor`."""

from bot.config.cluster import DaskSettings
from bot.diagnostics.findings import Check, error, ok, warning
from indexer.dask.connection import Connection, Lost

_PART = "dask"


async def check_cluster(settings: DaskSettings) -> Check:
    """Check that the scheduler answers, that there are workers, and that they read pages as this machine does."""
    cluster = Connection(settings, tell=lambda _: None)
    try:
        await cluster.open()
    except Lost as lost:
        remedy = "Until then this machine reads alone. See docs/scale.md."
        return error(_PART, f"{lost}.", remedy)
    finally:
        await cluster.close()
    workers = "1 worker" if cluster.workers == 1 else f"{cluster.workers:,} workers"
    threads = "1 thread" if cluster.threads == 1 else f"{cluster.threads:,} threads"
    if cluster.trouble:
        return warning(
            _PART,
            f"{cluster.trouble}.",
            "Give it --preload indexer.dask and the versions of here; see docs/scale.md.",
        )
    return ok(_PART, f"{settings.address}: {workers} with {threads}, of the same versions")
