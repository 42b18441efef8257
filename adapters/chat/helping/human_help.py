"""Asks a human, in the help channel or a tracker, and brings their answer back to the asker."""

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from adapters.chat import messages
from adapters.chat.markdown_text import quoted
from adapters.chat.questions.reply import Barred, Undeliverable
from bot.config.help import HelpSettings
from bot.ports import Asked, BackendError, HelpRequest, Journal, Recorded, Tickets

log = logging.getLogger(__name__)

_ANSWER = 3000  # characters of a human's answer


class AskerContext(Protocol):
    """The place where somebody asks for a human."""

    async def name(self) -> str:
        """Return the asker's display name."""
        ...

    async def tell(self, text: str) -> None:
        """Show a message to the asker alone."""
        ...

    async def where(self) -> str:
        """Return a link to the conversation; "" where others can't see it."""
        ...

    async def rotation(self, on_call: str) -> str:
        """Return whom `on_call` names, as text: a user group by its people, a role by its name, "" if unknown."""
        ...

    async def help(self, text: str, question_id: str) -> bool:
        """Post into the help channel with a link back here; False if there is no such channel.

        Raises Undeliverable.
        """
        ...


class HelperContext(Protocol):
    """A person's reply to a question in the help channel. `key` is the same for every delivery of it."""

    platform: str
    key: str
    person: str
    text: str

    async def name(self) -> str: ...

    async def deliver(self, person: str, text: str) -> None:
        """Send Markdown to `person`, who asked, alone. Raises Undeliverable."""
        ...

    async def tell(self, text: str) -> None:
        """Show a message to the helper alone."""
        ...


class HumanHelp:
    """Brings questions to people and their answers back.

    `settings` returns the settings in force: who is on call may change while it runs.
    """

    def __init__(
        self, journal: Journal, tickets: Sequence[Tickets], settings: Callable[[], HelpSettings]
    ) -> None:
        self._journal = journal
        self._tickets = tickets
        self._settings = settings

    async def ask(self, asker: AskerContext, recorded: Recorded) -> None:
        """Bring the question where docent.yaml says, once, even if the button is pressed twice."""
        key = f"human {recorded.asked.id}"
        if not await self._journal.claim(key):
            await asker.tell(messages.HUMAN_ON_IT)
            return
        on_call = await asker.rotation(self._settings().on_call)
        said, failed = await self._in_channel(asker, recorded, on_call)
        opened = [await self._open(one, asker, recorded, on_call) for one in self._tickets]
        said += [one for one in opened if one]
        if not said:
            await self._journal.release(key)
            trouble = messages.BROKEN.format(id=recorded.asked.id) if self._tickets else ""
            said = [failed or trouble or messages.NO_HELP_CHANNEL]
        await asker.tell(" ".join(said))

    async def _in_channel(
        self, asker: AskerContext, recorded: Recorded, on_call: str
    ) -> tuple[list[str], str]:
        """Post the question into the help channel.

        Return what to tell the asker, and why it failed if it did.
        """
        lead = messages.ASKED_HUMAN.format(person=await asker.name())
        lines = [lead, f"> {quoted(recorded.asked.question.text)}"]
        if on_call:
            lines.append(messages.ON_CALL.format(who=quoted(on_call)))
        try:
            posted = await asker.help("\n\n".join(lines), recorded.asked.id)
        except Undeliverable as error:
            log.warning("the help channel can't be written to: %s", error)
            barred = isinstance(error, Barred)
            return [], messages.BARRED_FROM_HELP if barred else messages.BROKEN.format(id=recorded.asked.id)
        return [messages.HUMAN_ON_IT] if posted else [], ""

    async def _open(self, tickets: Tickets, asker: AskerContext, recorded: Recorded, on_call: str) -> str:
        """Open a ticket and return what to tell the asker; "" if it couldn't be opened."""
        asked = recorded.asked
        request = HelpRequest(
            asked.id,
            asked.question.text,
            asked.platform,
            await asker.where(),
            on_call,
            recorded.asked_at,
        )
        try:
            url = await tickets.open(request)
        except BackendError as error:
            log.warning("question %s is in no ticket: %s", asked.id, error)
            return ""
        return messages.TICKET.format(where=tickets.name) + (f" {url}" if url else "")

    async def answered(self, helper: HelperContext, question_id: str) -> bool:
        """Bring a human's answer to the asker; False if the question isn't known."""
        try:
            return await self._answered(helper, question_id)
        except BackendError as error:
            log.warning("a human's answer to %s can't be passed on: %s", question_id, error)
            await helper.tell(messages.NOT_PASSED_ON)
            return True

    async def _answered(self, helper: HelperContext, question_id: str) -> bool:
        recorded = await self._journal.recorded(question_id)
        if recorded is None:
            return False
        words = helper.text.strip()[:_ANSWER]
        if not words or helper.person == recorded.asked.person:
            return True
        key = f"helped {helper.key}"
        if not await self._journal.claim(key):
            return True
        lead = messages.HUMAN_SAYS.format(person=await helper.name())
        question = quoted(recorded.asked.question.text)
        try:
            await _deliver(helper, recorded.asked, f"{lead}\n\n> {question}\n\n{words}")
        except Undeliverable as error:
            log.warning("a human's answer to %s reaches nobody: %s", question_id, error)
            await self._journal.release(key)
            await helper.tell(messages.NOT_PASSED_ON)
        else:
            await helper.tell(messages.PASSED_ON)
        return True

    async def question_of(self, question_id: str) -> str:
        """Return the question's text; "" if it isn't known. Raises BackendError."""
        recorded = await self._journal.recorded(question_id)
        return recorded.asked.question.text if recorded else ""


async def _deliver(helper: HelperContext, asked: Asked, text: str) -> None:
    """Send `text` to the asker, who can be reached only from their own platform. Raises Undeliverable."""
    if asked.platform != helper.platform:
        raise Undeliverable("it was asked elsewhere")
    await helper.deliver(asked.person, text)
