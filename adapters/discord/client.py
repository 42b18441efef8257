"""Runs the Discord client: events, commands, buttons."""

import asyncio
import itertools
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final
from weakref import WeakSet

import aiohttp
import discord
from discord import app_commands

from adapters.chat import markdown_text, messages
from adapters.chat.background_tasks import BackgroundTasks
from adapters.chat.questions.question_service import Acceptance
from adapters.chat.wiring import assemble
from adapters.discord import commands
from adapters.discord.access.bot_permissions import intents
from adapters.discord.access.gate import DiscordGate, turn_away
from adapters.discord.access.permissions import DiscordPermissions
from adapters.discord.buttons import DiscordButtons
from adapters.discord.command_service import CommandService
from adapters.discord.connection.gateway_patches import brief, completed, survive
from adapters.discord.connection.timeouts import PATIENCE, Timeouts
from adapters.discord.connection.transport import Failed, call, paced
from adapters.discord.helping.help_thread import DiscordHelpThreads
from adapters.discord.incoming.backfill import missed, posts
from adapters.discord.incoming.inbound import DiscordInbound
from adapters.discord.incoming.questions import files_of
from adapters.discord.incoming.reactions import DiscordReactions
from adapters.discord.replies import rendering
from adapters.discord.replies.forum_tags import tag
from adapters.discord.run_message import DiscordProgressMessage
from bot.bootstrap import App
from bot.config.proxies import proxy_for
from bot.ports import BackendError
from bot.text.questions.question_text import says_nothing

log = logging.getLogger(__name__)

_DIRECT_SHARD: Final = 0  # Discord sends all direct messages there
_RESTART: Final = timedelta(minutes=2)  # a restarted process is back within this


