"""People in Discord, on its simulator."""

from collections.abc import Mapping
from typing import Any

from adapters.chat.answer_view import LABELS, Press
from bot.bootstrap import App
from tests.support.conversation import Shown
from tests.support.scripted import Core, Shelf
from tests.support.simulators import Simulator
from tests.support.waiting import until

# The option that an admin command's first word is for.
_TARGETS = {"why": "answer", "reindex": "source", "gaps": "gap", "questions": "days"}
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
            if word.startswith("--"):
                options[word[2:].replace("-", "_")] = True
            else:
                options[_TARGETS[name]] = word
        if options.pop("dismiss", False):
            options["dismiss"] = options.pop("gap")
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
        async def pressed() -> Any:
            """The buttons come with the last edit of an answer: until then there is none to press."""
            done = await self.sim.do(
                "component",
                message_id=shown.raw["id"],
                label=LABELS[press],
                user=_DISCORD_USERS[user],
            )
            return done.get("interaction_id")

        return str(await until(pressed))

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
