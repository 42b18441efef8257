"""`/docent` in Slack, for admins. Who asks is checked at the moment they act, also behind each button."""

import asyncio
import logging
from datetime import UTC, datetime

from adapters import admin, words
from adapters.slack import blocks
from adapters.slack.api import Gone, Lost, RefusedPayload, Slack, SlackError
from adapters.slack.intake import Event
from adapters.slack.people import People
from adapters.slack.text import fallback, markdown
from adapters.text import split
from adapters.view import Press
from bot.ports import BackendError, Journal, Recorded, Runs, Store, SyncRun

log = logging.getLogger(__name__)

_UPDATE_EVERY = 3.0  # seconds: chat.update is shared with the answers


class AdminDesk:
    """Commands and their buttons."""

    def __init__(
        self,
        *,
        slack: Slack,
        people: People,
        runs: Runs,
        journal: Journal,
        store: Store,
        sources: tuple[admin.SourceCycle, ...],
    ) -> None:
        self._slack = slack
        self._people = people
        self._runs = runs
        self._journal = journal
        self._store = store
        self._sources = sources
        self._watches: dict[str, asyncio.Task[None]] = {}

    async def command(self, command: Event) -> None:
        """Do what was typed after `/docent`."""
        user = command["user_id"]
        if not await self._people.is_admin(user):
            log.warning("/docent %r refused to Slack user %s", command.get("text", "")[:80], user)
            await self._answer(command, words.NOT_ADMIN)
            return
        parsed = admin.parse(str(command.get("text") or ""), tuple(one.name for one in self._sources))
        if isinstance(parsed, admin.Mistake):
            await self._answer(command, parsed.text)
            return
        try:
            await self._do(parsed, command)
        except BackendError as error:
            await self._answer(command, f"⚠️ {error}")

    async def _do(self, parsed: admin.Command, command: Event) -> None:
        if parsed.name == "reindex":
            await self._reindex(parsed, command)
        elif parsed.name == "status":
            text = await admin.status(self._store, self._runs, self._sources, datetime.now(UTC))
            await self._answer(command, text)
        elif parsed.name == "sources":
            await self._answer(command, admin.sources(self._sources))
        elif parsed.name == "gaps":
            await self._answer(command, admin.gaps(await self._journal.gaps()))
        else:
            recorded = await self._find(parsed.target)
            await self._answer(command, admin.why(recorded) if recorded else words.ANSWER_GONE)

    async def _find(self, target: str) -> Recorded | None:
        """An answer by its id, or by a link to its message."""
        recorded = await self._journal.recorded(target)
        if recorded is not None or "/archives/" not in target:
            return recorded
        channel, _, last = target.partition("/archives/")[2].partition("/")
        digits = "".join(c for c in last.partition("?")[0] if c.isdigit())
        ts = f"{digits[:-6]}.{digits[-6:]}"
        return await self._journal.recorded_by_reply("slack", f'"channel": "{channel}"%"ts": "{ts}"')

    # --- reindex ----------------------------------------------------------------------------------

    async def _reindex(self, parsed: admin.Command, command: Event) -> None:
        run, new = await admin.start(self._runs, parsed, f"slack:{command['user_id']}")
        if not new:
            await self._answer(command, "One is running already: " + admin.describe(run))
        await self._show(run, command["channel_id"], command["user_id"])

    async def _show(self, run: SyncRun, channel: str, user: str) -> None:
        """One message that stays current until the run has ended."""
        text, body = _message(run)
        try:
            ts = await self._slack.post(channel, text, body)
        except (Gone, SlackError):
            channel = await self._slack.direct(user)
            ts = await self._slack.post(channel, text, body)
        self._watch(run.id, channel, ts)

    def _watch(self, run_id: str, channel: str, ts: str) -> None:
        task = asyncio.create_task(self._follow(run_id, channel, ts), name=f"watch {run_id}")
        self._watches[ts] = task
        task.add_done_callback(lambda _: self._watches.pop(ts, None))

    async def _follow(self, run_id: str, channel: str, ts: str) -> None:
        try:
            async for run in admin.watch(self._runs, run_id, every=_UPDATE_EVERY):
                text, body = _message(run)
                await self._slack.update(channel, ts, text, body)
        except (Gone, SlackError, Lost, RefusedPayload, BackendError) as error:
            log.warning("the progress of run %s is no longer shown: %s", run_id, error)

    async def press(self, press: Press, body: Event) -> None:
        """Cancel a run, or confirm the deletions that it held back."""
        user, channel = body["user"]["id"], body["channel"]["id"]
        if not await self._people.is_admin(user):
            log.warning("%s refused to Slack user %s", press, user)
            await self._slack.whisper(channel, user, words.NOT_ADMIN)
            return
        run_id = str(body["actions"][0].get("value") or "")
        if press is Press.CANCEL:
            await self._runs.cancel(run_id)
            return
        run = await self._runs.run(run_id)
        if run is None:
            return
        for report in run.reports:
            if report.held_back:
                wanted = admin.Command("reindex", report.source, confirm_deletes=True)
                confirmed, _ = await admin.start(self._runs, wanted, f"slack:{user}")
                await self._show(confirmed, channel, user)

    async def close(self) -> None:
        """Stop showing progress; the runs go on."""
        for task in list(self._watches.values()):
            task.cancel()
        await asyncio.gather(*self._watches.values(), return_exceptions=True)

    async def _answer(self, command: Event, text: str) -> None:
        for part in split(text, 2900)[:4]:
            payload = {
                "text": fallback(part),
                "blocks": [blocks.text_block(markdown(part))],
                "response_type": "ephemeral",
                "replace_original": False,
            }
            if not await self._slack.respond(command["response_url"], payload):
                await self._slack.whisper(
                    command["channel_id"],
                    command["user_id"],
                    fallback(part),
                    [blocks.text_block(markdown(part))],
                )


def _message(run: SyncRun) -> tuple[str, list[blocks.Block]]:
    text = admin.describe(run)
    buttons: list[blocks.Block] = []
    if not admin.ended(run) and not run.cancel_wanted:
        buttons = [blocks.button(Press.CANCEL, run.id)]
    elif admin.held_back(run):
        buttons = [blocks.button(Press.CONFIRM, run.id)]
    return fallback(text), blocks.admin_message(text, buttons=buttons)
