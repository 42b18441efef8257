"""Whether Discord is connected, as `/ready` tells it."""

from adapters.discord.connection.timeouts import Timeouts
from tests.support.discord_chat import Chat, running, unstarted
from tests.support.waiting import patiently, until

chat = unstarted()


async def test_it_is_connected_while_the_gateway_is(chat: Chat) -> None:
    """Not before the start, not while the gateway is silent, not after the end."""

    async def is_up() -> bool:
        return chat.app.connections.has("discord")

    async def is_down() -> bool:
        return not await is_up()

    assert await is_down()
    async with running(chat, patiently(Timeouts(silent_for=1.0))):
        await until(is_up)
        chat.discord.mute.add("hello")
        chat.discord.cut()
        await until(is_down)
        chat.discord.mute.clear()
        await until(is_up)
    assert await is_down()
