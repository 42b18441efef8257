"""Shows one answer to a command or a button in Discord, by the interaction's token."""

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import aiohttp
import discord

from adapters.chat.answer_view import AnswerView, Press
from adapters.chat.questions.reply import Recall
from adapters.discord.connection.timeouts import Timeouts
from adapters.discord.connection.transport import (
    Failed,
    Malformed,
    Unreachable,
    call,
    outlast,
)
from adapters.discord.replies import rendering
from adapters.discord.replies.channel_reply import ChannelReply
from adapters.discord.replies.discord_markdown import escape
from adapters.discord.replies.streaming_edits import StreamingEdits
from adapters.discord.replies.typing_indicator import Typing
from adapters.discord.reply_address import DiscordAddress

log = logging.getLogger(__name__)

# The response to an interaction, in the place of a message id: documented, but not in discord.py's types.
_ORIGINAL: Any = "@original"


class InteractionReply:
    """An answer to a command, private to the asker or for everybody.

    When the interaction's token has expired, a private answer goes to a direct message, another into the
    channel.
    """

    unprompted = False
    owed = True

    def __init__(
        self,
        client: discord.Client,
        session: aiohttp.ClientSession,
        place: DiscordAddress,
        recall: Recall,
        patience: Timeouts,
    ) -> None:
        self._patience = patience
        self._followed = 0  # pages after the first that are shown
        self.private = place.private
        self.recall = recall
        self._session = session
        self._client = client
        self._place = place
        self._edits = StreamingEdits(self._show, lead=self._lead)

    async def show_working(self, remember: Callable[[str], Awaitable[None]]) -> None:
        """Keep `remember`; the deferred response already shows that work goes on."""

    async def tell(self, doing: str) -> None:
        self._edits.tell(doing)

    async def write(self, text: str) -> None:
        self._edits.write(text)

    async def _show(self, text: str) -> None:
        with suppress(Failed):
            await call(lambda: self._hook().edit(text, None, None), patience=self._patience.elsewhere)

    @property
    def _lead(self) -> str:
        """The line with the question, which others don't see in a command."""
        return "" if self.private else self._place.quoted

    async def finish(self, answer: AnswerView) -> None:
        await self._edits.end()
        await outlast(lambda: self._settle(answer), self._patience)

    async def _settle(self, answer: AnswerView) -> None:
        """Show the answer by the token or else without it. Raises Failed; Unreachable if it may work later."""
        try:
            await self._by_token(answer)
        except Failed as error:
            log.info("answer %s: not by the interaction: %s", answer.answer_id, error)
            try:
                await self._without_token(answer)
            except Failed as refused:
                raise (error if isinstance(error, Unreachable) else refused) from refused

    async def _by_token(self, answer: AnswerView) -> None:
        try:
            await self._put(rendering.drawn(answer, self._place.offered(answer.buttons), lead=self._lead))
        except Malformed as error:
            log.warning("answer %s: its form was refused, sent as text: %s", answer.answer_id, error)
            await self._put(rendering.drawn(answer, (), lead=self._lead, embeds=False))

    async def _put(self, drawn: rendering.RenderedMessage) -> None:
        first, *more = drawn.parts()
        await self._edit(*first)
        for parts in more[self._followed :]:
            await self._follow_up(*parts)
            self._followed += 1

    async def _without_token(self, answer: AnswerView) -> None:
        place, patience = replace(self._place, token="", message=0), self._patience
        if self.private:
            opening = self._client.http.start_private_message
            data: Any = await call(lambda: opening(place.user), patience=patience.elsewhere)
            place = replace(place, channel=int(data["id"]), guild=0)
        presses = tuple(press for press in answer.buttons if press is not Press.SHARE)
        reply = ChannelReply(self._client, place, self.recall, Typing(self._client), patience)
        await reply.settle(replace(answer, buttons=presses))

    async def say(self, text: str) -> None:
        with suppress(Failed):
            await self._edit(escape(text), None, None)

    async def leave(self) -> str:
        await self._edits.end()
        return ""

    async def withdraw(self) -> None:
        with suppress(Failed):
            await call(self._hook().delete)

    def _hook(self) -> "_Hook":
        return _Hook(self._client, self._session, self._place)

    async def _edit(self, text: str, embed: discord.Embed | None, view: discord.ui.View | None) -> None:
        await call(lambda: self._hook().edit(text, embed, view), patience=self._patience.here)

    async def _follow_up(self, text: str, embed: discord.Embed | None, view: discord.ui.View | None) -> None:
        await call(
            lambda: self._hook().send(text, embed, view, ephemeral=self.private),
            patience=self._patience.here,
        )


class _Hook:
    """An interaction's webhook. It needs only the token, so that another process can use it, too."""

    def __init__(self, client: discord.Client, session: aiohttp.ClientSession, place: DiscordAddress) -> None:
        self._hook = discord.Webhook.partial(place.application, place.token, session=session, client=client)
        self._hook.type = discord.WebhookType.application  # only such a webhook may send ephemeral messages

    async def edit(self, text: str, embed: discord.Embed | None, view: discord.ui.View | None) -> None:
        await self._hook.edit_message(
            _ORIGINAL,
            content=text,
            embeds=[embed] if embed else [],
            view=view,
            allowed_mentions=discord.AllowedMentions.none(),
        )

    async def send(
        self, text: str, embed: discord.Embed | None, view: discord.ui.View | None, *, ephemeral: bool
    ) -> None:
        none = discord.AllowedMentions.none()
        extra = rendering.extras(embed, view)
        await self._hook.send(text, ephemeral=ephemeral, allowed_mentions=none, **extra)

    async def delete(self) -> None:
        await self._hook.delete_message(_ORIGINAL)
