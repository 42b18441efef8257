"""What the bot listens to, and what it does then. Each handler returns as soon as nothing can be lost."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any, Final, TypeVar

from slack_bolt.async_app import AsyncApp

from adapters import text as texts
from adapters import words
from adapters.desk import Reply, Taken
from adapters.learning import KINDS, Form
from adapters.parts import Parts
from adapters.slack import blocks
from adapters.slack.api import Slack
from adapters.slack.calls import Failed, SlackError
from adapters.slack.intake import Event, Heard, Intake
from adapters.slack.people import People
from adapters.slack.place import Place
from adapters.slack.reply import ThreadReply
from adapters.slack.stage import SlackConsole, SlackStage
from adapters.slack.text import escape
from adapters.view import DECISIONS, Press
from bot.config import Settings
from bot.ports import Asked

log = logging.getLogger(__name__)

T = TypeVar("T")
Ack = Callable[..., Awaitable[Any]]

ASK: Final = "/ask"
ADMIN: Final = "/docent"
SHORTCUT: Final = "docent_answer"
SHORTCUT_PRIVATE: Final = "docent_answer_private"
SAVE_EXAMPLE: Final = "docent_save_example"
SAVE_VERIFIED: Final = "docent_save_verified"
EVENTS: Final = ("app_mention", "message", "app_home_opened", "agent_session_stopped")

_ACKNOWLEDGE_WITHIN: Final = 0.3  # seconds


class Closing(Exception):
    """The process ends: an event that isn't acknowledged comes again, to another one."""


