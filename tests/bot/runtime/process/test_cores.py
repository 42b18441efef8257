"""How many processors there are."""

from pathlib import Path

import pytest

from bot.runtime.process.cores import cores


@pytest.mark.parametrize(
    ("quota", "most"), [("50000 100000", 1), ("100000 100000", 1), ("max 100000", None), ("odd", None)]
)
def test_a_containers_limit_counts(tmp_path: Path, quota: str, most: int | None):
    """A limit below the machine's cores is what there is; never less than one."""
    file = tmp_path / "cpu.max"
    everything = cores(file)
    assert everything >= 1
    file.write_text(quota)
    assert cores(file) == (most or everything)
