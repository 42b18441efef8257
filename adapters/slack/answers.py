"""The buttons under an answer in Slack."""

import logging
from collections import OrderedDict
from typing import Any

from adapters import words
from adapters.desk import Desk
from adapters.slack import blocks
from adapters.slack.api import Gone, Lost, RefusedPayload, Slack, SlackError
from adapters.slack.blocks import feedback_modal
from adapters.slack.intake import Event, Intake
from adapters.slack.people import People
from adapters.slack.reply import Place
from adapters.slack.text import escape, fallback, link, markdown
from adapters.view import Press
from bot.config import Settings
from bot.ports import BackendError, Complaint, Feedback, Journal, Recorded

log = logging.getLogger(__name__)

_REMEMBERED = 2000
_COMPLAINTS: dict[str, Complaint] = {
    "wrong": "wrong",
    "outdated": "outdated",
    "incomplete": "incomplete",
    "not my question": "not my question",
}


class AnswerDesk:
    """Feedback, more, sources, share, ask a human."""

    def __init__(
        self,
        *,
        slack: Slack,
        intake: Intake,
        people: People,
        desk: Desk,
        journal: Journal,
        settings: Settings,
    ) -> None:
        self._slack = slack
        self._intake = intake
        self._people = people
        self._desk = desk
        self._journal = journal
        self._settings = settings
        self._done: OrderedDict[str, None] = OrderedDict()

    async def feedback(self, body: Event) -> None:
        """👍 is thanked for; 👎 counts at once and opens a small form for the reason."""
        choice, _, answer_id = str(body["actions"][0].get("value") or "").partition(":")
        bad = choice == Press.BAD
        if await self._keep(body, Feedback(answer_id, body["user"]["id"], "down" if bad else "up")):
            if bad:
                view = feedback_modal(answer_id, body["channel"]["id"])
                await self._slack.open_view(body["trigger_id"], view)
            else:
                await self._tell(body, words.THANKS_UP)

    async def complaint(self, body: Event) -> None:
        values = body["view"]["state"]["values"]
        answer_id, _, channel = body["view"]["private_metadata"].partition(" ")
        chosen = (values["complaint"]["complaint"].get("selected_option") or {}).get("value", "")
        comment = values["comment"]["comment"].get("value") or ""
        person = body["user"]["id"]
        given = Feedback(answer_id, person, "down", _COMPLAINTS.get(chosen, ""), comment[:2000])
        try:
            await self._journal.give_feedback(given)
        except BackendError as error:
            log.warning("feedback on %s was lost: %s", answer_id, error)
            await self._slack.whisper(channel, person, escape(words.BROKEN.format(id=answer_id)))
        else:
            await self._whisper(channel, person, words.THANKS_DOWN)

    async def _keep(self, body: Event, given: Feedback) -> bool:
        try:
            await self._journal.give_feedback(given)
        except BackendError as error:
            log.warning("feedback on %s was lost: %s", given.answer_id, error)
            await self._tell(body, words.BROKEN.format(id=given.answer_id))
            return False
        return True

    async def press(self, press: Press, body: Event) -> None:
        answer_id = str(body["actions"][0].get("value") or "")
        try:
            recorded = await self._journal.recorded(answer_id)
        except BackendError as error:
            log.warning("answer %s can't be read: %s", answer_id, error)
            await self._tell(body, words.BROKEN.format(id=answer_id))
            return
        if recorded is None or recorded.answer is None:
            await self._tell(body, words.ANSWER_GONE)
        elif press is Press.MORE:
            await self._more(recorded, body)
        elif press is Press.SOURCES:
            await self._sources(recorded, body)
        elif press is Press.SHARE:
            await self._share(recorded, body)
        elif press is Press.HUMAN:
            await self._human(recorded, body)

    async def _more(self, recorded: Recorded, body: Event) -> None:
        """A longer answer to the same question, as private as the first."""
        container, user = body["container"], body["user"]["id"]
        private = bool(container.get("is_ephemeral"))
        channel = body["channel"]["id"]
        place = Place(
            channel=channel,
            user=user,
            team=body["team"]["id"],
            thread_ts=container.get("thread_ts") or ("" if private else container["message_ts"]),
            private=private,
        )
        who = user if private else "thread"
        asked, reply = self._intake.asked(
            place,
            recorded.asked.question.text,
            key=f"slack:more:{recorded.asked.id}:{who}",
            thread=(place.thread_ts, container["message_ts"]) if place.thread_ts else None,
            direct=channel.startswith("D"),
            detailed=True,
        )
        await self._desk.take(asked, reply)

    async def _sources(self, recorded: Recorded, body: Event) -> None:
        """The quotes, for those who may see the pages now."""
        assert recorded.answer is not None  # noqa: S101 - seen by press()
        channel, user = body["channel"]["id"], body["user"]["id"]
        audience = await self._people.audience(user, channel, direct=channel.startswith("D"))
        again = await self._desk.again(recorded.asked.id)
        if again is None or not await self._desk.may_see(recorded.answer, audience):
            await self._tell(body, words.ANSWER_GONE)
            return
        body_blocks = blocks.sources_message(again[1])
        await self._whisper_blocks(body, fallback("Sources"), body_blocks)

    async def _share(self, recorded: Recorded, body: Event) -> None:
        """The private answer for everybody, if everybody here may see its pages."""
        assert recorded.answer is not None  # noqa: S101 - seen by press()
        channel, user = body["channel"]["id"], body["user"]["id"]
        if user != recorded.asked.person or not self._first(f"share {recorded.asked.id} {channel}"):
            return
        audience = await self._people.audience(user, channel, direct=channel.startswith("D"))
        if not await self._desk.may_see(recorded.answer, audience):
            await self._tell(body, words.NOT_FOR_ALL)
            return
        again = await self._desk.again(recorded.asked.id)
        if again is None:
            return
        person = await self._people.person(user)
        shared = f"{words.SHARED.format(person=person.name)}\n\n> {recorded.asked.question.text}\n\n{again[1].text}"
        pages = blocks.pages(shared)
        for number, page in enumerate(pages):
            tail = blocks.tail(again[1]) if number == len(pages) - 1 else []
            await self._slack.post(
                channel,
                blocks.summary(page),
                [blocks.text_block(page), *tail],
                mark=f"share/{recorded.asked.id}/{number}",
            )

    async def _human(self, recorded: Recorded, body: Event) -> None:
        """The question to the help channel, with the way back to where it was asked."""
        channel = self._settings.slack.help_channel
        if not channel:
            await self._tell(body, words.NO_HELP_CHANNEL)
            return
        if self._first(f"human {recorded.asked.id}"):
            person = await self._people.person(body["user"]["id"])
            text = words.ASKED_HUMAN.format(person=person.name)
            where = await self._permalink(body)
            lines = [text, f"> {' '.join(recorded.asked.question.text.split())}"]
            body_blocks = [blocks.text_block(markdown("\n\n".join(lines)))]
            if where:
                body_blocks.append(blocks.context(link("Go to the conversation", where)))
            mark = f"human/{recorded.asked.id}"
            try:
                await self._slack.post(channel, fallback("\n".join(lines)), body_blocks, mark=mark)
            except (SlackError, Gone, Lost, RefusedPayload) as error:
                log.warning("the help channel %s can't be written to: %s", channel, error)
                self._done.pop(f"human {recorded.asked.id}", None)
                await self._tell(body, words.NO_HELP_CHANNEL)
                return
        await self._tell(body, words.HUMAN_ON_IT)

    async def _permalink(self, body: Event) -> str:
        container = body["container"]
        if container.get("is_ephemeral"):
            return ""
        try:
            return await self._slack.permalink(body["channel"]["id"], container["message_ts"])
        except (SlackError, Gone, Lost, RefusedPayload):
            return ""

    def _first(self, key: str) -> bool:
        """Whether this is the first press: people press twice."""
        if key in self._done:
            return False
        self._done[key] = None
        if len(self._done) > _REMEMBERED:
            self._done.popitem(last=False)
        return True

    # --- a word to the presser --------------------------------------------------------------------

    async def _tell(self, body: Event, text: str) -> None:
        await self._whisper(body["channel"]["id"], body["user"]["id"], text, _thread(body))

    async def _whisper(self, channel: str, user: str, text: str, thread_ts: str = "") -> None:
        try:
            await self._slack.whisper(channel, user, escape(text), thread_ts=thread_ts)
        except (SlackError, Gone):
            await self._slack.post(await self._slack.direct(user), escape(text))

    async def _whisper_blocks(self, body: Event, text: str, body_blocks: list[dict[str, Any]]) -> None:
        channel, user = body["channel"]["id"], body["user"]["id"]
        await self._slack.whisper(channel, user, text, body_blocks, thread_ts=_thread(body))


def _thread(body: Event) -> str:
    container = body["container"]
    return str(container.get("thread_ts") or "")
