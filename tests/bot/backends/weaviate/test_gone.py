"""A server that refuses connections for long is gone, and that is said before a write's deadline."""

import asyncio

import pytest

from bot.backends.weaviate.server.address import Address, parse
from bot.backends.weaviate.server.gone import unless_gone
from bot.ports import Unavailable


async def listening(looks: asyncio.Semaphore | None = None) -> tuple[asyncio.Server, Address]:
    """A server that takes connections, each of which is one more of the `looks`."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if looks is not None:
            looks.release()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    return server, parse(f"http://127.0.0.1:{port}")[0]


async def test_a_server_that_is_gone() -> None:
    """Once nobody listens any more, what waits for an answer ends, and the address and the way on are told."""
    server, address = await listening()
    server.close()
    with pytest.raises(Unavailable, match=f"connections to {address.url} have been refused") as told:
        await unless_gone(asyncio.Event().wait(), [address], 0.0, every=0.01)
    assert "docent index" in told.value.remedy


async def test_one_node_of_several() -> None:
    """While one address takes connections, however slow the answer is, it is waited for."""
    looks = asyncio.Semaphore(0)
    gone, one = await listening()
    gone.close()
    server, other = await listening(looks)

    async def answer() -> str:
        for _ in range(3):
            await looks.acquire()
        return "answer"

    assert await unless_gone(answer(), [one, other], 0.0, every=0.01) == "answer"
    server.close()


async def test_what_the_work_raises() -> None:
    """Its own error is raised as it is, and so is its being told to end."""
    server, address = await listening()

    async def broken() -> None:
        raise Unavailable("search", "down")

    with pytest.raises(Unavailable, match="down"):
        await unless_gone(broken(), [address])
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await unless_gone(asyncio.Event().wait(), [address])
    server.close()
