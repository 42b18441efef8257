"""The process that reads strangers' pages opens no other file, connects to nothing, and takes only so long."""

import os
import socket
import subprocess
import time
from pathlib import Path

import pytest

from indexer.confinement.messages import ReaderDied
from indexer.confinement.process import ConfinedProcess
from indexer.reading.page_builder import Page, raw_page
from indexer.reading.reader_pool import ReaderPool
from indexer.sources.base import Entry, Fetched
from tests.support.pages import document, settings

PIXEL = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><text>swordfish</text></svg>'


@pytest.mark.parametrize("does", ["read", "open", "write", "run", "system", "unlink"])
async def test_forbidden(tmp_path: Path, does: str) -> None:
    """What a page's reader has no business with is refused."""
    place = tmp_path / "secret.txt"
    place.write_text("swordfish")
    call = {
        "read": (place.read_text,),
        "open": (os.open, str(place), os.O_RDONLY),
        "write": (place.write_text, "x"),
        "run": (subprocess.run, ["true"]),
        "system": (os.system, "true"),
        "unlink": (place.unlink,),
    }[does]
    process = ConfinedProcess()
    try:
        with pytest.raises(PermissionError):
            await process.call(*call)
    finally:
        await process.close()
    assert place.read_text() == "swordfish"


async def test_connecting_is_forbidden() -> None:
    """It reaches no server, not even one of this machine."""
    process = ConfinedProcess()
    with socket.create_server(("127.0.0.1", 0)) as server:
        try:
            with pytest.raises(PermissionError):
                await process.call(socket.create_connection, server.getsockname()[:2])
        finally:
            await process.close()


@pytest.mark.slow
async def test_time_is_the_processors() -> None:
    """It ends when it has used so much of the processor's time, and the next call gets a new one."""
    process = ConfinedProcess()
    try:
        with pytest.raises(ReaderDied, match=r"took longer than 0.5 s of the processor's time"):
            await process.within(0.5, sum, range(10**12))
        assert await process.call(len, "abc") == 3
    finally:
        await process.close()


async def test_waiting_takes_none_of_it() -> None:
    """A page isn't refused for a machine that is busy with others."""
    process = ConfinedProcess()
    try:
        await process.within(1.0, time.sleep, 2.0)
    finally:
        await process.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    "options", ["   :loading: embed\n", "   :scale: 50\n", "   :loading: embed\n   :scale: 50\n", ""]
)
@pytest.mark.parametrize("directive", ["image", "figure"])
async def test_rst_opens_no_file(tmp_path: Path, directive: str, options: str) -> None:
    """No directive of reStructuredText puts a file of this machine into a page."""
    place = tmp_path / "secret.svg"
    place.write_bytes(PIXEL)
    text = f"Title\n=====\n\nText.\n\n.. {directive}:: {place}\n{options}\n.. {directive}:: file://{place}\n{options}"
    assert "swordfish" not in document(text, "a.rst").text
    async with ReaderPool(1, 1) as readers:
        (built,) = await readers.read(
            [raw_page(settings(), Entry("a.rst", "1"), Fetched("a.rst", text.encode()))]
        )
    assert isinstance(built, Page)
    assert "swordfish" not in built.document.text


@pytest.mark.parametrize(
    "directive",
    ["include:: {}", "literalinclude:: {}", "csv-table:: x\n   :file: {}", "raw:: html\n   :file: {}",
     "raw:: html\n   :url: file://{}", "code:: text\n   :file: {}", "include:: {}\n   :literal:", "math::\n   :file: {}"],
)  # fmt: skip
def test_rst_includes_nothing(tmp_path: Path, directive: str) -> None:
    """No directive of reStructuredText includes a file."""
    place = tmp_path / "secret.txt"
    place.write_text("swordfish")
    assert (
        "swordfish" not in document(f"Title\n=====\n\nText.\n\n.. {directive.format(place)}\n", "a.rst").text
    )
