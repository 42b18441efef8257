"""A bot on each platform's simulator, driven in the same words: what the common conversations need."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from adapters import words
from adapters.discord.run import run as discord
from adapters.slack.manifest import as_yaml
from adapters.slack.pace import Pace
from adapters.slack.run import run as slack
from adapters.view import LABELS, Press
from bot.bootstrap import App, open_guides, open_verified
from bot.config import load
from bot.journal import Database, SqlJournal, SqlLeases, SqlLessons, SqlRuns
from bot.model import Answer, Citation, Outcome, Passage, Question
from bot.ports import StoreStats
from tests import simulators
from tests.simulators import Simulator

LEAVE = Citation(
    1,
    "handbook:leave.md",
    "Annual leave",
    "Notice",
    "https://docs.example/leave#notice",
    "Give four weeks' notice.",
    datetime(2026, 10, 1, tzinfo=UTC),
    ("Dana Whitfield",),
)


@dataclass
class Core:
    """The core as a script: the first key that a question holds says what it answers.

    A list is streamed piece by piece with a step of the loop (or `pause` seconds) between.
    """

    answers: dict[str, Answer | Exception | Sequence[str]] = field(default_factory=dict)
    asked: list[Question] = field(default_factory=list)
    pause: float = 0.0
    hold: asyncio.Event | None = None
    remember: bool = True
    instead: Any = None  # a real Answerer that answers
    ids: list[str] = field(default_factory=list)

    async def answer(self, question: Question, *, id: str | None = None, on_text=None) -> Answer:  # noqa: A002
        if self.remember:
            self.asked.append(question)
            self.ids.append(id or "")
        if self.instead is not None:
            return await self.instead.answer(question, id=id, on_text=on_text)
        found = next((a for key, a in self.answers.items() if key in question.text), None)
        if isinstance(found, Exception):
            raise found
        if isinstance(found, Answer):
            return Answer(**{**{f: getattr(found, f) for f in found.__slots__}, "id": id})
        pieces = found or ["You give four weeks' notice [1]."]
        for piece in pieces:
            if on_text:
                await on_text(piece)
            await asyncio.sleep(self.pause)
        if self.hold:
            await self.hold.wait()
        return Answer(id or "x", Outcome.ANSWERED, "".join(pieces), (LEAVE,), strong=True)


class Shelf:
    """The parts of a store that a platform looks at: which pages an audience may see."""

    def __init__(self) -> None:
        self.revision = "r1"
        self.visible: dict[str, frozenset[str]] = {"handbook:leave.md": frozenset({"everyone"})}

    async def passages(self, spans, audience) -> list[Passage]:
        return [
            Passage(span.doc_id + "#0", span.doc_id, "handbook", 0, "Annual leave", "", "", "")
            for span in spans
            if self.visible.get(span.doc_id, frozenset()) & audience
        ]

    async def revisions(self, source) -> dict[str, str]:
        return dict.fromkeys(self.visible, self.revision)

    async def stats(self) -> StoreStats:
        return StoreStats(1, 1, None, {})


@dataclass(frozen=True)
class Shown:
    """A message of the bot as its readers see it."""

    raw: Mapping[str, Any]
    text: str
    sources: str
    buttons: tuple[str, ...]
    pings: tuple[str, ...]
    private_to: str

    @property
    def whole(self) -> str:
        return f"{self.text}\n{self.sources}"


class Chat(Protocol):
    """What people do, on any platform. Times out with what was shown so far."""

    platform: str
    core: Core
    shelf: Shelf
    app: App
    sim: Simulator

    async def mention(self, user: str, text: str, *, after: Shown | None = None, **how: Any) -> str: ...
    async def asks(self, user: str, text: str) -> str: ...
    async def point(self, user: str, message: str) -> None: ...
    async def answers(self, place: str, *, least: int = 1) -> list[Shown]: ...
    async def ask(self, user: str, text: str) -> str: ...
    async def admin(self, user: str, text: str) -> str: ...
    async def press(self, shown: Shown, press: Press, user: str) -> str: ...
    async def complain(self, shown: Shown, user: str, complaint: str, comment: str) -> str: ...
    async def save(self, shown: Shown, kind: str, user: str, **fields: str) -> str: ...
    async def edit(self, shown: Shown, user: str, **fields: str) -> str: ...
    async def replied(self, user: str, text: str, under: Shown) -> Shown: ...
    async def form(self, since: str) -> dict[str, str]: ...
    async def whispers(self, user: str, since: str) -> list[Shown]: ...
    async def help_channel(self) -> list[Shown]: ...
    async def violations(self) -> list[Any]: ...


async def until(look: Callable[[], Any], *, seconds: float = 30.0) -> Any:
    """The first true result of `await look()`."""
    end = time.monotonic() + seconds
    while True:
        found = await look()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"it didn't come within {seconds} s")
        await asyncio.sleep(0.03)


# --- Slack ----------------------------------------------------------------------------------------

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
        good_or_bad = press in (Press.GOOD, Press.BAD)
        done = await self.sim.do(
            "action",
            channel=shown.raw["channel"],
            ts=shown.raw["ts"],
            action_id="docent_feedback" if good_or_bad else f"docent_{press.value}",
            choice="negative" if press is Press.BAD else "positive",
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
            return last["title"]["text"] == words.EDIT_TITLE

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
        stuck = (await self.sim.see("statuses"))["active"]
        return [*(await self.sim.see("violations"))["violations"], *stuck]

    def _shown(self, one: Mapping[str, Any]) -> Shown:
        texts = [b["text"] for b in one["blocks"] or () if b["type"] == "markdown"]
        small = [e["text"] for b in one["blocks"] or () if b["type"] == "context" for e in b["elements"]]
        small += [b["text"]["text"] for b in one["blocks"] or () if b["type"] == "section"]
        names = re.findall(
            r'"text": "([^"]+)", "emoji": true', json.dumps(one["blocks"] or [], ensure_ascii=False)
        )
        feedback = ["👍", "👎"] if "feedback_buttons" in json.dumps(one["blocks"] or []) else []
        return Shown(
            one,
            one.get("markdown_text") or "\n".join(texts) or one["text"] or "",
            "\n".join(small),
            (*feedback, *names),
            tuple(one["pings"]),
            one.get("user") or "" if one["kind"] == "ephemeral" else "",
        )


# --- Discord --------------------------------------------------------------------------------------

_DISCORD_USERS = {"alice": "alice", "bob": "bob", "admin": "mod"}
_DOCS = "5000000000000000002"


class DiscordChat:
    platform = "discord"

    def __init__(self, sim: Simulator, app: App, core: Core, shelf: Shelf) -> None:
        self.sim, self.app, self.core, self.shelf = sim, app, core, shelf

    async def mention(self, user, text, *, after=None, **how) -> str:
        channel = after.raw["channel"] if after else "general"
        said = await self.sim.do(
            "mention", **{"channel": channel, "user": _DISCORD_USERS[user], "text": text, **how}
        )
        return channel if after else said["id"]

    async def asks(self, user, text) -> str:
        """Somebody's question to everybody, not to the bot."""
        said = await self.sim.do("message", channel="general", user=_DISCORD_USERS[user], text=text)
        return str(said["id"])

    async def point(self, user, message) -> None:
        """A mention without words under somebody's message."""
        await self.mention(user, "", reply_to=message)

    async def answers(self, place, *, least=1) -> list[Shown]:
        found = await self.sim.see("wait", channel=place, min=least, timeout=12, quiet=0.4)
        assert found["ok"], found
        return [self._shown(one) for one in found["posted"]]

    async def ask(self, user, text) -> str:
        return await self._slash("/ask", user, {"question": text})

    async def admin(self, user, text) -> str:
        name, *rest = text.split()
        options: dict[str, Any] = {}
        for word in rest:
            if word == "--full":
                options["full"] = True
            else:
                options["answer" if name == "why" else "source"] = word
        return await self._slash(f"/docent {name}", user, options)

    async def _slash(self, command, user, options) -> str:
        done = await self.sim.do(
            "slash",
            command=command,
            options=options,
            user=_DISCORD_USERS[user],
            channel="general",
            force=True,
        )
        assert done.get("interaction_id"), done
        return done["interaction_id"]

    async def press(self, shown, press, user) -> str:
        done = await self.sim.do(
            "component",
            message_id=shown.raw["id"],
            label=LABELS[press],
            user=_DISCORD_USERS[user],
        )
        assert done.get("interaction_id"), done
        return done["interaction_id"]

    async def complain(self, shown, user, complaint, comment) -> str:
        pressed = await self.press(shown, Press.BAD, user)

        async def submitted() -> Any:
            done = await self.sim.do(
                "modal_submit",
                interaction_id=pressed,
                values={"complaint": [complaint], "comment": comment},
            )
            return done.get("interaction_id")

        return str(await until(submitted))

    async def save(self, shown, kind, user, **fields) -> str:
        name = {"example": "Save as example", "verified": "Save as verified answer"}[kind]
        done = await self.sim.do(
            "message_command",
            command=name,
            message_id=shown.raw["id"],
            channel=shown.raw["channel"],
            user=_DISCORD_USERS[user],
        )
        assert done.get("interaction_id"), done
        pressed = done["interaction_id"]

        async def submitted() -> Any:
            done = await self.sim.do("modal_submit", interaction_id=pressed, values=fields)
            return done.get("interaction_id")

        return str(await until(submitted)) if fields else str(pressed)

    async def edit(self, shown, user, **fields) -> str:
        pressed = await self.press(shown, Press.EDIT, user)

        async def submitted() -> Any:
            done = await self.sim.do("modal_submit", interaction_id=pressed, values=fields)
            return done.get("interaction_id")

        return str(await until(submitted))

    async def replied(self, user, text, under) -> Shown:
        """Somebody's own message, in the thread of an answer."""
        said = await self.sim.do(
            "message", channel=under.raw["channel"], user=_DISCORD_USERS[user], text=text
        )
        return Shown({"channel": under.raw["channel"], "id": said["id"]}, text, "", (), (), "")

    async def form(self, since) -> dict[str, str]:
        """What stands in the form that the press opened."""

        async def look() -> Any:
            shown = (await self.sim.see("interactions"))["modals"]
            return [one for one in shown if one["interaction_id"] == since]

        fields = [row["component"] for row in (await until(look))[-1]["components"]]
        return {one["custom_id"]: one.get("value") or "" for one in fields}

    async def whispers(self, user, since) -> list[Shown]:
        async def look() -> list[Shown]:
            found = (await self.sim.see("posted", interaction_id=since))["posted"]
            return [
                self._shown(one)
                for one in found
                if one["ephemeral"] and not one["loading"] and one["rendered"]
            ]

        return await until(look)

    async def channel(self, since) -> list[Shown]:
        async def look() -> list[Shown]:
            found = (await self.sim.see("posted", channel="general"))["posted"]
            shown = [
                one
                for one in found
                if not one["ephemeral"] and not one["loading"] and one["kind"] != "thread"
            ]
            return [self._shown(one) for one in shown]

        return await until(look)

    async def help_channel(self) -> list[Shown]:
        async def look() -> list[Shown]:
            return [self._shown(one) for one in (await self.sim.see("posted", channel=_DOCS))["posted"]]

        return await until(look)

    async def violations(self) -> list[Any]:
        return list((await self.sim.see("violations"))["violations"])

    def _shown(self, one: Mapping[str, Any]) -> Shown:
        pings = one["pings"]
        flat = [*pings["users"], *pings["roles"], *(["everyone"] if pings["everyone"] else [])]
        return Shown(
            one,
            one["content"] or "",
            "\n".join(embed.get("description") or "" for embed in one["embeds"] or ()),
            tuple(button["label"] for button in one["buttons"]),
            tuple(flat),
            str(one.get("user") or "") if one["ephemeral"] else "",
        )


