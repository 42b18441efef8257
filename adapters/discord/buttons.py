"""Handles buttons and forms in Discord: below answers, reindexes and saved answers."""

import discord

from adapters.chat import messages
from adapters.chat.admin.teaching import Form
from adapters.chat.answer_view import DECISIONS, IN_USE, OF_RUNS, Press
from adapters.chat.background_tasks import BackgroundTasks
from adapters.chat.wiring import ChatServices
from adapters.discord.access.permissions import DiscordPermissions
from adapters.discord.commands import Interaction
from adapters.discord.connection.transport import call
from adapters.discord.helping.help_thread import DiscordHelpThreads
from adapters.discord.incoming.inbound import DiscordInbound
from adapters.discord.interactions import DiscordAdminConsole, DiscordPressContext, is_private
from adapters.discord.replies import rendering
from bot.ports import Journal, LessonKind


class DiscordButtons:
    def __init__(
        self,
        parts: ChatServices,
        people: DiscordPermissions,
        inbound: DiscordInbound,
        journal: Journal,
        work: BackgroundTasks,
        *,
        threads: DiscordHelpThreads,
    ) -> None:
        self._parts = parts
        self._threads = threads
        self._people = people
        self._inbound = inbound
        self._journal = journal
        self._work = work

    async def pressed(self, interaction: Interaction, press: Press, value: str) -> None:
        """Handle a press. Discord wants a response at once, so the work is done after that."""
        await self._work.logged(self._respond(interaction, press, value))

    async def _respond(self, interaction: Interaction, press: Press, value: str) -> None:
        if press is Press.BAD:
            await call(
                lambda: interaction.response.send_modal(rendering.ComplaintForm(value, self._complained)),
            )
            await self._parts.presses.feedback(self._context(interaction), value, "down")
            return
        if press is Press.EDIT:
            console = DiscordAdminConsole(interaction, self._people)
            await self._open(interaction, await self._parts.teaching.reopen(console, value))
            return
        # A further ephemeral answer is a message of its own; the earlier one stays.
        anew = press is Press.MORE and is_private(interaction)
        await call(lambda: interaction.response.defer(ephemeral=True, thinking=anew))
        self._work.later(self._act(interaction, press, value))

    async def _act(self, interaction: Interaction, press: Press, value: str) -> None:
        if press in OF_RUNS:
            await self._parts.admins.press(press, value, DiscordAdminConsole(interaction, self._people))
        elif press in (*DECISIONS, *IN_USE):
            await self._parts.teaching.decide(DiscordAdminConsole(interaction, self._people), press, value)
        elif press is Press.GOOD:
            context = self._context(interaction)
            if await self._parts.presses.feedback(context, value, "up"):
                await context.tell(messages.THANKS_UP)
        else:
            await self._parts.presses.press(self._context(interaction), press, value)

    async def _complained(
        self, interaction: Interaction, answer_id: str, complaint: str, comment: str
    ) -> None:
        await call(lambda: interaction.response.defer(ephemeral=True, thinking=False))
        context = self._context(interaction)
        if await self._parts.presses.feedback(context, answer_id, "down", complaint, comment):
            await context.tell(messages.THANKS_DOWN)

    def _context(self, interaction: Interaction) -> DiscordPressContext:
        return DiscordPressContext(
            interaction=interaction,
            inbound=self._inbound,
            people=self._people,
            help_channel=self._people.help_channel(interaction.guild_id or 0),
        )

    async def save(self, interaction: Interaction, kind: LessonKind, message: discord.Message) -> None:
        """Open the form that saves a message as an example or as verified, within Discord's 3 seconds."""
        console = DiscordAdminConsole(interaction, self._people)
        address = f"{message.channel.id}/{message.id}"
        recorded = await self._journal.recorded_by_reply("discord", address)
        answer = self._inbound.words_of(message)
        question = "" if recorded else await self._threads.question(message)
        if not (recorded or question):
            question = await self._inbound.question_before(message)
        form = await self._parts.teaching.form(console, kind, recorded, question, answer)
        await self._open(interaction, form)

    async def _open(self, interaction: Interaction, form: Form | None) -> None:
        if form is not None:
            await call(
                lambda: interaction.response.send_modal(rendering.TeachingForm(form, self._saved)),
            )

    async def _saved(self, interaction: Interaction, form: Form) -> None:
        await call(lambda: interaction.response.defer(ephemeral=True, thinking=False))
        audience = await self._context(interaction).audience(alone=False)
        await self._parts.teaching.submit(DiscordAdminConsole(interaction, self._people), form, audience)
