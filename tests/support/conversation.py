"""What people do and see, on any platform."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import text

from adapters.chat.answer_view import Press
from bot.bootstrap import App
from bot.journal.database import Database
from bot.journal.records.questions import SqlJournal
from tests.support.scripted import Core, Shelf
from tests.support.simulators import Simulator
from tests.support.waiting import until


@dataclass(frozen=True)
class Shown:
    """A message of the bot as its readers see it."""

    raw: Mapping[str, Any]
    text: str
    sources: str
    buttons: tuple[str, ...]
    pings: tuple[str, ...]
    private_to: str

    @property
    def whole(self) -> str:
        return f"{self.text}\n{self.sources}"


class Chat(Protocol):
    """What people do, on any platform. Times out with what was shown so far."""

    platform: str
    core: Core
    shelf: Shelf
    app: App
    sim: Simulator

    async def mention(self, user: str, text: str, *, after: Shown | None = None, **how: Any) -> str: ...
    async def asks(self, user: str, text: str) -> str: ...
    async def point(self, user: str, message: str) -> None: ...
    async def answers(self, place: str, *, least: int = 1) -> list[Shown]: ...
    async def ask(self, user: str, text: str) -> str: ...
    async def admin(self, user: str, text: str) -> str: ...
    async def press(self, shown: Shown, press: Press, user: str) -> str: ...
    async def complain(self, shown: Shown, user: str, complaint: str, comment: str) -> str: ...
    async def save(self, shown: Shown, kind: str, user: str, **fields: str) -> str: ...
    async def edit(self, shown: Shown, user: str, **fields: str) -> str: ...
    async def replied(self, user: str, text: str, under: Shown) -> Shown: ...
    async def form(self, since: str) -> dict[str, str]: ...
    async def whispers(self, user: str, since: str) -> list[Shown]: ...
    async def channel(self, since: str) -> list[Shown]: ...
    async def help_channel(self) -> list[Shown]: ...
    async def violations(self) -> list[Any]: ...


async def asked(chat: Chat, count: int = 1) -> bool:
    """Whether the core has heard so many questions."""
    return len(chat.core.asked) >= count


async def private_answer(chat: Chat, user: str, question: str) -> Shown:
    """What /ask comes to, once all of it stands there: a part of it has no buttons yet."""
    since = await chat.ask(user, question)
    await chat.whispers(user, since)
    await until(lambda: _all_answered(chat))
    (shown,) = await chat.whispers(user, since)
    return shown


async def _all_answered(chat: Chat) -> bool:
    return await unfinished(chat) == 0


async def unfinished(chat: Chat) -> int:
    """How many questions are being answered, as the journal has it."""
    async with chat.app.journal._database.reading() as connection:
        found = await connection.execute(text("select count(*) from questions where outcome is null"))
        return int(found.scalar() or 0)


async def only_answer(chat: Chat) -> str:
    """The id of the answer that was given."""
    rows = await until(lambda: _ids(chat))
    return rows[0]


async def left_answers(chat: Chat) -> list[tuple[str, str]]:
    """Outcome and text of each answer in the journal of a chat that has ended."""
    database = Database(folder=chat.app.settings.data)
    try:
        async with database.reading() as connection:
            rows = (await connection.execute(text("select outcome, id from questions"))).all()
        journal = SqlJournal(database)
        recorded = [(row.outcome, await journal.recorded(row.id)) for row in rows]
        return [(outcome, one.answer.text if one and one.answer else "") for outcome, one in recorded]
    finally:
        await database.close()


async def _ids(chat: Chat) -> list[str]:
    async with chat.app.journal._database.reading() as connection:
        return list(
            (await connection.execute(text("select id from questions where outcome is not null"))).scalars()
        )


async def says(chat: Chat, since: str, words: str) -> list[Shown]:
    """What the bot said in the channel since, if it holds these words."""
    return [one for one in await chat.channel(since) if words in one.text]
