"""Wraps the calls of Slack's Web API that this adapter makes.

Nothing here posts twice: a call whose answer was lost is looked up in the thread before it is repeated.
"""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

from adapters.chat.incoming.attachments import Attachment, Unfetched
from adapters.slack.connection.lookups import SlackLookups
from adapters.slack.connection.marks import is_marked, marked
from adapters.slack.connection.transport import (
    ATTEMPTS,
    RATE_LIMITED,
    Failed,
    Gone,
    Lost,
    SlackError,
)
from adapters.slack.replies.rendering import Block

log = logging.getLogger(__name__)


class SlackWebApi(SlackLookups):
    """Makes the calls about messages, beside those about channels and people. All raise subclasses of Failed."""

    # --- messages ---------------------------------------------------------------------------------

    async def post(
        self, channel: str, text: str, blocks: Sequence[Block] = (), *, thread_ts: str = "", mark: str = ""
    ) -> str:
        """Post once and return the message's ts. `mark` identifies the message if the answer is lost."""
        args = _message(channel, text, marked(blocks, mark), thread_ts)
        args |= {"unfurl_links": False, "unfurl_media": False, "mrkdwn": True}
        if mark:
            args["metadata"] = {"event_type": "docent_answer", "event_payload": {"mark": mark}}
        for attempt in range(ATTEMPTS - 1):
            try:
                return await self._post(args, channel)
            except Lost:
                await asyncio.sleep(self.pace.lost * 2**attempt)
                known = text if thread_ts else ""  # a channel may hold an earlier message with the same text
                found = await self.find(channel, thread_ts, mark, known) if mark else ""
                if found:
                    return found
        return await self._post(args, channel)

    async def _post(self, args: dict[str, Any], channel: str) -> str:
        return str((await self._calls.once("chat.postMessage", args, channel=channel))["ts"])

    async def find(self, channel: str, thread_ts: str, mark: str, text: str = "") -> str:
        """Return the ts of the message with this mark, or "". Raises Lost if that can't be known now.

        Slack may withhold metadata: then the id of a block tells, and where no block keeps one, `text` does.
        """
        return next(iter(await self.all_with(channel, thread_ts, mark, text)), "")

    async def all_with(self, channel: str, thread_ts: str, mark: str, text: str = "") -> list[str]:
        """Return the ts of each message with this mark. Raises Lost."""
        try:
            messages = await self.thread(channel, thread_ts, pages=3)
        except (SlackError, Gone) as error:
            log.info("a lost message could not be looked up: %s", error)
            return []
        return [
            str(message["ts"]) for message in messages if is_marked(message, mark, text, self.is_own(message))
        ]

    def is_own(self, message: dict[str, Any]) -> bool:
        """Return whether the bot wrote the message."""
        return bool(self.me) and message.get("user") == self.me

    def may_update(self) -> bool:
        """Reserve an update, if the rate limit has room for it. Return whether it did."""
        return self._budget.spare("chat.update", keep=10)

    async def update(
        self,
        channel: str,
        ts: str,
        text: str,
        blocks: Sequence[Block] = (),
        *,
        taken: bool = False,
        mark: str = "",
    ) -> None:
        """Replace a message. `taken`: its rate limit was reserved before. `mark`: what it was posted with."""
        args: dict[str, Any] = {"channel": channel, "ts": ts, "text": text[:3900]}
        args["blocks"] = marked(blocks, mark)
        if taken:
            try:
                await self._calls.now("chat.update", args)
            except Lost:
                pass
            except SlackError as error:
                if error.code != RATE_LIMITED:
                    raise
            else:
                return
        await self._calls.repeat("chat.update", args, channel=channel)

    async def delete(self, channel: str, ts: str) -> None:
        await self._calls.repeat("chat.delete", {"channel": channel, "ts": ts}, channel=channel)

    async def whisper(
        self, channel: str, user: str, text: str, blocks: Sequence[Block] = (), *, thread_ts: str = ""
    ) -> None:
        """Post a message that only this user sees."""
        args = {"user": user, **_message(channel, text, blocks, thread_ts)}
        await self._calls.repeat("chat.postEphemeral", args, channel=channel)

    async def tell(
        self, channel: str, user: str, text: str, blocks: Sequence[Block] = (), *, thread_ts: str = ""
    ) -> None:
        """Tell this user alone: in the channel, or by direct message where the bot can't post there."""
        try:
            await self.whisper(channel, user, text, blocks, thread_ts=thread_ts)
        except (SlackError, Gone):
            await self.post(await self.direct(user), text, blocks)

    async def respond(self, url: str, payload: dict[str, Any]) -> bool:
        """Post to a response_url. Return False if it is used up, expired or can't be reached."""
        return await self._calls.respond(url, payload)

    # --- streams and status -----------------------------------------------------------------------

    def may_stream(self) -> bool:
        """Reserve the start and the stop of a stream, if the rate limit has room for both."""
        return self._budget.spare("chat.startStream", keep=2) and self._budget.spare(
            "chat.stopStream", keep=2
        )

    async def start_stream(self, channel: str, thread_ts: str, user: str, team: str, text: str) -> str:
        args = {
            "channel": channel,
            "thread_ts": thread_ts,
            "recipient_user_id": user,
            "recipient_team_id": team,
            "markdown_text": text,
        }
        return str((await self._calls.now("chat.startStream", args))["ts"])

    def may_append(self) -> bool:
        return self._budget.spare("chat.appendStream", keep=10)

    async def append_stream(self, channel: str, ts: str, text: str) -> None:
        await self._calls.now("chat.appendStream", {"channel": channel, "ts": ts, "markdown_text": text})

    async def stop_stream(self, channel: str, ts: str, text: str = "", blocks: Sequence[Block] = ()) -> None:
        args: dict[str, Any] = {"channel": channel, "ts": ts}
        if text:
            args["markdown_text"] = text
        if blocks:
            args["blocks"] = list(blocks)
        try:  # its rate limit was reserved at the start
            await self._calls.now("chat.stopStream", args)
        except SlackError as error:
            if error.code != RATE_LIMITED:
                raise
            await self._calls.once("chat.stopStream", args)

    async def status(self, channel: str, thread_ts: str, status: str) -> None:
        """Set the status line under a thread; "" clears it."""
        args = {"channel_id": channel, "thread_ts": thread_ts, "status": status}
        await self._calls.now("assistant.threads.setStatus", args)

    async def prompts(self, channel: str, prompts: Sequence[dict[str, str]]) -> None:
        args = {"channel_id": channel, "prompts": list(prompts)}
        await self._calls.repeat("assistant.threads.setSuggestedPrompts", args)

    async def open_view(self, trigger: str, view: Block) -> str:
        data = await self._calls.repeat("views.open", {"trigger_id": trigger, "view": view})
        return str(data["view"]["id"])

    # --- reading ----------------------------------------------------------------------------------

    async def thread(
        self, channel: str, thread_ts: str, *, until: str = "", pages: int = 5
    ) -> list[dict[str, Any]]:
        """Return the thread's messages, oldest first; without a thread, the channel's latest."""
        if not thread_ts:
            latest: dict[str, Any] = {"channel": channel, "limit": 200, "include_all_metadata": True}
            return await self._calls.pages("conversations.history", latest, "messages", pages=1)
        args = {"channel": channel, "ts": thread_ts, "limit": 999, "include_all_metadata": True}
        if until:
            args["latest"] = until
        return await self._calls.pages("conversations.replies", args, "messages", pages=pages)

    async def since(self, channel: str, thread_ts: str, oldest: str) -> list[dict[str, Any]]:
        """Return the latest messages of a channel or a thread since a time, at most a page."""
        args: dict[str, Any] = {"channel": channel, "limit": 100, "oldest": oldest}
        if not thread_ts:
            return await self._calls.pages("conversations.history", args, "messages", pages=1)
        return await self._calls.pages(
            "conversations.replies", {**args, "ts": thread_ts}, "messages", pages=1
        )

    async def message(self, channel: str, ts: str) -> dict[str, Any] | None:
        """Return one message of a channel or of one of its threads; None if there is none."""
        # A thread's first message comes along with any of its others.
        only: dict[str, Any] = {
            "channel": channel,
            "latest": ts,
            "oldest": ts,
            "inclusive": True,
            "limit": 10,
        }
        for method, args in (
            ("conversations.history", only),
            ("conversations.replies", {**only, "ts": ts}),
        ):
            found = await self._calls.pages(method, args, "messages", pages=1)
            if message := next((one for one in found if one.get("ts") == ts), None):
                return dict(message)
        return None

    async def file(self, file: str) -> Attachment:
        """Return a message's file. It is looked up, as events hold little of it, and nothing in shared channels."""
        try:
            data = dict((await self._calls.repeat("files.info", {"file": file}))["file"])
        except Failed as error:
            return Attachment("", "", 0, partial(_unfetched, str(error)))
        url = str(data.get("url_private_download") or data.get("url_private") or "")
        size = data.get("size")
        return Attachment(
            name=str(data.get("name") or data.get("title") or ""),
            media_type=str(data.get("mimetype") or ""),
            size=size if isinstance(size, int) else 0,
            fetch=partial(self._calls.download, url),
        )


async def _unfetched(why: str, _: int) -> bytes:
    log.info("a file can't be had: %s", why)
    raise Unfetched("Slack doesn't give it to me")


def _message(channel: str, text: str, blocks: Sequence[Block], thread_ts: str) -> dict[str, Any]:
    args: dict[str, Any] = {"channel": channel, "text": text}
    if blocks:
        args["blocks"] = list(blocks)
    if thread_ts:
        args["thread_ts"] = thread_ts
    return args
