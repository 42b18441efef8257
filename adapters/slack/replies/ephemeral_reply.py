"""Shows a private answer in Slack."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from adapters.chat.answer_view import AnswerView
from adapters.chat.questions.reply import Recall, Undeliverable
from adapters.slack.connection.transport import Lost, RefusedPayload, SlackError
from adapters.slack.connection.web_api import SlackWebApi
from adapters.slack.replies import rendering
from adapters.slack.replies.mrkdwn import escape
from adapters.slack.reply_address import SlackAddress


class EphemeralReply:
    """An answer that only the asker sees: by the response_url, else an ephemeral message, else a direct message."""

    private = True
    owed = True

    def __init__(self, slack: SlackWebApi, place: SlackAddress, recall: Recall) -> None:
        self.unprompted = place.unprompted
        self.recall = recall
        self._slack = slack
        self._place = place

    async def show_working(self, remember: Callable[[str], Awaitable[None]]) -> None:
        """Do nothing: the command's acknowledgement has shown that work goes on, and no message can be edited."""

    async def tell(self, doing: str) -> None:
        """Do nothing: there is no message that could be edited."""

    async def write(self, text: str) -> None:
        """Do nothing: a private answer is sent whole, as a response_url may be used only five times."""

    async def finish(self, answer: AnswerView) -> None:
        pages = rendering.pages(answer.text)
        body = [rendering.text_block(pages[0]), *rendering.tail(answer)]
        if len(pages) > 1:
            body[0] = rendering.text_block(pages[0] + "\n\n…")
        if not await self._deliver(rendering.summary(pages[0]), body):
            await self._deliver(rendering.plain_message(answer)[:3900], [])

    async def say(self, text: str) -> None:
        with suppress(Undeliverable):
            await self._deliver(escape(text), [])

    async def leave(self) -> str:
        """Return "": there is no message that another reply could reuse."""
        return ""

    async def withdraw(self) -> None:
        """Do nothing: an ephemeral message can't be deleted."""

    async def _deliver(self, text: str, body: list[rendering.Block]) -> bool:
        """Send the answer. Return False if the blocks were refused."""
        payload = private_payload(text, body, self._place.open_thread)
        if self._place.response_url and await self._slack.respond(self._place.response_url, payload):
            return True
        try:
            place = self._place
            await self._slack.tell(place.channel, place.user, text, body, thread_ts=place.open_thread)
        except RefusedPayload:
            if not body:
                raise Undeliverable("Slack refuses even plain text") from None
            return False
        except (SlackError, Lost) as error:
            raise Undeliverable(str(error)) from error
        return True


def private_payload(text: str, body: list[rendering.Block], thread_ts: str) -> dict[str, Any]:
    """Return the payload of a private message for a response_url, which leaves the button's message as it is."""
    payload: dict[str, Any] = {"text": text, "response_type": "ephemeral", "replace_original": False}
    if body:
        payload["blocks"] = body
    if thread_ts:
        payload["thread_ts"] = thread_ts
    return payload
