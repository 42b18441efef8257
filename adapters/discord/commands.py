"""Defines Discord's commands: `/ask`, `/docent …`, and "Answer from the docs" on a message."""

import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import discord
from discord import app_commands

from adapters.chat import messages
from adapters.chat.admin.teaching import TITLES
from adapters.discord.command_service import CommandService
from adapters.discord.connection.transport import AlreadyAnswered, Failed, call
from adapters.discord.interactions import says
from bot.ports import LessonKind

log = logging.getLogger(__name__)

Interaction = discord.Interaction[Any]
Tree = app_commands.CommandTree[Any]

_CHOICES, _CHOICE = 25, 100  # Discord's limits: how many, and characters of one


Save = Callable[[Interaction, LessonKind, discord.Message], Awaitable[None]]


def add(tree: Tree, service: CommandService, save: Save) -> None:
    """Add all commands to the client's tree. `save` opens the form that saves a message."""
    _add_ask(tree, service)
    _add_summarize(tree, service)
    for kind, name in TITLES.items():
        tree.add_command(_saving(save, kind, name))
    tree.add_command(_admin_group(service))
    tree.error(_failed)


def _add_ask(tree: Tree, service: CommandService) -> None:
    own = service.people.for_users
    installs = app_commands.allowed_installs(guilds=True, users=own)
    contexts = app_commands.allowed_contexts(guilds=True, dms=True, private_channels=own)

    @tree.command(name="ask", description="Ask the docs")
    @installs
    @contexts
    @app_commands.describe(
        question="What do you want to know?", private="Only you see the answer (the default)"
    )
    async def ask(interaction: Interaction, question: str, private: bool = True) -> None:  # noqa: FBT001, FBT002 - Discord's option
        await service.ask(interaction, question, private=private)

    @tree.context_menu(name="Answer from the docs")
    @installs
    @contexts
    async def answer(interaction: Interaction, message: discord.Message) -> None:
        text, about = service.inbound.question_in(message)
        files = service.inbound.with_files(message)
        if not (text or files):
            await call(lambda: interaction.response.send_message(messages.NO_WORDS, ephemeral=True))
            return
        key = f"discord:{message.id}:menu"
        await service.ask(interaction, text, private=False, key=key, about=about, files=files)


def _add_summarize(tree: Tree, service: CommandService) -> None:
    guilds = app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)

    @tree.command(
        name="summarize", description="Sum up this thread, or the channel's last day, for you alone"
    )
    @guilds
    async def summarize(interaction: Interaction) -> None:
        await service.summarize(interaction)

    @tree.context_menu(name=messages.SUMMARIZE)
    @guilds
    async def of_message(interaction: Interaction, message: discord.Message) -> None:  # noqa: ARG001 - Discord's signature
        await service.summarize(interaction)


def _saving(save: Save, kind: LessonKind, name: str) -> app_commands.ContextMenu:
    """Return a menu command that saves an answer, the bot's or a human's.

    By default only people with Manage Server see it; each server can change that.
    """

    async def open_form(interaction: Interaction, message: discord.Message) -> None:
        await save(interaction, kind, message)

    menu = app_commands.ContextMenu(name=name, callback=open_form)
    menu.default_permissions = discord.Permissions(manage_guild=True)
    menu.guild_only = True
    return menu