class Handlers:
    """Registers itself on a Bolt app; `drain` waits for the work that it started."""

    def __init__(
        self,
        *,
        slack: Slack,
        intake: Intake,
        people: People,
        parts: Parts,
        settings: Settings,
    ) -> None:
        self._slack = slack
        self._intake = intake
        self._people = people
        self._desk = parts.desk
        self._presses = parts.presses
        self._admins = parts.admins
        self._teaching = parts.teaching
        self._find = parts.find
        self._settings = settings
        self._tasks: set[asyncio.Task[Any]] = set()

    def register(self, app: AsyncApp) -> None:
        """Everything that the manifest names: a test holds the two against each other."""
        app.event("app_mention")(self.on_message)
        app.event("message")(self.on_message)
        app.event("app_home_opened")(self.on_home)
        app.event("agent_session_stopped")(self.on_stop)
        app.command(ASK)(self.on_ask)
        app.command(ADMIN)(self.on_admin)
        app.shortcut(SHORTCUT)(self.on_shortcut)
        app.shortcut(SHORTCUT_PRIVATE)(self.on_shortcut)
        app.shortcut(SAVE_EXAMPLE)(self.on_save)
        app.shortcut(SAVE_VERIFIED)(self.on_save)
        app.action("docent_feedback")(self.on_feedback)
        for press in Press:
            if press in (Press.GOOD, Press.BAD):
                continue  # they are docent_feedback
            app.action(f"docent_{press.value}")(self.on_press)
        app.view("docent_feedback")(self.on_complaint)
        app.view("docent_teach")(self.on_saved)

    async def on_message(self, body: Event, event: Event) -> None:
        """A mention, a DM, a message in a channel, or that one was deleted."""
        team = str(body.get("team_id") or "")
        if event.get("subtype") == "message_deleted":
            ts = event.get("deleted_ts") or ""
            self._later(self._desk.abandon(self._intake.key(team, event["channel"], ts)))
            return
        heard = self._intake.of_event(event, team)
        if heard is None or self._is_small(heard):
            return
        if heard.if_in_thread or not (heard.asked.question.text or heard.reply.unprompted):
            self._later(
                self._look_and_take(event, heard)
            )  # Slack isn't asked before the event is acknowledged
        elif await self._take(heard.asked, heard.reply) is Taken.CLOSING:
            raise Closing
        else:
            self._intake.joins(event["channel"], event.get("thread_ts") or event["ts"])

    def _is_small(self, heard: Heard) -> bool:
        """A greeting or thanks is nothing to look up; who says it to the bot gets a word."""
        said = heard.asked.question.text
        if not texts.is_small_talk(said):
            return False
        addressed = not (heard.reply.unprompted or heard.if_in_thread)
        if addressed and self._desk.first(heard.asked.key):
            self._later(heard.reply.say(words.WELCOME if texts.thanks(said) else words.how_to_ask()))
        return True

    async def _take(self, asked: Asked, reply: Reply) -> Taken:
        """A journal that is slow doesn't hold up the acknowledgement: the question is taken behind it."""
        taking = self._begin(self._desk.take(asked, reply))
        await asyncio.wait([taking], timeout=_ACKNOWLEDGE_WITHIN)
        return taking.result() if taking.done() else Taken.YES

    async def _look_and_take(self, event: Event, heard: Heard) -> None:
        """A further message in a thread, or a mention without words: it asks what the thread began with."""
        if heard.if_in_thread:
            if await self._intake.is_in(event["channel"], event["thread_ts"]):
                await self._desk.take(heard.asked, heard.reply)
            return
        text = await self._first_of_thread(event["channel"], event)
        if text:
            question = replace(heard.asked.question, text=text)
            await self._desk.take(replace(heard.asked, question=question), heard.reply)
        elif self._desk.first(heard.asked.key):
            await heard.reply.say(words.how_to_ask())

    async def on_stop(self, event: Event) -> None:
        """Somebody pressed Slack's stop button under an answer that is being written."""
        channel, thread = str(event.get("channel") or ""), str(event.get("thread_ts") or "")

        def ending(reply: Reply) -> Callable[[], Awaitable[None]] | None:
            if isinstance(reply, ThreadReply) and reply.is_at(channel, thread):
                return reply.stop
            return None

        self._later(self._desk.stop(ending))

    async def on_home(self, event: Event) -> None:
        """The agent's Messages tab was opened: suggest prompts there, without a thread (it fails with one)."""
        prompts = self._settings.slack.prompts
        if event.get("tab") == "messages" and prompts:
            suggested = [{"title": one.title, "message": one.message} for one in prompts]
            self._later(self._slack.prompts(event["channel"], suggested))

    async def on_ask(self, ack: Ack, command: Event) -> None:
        """A private answer, or how to get one."""
        text = str(command.get("text") or "").strip()
        if not text or text.lower() in ("help", "-h", "--help"):
            await ack(text=escape(words.how_to_ask(ASK)), response_type="ephemeral")
            return
        channel = command["channel_id"]
        place = Place(
            channel=channel,
            user=command["user_id"],
            team=command["team_id"],
            private=True,
            response_url=command["response_url"],
        )
        asked, reply = self._intake.asked(
            place, text, key=f"slack:{command['trigger_id']}", direct=channel.startswith("D")
        )
        taken = await self._take(asked, reply)
        if taken is Taken.CLOSING:
            await ack(text=escape(words.SHUTTING_DOWN), response_type="ephemeral")
        elif taken is Taken.YES:
            await ack(text=escape(words.WORKING), response_type="ephemeral")
        else:
            await ack()

    async def on_admin(self, ack: Ack, command: Event) -> None:
        await ack()
        console = SlackConsole(
            self._slack,
            self._people,
            user=command["user_id"],
            channel=command["channel_id"],
            response_url=command["response_url"],
        )
        self._later(self._admins.command(str(command.get("text") or ""), console))

    async def on_shortcut(self, ack: Ack, body: Event) -> None:
        """Answer from the docs, on somebody's message: in its thread, or for the presser alone."""
        private = body["callback_id"] == SHORTCUT_PRIVATE
        message, channel = body["message"], body["channel"]["id"]
        place = Place(
            channel=channel,
            user=body["user"]["id"],
            team=body["team"]["id"],
            thread_ts=message.get("thread_ts") or message["ts"],
            private=private,
            response_url=body.get("response_url") or "" if private else "",
        )
        text = self._intake.words_of(message)
        console = self._console(body, channel, body.get("response_url") or "")
        if not text:
            await ack()
            self._later(console.answer(words.NO_WORDS))
            return
        who = place.user if private else "thread"
        asked, reply = self._intake.asked(
            place,
            text,
            key=f"slack:{place.team}:{channel}:{message['ts']}:shortcut:{who}",
            direct=channel.startswith("D"),
        )
        taken = await self._take(asked, reply)
        await ack()
        if taken is not Taken.YES:
            said = words.KNOWN if taken is Taken.KNOWN else words.SHUTTING_DOWN
            self._later(console.answer(said))

    async def on_feedback(self, ack: Ack, body: Event) -> None:
        """👍 is thanked for; 👎 counts at once and opens a small form for the reason."""
        await ack()
        self._later(self._feedback(body))

    async def _feedback(self, body: Event) -> None:
        stage = self._stage(body)
        choice, _, answer_id = str(body["actions"][0].get("value") or "").partition(":")
        bad = choice == Press.BAD
        opened = bad and await self._open(body, blocks.feedback_modal(answer_id, stage.place))
        if await self._presses.feedback(stage, answer_id, "down" if bad else "up") and not opened:
            await stage.tell(words.THANKS_DOWN if bad else words.THANKS_UP)

    async def _open(self, body: Event, view: blocks.Block) -> bool:
        """Open a form; its trigger lives for 3 seconds."""
        try:
            await self._slack.open_view(body["trigger_id"], view)
        except Failed as error:
            log.warning("a form could not be opened: %s", error)
            return isinstance(error, SlackError) and error.code == "exchanged_trigger_id"  # it is open
        return True

    async def on_complaint(self, ack: Ack, body: Event) -> None:
        """The form behind 👎."""
        await ack()
        self._later(self._complaint(body))

    async def _complaint(self, body: Event) -> None:
        values = body["view"]["state"]["values"]
        answer_id, _, channel = body["view"]["private_metadata"].partition(" ")
        chosen = (values["complaint"]["complaint"].get("selected_option") or {}).get("value", "")
        comment = values["comment"]["comment"].get("value") or ""
        stage = self._stage({**body, "docent_channel": channel})
        if await self._presses.feedback(stage, answer_id, "down", chosen, comment):
            await stage.tell(words.THANKS_DOWN)

    async def on_press(self, ack: Ack, body: Event) -> None:
        await ack()
        action = body["actions"][0]
        press = Press(action["action_id"].removeprefix("docent_"))
        value = str(action.get("value") or "")
        if press in (Press.CANCEL, Press.CONFIRM):
            console = SlackConsole(
                self._slack, self._people, user=body["user"]["id"], channel=body["channel"]["id"]
            )
            act = self._admins.cancel if press is Press.CANCEL else self._admins.confirm
            self._later(act(value, console))
        elif press in DECISIONS:
            console = self._console(body, body["channel"]["id"], body.get("response_url") or "")
            edits = press is Press.EDIT
            self._later(
                self._edit(body, console, value) if edits else self._teaching.decide(console, press, value)
            )
        else:
            self._later(self._presses.press(self._stage(body), press, value))

    async def on_save(self, ack: Ack, body: Event) -> None:
        """Save an answer, the bot's or a human's, as an example or as verified."""
        await ack()
        self._later(self._save(body))

    async def _save(self, body: Event) -> None:
        """A form, at once: the trigger lives for 3 seconds."""
        message, channel = body["message"], body["channel"]["id"]
        kind = KINDS[body["callback_id"].removeprefix("docent_save_")]
        recorded = await self._find(f"/archives/{channel}/p{message['ts'].replace('.', '')}")
        question = "" if recorded else await self._first_of_thread(channel, message)
        answer = self._intake.words_of(message)
        console = self._console(body, channel, body.get("response_url") or "")
        form = await self._teaching.form(console, kind, recorded, question, answer)
        if form is not None and not await self._open(body, blocks.teaching_modal(form, channel)):
            await console.answer(words.NO_FORM)

    async def _edit(self, body: Event, console: SlackConsole, lesson_id: str) -> None:
        """The form again, for what was saved."""
        form = await self._teaching.reopen(console, lesson_id)
        if form is not None:
            view = blocks.teaching_modal(form, body["channel"]["id"])
            if not await self._open(body, view):
                await console.answer(words.NO_FORM)

    async def _first_of_thread(self, channel: str, message: Event) -> str:
        thread = message.get("thread_ts")
        if not thread or thread == message["ts"]:
            return ""
        said = await self._slack.thread(channel, thread, until=message["ts"], pages=1)
        return self._intake.words_of(said[0]) if said else ""

    async def on_saved(self, ack: Ack, body: Event) -> None:
        await ack()
        self._later(self._saved(body))

    async def _saved(self, body: Event) -> None:
        kind, answer_id, lesson_id, channel = body["view"]["private_metadata"].split("|", 3)
        values = body["view"]["state"]["values"]
        question, answer = (values[name][name].get("value") or "" for name in ("question", "answer"))
        console = self._console(body, channel)
        audience = await self._people.audience(body["user"]["id"], channel, direct=channel.startswith("D"))
        await self._teaching.submit(
            console, Form(KINDS[kind], answer_id, question, answer, lesson_id), audience
        )

    def _console(self, body: Event, channel: str, response_url: str = "") -> SlackConsole:
        user = body["user"]["id"]
        return SlackConsole(self._slack, self._people, user=user, channel=channel, response_url=response_url)

    def _stage(self, body: Event) -> SlackStage:
        return SlackStage(
            slack=self._slack,
            intake=self._intake,
            people=self._people,
            desk=self._desk,
            help_channel=self._settings.slack.help_channel,
            body=body,
        )

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        self._begin(_logged(work))

    def _begin(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def drain(self, seconds: float) -> None:
        """Wait for small work; long watches are cancelled."""
        await self._admins.close()
        if self._tasks:
            _, late = await asyncio.wait(set(self._tasks), timeout=seconds)
            for task in late:
                task.cancel()


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Failed as error:
        log.warning("Slack refused: %s", error)
    except Exception:  # the outermost loop of a press or a command
        log.exception("a press or a command failed")
