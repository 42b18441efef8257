"""Shows one answer in Discord: in a thread, as a reply, in place, or to an interaction.

Places fall back: thread → reply → direct message, and again while Discord is down. `finish` leaves one whole
answer, whatever failed before.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any, TypeVar

import discord

from adapters.chat.answer_view import AnswerView
from adapters.chat.questions.reply import Recall, Undeliverable
from adapters.discord.access.bot_permissions import rights
from adapters.discord.connection.timeouts import Timeouts
from adapters.discord.connection.transport import (
    Archived,
    Failed,
    Malformed,
    NotAllowed,
    NotThere,
    Unreachable,
    accepted,
    call,
    outlast,
)
from adapters.discord.replies import rendering
from adapters.discord.replies.discord_markdown import escape
from adapters.discord.replies.lost_answer import lost_answer
from adapters.discord.replies.rendering import RenderedMessage
from adapters.discord.replies.streaming_edits import StreamingEdits
from adapters.discord.replies.typing_indicator import Typing
from adapters.discord.reply_address import DiscordAddress

log = logging.getLogger(__name__)

T = TypeVar("T")


class ChannelReply:
    """An answer that everybody in the channel sees."""

    private = owed = False

    def __init__(
        self,
        client: discord.Client,
        place: DiscordAddress,
        recall: Recall,
        typing: Typing,
        patience: Timeouts,
        *,
        revived: bool = False,
    ) -> None:
        self._unsure = revived  # there may be a message that we don't know of
        self._patience = patience
        self._try_for = patience.elsewhere  # seconds for which a failing call is repeated
        self._further: dict[tuple[int, int], int] = {}  # each page after the first, by place and number
        self._shows_typing = typing
        self.unprompted = place.unprompted
        self.recall = recall
        self._client = client
        self._place = place
        self._edits = StreamingEdits(self._stream)
        self._remember: Callable[[str], Awaitable[None]] | None = None
        self._typing: asyncio.Task[None] | None = None

    async def show_working(self, remember: Callable[[str], Awaitable[None]]) -> None:
        self._remember = remember
        self._typing = self._shows_typing.keep(
            self._place.channel, lambda: None if self._place.answer else self._target
        )
        if self._place.answer_in == "thread" and not self._place.thread:
            await self._open_thread()
        if self._unsure and not self._place.answer:
            with suppress(Failed):
                await self._find_what_stands()
        self._edits.start_editing()

    async def tell(self, doing: str) -> None:
        self._edits.tell(doing)

    async def write(self, text: str) -> None:
        self._edits.write(text)

    async def finish(self, answer: AnswerView) -> None:
        await self._quiet()
        self._try_for = self._patience.here
        await outlast(lambda: self.settle(answer), self._patience)

    async def settle(self, answer: AnswerView) -> None:
        """Show the answer in the first place that accepts it: thread → reply → direct message.

        The direct message repeats the question. Raises Failed; Unreachable if one of the places may accept it
        later.
        """
        home = self._place
        failures = [await self._shown(answer, home)]
        self._try_for = self._patience.elsewhere
        if failures[-1] and home.thread:
            failures.append(await self._shown(answer, replace(home, thread=0, answer=0)))
        if failures[-1] and home.guild:
            failures.append(await self._alone(answer, home, failures))
        if failures[-1]:
            await self._moved(**asdict(home))
            raise next((one for one in failures if isinstance(one, Unreachable)), failures[-1])

    async def _alone(
        self, answer: AnswerView, home: DiscordAddress, failures: Sequence[Failed | None]
    ) -> Failed | None:
        """Show the answer in a direct message. Return why that failed, or None.

        If a direct message can be opened, Discord may be back: then the answer's own place is tried once more
        before.
        """
        try:
            data: Any = await self._call(lambda: self._client.http.start_private_message(home.user))
        except Failed as error:
            return error
        if any(isinstance(one, Unreachable) for one in failures):
            self._try_for = 0
            if await self._shown(answer, home) is None:
                return None
            self._try_for = self._patience.elsewhere
        alone = replace(home, channel=int(data["id"]), guild=0, message=0, thread=0, answer=0)
        return await self._shown(answer, replace(alone, can_ask_human=False), lead=home.quoted)

    async def _shown(self, answer: AnswerView, place: DiscordAddress, *, lead: str = "") -> Failed | None:
        """Show the answer in `place`. Return why that failed, or None."""
        await self._moved(**asdict(place))
        try:
            await self._show(answer, lead=lead)
        except Failed as error:
            log.warning("answer %s goes elsewhere: %s", answer.answer_id, error)
            return error
        return None

    async def say(self, text: str) -> None:
        if self._place.automated:
            return
        with suppress(Undeliverable):
            await self._send(self._place.channel, escape(text), reply=True)

    async def leave(self) -> str:
        await self._quiet()
        return self._place.address

    async def withdraw(self) -> None:
        await self._quiet()
        if self._place.answer:
            with suppress(Failed):
                message = self._partial(self._target).get_partial_message(self._place.answer)
                await call(message.delete)

    async def _find_what_stands(self) -> None:
        """Look for an answer whose address nobody got: Discord's response was lost, or the process died.

        Raises Failed.
        """
        if number := await lost_answer(self._client, self._place, self._call):
            await self._moved(answer=number)

    # --- showing that it works --------------------------------------------------------------------

    async def _quiet(self) -> None:
        if self._typing:
            self._typing.cancel()
        await self._edits.end()

    async def _open_thread(self) -> None:
        place = self._place
        voice = isinstance(
            self._client.get_channel(place.channel), discord.VoiceChannel | discord.StageChannel
        )
        if voice or not rights(self._client, place.channel).send_messages_in_threads:
            await self._moved(answer_in="reply")
            return
        try:
            await accepted(
                lambda: self._client.http.start_thread_with_message(
                    place.channel, place.message, name=place.name or "Question", auto_archive_duration=1440
                ),
                patience=self._try_for,
            )
        except NotThere:
            raise Undeliverable("the question is gone") from None
        except Malformed as error:
            # A thread may have begun although its answer was lost.
            known = "160004" in str(error)
            await self._moved(thread=place.message if known else 0, answer_in="thread" if known else "reply")
        except Failed as error:
            log.info("no thread, a reply instead: %s", error)
            await self._moved(answer_in="reply")
        else:
            await self._moved(thread=place.message)  # a thread has the id of its message

    # --- showing the answer -----------------------------------------------------------------------

    @property
    def _target(self) -> int:
        return self._place.thread or self._place.channel

    async def _call(self, make: Callable[[], Awaitable[T]]) -> T:
        return await call(make, patience=self._try_for)

    def _partial(self, channel: int) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(channel, guild_id=self._place.guild or None)

    async def _stream(self, text: str) -> None:
        try:
            if self._place.answer:
                await self._edit(self._place.answer, text, None, None)
            elif not self._unsure:
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
        extra = {"nonce": secrets.randbits(60), **rendering.extras(embed, view)}
        if reply and self._place.message and channel == self._place.channel:
            extra["reference"] = discord.MessageReference(
                message_id=self._place.message, channel_id=channel, fail_if_not_exists=False
            )
        target = self._partial(channel)
        try:
            message = await self._call(lambda: target.send(text, **extra))
        except Unreachable:
            self._unsure = True
            raise
        return message.id

    async def _edit(
        self, number: int, text: str, embed: discord.Embed | None, view: discord.ui.View | None
    ) -> None:
        message = self._partial(self._target).get_partial_message(number)
        await self._call(lambda: message.edit(content=text, embed=embed, view=view))

    def _drawn(self, answer: AnswerView, *, lead: str = "", plain: bool = False) -> RenderedMessage:
        presses = () if plain else self._place.offered(answer.buttons)
        embeds = not plain and rights(self._client, self._place.channel).embed_links
        return rendering.drawn(answer, presses, lead=lead, embeds=embeds)

    async def _show(self, answer: AnswerView, *, lead: str) -> None:
        try:
            await self._put(self._drawn(answer, lead=lead))
        except Malformed as error:
            log.warning("answer %s: its form was refused, sent as text: %s", answer.answer_id, error)
            await self._put(self._drawn(answer, lead=lead, plain=True))

    async def _put(self, drawn: RenderedMessage) -> None:
        """Show the answer's messages; those that exist already are edited."""
        if self._unsure and not self._place.answer:
            with suppress(NotAllowed):  # the bot may be allowed to write there, but not to read
                await self._find_what_stands()
        for number, parts in enumerate(drawn.parts()):
            page = (self._target, number)
            there = self._further.get(page, 0) if number else self._place.answer
            if there:
                try:
                    await self._edit_open(there, *parts)
                    continue
                except NotThere:
                    pass
            sent = await self._send(self._target, *parts, reply=number == 0)
            if number:
                self._further[page] = sent
            else:
                await self._moved(answer=sent)

    async def _edit_open(
        self, number: int, text: str, embed: discord.Embed | None, view: discord.ui.View | None
    ) -> None:
        """Edit a message; a thread that was archived meanwhile is opened first, as a new message would do."""
        try:
            await self._edit(number, text, embed, view)
        except Archived:
            await self._call(lambda: self._client.http.edit_channel(self._target, archived=False))
            await self._edit(number, text, embed, view)

    async def _moved(self, **changes: int | str) -> None:
        before = self._place.address
        self._place = replace(self._place, **changes)  # type: ignore[arg-type] # fields of Place
        if self._remember and self._place.address not in ("", before):
            await self._remember(self._place.address)
