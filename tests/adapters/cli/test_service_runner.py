"""What holds for every process that serves."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.cli.running.service_runner import serve_all, serve_one
from bot.bootstrap import App
from bot.config.loader import load


@pytest.fixture
def _switching() -> Iterator[None]:
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_switching")
@pytest.mark.parametrize("together", [True, False])
async def test_threads_take_turns_often(tmp_path: Path, *, together: bool):
    """The event loop waits behind each thread that computes: half a millisecond each, not five."""
    (tmp_path / "docs").mkdir()
    config = tmp_path / "docent.yaml"
    config.write_text(
        "sources: [{name: docs, type: folder, path: ./docs, audience: [everyone]}]\nembedder: none\n"
    )
    seen: list[float] = []

    async def service(_app: App, stop: asyncio.Event) -> None:
        seen.append(sys.getswitchinterval())
        stop.set()

    sys.setswitchinterval(0.005)
    if together:
        await serve_all(load(config), {"indexer": service})
    else:
        await serve_one(load(config), "indexer", service)
    assert seen == [0.0005]
