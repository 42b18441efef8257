"""Each attack is counted; tests/conftest.py prints the sum at the end of a run."""

import pytest


@pytest.fixture(autouse=True)
def _counted(record_property) -> None:
    record_property("redteam", 1)