# Slack's simulator is near, and nobody reads along: what waits for either waits less.
QUICK = Pace(lost=0.05, again=0.2, append=0.1, thread=2.0, person=2.0, trust=1.0, link=1.0, watch=0.2)


# --- starting them --------------------------------------------------------------------------------

_YAML = """
sources: [{name: handbook, type: folder, path: ./docs, audience: [everyone]}]
limits: {questions_per_minute: 5}
slack: {help_channel: C0DOCS}
discord: {guilds: {"2000000000000000000": {help_channel: "5000000000000000002"}}}
"""


@asynccontextmanager
async def open_chat(
    platform: str, port: int, folder: Path, setenv: Callable[[str, str], None], yaml: str = _YAML
) -> AsyncIterator[Chat]:
    """The bot on a platform's simulator, with a scripted core and a real journal."""
    for name, value in {**environment(platform, port), "DOCENT_DATA": str(folder)}.items():
        setenv(name, value)
    (folder / "docent.yaml").write_text(yaml)
    database = Database(folder=folder)
    core, shelf = Core(), Shelf()
    app = scripted(load(folder / "docent.yaml"), core, shelf, database)
    if platform == "slack":
        run = partial(slack, pace=QUICK)
        (folder / "manifest.yaml").write_text(as_yaml(app.settings.slack))
        options, chat_type = ("--manifest", str(folder / "manifest.yaml")), SlackChat
    else:
        run = discord
        options, chat_type = ("--privileged", "message_content"), DiscordChat
    async with simulators.running(platform, port, *options) as sim:
        stop = asyncio.Event()
        running = asyncio.create_task(run(app, stop))
        try:
            await connected(platform, sim)
            yield chat_type(sim, app, core, shelf)
        finally:
            stop.set()
            async with asyncio.timeout(40):
                await running
            await database.close()


