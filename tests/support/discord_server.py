"""A small Discord to talk to, without ../shared: the gateway, the REST calls of the adapter, and what people do.

Strict where it is easy to be wrong: unknown calls, what Discord's limits forbid, what could ping, late and double
responses end up in `wrong`.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import WSMsgType, web

from tests.support.discord_rest import TOKEN, Interaction, Rest
from tests.support.discord_world import (
    ABROAD,
    ALICE,
    BOT,
    FORUM,
    GENERAL,
    GUILD,
    MANAGE_GUILD,
    PRIVATE,
    TEXT,
    Message,
    World,
)
from tests.support.waiting import until

_MESSAGE_CONTENT, _REACTIONS = 1 << 15, 1 << 10
_COMMAND, _COMPONENT, _TYPING, _SUBMIT = 2, 3, 4, 5


@dataclass
class Session:
    """What a shard may resume."""

    id: str
    shard: tuple[int, int]
    intents: int
    socket: web.WebSocketResponse
    sent: list[dict[str, Any]] = field(default_factory=list)


class DiscordServer(World):
    """`rest` has what went wrong and what shall go wrong; the methods are what people do."""

    def __init__(self) -> None:
        super().__init__()
        self.rest = Rest(self, self._tell)
        self.heartbeat = 41_250  # milliseconds
        self.portal_grants = _MESSAGE_CONTENT
        self.mute: set[str] = set()  # of hello, ready, acks: what the gateway keeps to itself
        self.first: str | None = None  # what it does instead of saying hello: refuse, close, garbage, nothing
        self.contents: dict[str, bytes] = {}  # of files
        self.downloads = 0
        self.leads_elsewhere = ""  # where a file's address redirects to, if it does
        self.tried = 0
        self.deliveries = 1  # of each interaction, as when what came is replayed
        self.identified = 0
        self.resumed = 0
        self.beats = 0
        self.deaf = 0  # connections that said something after they were cut: nothing more is heard of them
        self.sessions: dict[str, Session] = {}
        self._sockets: set[web.WebSocketResponse] = set()
        self._requests: dict[web.WebSocketResponse, web.Request] = {}
        self._cut: set[web.WebSocketResponse] = set()
        self._sending: set[asyncio.Task[None]] = set()

    # --- what people do ---------------------------------------------------------------------------

    async def message(self, text: str, *, user: str = ALICE, channel: str = GENERAL, reply_to: str = "", notify: bool = True, times: int = 1, **more: Any) -> str:  # fmt: skip
        """Its id. Discord sends it as often as it likes."""
        about = {"message_reference": {"message_id": reply_to}} if reply_to else {}
        made = self.write(channel, user, {"content": text, **about}, **more)
        if reply_to and notify:
            made["mentions"].append(self.user(self.messages[reply_to]["author"]["id"]))
        self.messages[made["id"]] = made
        guild = self.channels[channel].get("guild_id")
        event = {**made, "member": self.member(guild, user)} if guild else made
        self.channels[channel]["last_message_id"] = made["id"]
        for _ in range(times):
            self._tell("MESSAGE_CREATE", event, guild)
        await self.flush()
        return str(made["id"])

    def file(
        self, name: str, content: bytes, *, media_type: str = "text/plain", **more: Any
    ) -> dict[str, Any]:
        """A file that somebody uploads, as it stands in a message: its address holds what it takes."""
        number = self.snowflake()
        self.contents[number] = content
        url = f"{self.rest.url}/attachments/1/{number}/{name}?ex=1&is=2&hm=3"
        return {"id": number, "filename": name, "size": len(content), "url": url, "proxy_url": url, "content_type": media_type, **more}  # fmt: skip

    async def download(self, request: web.Request) -> web.Response:
        """A file's content. Whoever sends a token to it is told on."""
        if "Authorization" in request.headers:
            self.rest.wrong.append("a token went to where the files are")
        self.downloads += 1
        if self.leads_elsewhere:
            return web.Response(status=302, headers={"Location": self.leads_elsewhere})
        return web.Response(body=self.contents[request.match_info["number"]])

    async def forward(self, text: str, *, files: Sequence[dict[str, Any]] = (), **how: Any) -> str:
        """A message of somebody else's that is forwarded: a message of its own, without words."""
        said = {
            "type": 0, "content": text, "mentions": [], "mention_roles": [], "attachments": list(files), "embeds": [],
            "timestamp": "2026-11-01T10:00:00+00:00", "edited_timestamp": None, "flags": 0, "components": [],
        }  # fmt: skip
        origin = {"type": 1, "message_id": "7000000000000000001", "channel_id": "7000000000000000002"}
        about = {"flags": 1 << 14, "message_snapshots": [{"message": said}], "message_reference": origin}
        return await self.message("", **about, **how)

    async def mention(self, text: str, **how: Any) -> str:
        return await self.message(f"<@{BOT}> {text}", **how)

    async def direct(self, text: str, *, user: str = ALICE, **more: Any) -> str:
        """The channel of a direct message."""
        channel = str(self.dm(user)["id"])
        await self.message(text, user=user, channel=channel, **more)
        return channel

    async def post(self, title: str, text: str, *, user: str = ALICE, forum: str = FORUM) -> str:
        """A post in the forum: a thread with its first message, which has the thread's id."""
        thread = self.thread(forum, user, title)
        guild = thread["guild_id"]
        first = self.write(thread["id"], user, {"content": text}, id=thread["id"])
        self.messages[first["id"]] = first
        self._tell("THREAD_CREATE", {**thread, "newly_created": True}, guild)
        self._tell("MESSAGE_CREATE", {**first, "member": self.member(guild, user)}, guild)
        await self.flush()
        return str(thread["id"])

    async def private_thread(self, *people: str) -> str:
        """A thread that only these people and the bot see."""
        thread = self.thread(GENERAL, people[0], "between us", kind=PRIVATE, people=(*people, BOT))
        self._tell("THREAD_CREATE", thread, GUILD)
        await self.flush()
        return str(thread["id"])

    async def command(self, name: str, options: Mapping[str, Any] | None = None, *, user: str = ALICE, channel: str = GENERAL) -> Interaction:  # fmt: skip
        """`ask`, or `docent status`."""
        root, *rest = name.split()
        given: list[dict[str, Any]] = [
            {"name": key, "type": 5 if isinstance(value, bool) else 3, "value": value}
            for key, value in (options or {}).items()
        ]
        for word in rest:
            given = [{"name": word, "type": 1, "options": given}]
        data = {"id": self._registered(root), "name": root, "type": 1, "options": given}
        return await self._interact(_COMMAND, data, user, channel)

    async def typing(
        self, name: str, option: str, text: str, *, user: str = ALICE, channel: str = GENERAL
    ) -> Interaction:
        """An option of `docent reindex` while it is typed."""
        root, *rest = name.split()
        given: list[dict[str, Any]] = [{"name": option, "type": 3, "value": text, "focused": True}]
        for word in rest:
            given = [{"name": word, "type": 1, "options": given}]
        data = {"id": self._registered(root), "name": root, "type": 1, "options": given}
        return await self._interact(_TYPING, data, user, channel)

    async def menu(self, name: str, message: str, *, user: str = ALICE) -> Interaction:
        """A command on a message."""
        found = self.messages[message]
        data = {"id": self._registered(name), "name": name, "type": 3, "target_id": message, "resolved": {"messages": {message: found}}}  # fmt: skip
        return await self._interact(_COMMAND, data, user, found["channel_id"])

    async def press(self, shown: Message, label: str, *, user: str = ALICE) -> Interaction:
        """A button under a message, once it is there: an answer's text comes before its buttons."""

        async def there() -> Message | None:
            now = self.whispered.get(shown["id"]) or self.said.get(shown["id"]) or shown
            return now if label in now.buttons else None

        now = await until(there)
        return await self.press_id(now, now.buttons[label], user=user)

    async def press_id(self, shown: Mapping[str, Any], custom_id: str, *, user: str = ALICE) -> Interaction:
        """Any button: what a message of another server, or of a forger, may carry."""
        data = {"component_type": 2, "custom_id": custom_id, "id": 1}
        button = {"type": 2, "style": 2, "label": "look", "custom_id": custom_id}
        rows = list(shown.get("components") or ())
        if custom_id not in json.dumps(rows):
            rows.append({"type": 1, "components": [button]})
        under = {**shown, "components": rows}
        return await self._interact(_COMPONENT, data, user, shown["channel_id"], message=under)

    async def submit(self, form: dict[str, Any], values: Mapping[str, Any], *, user: str = ALICE, channel: str = GENERAL) -> Interaction:  # fmt: skip
        """A form."""
        parts = []
        for number, one in enumerate(form["components"]):
            inner = one["component"]
            value = values.get(inner["custom_id"], "")
            key = {"values": value} if isinstance(value, list) else {"value": value}
            filled = {"type": inner["type"], "id": number, "custom_id": inner["custom_id"], **key}
            parts.append({"type": one["type"], "id": 50 + number, "component": filled})
        data = {"custom_id": form["custom_id"], "components": parts}
        return await self._interact(_SUBMIT, data, user, channel)

    async def react(self, emoji: str, message: str, *, user: str = ALICE) -> None:
        """A reaction: told to who asked for these, with nothing of what the message says."""
        found = self.messages[message]
        guild = self.channels[found["channel_id"]].get("guild_id")
        event = {
            "user_id": user, "channel_id": found["channel_id"], "message_id": message, "type": 0, "burst": False,
            "emoji": {"id": None, "name": emoji}, "message_author_id": found["author"]["id"], "burst_colors": [],
            **({"member": self.member(guild, user)} if guild else {}),
        }  # fmt: skip
        self._tell("MESSAGE_REACTION_ADD", event, guild)
        await self.flush()

    async def edit(self, message: str, text: str, *, preview: bool = False) -> None:
        """A message's new words, or (`preview`) only a link's preview under it: Discord tells both the same way."""
        found = self.messages[message]
        if not preview:
            fresh = self.write(found["channel_id"], found["author"]["id"], {"content": text})
            found |= {
                "content": text, "mentions": fresh["mentions"], "mention_roles": fresh["mention_roles"],
                "edited_timestamp": fresh["timestamp"],
            }  # fmt: skip
        guild = self.channels[found["channel_id"]].get("guild_id")
        event = {**found, "member": self.member(guild, found["author"]["id"])} if guild else found
        self._tell("MESSAGE_UPDATE", event, guild)
        await self.flush()

    async def delete(self, message: str, *, swept: bool = False) -> None:
        """`swept`: with others, at once."""
        gone = self.messages.pop(message)
        channel, kind = gone["channel_id"], "MESSAGE_DELETE"
        which: dict[str, Any] = {"id": message}
        if swept:
            kind, which = f"{kind}_BULK", {"ids": [message]}
        self._tell(kind, {**which, "channel_id": channel}, self.channels[channel].get("guild_id"))
        await self.flush()

    def answers(self, channel: str) -> list[Message]:
        """The bot's messages in a channel or thread."""
        return [one for one in self.said.values() if one["channel_id"] == channel]

    def responses(self, one: Interaction) -> list[Message]:
        """What an interaction showed."""
        shown = [*self.said.values(), *self.whispered.values()]
        return [message for message in shown if message.get("of") == one.id and not message["loading"]]

    def _registered(self, name: str) -> str:
        return next(str(one["id"]) for one in self.rest.commands if one["name"] == name)

    async def _interact(self, kind: int, data: Any, user: str, channel: str, **more: Any) -> Interaction:
        place = self.channels[channel]
        guild = place.get("guild_id")
        if place.get("name") == "theirs":
            guild, more = None, {**self._carried(user, place), **more}
        token = f"t{self.snowflake()}"
        one = Interaction(self.snowflake(), user, channel, kind, time.monotonic())
        self.rest.interactions[token] = one
        who: dict[str, Any] = {"user": self.user(user)}
        if guild:
            who = {"guild_id": guild, "member": self.member(guild, user)}
        if "member" in more:
            who = {}
        event = {
            "id": one.id, "application_id": BOT, "type": kind, "token": token, "version": 1, "data": data,
            "channel": place, "channel_id": channel, "entitlements": [], "attachment_size_limit": 1 << 20,
            "app_permissions": str(MANAGE_GUILD), "context": 0 if guild else 1, "locale": "en-GB", **who, **more,
        }  # fmt: skip
        for _ in range(self.deliveries):
            self._tell("INTERACTION_CREATE", event, guild)
        await self.flush()
        return one

    async def carry(self, question: str, *, group: bool = False, user: str = ALICE, private: bool = True) -> Interaction:  # fmt: skip
        """`ask` of somebody who has the app for themselves: in a group of direct messages, or on a server without the bot."""
        number = self.snowflake()
        place: dict[str, Any] = {"id": number, "type": 3, "name": "theirs", "recipients": []}
        if not group:
            place = {"id": number, "type": 0, "name": "theirs", "guild_id": ABROAD, "position": 0, "flags": 0}
        self.channels[number] = place
        given = [
            {"name": "question", "type": 3, "value": question},
            {"name": "private", "type": 5, "value": private},
        ]
        data = {"id": self._registered("ask"), "name": "ask", "type": 1, "options": given}
        return await self._interact(_COMMAND, data, user, number)

    def _carried(self, user: str, place: dict[str, Any]) -> dict[str, Any]:
        """Whose app it is, in a place that the bot isn't in."""
        about: dict[str, Any] = {"context": 2, "authorizing_integration_owners": {"1": user}}
        if place["type"] == TEXT:
            member = {"user": self.user(user), "roles": [], "joined_at": "2026-01-01T00:00:00+00:00", "flags": 0, "deaf": False, "mute": False, "permissions": "0"}  # fmt: skip
            about |= {"guild_id": ABROAD, "guild": {"id": ABROAD, "locale": "en-GB", "features": []}, "member": member, "context": 0}  # fmt: skip
        return about

    async def rename_role(self, role: str, name: str) -> None:
        """Somebody gives a role another name."""
        self.role_names[role] = name
        changed = next(one for one in self.guild(GUILD)["roles"] if one["id"] == role)
        self._tell("GUILD_ROLE_UPDATE", {"guild_id": GUILD, "role": changed}, GUILD)
        await self.flush()

    # --- the gateway ------------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        return any(not session.socket.closed for session in self.sessions.values())

    async def drop(self, how: str, *, code: int = 4000) -> None:
        """End every connection: reset, close, reconnect, resume (after op 9) or invalid."""
        for socket in [one for one in self._sockets if not one.closed]:
            if how == "reset":
                transport = self._requests[socket].transport
                assert transport is not None
                transport.abort()
            elif how == "close":
                await socket.close(code=code)
            elif how == "reconnect":
                await socket.send_json({"op": 7, "d": None, "s": None, "t": None})
            else:
                if how == "invalid":
                    self.sessions.clear()
                await socket.send_json({"op": 9, "d": how == "resume", "s": None, "t": None})

    def forget(self) -> None:
        """End all sessions: nothing is told any more, and nothing can be resumed."""
        self.sessions.clear()

    def cut(self) -> None:
        """Nothing gets through on the connections of now, in either direction, and nobody is told."""
        self._cut |= self._sockets

    async def gateway(self, request: web.Request) -> web.StreamResponse:
        """One shard's connection."""
        self.tried += 1
        if self.first == "refuse":
            return web.Response(status=503)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.add(socket)
        self._requests[socket] = request
        await self._greet(socket)
        async for frame in socket:
            if socket in self._cut:
                self.deaf += 1
                await asyncio.Event().wait()
            if frame.type is not WSMsgType.TEXT:
                continue
            said = json.loads(frame.data)
            if said["op"] == 1:
                self.beats += 1
                if "acks" not in self.mute:
                    await socket.send_json({"op": 11, "d": None, "s": None, "t": None})
            elif said["op"] == 2:
                await self._identify(socket, said["d"])
            elif said["op"] == 6:
                await self._resume(socket, said["d"])
        self._sockets.discard(socket)
        return socket

    async def _greet(self, socket: web.WebSocketResponse) -> None:
        if self.first == "close":
            await socket.close(code=4000)
        elif self.first == "garbage":
            await socket.send_str("<html>")
        elif self.first is None and "hello" not in self.mute:
            hello = {"heartbeat_interval": self.heartbeat}
            await socket.send_json({"op": 10, "d": hello, "s": None, "t": None})

    async def _identify(self, socket: web.WebSocketResponse, said: dict[str, Any]) -> None:
        self.identified += 1
        privileged = (1 << 1) | (1 << 8) | _MESSAGE_CONTENT
        if said["token"] != TOKEN:
            await socket.close(code=4004)
            return
        if said["intents"] & privileged & ~self.portal_grants:
            await socket.close(code=4014)
            return
        if "ready" in self.mute:
            return
        shard = tuple(said.get("shard") or (0, 1))
        session = Session(f"s{self.snowflake()}", shard, said["intents"], socket)
        self.sessions[session.id] = session
        guilds = [one for one in self.members if self._shard(one, shard[1]) == shard[0]]
        ready = {
            "v": 10, "user": self.user(BOT), "session_id": session.id, "application": {"id": BOT, "flags": 0},
            "guilds": [{"id": one, "unavailable": True} for one in guilds], "shard": shard,
            "resume_gateway_url": self.rest.url.replace("http", "ws") + "/gateway",
        }  # fmt: skip
        for event, data in (("READY", ready), *(("GUILD_CREATE", self.guild(one)) for one in guilds)):
            await self._send(session, event, data)

    async def _resume(self, socket: web.WebSocketResponse, said: dict[str, Any]) -> None:
        session = self.sessions.get(said["session_id"])
        if session is None:
            await socket.send_json({"op": 9, "d": False, "s": None, "t": None})
            return
        self.resumed += 1
        session.socket = socket
        for missed in session.sent[said["seq"] :]:
            await socket.send_json(missed)
        await self._send(session, "RESUMED", {})

    def _shard(self, guild: str | None, of: int) -> int:
        return (int(guild or 0) >> 22) % of

    def _tell(self, event: str, data: dict[str, Any], guild: str | None) -> None:
        """To the shard that the server belongs to; kept for a RESUME if it is away."""
        data = {**data, "guild_id": guild} if guild else data
        for session in list(self.sessions.values()):
            if self._shard(guild, session.shard[1]) != session.shard[0]:
                continue
            if event == "MESSAGE_REACTION_ADD" and not session.intents & _REACTIONS:
                continue
            task = asyncio.create_task(self._send(session, event, self._seen(session, event, data, guild)))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    def _seen(self, session: Session, event: str, data: dict[str, Any], guild: str | None) -> dict[str, Any]:
        """What a bot gets to read without the Message Content intent."""
        about = (
            event in ("MESSAGE_CREATE", "MESSAGE_UPDATE") and guild and not session.intents & _MESSAGE_CONTENT
        )
        mine = about and (data["author"]["id"] == BOT or any(one["id"] == BOT for one in data["mentions"]))
        hidden: dict[str, Any] = {
            "content": "",
            "embeds": [],
            "components": [],
            "attachments": [],
            "message_snapshots": [],
        }
        return {**data, **hidden} if about and not mine else data

    async def _send(self, session: Session, event: str, data: dict[str, Any]) -> None:
        session.sent.append({"op": 0, "t": event, "s": len(session.sent) + 1, "d": data})
        if not session.socket.closed and session.socket not in self._cut:
            await session.socket.send_json(session.sent[-1])

    async def flush(self) -> None:
        """Wait until what was told is on its way."""
        await asyncio.gather(*self._sending, return_exceptions=True)

    @classmethod
    @asynccontextmanager
    async def running(cls, port: int) -> AsyncIterator[Self]:
        """A server on this port."""
        server = cls()
        server.rest.url = f"http://127.0.0.1:{port}"
        made = web.Application()
        made.router.add_get("/gateway", server.gateway)
        made.router.add_get("/attachments/1/{number}/{name}", server.download)
        made.router.add_route("*", "/api/v10/{path:.*}", server.rest.handle)
        runner = web.AppRunner(made, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            yield server
        finally:
            await runner.cleanup()
