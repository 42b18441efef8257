"""Weaviate as a child process: from a binary that lies ready, with a key of its own, gone at the end."""

import socket
import stat
from pathlib import Path

import httpx
import pytest

from bot.backends.weaviate import open_store
from bot.backends.weaviate.server.bundled_server import side_by_side
from bot.config.models import WeaviateSettings
from bot.ports import Unavailable
from tests.support.store_contract import ask, begin, ids, page
from tests.support.weaviate_server import WITHOUT, binary


@pytest.fixture
def settings(free_port, monkeypatch: pytest.MonkeyPatch) -> WeaviateSettings:
    if binary() is None:
        pytest.skip(WITHOUT)
    monkeypatch.setenv("RAFT_TIMEOUTS_MULTIPLIER", "1")  # starts sooner
    own = {"binary": binary(), "port": free_port(), "grpc_port": free_port()}
    return WeaviateSettings.model_validate({"embedded": own})


async def test_embedded(settings: WeaviateSettings, data: Path) -> None:
    """It starts at the first call, serves a second store of this machine, and ends with the first."""
    assert settings.embedded is not None
    url = f"http://127.0.0.1:{settings.embedded.port}/v1/schema"
    store = open_store(settings, data)
    await begin(store)
    await store.replace([page("wiki:a.md", "office hours")])
    second = open_store(settings, data)
    assert ids(await second.search(ask("office hours"))) == ["wiki:a.md"]
    await second.close()
    assert ids(await store.search(ask("office hours"))) == ["wiki:a.md"]
    async with httpx.AsyncClient() as client:
        assert (await client.get(url)).status_code == httpx.codes.UNAUTHORIZED
    await store.close()
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(url)
    again = open_store(settings, data)
    assert ids(await again.search(ask("office hours"))) == ["wiki:a.md"]
    await again.close()
    assert stat.S_IMODE((data / "weaviate" / "key").stat().st_mode) == 0o600


def test_inner_ports() -> None:
    """Of ports side by side of which one is taken, none is used."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        runs = [port - 3, port - 1, port, *range(port - 400, port - 40, 4)]
        found = side_by_side(runs)
    assert port not in found
    assert found == list(range(found[0], found[0] + 4))


async def test_binary_that_is_none(data: Path, free_port) -> None:
    """A binary that can't be run is told, with what to set."""
    binary = data / "weaviate-server"
    binary.write_text("no program")
    own = {"binary": binary, "port": free_port(), "grpc_port": free_port()}
    store = open_store(WeaviateSettings.model_validate({"embedded": own}), data)
    with pytest.raises(Unavailable, match=r"weaviate\.embedded\.binary"):
        await store.check()
    await store.close()
