"""Whether there is anything to ask."""

from bot.commands.running import CommandError
from bot.ports import Store


async def check_index(store: Store) -> None:
    """Raises CommandError while nothing is indexed."""
    if await store.format() is None:
        raise CommandError("There is no index yet. Make it with: docent index")
