"""One answer in Discord: in a thread, as a reply, in place, or to an interaction.

Places fall back: thread → reply → DM → the log. `finish` leaves one whole answer, whatever broke before.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import discord

from adapters.discord import look
from adapters.discord.calls import Failed, Malformed, NotThere, call
from adapters.discord.edits import QUICK, Edits
from adapters.discord.look import Drawn
from adapters.discord.place import Place
from adapters.discord.text import escape
from adapters.reply import Fill, Undeliverable
from adapters.view import AnswerView

log = logging.getLogger(__name__)

_TYPING_EVERY = 5.0  # seconds


def rights(client: discord.Client, channel: int) -> discord.Permissions:
    """What the bot may do there, as far as it is known; in a DM and elsewhere, all."""
    found = client.get_channel(channel)
    if isinstance(found, discord.abc.GuildChannel | discord.Thread) and found.guild.me:
        return found.permissions_for(found.guild.me)
    return discord.Permissions.all()


class Typing:
    """Typing shows for ten seconds, whoever it is for: once in five is enough for a channel."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self._shown: dict[int, float] = {}

    async def show(self, channel: int) -> None:
        now = time.monotonic()
        self._shown = {one: at for one, at in self._shown.items() if now - at < _TYPING_EVERY}
        if channel in self._shown:
            return
        self._shown[channel] = now
        with suppress(Failed):
            await call(lambda: self._client.http.send_typing(channel), deadline=5, attempts=1)


