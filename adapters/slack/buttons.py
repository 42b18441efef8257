"""Handles buttons and forms in Slack: below answers, reindexes and saved answers."""

import logging
from typing import Final

from slack_bolt.async_app import AsyncApp

from adapters.chat import messages
from adapters.chat.admin.teaching import KINDS, Form
from adapters.chat.answer_view import DECISIONS, IN_USE, OF_RUNS, Press
from adapters.chat.background_tasks import BackgroundTasks
from adapters.chat.wiring import ChatServices
from adapters.slack.access.origin import workspace_of
from adapters.slack.access.permissions import SlackPermissions
from adapters.slack.connection.transport import Failed, SlackError
from adapters.slack.connection.web_api import SlackWebApi
from adapters.slack.helping.help_thread import SlackHelpThreads
from adapters.slack.incoming.inbound import Ack, Event, SlackInbound
from adapters.slack.interactions import SlackAdminConsole, SlackPressContext
from adapters.slack.replies import rendering
from bot.config.live import LiveSettings

log = logging.getLogger(__name__)

SAVE_EXAMPLE: Final = "docent_save_example"
SAVE_VERIFIED: Final = "docent_save_verified"


class SlackButtons:
    """Handles presses. Slack wants an acknowledgement within 3 seconds, so the work is done after that."""

    def __init__(
        self,
        *,
        slack: SlackWebApi,
        inbound: SlackInbound,
        people: SlackPermissions,
        parts: ChatServices,
        live: LiveSettings,
        threads: SlackHelpThreads,
        work: BackgroundTasks,
    ) -> None:
        self._slack = slack
        self._inbound = inbound
        self._people = people
        self._presses = parts.presses
        self._admins = parts.admins
        self._teaching = parts.teaching
        self._find = parts.find
        self._live = live
        self._threads = threads
        self._work = work

    def register(self, app: AsyncApp) -> None:
        """Register the handlers of all actions and forms. A test compares them with manifest and blocks."""
        app.shortcut(SAVE_EXAMPLE)(self.on_save)
        app.shortcut(SAVE_VERIFIED)(self.on_save)
        app.action("docent_feedback")(self.on_feedback)  # the button of answers by earlier versions
        for press in Press:
            judges = press in (Press.GOOD, Press.BAD)
            app.action(f"docent_{press.value}")(self.on_feedback if judges else self.on_press)
        app.view("docent_feedback")(self.on_complaint)
        app.view("docent_teach")(self.on_saved)

    async def on_feedback(self, ack: Ack, body: Event) -> None:
        """Thank for 👍; count 👎 at once and open a small form for the reason."""
        await ack()
        self._work.later(self._feedback(body))

    async def _feedback(self, body: Event) -> None:
        context = self._context(body)
        action = body["actions"][0]
        choice, _, answer_id = str(action.get("value") or "").rpartition(":")
        bad = (choice or action["action_id"].removeprefix("docent_")) == Press.BAD
        opened = bad and await self._open(
            body, rendering.feedback_modal(answer_id, context.place, context.thread)
        )
        if await self._presses.feedback(context, answer_id, "down" if bad else "up") and not opened:
            await context.tell(messages.THANKS_DOWN if bad else messages.THANKS_UP)

    async def _open(self, body: Event, view: rendering.Block) -> bool:
        """Open a form; its trigger is valid for 3 seconds. Return whether it is open."""
        try:
            await self._slack.open_view(body["trigger_id"], view)
        except Failed as error:
            log.warning("a form could not be opened: %s", error)
            return isinstance(error, SlackError) and error.code == "exchanged_trigger_id"  # it is open
        return True

    async def on_complaint(self, ack: Ack, body: Event) -> None:
        """Handle the form behind 👎."""
        await ack()
        self._work.later(self._complaint(body))

    async def _complaint(self, body: Event) -> None:
        values = body["view"]["state"]["values"]
        answer_id, channel, thread = body["view"]["private_metadata"].split(" ")
        chosen = (values["complaint"]["complaint"].get("selected_option") or {}).get("value", "")
        comment = values["comment"]["comment"].get("value") or ""
        context = self._context({**body, "docent_channel": channel, "container": {"thread_ts": thread}})
        if await self._presses.feedback(context, answer_id, "down", chosen, comment):
            await context.tell(messages.THANKS_DOWN)

    async def on_press(self, ack: Ack, body: Event) -> None:
        await ack()
        action = body["actions"][0]
        press = Press(action["action_id"].removeprefix("docent_"))
        value = str(action.get("value") or "")
        if press in OF_RUNS:
            console = self._console(body, body["channel"]["id"])
            self._work.later(self._admins.press(press, value, console))
        elif press in (*DECISIONS, *IN_USE):
            console = self._console(body, body["channel"]["id"], body.get("response_url") or "")
            edits = press is Press.EDIT
            self._work.later(
                self._edit(body, console, value) if edits else self._teaching.decide(console, press, value)
            )
        else:
            self._work.later(self._presses.press(self._context(body), press, value))

    async def on_save(self, ack: Ack, body: Event) -> None:
        """Handle the shortcuts that save an answer, the bot's or a human's, as an example or as verified."""
        await ack()
        self._work.later(self._save(body))

    async def _save(self, body: Event) -> None:
        """Open the form for saving, without delay: its trigger is valid for 3 seconds."""
        message, channel = body["message"], body["channel"]["id"]
        kind = KINDS[body["callback_id"].removeprefix("docent_save_")]
        recorded = await self._find(f"/archives/{channel}/p{message['ts'].replace('.', '')}")
        question = "" if recorded else await self._threads.question(channel, message)
        if not (recorded or question):
            question = await self._inbound.question_before(channel, message)
        answer = self._inbound.words_of(message)
        console = self._console(body, channel, body.get("response_url") or "")
        form = await self._teaching.form(console, kind, recorded, question, answer)
        await self._teach(body, console, form)

    async def _edit(self, body: Event, console: SlackAdminConsole, lesson_id: str) -> None:
        """Open the form for a saved answer."""
        await self._teach(body, console, await self._teaching.reopen(console, lesson_id))

    async def _teach(self, body: Event, console: SlackAdminConsole, form: Form | None) -> None:
        if form is None:
            return
        if not await self._open(body, rendering.teaching_modal(form, body["channel"]["id"])):
            await console.answer(messages.NO_FORM)

    async def on_saved(self, ack: Ack, body: Event) -> None:
        await ack()
        self._work.later(self._saved(body))

    async def _saved(self, body: Event) -> None:
        kind, answer_id, lesson_id, channel = body["view"]["private_metadata"].split("|", 3)
        values = body["view"]["state"]["values"]
        question, answer, page = (
            (values.get(name) or {}).get(name, {}).get("value") or ""
            for name in ("question", "answer", "page")
        )
        console = self._console(body, channel)
        audience = await self._people.audience(body["user"]["id"], channel, direct=channel.startswith("D"))
        await self._teaching.submit(
            console, Form(KINDS[kind], answer_id, question, answer, lesson_id, page), audience
        )

    def _console(self, body: Event, channel: str, response_url: str = "") -> SlackAdminConsole:
        return SlackAdminConsole(
            self._slack,
            self._people,
            user=body["user"]["id"],
            workspace=workspace_of(body),
            channel=channel,
            response_url=response_url,
        )

    def _context(self, body: Event) -> SlackPressContext:
        return SlackPressContext(
            slack=self._slack,
            inbound=self._inbound,
            people=self._people,
            help_channel=self._live.now.slack.help_channel_of(workspace_of(body)),
            body=body,
        )