class DocentClient(discord.AutoShardedClient):
    """A connection to Discord, with the handlers of its events."""

    def __init__(self, app: App, session: aiohttp.ClientSession, patience: Timeouts = PATIENCE) -> None:
        settings = app.settings.discord
        super().__init__(
            intents=intents(
                message_content=settings.message_content, reactions=settings.ask_with is not None
            ),
            allowed_mentions=discord.AllowedMentions.none(),
            shard_count=settings.shards,
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_ratelimit_timeout=60,
            heartbeat_timeout=patience.silent_for,
            http_trace=paced(),
            proxy=proxy_for(discord.http.Route.BASE),
        )
        self.app = app
        self._patience = patience
        self._gone: dict[int, datetime] = {}  # shards that are down, since when
        self.people = DiscordPermissions(self, app.live)
        self.inbound = DiscordInbound(self, session, self.people, app.live, patience)
        # Servers have their own help channels: DiscordAddress.offered drops the button where there is none.
        self._gate = DiscordGate(self.people)
        parts = assemble(
            "discord",
            app,
            self.inbound,
            self._gate,
            can_ask_human=True,
            run_message=partial(DiscordProgressMessage.at, self),
        )
        self.question_service, self.admins, self.revisions = (
            parts.question_service,
            parts.admins,
            parts.revisions,
        )
        self._commands = CommandService(app, parts, self.inbound, self.people)
        self._work = BackgroundTasks("Discord", Failed)
        self.threads = DiscordHelpThreads(self, self.people, parts.helping)
        self.buttons = DiscordButtons(
            parts, self.people, self.inbound, app.journal, self._work, threads=self.threads
        )
        self.tree = app_commands.CommandTree(self)
        self.ready = asyncio.Event()
        self.sockets: WeakSet[aiohttp.ClientWebSocketResponse] = WeakSet()
        self._connect = self.http.ws_connect
        self.http.ws_connect = self._remembered  # type: ignore[method-assign] # nothing public tells of them
        self._filter(
            "MESSAGE_CREATE", lambda data: self._gate.lets_in(data) and self.inbound.may_concern(data)
        )
        self.reactions = DiscordReactions(
            client=self, inbound=self.inbound, question_service=self.question_service, live=app.live
        )
        self._filter(
            "MESSAGE_REACTION_ADD",
            lambda data: self._gate.lets_in(data) and self.reactions.may_concern(data),
        )
        self._filter("THREAD_CREATE", self._gate.lets_in)
        self._filter("INTERACTION_CREATE", self._is_for_us)
        # Link previews cause updates, too: only real edits are looked at.
        self._filter(
            "MESSAGE_UPDATE",
            lambda data: bool(
                data.get("edited_timestamp")
                and "author" in data
                and self._gate.lets_in(data)
                and self.inbound.may_concern(data)
            ),
        )
        survive(self._connection.parsers)

    async def _remembered(self, url: str, *, compress: int = 0) -> aiohttp.ClientWebSocketResponse:
        """Connect a socket and remember it.

        discord.py forgets a socket if the client closes while it is still connecting.
        """
        socket = brief(await self._connect(url, compress=compress))
        self.sockets.add(socket)
        return socket

    def _filter(self, event: str, wanted: Callable[[Any], bool]) -> None:
        """Drop unwanted events before discord.py makes objects of them, which is by far the greatest cost."""
        parse = self._connection.parsers[event]

        def parse_wanted(data: Any) -> None:  # noqa: ANN401 - Discord's own JSON
            data = completed(data, message=event in ("MESSAGE_CREATE", "MESSAGE_UPDATE"))
            if wanted(data):
                parse(data)

        self._connection.parsers[event] = parse_wanted

    def _is_for_us(self, data: Any) -> bool:  # noqa: ANN401 - Discord's own JSON
        """Return whether an interaction is delivered for the first time, from a server that is served.

        In other servers the person is told.
        """
        if not self.question_service.first(f"discord:seen:{data['id']}"):
            return False
        if self._gate.carried(data) or self._gate.lets_in(data):
            return True
        self._work.later(turn_away(discord.Interaction(data=data, state=self._connection)))
        return False

    async def setup_hook(self) -> None:
        """Set up buttons and commands before the gateway connects.

        Buttons of earlier processes keep working.
        """
        rendering.PressButton.pressed = self.buttons.pressed
        self.add_dynamic_items(rendering.PressButton)
        commands.add(self.tree, self._commands, self.buttons.save)
        self._work.later(self._register())

    async def _register(self) -> None:
        """Register the commands, retrying until that works; mentions are answered meanwhile."""
        for attempt in itertools.count():
            try:
                await commands.sync(self.tree)
            except Failed as error:
                log.warning("the commands can't be registered: %s", error)
                await asyncio.sleep(min(2.0**attempt, 300.0))
            else:
                return

    async def on_ready(self) -> None:
        log.info("Discord: connected as %s to %d servers", self.user, len(self.guilds))
        self.ready.set()

    async def on_shard_disconnect(self, shard: int) -> None:
        self._gone.setdefault(shard, datetime.now(UTC))

    def has_gateway(self) -> bool:
        """Return whether events are received: all shards were ready, and not all of them are gone."""
        return self.ready.is_set() and not self.is_closed() and len(self._gone) < max(1, len(self.shards))

    async def on_shard_resumed(self, shard: int) -> None:
        self._gone.pop(shard, None)

    async def on_shard_ready(self, shard: int) -> None:
        """Catch up on what was missed: a new session doesn't repeat earlier events."""
        gone = self._gone.pop(shard, datetime.now(UTC) - _RESTART)
        self._work.later(self._catch_up(shard, gone - timedelta(seconds=self._patience.silent_for)))

    async def _catch_up(self, shard: int, since: datetime) -> None:
        """Take the questions that came since then; those that are known aren't taken twice."""
        direct = await self._direct() if shard == _DIRECT_SHARD else []
        async for message in missed(self, shard, since, direct):
            found = self.inbound.of_message(message)
            if found and not _is_small(found[0].question.text):
                await self.question_service.take(*found)
        for thread in posts(self, shard, since):
            await self.on_thread_create(thread)

    async def _direct(self) -> list[int]:
        try:
            return await self.inbound.direct(self.app.journal)
        except BackendError as error:
            log.warning("direct messages that were missed can't be looked for: %s", error)
            return []

    # --- messages ---------------------------------------------------------------------------------

    async def on_message(self, message: discord.Message) -> None:
        if await self.threads.take(message):
            return
        found = self.inbound.of_message(message)
        if found is None:
            return
        text = found[0].question.text
        if says_nothing(text) and not markdown_text.is_small_talk(
            text
        ):  # the message points at somebody else's question
            before = await self.inbound.question_before(message, said=bool(text))
            found = (self.inbound.of_message(message, before) if before else None) or found
        asked, reply = found
        text = asked.question.text
        if not markdown_text.is_small_talk(text) and (text or files_of(asked)):
            await self.question_service.take(asked, reply)
        elif self.question_service.first(f"{asked.key}:word"):
            await reply.say(messages.WELCOME if markdown_text.thanks(text) else self._how_to_ask(message))

    def _how_to_ask(self, message: discord.Message) -> str:
        """Return how to ask a question, with the bot's name where it has to be mentioned."""
        name = f"@{self.user.display_name}" if self.user and message.guild else ""
        return messages.how_to_ask(name)

    async def on_thread_create(self, thread: discord.Thread) -> None:
        """Take a new post in a configured forum."""
        if self.people.forum(thread.guild.id, thread.parent_id) is None or thread.owner_id is None:
            return
        try:
            message = await call(lambda: thread.fetch_message(thread.id))
        except Failed as error:
            log.info("post %s can't be read: %s", thread.id, error)
            return
        found = self.inbound.of_post(thread, message)
        if found and await self.question_service.take(*found) is Acceptance.YES:
            self._work.later(tag(thread, self.people, self.app.journal, found[0].id))

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        edit = self.inbound.of_edit(payload.message)
        if edit and not markdown_text.is_small_talk(edit.asked.question.text):
            await self.revisions.take(edit)

    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        await self.reactions.take(payload)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        await self.question_service.abandon(self.inbound.key(payload.message_id))

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Stop answering messages that a moderator or another bot deleted in bulk."""
        for message in payload.message_ids:
            await self.question_service.abandon(self.inbound.key(message))

    async def drain(self) -> None:
        """Wait a moment for small work, and cancel the rest."""
        await self.admins.close()
        await self._work.drain(2)


def _is_small(text: str) -> bool:
    """Return whether there is nothing to look up."""
    return not text or markdown_text.is_small_talk(text)