def environment(platform: str, port: int) -> dict[str, str]:
    """The variables that lead Docent to a simulator on this port."""
    return {
        "slack": {
            "SLACK_API_URL": f"http://127.0.0.1:{port}/api/",
            "SLACK_BOT_TOKEN": "xoxb-sim-token",
            "SLACK_APP_TOKEN": "xapp-sim-token",
            "SLACK_SIGNING_SECRET": "sim-signing-secret",
        },
        "discord": {
            "DISCORD_API_URL": f"http://127.0.0.1:{port}/api/v10",
            "DISCORD_GATEWAY_URL": f"ws://127.0.0.1:{port}/gateway",
            "DISCORD_TOKEN": "sim.discord.token",
        },
    }[platform]


def scripted(settings: Any, core: Core, shelf: Shelf, database: Database) -> App:
    """Docent's parts: the core is a script, the journal is real."""
    nothing: Any = None
    return App(
        settings=settings,
        answerer=core,
        retriever=nothing,
        store=shelf,
        embedder=None,
        reranker=None,
        writer=nothing,
        journal=SqlJournal(database),
        runs=SqlRuns(database),
        leases=SqlLeases(database),
        guides=open_guides(settings),
        lessons=SqlLessons(database),
        verified=open_verified(settings, SqlLessons(database), shelf),
    )


async def connected(platform: str, sim: Simulator) -> None:
    """Wait until the bot is on the simulator."""

    async def look() -> bool:
        if platform == "slack":
            return len((await sim.see("connections"))["connections"]) > 1
        seen = await sim.see("gateway")
        return seen["ready"] > 0 and bool((await sim.see("commands"))["commands"].get("global"))

    await until(look, seconds=20)
