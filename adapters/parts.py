"""What the adapter of any platform is made of, put together."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from adapters import admin
from adapters.admin_desk import AdminDesk
from adapters.desk import Desk, Manners
from adapters.gate import Gate
from adapters.learning import Teaching
from adapters.presses import Presses
from adapters.reply import Reply
from bot.bootstrap import App
from bot.ports import Recorded


class Intake(Protocol):
    """What a platform knows of its own answers."""

    def revive(self, recorded: Recorded) -> Reply:
        """The reply of a question whose process died. Raises Undeliverable."""
        ...

    def address_of(self, link: str) -> str:
        """The address of the answer's message behind a link to it; "" if it isn't one."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """`find` turns a link to an answer's message into what the journal has of it."""

    desk: Desk
    presses: Presses
    teaching: Teaching
    admins: AdminDesk
    find: Callable[[str], Awaitable[Recorded | None]]


def assemble(platform: str, app: App, intake: Intake, gate: Gate, *, can_ask_human: bool) -> Parts:
    """Everything that isn't the platform's own."""

    async def find(link: str) -> Recorded | None:
        address = intake.address_of(link)
        return await app.journal.recorded_by_reply(platform, address) if address else None

    limits = app.settings.limits
    manners = Manners(
        questions_per_minute=limits.questions_per_minute,
        stale_after=timedelta(seconds=limits.stale_after),
        can_ask_human=can_ask_human,
    )
    desk = Desk(platform, app.answerer, app.journal, app.shown, manners, gate=gate, revive=intake.revive)
    teaching = Teaching(app.learning, app.journal.recorded)
    admins = AdminDesk(
        runs=app.runs,
        journal=app.journal,
        store=app.store,
        shown=app.shown,
        guides=app.guides,
        sources=admin.cycles(app.settings),
        find=find,
        review=teaching.review,
    )
    presses = Presses(desk, app.journal, teaching.complained)
    return Parts(desk, presses, teaching, admins, find)