def _admin_group(service: CommandService) -> app_commands.Group:
    group = app_commands.Group(
        name="docent",
        description="For admins: the index and its sources",
        guild_only=True,
        default_permissions=discord.Permissions(manage_guild=True),
    )

    @group.command(name="reindex", description="Bring the index up to date, now")
    @app_commands.describe(
        source="Only this source",
        full="Do every page anew",
        confirm_deletes="Also delete what is gone, however much that is",
        cancel="Stop the one that runs or waits instead",
    )
    @app_commands.autocomplete(source=_sources(service))
    async def reindex(
        interaction: Interaction,
        source: str = "",
        full: bool = False,  # noqa: FBT001, FBT002 - Discord's option
        confirm_deletes: bool = False,  # noqa: FBT001, FBT002
        cancel: bool = False,  # noqa: FBT001, FBT002
    ) -> None:
        wanted = {"--full": full, "--confirm-deletes": confirm_deletes, "--cancel": cancel}
        parts = ("reindex", f'"{source}"' if source else "", *(flag for flag, on in wanted.items() if on))
        public = service.people.is_admin(interaction) and not cancel
        await service.admin(interaction, " ".join(filter(None, parts)), public=public)

    @group.command(name="why", description="How an answer came about")
    @app_commands.describe(answer="The answer's id, or a link to it")
    async def why(interaction: Interaction, answer: str) -> None:
        await service.admin(interaction, f'why "{answer}"')

    @group.command(name="questions", description="What people asked, and how it went")
    @app_commands.describe(days="Of so many days (7)", bad="Only those with a thumb down")
    async def questions(
        interaction: Interaction,
        days: app_commands.Range[int, 1, 3650] = 7,
        bad: bool = False,  # noqa: FBT001, FBT002
    ) -> None:
        await service.admin(interaction, f"questions {days}" + (" --bad" if bad else ""))

    @group.command(name="gaps", description="Questions that the docs don't answer")
    @app_commands.describe(dismiss="The id of one to take off the list")
    async def gaps(interaction: Interaction, dismiss: str = "") -> None:
        await service.admin(interaction, f'gaps "{dismiss}" --dismiss' if dismiss else "gaps")

    @group.command(name="review", description="Saved answers that wait for a word")
    @app_commands.describe(all="Those that are in use, to withdraw one")
    async def review(
        interaction: Interaction,
        all: bool = False,  # noqa: A002, FBT001, FBT002 - the option's name
    ) -> None:
        await service.admin(interaction, "review --all" if all else "review")

    for name, description in (
        ("status", "How the index and its sources are"),
        ("sources", "Where the docs come from"),
    ):
        group.add_command(_plain(service, name, description))
    return group


def _sources(
    service: CommandService,
) -> Callable[[Interaction, str], Coroutine[Any, Any, list[app_commands.Choice[str]]]]:
    """Return an autocompletion with the sources whose names contain what was typed so far, for admins."""

    async def choices(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        if not service.people.is_admin(interaction):
            return []
        names = [source.name for source in service.app.settings.sources]
        found = [name for name in names if typed.casefold() in name.casefold() and len(name) <= _CHOICE]
        return [app_commands.Choice(name=name, value=name) for name in found[:_CHOICES]]

    return choices


def _plain(service: CommandService, name: str, description: str) -> app_commands.Command[Any, ..., None]:
    """Return an admin command without options."""

    async def show(interaction: Interaction) -> None:
        await service.admin(interaction, name)

    return app_commands.Command(name=name, description=description, callback=show)


async def _failed(interaction: Interaction, error: app_commands.AppCommandError) -> None:
    if isinstance(error, app_commands.CommandInvokeError) and isinstance(error.original, AlreadyAnswered):
        return
    if isinstance(error, app_commands.CommandSignatureMismatch | app_commands.CommandNotFound):
        log.info("a command as it was before: %s", error)
        text = messages.COMMAND_CHANGED
    elif isinstance(error, app_commands.CommandInvokeError) and isinstance(error.original, Failed):
        log.warning("command %s came to nothing: %s", interaction.id, error.original)
        text = says(messages.BROKEN.format(id=interaction.id))
    else:
        log.error("command %s failed", interaction.id, exc_info=error)
        text = says(messages.BROKEN.format(id=interaction.id))
    if interaction.type is discord.InteractionType.autocomplete:
        return  # autocompletion, which accepts no message
    try:
        if interaction.response.is_done():
            await call(lambda: interaction.edit_original_response(content=text))
        else:
            await call(lambda: interaction.response.send_message(text, ephemeral=True))
    except Failed as refused:
        log.warning("that couldn't be said: %s", refused)


async def sync(tree: Tree) -> None:
    """Register the commands if they differ from what Discord has: it allows 200 registrations a day."""
    have = await call(tree.fetch_commands)
    mine = [*tree.get_commands(), *tree.get_commands(type=discord.AppCommandType.message)]
    registered = {_shape(one.to_dict(), one.default_member_permissions) for one in have}
    if registered == {_shape(one.to_dict(tree), one.default_permissions) for one in mine}:
        return
    await call(tree.sync)
    log.info("Discord: commands registered")


def _shape(command: Any, permissions: discord.Permissions | None) -> str:  # noqa: ANN401 - Discord's JSON
    """Return what tells two commands apart: words, options, permissions, whether they can be installed for users.

    Other fields are left out: Discord fills in their defaults, so they always differ.
    """
    users = 1 in (command.get("integration_types") or ())
    return repr((_words(command), permissions.value if permissions else None, users))


def _words(data: Any) -> list[tuple[str, Any]]:  # noqa: ANN401 - Discord's JSON
    kept = ("name", "description", "required", "type", "autocomplete")
    shape = {key: data.get(key) for key in kept if data.get(key) not in (None, "", False)}
    options = sorted((_words(option) for option in data.get("options") or ()), key=repr)
    return [*sorted(shape.items()), ("options", options)]
