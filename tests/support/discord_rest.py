"""Discord's REST calls that the adapter makes, and what Discord refuses about them."""

import asyncio
import json
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.support.discord_world import (
    BOT,
    DM,
    EPHEMERAL,
    LOADING,
    PUBLIC,
    STAGE,
    VOICE,
    Message,
    World,
)

TOKEN = "own.discord.token"  # noqa: S105 - of a server of our own
_A_SECOND = 50
_TYPING, _CHOICES = 4, 8  # an option that is being typed, and the only response to it
_HAS_THREAD = 160004  # which is how a bot learns that its call got through after all


class Refused(Exception):
    """What Discord says instead."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.body = status, {"code": code, "message": message}


@dataclass
class Fault:
    """The next `times` calls of a route fail, after `skip`. `applied`: only their answers get lost.

    `silent`: they aren't answered at all. `holds`: of the calls only those whose body has a field of this name.
    """

    route: str
    status: int = 503
    times: int = 1
    applied: bool = False
    skip: int = 0
    silent: bool = False
    holds: str = ""
    body: Mapping[str, Any] = field(default_factory=lambda: {"code": 0, "message": "an outage"})


@dataclass
class Interaction:
    """One press or command, and what became of it."""

    id: str
    user: str
    channel: str
    kind: int
    began: float
    ephemeral: bool = False
    responded: int = 0  # the kind of response
    original: str = ""
    expired: bool = False
    forms: list[dict[str, Any]] = field(default_factory=list)
    choices: list[str] | None = None


def _json(body: Any, status: int = 200, *, limit: float | None = None) -> web.Response:
    """As discord.py wants it: the bare content type, and a Via, without which a 429 is a ban."""
    if body is None:
        return web.Response(status=204, headers={"Via": "1.1 google"})
    headers = {"Via": "1.1 google", "Content-Type": "application/json"}
    if limit is not None:
        headers |= {"X-RateLimit-Limit": "1", "X-RateLimit-Remaining": "0", "X-RateLimit-Bucket": "b"}
        headers["X-RateLimit-Reset-After"] = str(limit)
    return web.Response(status=status, body=json.dumps(body).encode(), headers=headers)


class Rest:
    """The HTTP side. `wrong` collects what Discord would refuse, or what a good bot doesn't do."""

    def __init__(self, world: World, tell: Callable[..., Any]) -> None:
        self.world = world
        self.wrong: list[str] = []
        self.calls: list[tuple[float, str]] = []
        self.faults: list[Fault] = []
        self.commands: list[dict[str, Any]] = []
        self.interactions: dict[str, Interaction] = {}
        self.deny: set[str] = set()  # of threads, send
        self.used_up: dict[str, float] = {}  # routes of which each call is a limit's last for so many seconds
        self.url = ""
        self._tell = tell  # dispatches an event
        self._second: deque[float] = deque()
        self._routes: tuple[tuple[str, Callable[..., Any]], ...] = (
            (r"GET /users/@me", self._me),
            (r"GET /oauth2/applications/@me", self._me),
            (r"GET /gateway(?:/bot)?", self._gateway),
            (r"GET /applications/\d+/commands", lambda _: self.commands),
            (r"PUT /applications/\d+/commands", self._register),
            (
                r"GET /users/@me/guilds(?:\?.*)?",
                lambda _: [self.world.guild(one) for one in self.world.members],
            ),
            (r"GET /guilds/(\d+)(?:\?.*)?", lambda _, guild: self.world.guild(guild)),
            (r"GET /guilds/(\d+)/channels", lambda _, guild: self.world.guild(guild)["channels"]),
            (r"GET /guilds/(\d+)/members/(\d+)", self._member),
            (r"POST /users/@me/channels", lambda body: self.world.dm(str(body["recipient_id"]))),
            (r"GET /channels/(\d+)", lambda _, channel: self._channel(channel)),
            (r"PATCH /channels/(\d+)", self._change_channel),
            (r"GET /channels/(\d+)/thread-members", self._thread_members),
            (r"POST /channels/(\d+)/typing", lambda _, channel: self._channel(channel) and None),
            (r"GET /channels/(\d+)/messages(?:\?(.*))?", self._history),
            (
                r"GET /channels/(\d+)/messages/(\d+)",
                lambda _, channel, number: self._message(channel, number),
            ),
            (r"POST /channels/(\d+)/messages", self._send),
            (r"PATCH /channels/(\d+)/messages/(\d+)", self._edit),
            (r"DELETE /channels/(\d+)/messages/(\d+)", self._delete),
            (r"POST /channels/(\d+)/messages/(\d+)/threads", self._open_thread),
            (r"POST /interactions/(\d+)/(\w+)/callback", self._respond),
            (r"POST /webhooks/\d+/(\w+)", self._follow_up),
            (r"PATCH /webhooks/\d+/(\w+)/messages/(@original|\d+)", self._edit_response),
            (r"DELETE /webhooks/\d+/(\w+)/messages/(@original|\d+)", self._delete_response),
        )

    async def handle(self, request: web.Request) -> web.Response:
        """Any call."""
        path = request.rel_url.path.partition("/v10")[2]
        route = f"{request.method} {path}"
        self.calls.append((time.time(), route))
        body = await request.json() if request.can_read_body else {}
        meant = (one for one in self.faults if one.times and (not one.holds or body.get(one.holds)))
        fault = next((one for one in meant if re.fullmatch(one.route, route)), None)
        if fault and fault.skip:
            fault.skip, fault = fault.skip - 1, None
        if fault:
            fault.times -= 1
            if fault.silent and not fault.applied:
                await asyncio.Event().wait()
            if not fault.applied:
                return _json(fault.body, fault.status)
        try:
            self._count(path)
            if not path.startswith(("/interactions", "/webhooks", "/gateway")):
                self._authorize(request)
            full = f"{route}?{request.query_string}" if path.endswith("/messages") and not body else route
            done = self._route(full, body)
        except Refused as error:
            if error.status == 400 and error.body["code"] != _HAS_THREAD:
                self.wrong.append(f"{route}: {error} {json.dumps(body)[:300]}")
            return _json(error.body, error.status)
        if fault and fault.silent:
            await asyncio.Event().wait()
        if fault:
            return _json(fault.body, fault.status)
        used_up = next((left for limit, left in self.used_up.items() if re.fullmatch(limit, route)), None)
        return _json(done, limit=used_up)

    def _authorize(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bot {TOKEN}":
            raise Refused(401, 0, "401: Unauthorized")

    def _count(self, path: str) -> None:
        """Fifty calls a second; interactions don't count."""
        if path.startswith(("/interactions", "/webhooks")):
            return
        now = time.monotonic()
        self._second.append(now)
        while now - self._second[0] > 1:
            self._second.popleft()
        if len(self._second) > _A_SECOND:
            self.wrong.append(f"{len(self._second)} calls within a second")

    def _route(self, route: str, body: Any) -> Any:
        for pattern, do in self._routes:
            if found := re.fullmatch(pattern, route):
                return do(body, *found.groups())
        self.wrong.append(f"{route}: unknown")
        raise Refused(404, 0, "404: Not Found")

    # --- the bot, its commands, people ------------------------------------------------------------

    def _me(self, _: Any) -> dict[str, Any]:
        who = self.world.user(BOT)
        about = {"name": "docsbot", "description": "", "icon": None, "verify_key": "", "owner": who}
        return {**who, **about, "flags": 1 << 19, "bot_public": True, "bot_require_code_grant": False}

    def _gateway(self, _: Any) -> dict[str, Any]:
        limit = {"total": 1000, "remaining": 999, "reset_after": 1000, "max_concurrency": 16}
        return {"url": self.url.replace("http", "ws") + "/gateway", "shards": 1, "session_start_limit": limit}

    def _register(self, body: Any) -> Any:
        kept = {"application_id": BOT, "version": "1", "description": "", "default_member_permissions": None}
        self.commands = [{**kept, **one, "id": self.world.snowflake()} for one in body]
        return self.commands

    def _member(self, _: Any, guild: str, user: str) -> Any:
        if user not in self.world.members[guild]:
            raise Refused(404, 10007, "Unknown Member")
        return self.world.member(guild, user)

    # --- channels ---------------------------------------------------------------------------------

    def _channel(self, number: str) -> dict[str, Any]:
        if number not in self.world.channels:
            raise Refused(404, 10003, "Unknown Channel")
        return self.world.channels[number]

    def _change_channel(self, body: Any, channel: str) -> Any:
        place = self._channel(channel)
        thread = place.get("thread_metadata") or {}
        if thread.get("locked") and "archived" in body:
            raise Refused(403, 50013, "Missing Permissions")
        thread |= {key: body.pop(key) for key in ("archived", "locked") if key in body}
        return place.__ior__(body)

    def _thread_members(self, _: Any, channel: str) -> Any:
        return [{"id": channel, "user_id": one} for one in self._channel(channel)["people"]]

    def _open_thread(self, body: Any, channel: str, message: str) -> Any:
        self._message(channel, message)
        if "threads" in self.deny:
            raise Refused(403, 50013, "Missing Permissions")
        if self._channel(channel)["type"] in (VOICE, STAGE):
            raise Refused(400, 50024, "Cannot execute action on this channel type")
        if not 1 <= len(body["name"]) <= 100:
            raise Refused(400, 50035, "Invalid thread name")
        if message in self.world.channels:
            raise Refused(400, _HAS_THREAD, "A thread has already been created for this message")
        thread = self.world.thread(channel, BOT, body["name"], number=message, kind=PUBLIC)
        self._tell("THREAD_CREATE", {**thread, "newly_created": True}, thread["guild_id"])
        return thread

    # --- messages ---------------------------------------------------------------------------------

    def _message(self, channel: str, number: str) -> dict[str, Any]:
        found = self.world.messages.get(number)
        if found is None or found["channel_id"] != channel:
            raise Refused(404, 10008, "Unknown Message")
        return found

    def _history(self, _: Any, channel: str, query: str | None = "") -> Any:
        self._channel(channel)
        asked = dict(part.partition("=")[::2] for part in (query or "").split("&"))
        found = [
            one
            for one in self.world.in_channel(channel)
            if int(asked.get("after") or 0) < int(one["id"]) < int(asked.get("before") or 1 << 63)
        ]
        return sorted(found, key=lambda one: -int(one["id"]))[: int(asked.get("limit") or 50)]

    def _send(self, body: Any, channel: str) -> Any:
        place = self._channel(channel)
        if "send" in self.deny and place["type"] != DM:
            raise Refused(403, 50013, "Missing Permissions")
        thread = place.get("thread_metadata") or {}
        if thread.get("locked"):
            raise Refused(403, 160005, "Thread is locked")
        self._check(body)
        if thread.get("archived"):
            thread["archived"] = False  # a message opens it again
        if place["type"] == DM and place["recipients"][0]["id"] in self.world.closed:
            raise Refused(403, 50007, "Cannot send messages to this user")
        if body.get("enforce_nonce"):
            for one in self.world.in_channel(channel):
                if one["nonce"] == body["nonce"]:
                    return one
        made = self.world.write(channel, BOT, body)
        self.world.messages[made["id"]] = made
        self.world.said[made["id"]] = Message(made)
        self._tell("MESSAGE_CREATE", made, place.get("guild_id"))
        return made

    def _edit(self, body: Any, channel: str, number: str) -> Any:
        message = self._message(channel, number)
        if message["author"]["id"] != BOT:
            raise Refused(403, 50005, "Cannot edit a message authored by another user")
        if (self._channel(channel).get("thread_metadata") or {}).get("archived"):
            raise Refused(403, 50083, "Thread is archived")
        self._check({**message, **body})
        message.update(body)
        self.world.said[number].update(body)
        return message

    def _delete(self, _: Any, channel: str, number: str) -> None:
        self._message(channel, number)
        del self.world.messages[number]
        del self.world.said[number]

    def _check(self, body: Any) -> None:
        """Discord's limits, and ours: nothing pings."""
        content, embeds, rows = (
            body.get("content") or "",
            body.get("embeds") or [],
            body.get("components") or [],
        )
        buttons = [one for row in rows for one in row["components"]]
        problems = {
            "empty": not (content or embeds or rows),
            "content": len(content) > 2000,
            "embeds": len(embeds) > 10 or sum(len(one.get("description") or "") for one in embeds) > 6000,
            "embed": any(len(one.get("description") or "") > 4096 for one in embeds),
            "rows": len(rows) > 5 or any(len(row["components"]) > 5 for row in rows),
            "buttons": any(len(one["label"]) > 80 or len(one["custom_id"]) > 100 for one in buttons),
            "the same button twice": len({one["custom_id"] for one in buttons}) != len(buttons),
        }
        found = [name for name, bad in problems.items() if bad]
        if found:
            raise Refused(400, 50035, f"Invalid Form Body: {found}")
        if "allowed_mentions" in body or "author" not in body:
            allowed = body.get("allowed_mentions") or {"parse": None}
            if allowed["parse"] != [] or allowed.get("replied_user"):
                self.wrong.append(f"this could ping: {json.dumps(body)[:300]}")

    # --- interactions -----------------------------------------------------------------------------

    def _interaction(self, token: str) -> Interaction:
        found = self.interactions.get(token)
        if found is None:
            raise Refused(404, 10015, "Unknown Webhook")
        if found.expired:
            raise Refused(401, 50027, "Invalid Webhook Token")
        return found

    def _respond(self, body: Any, number: str, token: str) -> Any:
        one = self.interactions.get(token)
        if one is None or one.id != number or time.monotonic() - one.began > 3:  # Discord's own patience
            self.wrong.append(f"interaction {number}: too late, or unknown")
            raise Refused(404, 10062, "Unknown interaction")
        if one.responded:
            self.wrong.append(f"interaction {number}: a second response")
            raise Refused(400, 40060, "Interaction has already been acknowledged.")
        if (one.kind == _TYPING) != (body["type"] == _CHOICES):
            raise Refused(400, 50035, "Invalid interaction response type")
        one.responded = body["type"]
        data = body.get("data") or {}
        one.ephemeral = bool((data.get("flags") or 0) & EPHEMERAL)
        if body["type"] == 9:
            if not 1 <= len(data["components"]) <= 5 or len(data["title"]) > 45:
                raise Refused(400, 50035, "Invalid modal")
            one.forms.append(data)
        elif body["type"] == 8:
            one.choices = [choice["value"] for choice in data["choices"]]
        elif body["type"] in (4, 5):
            flags = (data.get("flags") or 0) | (LOADING if body["type"] == 5 else 0)
            one.original = self._keep(one, {**data, "flags": flags})["id"]
        return {"interaction": {"id": one.id, "type": one.kind}}

    def _keep(self, one: Interaction, body: Any) -> Message:
        """A message to one person or to everybody, of an interaction."""
        loading = (body.get("flags") or 0) & LOADING
        if not loading:
            self._check(body)
        private = (body.get("flags") or 0) & EPHEMERAL
        more = {"user": one.user} if private else {}
        made = self.world.write(one.channel, BOT, body, of=one.id, loading=bool(loading), **more)
        message = Message(made)
        if private:
            self.world.whispered[made["id"]] = message
        else:
            self.world.said[made["id"]] = message
            self.world.messages[made["id"]] = made
        return message

    def _response(self, one: Interaction, which: str) -> Message:
        number = one.original if which == "@original" else which
        found = self.world.said.get(number) or self.world.whispered.get(number)
        if found is None:
            raise Refused(404, 10008, "Unknown Message")
        return found

    def _follow_up(self, body: Any, token: str) -> Any:
        one = self._interaction(token)
        if not one.responded:
            raise Refused(404, 10015, "Unknown Webhook")
        if one.original and self._response(one, "@original").get("loading"):
            return self._edit_response(body, token, "@original")  # as Discord documents it
        return self._keep(one, body)

    def _edit_response(self, body: Any, token: str, which: str) -> Any:
        message = self._response(self._interaction(token), which)
        self._check({**message, **body})
        flags = message["flags"] & ~LOADING
        message.update(body, flags=flags, loading=False)
        if message["id"] in self.world.messages:
            self.world.messages[message["id"]].update(body)
        return message

    def _delete_response(self, _: Any, token: str, which: str) -> None:
        number = self._response(self._interaction(token), which)["id"]
        for kept in (self.world.said, self.world.whispered, self.world.messages):
            kept.pop(number, None)
