"""A cluster of two workers for each file's tests: starting one takes longer than they do."""

from collections.abc import Iterator

import pytest

from tests.support.dask_cluster import Cluster, started


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with started(2) as running:
        yield running
