"""Here a real Weaviate server answers: all of it is slow."""

from pathlib import Path

import pytest

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what stands in this folder, which pytest hands over together with everything else."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.slow)
