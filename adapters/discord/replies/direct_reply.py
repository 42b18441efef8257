"""Shows a private answer to a mention as a direct message: Discord has ephemeral messages only for interactions."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

from adapters.chat import messages
from adapters.chat.answer_view import AnswerView
from adapters.chat.questions.reply import Remember
from adapters.discord.connection.transport import Failed, NotAllowed, call, outlast
from adapters.discord.replies.channel_reply import ChannelReply
from adapters.discord.replies.discord_markdown import escape
from adapters.discord.reply_address import DiscordAddress


class DirectReply(ChannelReply):
    """An answer in a direct message. Where it was asked, only a failure to send one is shown."""

    private = True

    async def show_working(self, remember: Remember) -> None:
        self._remember = remember

    async def write(self, text: str) -> None:
        """Do nothing: the answer is sent whole."""

    async def tell(self, doing: str) -> None:
        """Do nothing: there is no message that could be edited."""

    async def finish(self, answer: AnswerView) -> None:
        self._try_for = self._patience.here
        await outlast(lambda: self._settle_alone(answer), self._patience)

    async def _settle_alone(self, answer: AnswerView) -> None:
        asked = self._place
        try:
            alone = await self._direct()
            failed = await self._shown(answer, alone, lead=asked.quoted)
        except Failed as error:
            failed = error
        if failed is None:
            return
        self._place = asked
        if isinstance(failed, NotAllowed):
            with suppress(Failed):
                await self._send(asked.channel, messages.OPEN_DIRECT_MESSAGES, reply=True)
        raise failed

    async def _direct(self) -> DiscordAddress:
        """Return the address in the asker's direct messages, which keeps where it was asked.

        A message that is there already will be edited.
        """
        asked = self._place
        data: Any = await self._call(lambda: self._client.http.start_private_message(asked.user))
        channel = int(data["id"])
        stands = asked.answer if channel in (asked.thread, asked.channel) else 0
        return replace(
            asked, channel=channel, guild=0, message=0, thread=0, answer=stands, asked_in=asked.channel
        )

    async def say(self, text: str) -> None:
        with suppress(Failed):
            alone = await self._direct()
            await call(lambda: self._partial(alone.channel).send(escape(text)))
