"""Reads pages on the workers of a Dask cluster: `dask worker SCHEDULER --preload indexer.dask`.

The leader lists, fetches and writes. A worker gets a page's bytes, and gives them to a confined process of its own,
as the leader would; `indexer.reading` knows nothing of it.
"""

from distributed import Worker


async def dask_setup(worker: Worker) -> None:
    """Prepare a worker that starts with this module as its preload. Dask calls it."""
    from indexer.dask.worker import prepare  # noqa: PLC0415 - the leader has no use for it

    await prepare(worker)