class ChannelReply:
    """An answer that everybody in the channel sees."""

    private = False

    def __init__(
        self, client: discord.Client, place: Place, fill: Fill, typing: Typing, *, revived: bool = False
    ) -> None:
        self._revived = revived
        self._shows_typing = typing
        self.unprompted = place.unprompted
        self.fill = fill
        self._client = client
        self._place = place
        self._edits = Edits(self._stream)
        self._remember: Callable[[str], Awaitable[None]] | None = None
        self._typing: asyncio.Task[None] | None = None

    async def begin(self, remember: Callable[[str], Awaitable[None]]) -> None:
        self._remember = remember
        self._typing = asyncio.create_task(self._keep_typing())
        if self._place.answer_in == "thread" and not self._place.thread:
            await self._open_thread()
        if self._revived and not self._place.answer:
            await self._find_what_stands()
        self._edits.begin()

    async def write(self, text: str) -> None:
        self._edits.write(text)

    async def finish(self, answer: AnswerView) -> None:
        await self._quiet()
        try:
            await self._put(self._drawn(answer))
        except Malformed as error:
            log.warning("answer %s: its form was refused, sent as text: %s", answer.answer_id, error)
            await self._elsewhere(answer, plain=True)
        except Failed as error:
            log.warning("answer %s goes elsewhere: %s", answer.answer_id, error)
            await self._elsewhere(answer)

    async def say(self, text: str) -> None:
        with suppress(Undeliverable):
            await self._send(self._place.channel, escape(text), reply=True)

    async def withdraw(self) -> None:
        await self._quiet()
        if self._place.answer:
            with suppress(Failed):
                message = self._partial(self._target).get_partial_message(self._place.answer)
                await call(message.delete)

    async def _find_what_stands(self) -> None:
        """The process that died may have shown something whose address the journal never got."""
        after, me = self._place.message, self._client.user
        try:
            found: Any = await call(lambda: self._client.http.logs_from(self._target, 50, after=after))
        except Failed:
            return
        for message in reversed(found):  # newest first
            about = (message.get("message_reference") or {}).get("message_id")
            mine = me is not None and int(message["author"]["id"]) == me.id
            if mine and (self._place.thread == after or str(about) == str(after)):
                await self._moved(answer=int(message["id"]))
                return

    # --- showing that it works --------------------------------------------------------------------

    async def _keep_typing(self) -> None:
        """Typing lasts 10 seconds in Discord's clients; gone when a message comes."""
        await self._shows_typing.show(self._place.channel)
        await asyncio.sleep(QUICK)
        while not self._place.answer:
            await self._shows_typing.show(self._target)
            await asyncio.sleep(8)

    async def _quiet(self) -> None:
        if self._typing:
            self._typing.cancel()
        await self._edits.end()

    async def _open_thread(self) -> None:
        place = self._place
        if not rights(self._client, place.channel).send_messages_in_threads:
            await self._moved(answer_in="reply")
            return
        try:
            data: Any = await call(
                lambda: self._client.http.start_thread_with_message(
                    place.channel, place.message, name=place.name or "Question", auto_archive_duration=1440
                )
            )
        except NotThere:
            raise Undeliverable("the question is gone") from None
        except Malformed as error:
            # A thread may have begun although its answer was lost: it has the message's id.
            known = "160004" in str(error)
            await self._moved(thread=place.message if known else 0, answer_in="thread" if known else "reply")
        except Failed as error:
            log.info("no thread, a reply instead: %s", error)
            await self._moved(answer_in="reply")
        else:
            await self._moved(thread=int(data["id"]))

    # --- showing the answer -----------------------------------------------------------------------

    @property
    def _target(self) -> int:
        return self._place.thread or self._place.channel

    def _partial(self, channel: int) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(channel, guild_id=self._place.guild or None)

    async def _stream(self, text: str) -> None:
        try:
            if self._place.answer:
                await self._edit(text, None, None)
            else:
                await self._moved(answer=await self._send(self._target, text, reply=True))
        except Undeliverable as error:
            log.info("a part wasn't shown: %s", error)

    async def _send(
        self,
        channel: int,
        text: str,
        embed: discord.Embed | None = None,
        view: discord.ui.View | None = None,
        *,
        reply: bool = False,
    ) -> int:
        extra = {"nonce": secrets.randbits(60), **look.extras(embed, view)}
        if reply and self._place.message and channel == self._place.channel and self._place.guild:
            extra["reference"] = discord.MessageReference(
                message_id=self._place.message, channel_id=channel, fail_if_not_exists=False
            )
        target = self._partial(channel)
        message = await call(lambda: target.send(text, **extra))
        return message.id

    async def _edit(self, text: str, embed: discord.Embed | None, view: discord.ui.View | None) -> None:
        message = self._partial(self._target).get_partial_message(self._place.answer)
        await call(lambda: message.edit(content=text, embed=embed, view=view))

    def _drawn(self, answer: AnswerView, *, lead: str = "", plain: bool = False) -> Drawn:
        presses = () if plain else self._place.offered(answer.buttons)
        embeds = not plain and rights(self._client, self._place.channel).embed_links
        return look.drawn(answer, presses, lead=lead, embeds=embeds)

    async def _put(self, drawn: Drawn) -> None:
        """Its messages: the first into what is there already."""
        for number, parts in enumerate(drawn.parts()):
            if number == 0 and self._place.answer:
                try:
                    await self._edit(*parts)
                    continue
                except NotThere:
                    await self._moved(answer=0)
            sent = await self._send(self._target, *parts, reply=number == 0)
            if number == 0:
                await self._moved(answer=sent)

    async def _elsewhere(self, answer: AnswerView, *, plain: bool = False) -> None:
        """Thread → reply → DM, where nothing tells what was asked."""
        place = self._place
        if place.thread:
            await self._moved(thread=0, answer=0)
            with suppress(Failed):
                await self._put(self._drawn(answer, plain=plain))
                return
        user: Any = await call(lambda: self._client.http.start_private_message(place.user))
        await self._moved(
            channel=int(user["id"]), guild=0, message=0, thread=0, answer=0, can_ask_human=False
        )
        await self._put(self._drawn(answer, lead=place.quoted, plain=plain))

    async def _moved(self, **changes: int | str) -> None:
        before = self._place.address
        self._place = replace(self._place, **changes)  # type: ignore[arg-type] # fields of Place
        if self._remember and self._place.address not in ("", before):
            await self._remember(self._place.address)
