"""People in Slack, on its simulator."""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from adapters.chat import messages
from adapters.chat.answer_view import Press
from bot.bootstrap import App
from tests.support.conversation import Shown
from tests.support.scripted import Core, Shelf
from tests.support.simulators import Simulator
from tests.support.waiting import until

_SLACK_USERS = {"alice": "U0ALICE", "bob": "U0BOB", "admin": "U0CAROL"}


class SlackChat:
    platform = "slack"

    def __init__(self, sim: Simulator, app: App, core: Core, shelf: Shelf) -> None:
        self.sim, self.app, self.core, self.shelf = sim, app, core, shelf

    async def mention(self, user, text, *, after=None, **how) -> str:
        thread = {"thread_ts": after.raw["thread_ts"]} if after else {}
        said = await self.sim.do(
            "mention", **{"channel": "C0GENERAL", "user": _SLACK_USERS[user], "text": text, **thread, **how}
        )
        return f"{said['channel']}/{said['thread_ts']}"

    async def asks(self, user, text) -> str:
        """Somebody's question to everybody, not to the bot."""
        said = await self.sim.do("message", channel="C0GENERAL", user=_SLACK_USERS[user], text=text)
        return str(said["ts"])

    async def point(self, user, message) -> None:
        """A mention without words under somebody's message."""
        await self.mention(user, "", thread_ts=message)

    async def answers(self, place, *, least=1) -> list[Shown]:
        channel, _, thread = place.partition("/")
        found = await self.sim.see(
            "wait", channel=channel, thread_ts=thread, min=least, timeout=10, quiet=0.2
        )
        assert found["ok"], found
        return [self._shown(one) for one in found["posted"] if one["kind"] in ("message", "stream")]

    async def ask(self, user, text) -> str:
        return await self._command("/ask", user, text)

    async def admin(self, user, text) -> str:
        return await self._command("/docent", user, text)

    async def _command(self, command, user, text) -> str:
        since = (await self.sim.see("posted"))["seq"]
        done = await self.sim.do(
            "command", command=command, text=text, user=_SLACK_USERS[user], channel="C0GENERAL"
        )
        assert done["state"] == "acked", done
        return str(since)

    async def press(self, shown, press, user) -> str:
        since = (await self.sim.see("posted"))["seq"]
        done = await self.sim.do(
            "action",
            channel=shown.raw["channel"],
            ts=shown.raw["ts"],
            action_id=f"docent_{press.value}",
            user=_SLACK_USERS[user],
        )
        assert done.get("state") == "acked", done
        return str(since)

    async def complain(self, shown, user, complaint, comment) -> str:
        await self.press(shown, Press.BAD, user)

        async def submitted() -> Any:
            return await self._submit("docent_feedback", user, complaint=complaint, comment=comment)

        since = (await self.sim.see("posted"))["seq"]
        await until(submitted)
        return str(since)

    async def _submit(self, form, user, **fields) -> bool:
        """Send the form that is open; False while it isn't."""
        views = [one for one in (await self.sim.see("state"))["views"] if one["callback_id"] == form]
        if not views:
            return False
        done = await self.sim.do(
            "view_submit", view_id=views[-1]["id"], user=_SLACK_USERS[user], values=fields
        )
        return done.get("state") == "acked"

    async def save(self, shown, kind, user, **fields) -> str:
        since = (await self.sim.see("posted"))["seq"]
        done = await self.sim.do(
            "message_action",
            callback_id=f"docent_save_{kind}",
            channel=shown.raw["channel"],
            ts=shown.raw["ts"],
            user=_SLACK_USERS[user],
        )
        assert done.get("state") == "acked", done

        async def submitted() -> Any:
            if not fields:
                return True
            return await self._submit("docent_teach", user, **fields)

        await until(submitted)
        return str(since)

    async def edit(self, shown, user, **fields) -> str:
        since = await self.press(shown, Press.EDIT, user)

        async def opened() -> bool:
            last = (await self.sim.see("state"))["views"][-1]
            return last["title"]["text"] == messages.EDIT_TITLE

        await until(opened)
        assert await self._submit("docent_teach", user, **fields)
        return since

    async def replied(self, user, text, under) -> Shown:
        """Somebody's own message, in the thread of an answer."""
        thread, channel = under.raw["thread_ts"], under.raw["channel"]
        said = await self.sim.do(
            "message", channel=channel, user=_SLACK_USERS[user], text=text, thread_ts=thread
        )
        return Shown({"channel": channel, "ts": said["ts"]}, text, "", (), (), "")

    async def form(self, since) -> dict[str, str]:
        """What stands in the form that was opened last."""

        async def look() -> Any:
            return [v for v in (await self.sim.see("state"))["views"] if v["callback_id"] == "docent_teach"]

        fields = (await until(look))[-1]["blocks"]
        return {one["block_id"]: one["element"].get("initial_value", "") for one in fields}

    async def whispers(self, user, since) -> list[Shown]:
        async def look() -> list[Shown]:
            found = (await self.sim.see("posted", since=since))["posted"]
            mine = [one for one in found if one["kind"] == "ephemeral" and one["user"] == _SLACK_USERS[user]]
            return [self._shown(one) for one in mine if not one["rendered"].startswith("You asked:")]

        return await until(look)

    async def channel(self, since) -> list[Shown]:
        async def look() -> list[Shown]:
            found = (await self.sim.see("posted", since=since, channel="C0GENERAL"))["posted"]
            return [self._shown(one) for one in found if one["kind"] in ("message", "stream")]

        return await until(look)

    async def help_channel(self) -> list[Shown]:
        async def look() -> list[Shown]:
            return [self._shown(one) for one in (await self.sim.see("posted", channel="C0DOCS"))["posted"]]

        return await until(look)

    async def violations(self) -> list[Any]:
        """What is against the rules, and "is looking it up…" where nothing is looked up any more."""

        async def ended() -> bool:
            return not (await self.sim.see("statuses"))["active"]

        with suppress(AssertionError):
            await until(ended)
        stuck = (await self.sim.see("statuses"))["active"]
        return [*(await self.sim.see("violations"))["violations"], *stuck]

    def _shown(self, one: Mapping[str, Any]) -> Shown:
        texts = [b["text"] for b in one["blocks"] or () if b["type"] == "markdown"]
        small = [e["text"] for b in one["blocks"] or () if b["type"] == "context" for e in b["elements"]]
        small += [b["text"]["text"] for b in one["blocks"] or () if b["type"] == "section"]
        names = re.findall(
            r'"text": "([^"]+)", "emoji": true', json.dumps(one["blocks"] or [], ensure_ascii=False)
        )
        return Shown(
            one,
            one.get("markdown_text") or "\n".join(texts) or one["text"] or "",
            "\n".join(small),
            tuple(names),
            tuple(one["pings"]),
            one.get("user") or "" if one["kind"] == "ephemeral" else "",
        )
