"""Whether Slack is connected, as `/ready` tells it."""

from tests.support.slack_chat import Chat, chatting
from tests.support.waiting import until

chat = chatting()


async def test_it_is_connected_while_a_connection_stands(chat: Chat) -> None:
    """Where Slack closes all and gives no new one it isn't; then again, when it does."""

    async def is_up() -> bool:
        return chat.app.connections.has("slack")

    async def is_down() -> bool:
        return not await is_up()

    await until(is_up)
    chat.slack.refused["apps.connections.open"] = "internal_error"
    for link in list(chat.slack._links):
        await link.close()
    await until(is_down)
    chat.slack.refused.clear()
    await until(is_up)
