"""A small Slack to talk to, without ../shared: Socket Mode and the Web API methods that the adapter calls.

Strict where it is easy to be wrong: unknown methods and arguments, missing ones, text that is too long and
acknowledgements that don't come end up in `wrong`.
"""

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Self

from aiohttp import WSMsgType, web

TEAM, BOT, APP = "T0OWN", "U0BOT", "A0OWN"
CHANNEL, HELP = "C0GENERAL", "C0HELP"
SHARED = "C0SHARED"  # with another company
# An organization of two workspaces, where a test says so: the second one's channel, people and group of people.
ORGANIZATION, SECOND_TEAM, SECOND_CHANNEL, SECOND_USER, GROUP = "E0ORG", "T0TWO", "C0TWO", "U0DAVE", "S0DOCS"
# Somebody of a workspace of the organization that doesn't have the app, and of another organization.
THIRD_TEAM, THIRD_USER, STRANGER = "T0THREE", "W0EVE", "W0FRANK"
OTHER_BOT = "U0OTHERBOT"
# A channel of both workspaces, and a group of direct messages.
BOTH, GROUP_MESSAGES = "C0BOTH", "C0MPIM"
_USERS = {
    "U0ALICE": False,
    "U0BOB": False,
    "U0CAROL": True,
    SECOND_USER: True,
    "U0GUEST": False,
    THIRD_USER: False,
    STRANGER: False,
    OTHER_BOT: False,
}  # whether an admin
_TEAMS = {SECOND_USER: SECOND_TEAM, THIRD_USER: THIRD_TEAM, STRANGER: "T0STRANGE"}

# Method → arguments that it must have, and that it may have.
_METHODS: dict[str, tuple[set[str], set[str]]] = {
    "apps.connections.open": (set(), set()),
    "auth.teams.list": (set(), {"limit", "cursor"}),
    "auth.test": (set(), set()),
    "assistant.threads.setStatus": ({"channel_id", "thread_ts", "status"}, set()),
    "assistant.threads.setSuggestedPrompts": ({"channel_id", "prompts"}, {"title"}),
    "chat.postMessage": (
        {"channel", "text"},
        {"blocks", "thread_ts", "unfurl_links", "unfurl_media", "mrkdwn", "metadata"},
    ),
    "chat.postEphemeral": ({"channel", "user", "text"}, {"blocks", "thread_ts"}),
    "chat.update": ({"channel", "ts"}, {"text", "blocks"}),
    "chat.startStream": (
        {"channel", "thread_ts", "recipient_user_id", "recipient_team_id"},
        {"markdown_text"},
    ),
    "chat.appendStream": ({"channel", "ts", "markdown_text"}, set()),
    "chat.stopStream": ({"channel", "ts"}, {"markdown_text", "blocks"}),
    "chat.delete": ({"channel", "ts"}, set()),
    "files.info": ({"file"}, set()),
    "chat.getPermalink": ({"channel", "message_ts"}, set()),
    "conversations.info": ({"channel"}, set()),
    "conversations.members": ({"channel"}, {"limit", "cursor"}),
    "conversations.open": ({"users"}, set()),
    "conversations.history": ({"channel"}, {"limit", "latest", "oldest", "inclusive", "cursor"}),
    "conversations.replies": (
        {"channel", "ts"},
        {"limit", "latest", "oldest", "inclusive", "cursor", "include_all_metadata"},
    ),
    "users.conversations": (set(), {"types", "exclude_archived", "limit", "cursor", "team_id"}),
    "usergroups.users.list": ({"usergroup"}, {"team_id"}),
    "users.info": ({"user"}, set()),
    "views.open": ({"trigger_id", "view"}, set()),
}


# What takes a workspace's id with an organization's token.
_OF_A_TEAM = {"users.conversations", "usergroups.users.list"}


def _within(ts: str, args: dict[str, Any]) -> bool:
    """Whether a message is of the time that is asked for: `latest` as the bot means it, with its own message."""
    at, oldest, latest = float(ts), float(args.get("oldest") or 0), float(args.get("latest") or 1e12)
    if str(args.get("inclusive")) in ("True", "true", "1"):
        return oldest <= at <= latest
    return oldest < at <= latest


def _team(channel: str) -> str:
    """The workspace that a channel is in."""
    return SECOND_TEAM if channel == SECOND_CHANNEL else TEAM


def _kept(blocks: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """Blocks as Slack keeps them: those of Markdown get an id of Slack's own."""
    return [{**one, "block_id": "own"} if one["type"] == "markdown" else one for one in blocks or ()]


class Message(dict[str, Any]):
    """What everybody sees, or (`user`) one person alone."""

    @property
    def whole(self) -> str:
        """Its text and all that stands in its blocks."""
        return f"{self.get('markdown_text') or self.get('text')}\n{json.dumps(self.get('blocks') or [], ensure_ascii=False)}"


class SlackServer:
    """`said` and `whispered` are what the bot wrote; the methods are what people do."""

    def __init__(self) -> None:
        self.said: dict[str, Message] = {}
        self.whispered: list[Message] = []
        self.views: list[dict[str, Any]] = []
        self.statuses: dict[str, str] = {}
        self.wrong: list[str] = []
        self.tells_metadata = True  # False: the app has no scope metadata.message:read
        self.silent: dict[
            str, int
        ] = {}  # methods that are carried out but not answered, the next so many times
        self.refused: dict[str, str] = {}  # methods that fail, each with its error
        self.held: dict[str, asyncio.Event] = {}  # methods that are carried out later
        self.before: dict[str, Callable[[], None]] = {}  # what happens before a method is carried out, once
        self.holding = 0
        self.group = [BOT, "U0ALICE", "U0BOB"]  # who is in the group of direct messages
        self.org_wide = False  # the app is installed for an organization, of whose workspaces it is in both
        self.url = ""
        self.files: dict[str, dict[str, Any]] = {}  # as files.info tells them
        self.contents: dict[str, bytes] = {}
        self.leads_elsewhere = ""  # where a file's address redirects to, if it does
        self.downloads: list[str | None] = []  # with what each came
        self._numbers = itertools.count(1)
        self._links: list[web.WebSocketResponse] = []
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._threads: dict[str, list[dict[str, Any]]] = {}

    # --- what people do ---------------------------------------------------------------------------

    async def mention(
        self,
        text: str,
        *,
        user: str = "U0ALICE",
        thread: str = "",
        times: int = 1,
        channel: str = CHANNEL,
        **more: Any,
    ) -> str:
        """The thread's ts. Slack sends the mention, the same as a message, and each as often as it likes."""
        team = _team(channel)
        message = self._said(f"<@{BOT}> {text}", channel, thread, user=user, team=team, **more)
        ts = message["ts"]
        for kind in ("app_mention", "message"):
            event = {**message, "type": kind}
            if kind == "message":
                event["channel_type"] = "mpim" if channel == GROUP_MESSAGES else "channel"
            installed = (
                {"enterprise_id": ORGANIZATION, "team_id": None} if self.org_wide else {"team_id": team}
            )
            about = {
                "authorizations": [
                    {**installed, "user_id": BOT, "is_bot": True, "is_enterprise_install": self.org_wide}
                ]
            }
            body = {
                "type": "event_callback",
                "team_id": team,
                "event_id": f"Ev{ts}{kind}",
                "event": event,
                **about,
            }
            for _ in range(times):
                await self._deliver("events_api", body)
        return thread or ts

    def unheard(
        self, text: str, *, thread: str = "", channel: str = CHANNEL, user: str = "U0ALICE", ago: float = 0.0
    ) -> str:
        """The ts of a message that Slack sends nobody: no process was connected."""
        ts = f"{time.time() - ago:.6f}"
        self._said(text, channel, thread, user=user, team=_team(channel), ts=ts)
        return ts

    def _said(self, text: str, channel: str, thread: str = "", **about: Any) -> dict[str, Any]:
        """A message that stands in its channel or thread now."""
        message = {"ts": self._ts(), "text": text, "channel": channel, **about}
        if thread:
            message["thread_ts"] = thread
        self._threads.setdefault(thread or message["ts"], []).append(message)
        return message

    async def edit(
        self,
        ts: str,
        text: str,
        *,
        preview: bool = False,
        times: int = 1,
        user: str = "",
        channel: str = CHANNEL,
    ) -> None:
        """A message's new words, or (`preview`) only a link's preview under it: Slack tells both the same way."""
        found = next(one for said in self._threads.values() for one in said if one["ts"] == ts)
        before = dict(found)
        if not preview:
            found |= {"text": text, "edited": {"user": found["user"], "ts": self._ts()}}
        changed = {
            "type": "message", "subtype": "message_changed", "hidden": True, "channel": channel, "ts": self._ts(),
            "channel_type": "im" if channel.startswith("D") else "channel",
            "message": {"type": "message", **found, **({"user": user} if user else {})},
            "previous_message": {"type": "message", **before},
        }  # fmt: skip
        events = [changed]
        if f"<@{BOT}>" in text and f"<@{BOT}>" not in before["text"]:
            events.append({"type": "app_mention", **found})
        for event in events:
            for _ in range(times):
                await self._event(event)

    async def delete(self, ts: str, *, channel: str = CHANNEL) -> None:
        """A message: of one with a thread a tombstone stays, and Slack tells of that as of an edit."""
        thread = self._threads.get(ts) or next(
            said for said in self._threads.values() if any(one["ts"] == ts for one in said)
        )
        before = next(one for one in thread if one["ts"] == ts)
        event: dict[str, Any] = {"type": "message", "channel": channel, "ts": self._ts(), "hidden": True}
        if thread[0] is before and thread[1:]:
            thread[0] = {"type": "message", "subtype": "tombstone", "user": "USLACKBOT", "ts": ts, "thread_ts": ts, "text": "This message was deleted.", "channel": channel}  # fmt: skip
            event |= {"subtype": "message_changed", "message": thread[0], "previous_message": before}
        else:
            thread.remove(before)
            event |= {"subtype": "message_deleted", "deleted_ts": ts, "previous_message": before}
        await self._event(event)

    async def react(
        self, emoji: str, ts: str, *, user: str = "U0ALICE", channel: str = CHANNEL, times: int = 1
    ) -> None:
        """A reaction; Slack tells whose message it is on, and nothing of what that says."""
        item = {"type": "message", "channel": channel, "ts": ts}
        event = {"type": "reaction_added", "user": user, "reaction": emoji, "item": item, "item_user": "U0BOB", "event_ts": self._ts()}  # fmt: skip
        for _ in range(times):
            await self._event(event)

    async def _event(self, event: dict[str, Any]) -> None:
        body = {"type": "event_callback", "team_id": TEAM, "event_id": f"Ev{self._ts()}", "event": event}
        await self._deliver("events_api", body)

    async def workflow(
        self, text: str, *, bot: str = "B0FLOW", thread: str = "", channel: str = CHANNEL, **more: Any
    ) -> str:
        """What a workflow or another app says: a message of a bot's, without a user; its ts."""
        about = {"type": "message", "subtype": "bot_message", "bot_id": bot, "username": "Workflow"}
        event = self._said(text, channel, thread, channel_type="channel", **about, **more)
        await self._event(event)
        return str(event["ts"])

    async def message(
        self, text: str, *, user: str = "U0ALICE", thread: str = "", channel: str = CHANNEL, **more: Any
    ) -> str:
        """A message without a mention; its ts."""
        message = self._said(text, channel, thread, user=user, team=TEAM, **more)
        await self._event({**message, "type": "message", "channel_type": "channel"})
        return str(message["ts"])

    def file(
        self, name: str, content: bytes, *, media_type: str = "text/plain", mode: str = "hosted", **more: Any
    ) -> dict[str, Any]:
        """A file that somebody uploads, as it stands in a message."""
        number = f"F{next(self._numbers):04}"
        self.contents[number] = content
        url = f"{self.url}/files/{number}/download/{name}"
        self.files[number] = {
            "id": number, "name": name, "title": name, "mimetype": media_type, "size": len(content), "mode": mode,
            "filetype": name.rpartition(".")[2], "url_private": url, "url_private_download": url, "file_access": "visible",
            "is_external": False, **more,
        }  # fmt: skip
        return self.files[number]

    async def download(self, request: web.Request) -> web.Response:
        """A file's content, for who has the token."""
        token = request.headers.get("Authorization")
        self.downloads.append(token)
        if self.leads_elsewhere:
            return web.Response(status=302, headers={"Location": self.leads_elsewhere})
        if token != "Bearer xoxb-own":  # noqa: S105 - ours
            return web.Response(status=302, headers={"Location": f"{self.url}/login"})
        return web.Response(body=self.contents[request.match_info["number"]])

    async def direct(self, text: str, *, user: str = "U0ALICE", **more: Any) -> str:
        """The ts of a direct message."""
        about = {"user": user, "team": TEAM, "type": "message", "channel_type": "im"}
        event = self._said(text, f"D{user[1:]}", **about, **more)
        await self._event(event)
        return str(event["ts"])

    async def command(self, command: str, text: str, *, user: str = "U0ALICE", channel: str = CHANNEL) -> Any:
        """What the acknowledgement said."""
        number = next(self._numbers)
        return await self._deliver(
            "slash_commands",
            {
                "command": command, "text": text, "user_id": user, "team_id": _team(channel), "channel_id": channel,
                "is_enterprise_install": str(self.org_wide).lower(), "trigger_id": f"trigger{number}", "response_url": f"{self.url}/respond/{number}?user={user}",
            },
        )  # fmt: skip

    async def shortcut(
        self,
        name: str,
        message: str,
        *,
        text: str,
        user: str = "U0ALICE",
        channel: str = CHANNEL,
        **more: Any,
    ) -> None:
        """A shortcut of a message's menu."""
        number = next(self._numbers)
        await self._deliver(
            "interactive",
            {
                "type": "message_action", "callback_id": name, "trigger_id": f"trigger{number}",
                "message": {"ts": message, "text": text, "user": "U0BOB", **more}, "channel": {"id": channel},
                "response_url": f"{self.url}/respond/{number}?user={user}", **self._who(user, channel),
            },
        )  # fmt: skip

    def _who(self, user: str, channel: str) -> dict[str, Any]:
        """Who pressed where, as Slack says it: with an app of a whole organization it names no team."""
        team = _team(channel)
        about = {"id": user, "team_id": team}
        if self.org_wide:
            return {
                "team": None,
                "enterprise": {"id": ORGANIZATION},
                "is_enterprise_install": True,
                "user": about,
            }
        return {"team": {"id": team}, "enterprise": None, "is_enterprise_install": False, "user": about}

    async def press(
        self,
        shown: Message,
        action: str,
        *,
        value: str,
        user: str = "U0ALICE",
        channel: str = CHANNEL,
        names_thread: bool = True,
    ) -> None:
        """A button under a message."""
        await self._deliver(
            "interactive",
            {
                "type": "block_actions", "channel": {"id": channel}, **self._who(user, channel),
                "trigger_id": f"trigger{next(self._numbers)}",
                "container": {
                    "message_ts": shown.get("ts", ""), "is_ephemeral": "user" in shown,
                    **({"thread_ts": shown.get("thread_ts")} if names_thread else {}),
                },
                **({} if "user" in shown else {"message": {"ts": shown.get("ts"), "thread_ts": shown.get("thread_ts")}}),
                "actions": [{"type": "button", "action_id": action, "value": value}],
            },
        )  # fmt: skip

    async def submit(
        self, view: dict[str, Any], values: dict[str, Any], *, user: str = "U0ALICE", channel: str = CHANNEL
    ) -> None:
        """A form."""
        sent = {**view, "state": {"values": values}}
        await self._deliver(
            "interactive",
            {"type": "view_submission", "view": sent, **self._who(user, channel)},
        )

    def answers(self, thread: str) -> list[Message]:
        """The bot's whole messages in a thread."""
        return [m for m in self.said.values() if m.get("thread_ts") == thread and not m.get("streaming")]

    async def _deliver(self, kind: str, payload: dict[str, Any]) -> Any:
        envelope = f"e{next(self._numbers)}"
        self._waiting[envelope] = asyncio.get_running_loop().create_future()
        link = [one for one in self._links if not one.closed][-1]
        frame = {"type": kind, "envelope_id": envelope, "payload": payload, "accepts_response_payload": True}
        await link.send_json(frame)
        async with asyncio.timeout(3):  # Slack's own patience
            return await self._waiting[envelope]

    async def holds(self) -> bool:
        """Whether a call waits to be carried out."""
        return self.holding > 0

    # --- what the bot does ------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        return any(not link.closed for link in self._links)

    async def link(self, request: web.Request) -> web.WebSocketResponse:
        """Socket Mode."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": len(self._links) + 1})
        self._links.append(socket)
        async for frame in socket:
            if frame.type is WSMsgType.TEXT:
                answer = json.loads(frame.data)
                waiting = self._waiting.get(answer["envelope_id"])
                if waiting and not waiting.done():
                    waiting.set_result(answer.get("payload"))
        return socket

    async def respond(self, request: web.Request) -> web.Response:
        """A response_url."""
        self.whispered.append(Message(await request.json(), user=request.query["user"]))
        return web.Response(text="ok")

    async def api(self, request: web.Request) -> web.Response:
        """The Web API."""
        method = request.match_info["method"]
        in_json = request.content_type == "application/json"
        args = await request.json() if in_json else {**request.query, **await request.post()}
        if in_json and method.endswith((".info", ".replies", ".history", ".conversations", ".getPermalink")):
            self.wrong.append(f"{method}: Slack wouldn't see these arguments")
        if method not in _METHODS:
            self.wrong.append(f"{method}: unknown")
            return web.json_response({"ok": False, "error": "unknown_method"})
        must, may = _METHODS[method]
        if must - args.keys() or args.keys() - must - may:
            self.wrong.append(f"{method}: {sorted(must - args.keys())} {sorted(args.keys() - must - may)}")
        if len(str(args.get("text") or "")) > 4000 or len(args.get("blocks") or ()) > 50:
            self.wrong.append(f"{method}: too long")
        if self.org_wide and method in _OF_A_TEAM and not args.get("team_id"):
            return web.json_response({"ok": False, "error": "missing_argument"})
        if method == "usergroups.users.list" and self.org_wide and args["team_id"] != SECOND_TEAM:
            return web.json_response({"ok": False, "error": "no_such_subteam"})
        if method in self.refused:
            return web.json_response({"ok": False, "error": self.refused[method]})
        if method in self.held:
            self.holding += 1
            await self.held[method].wait()
        self.before.pop(method, lambda: None)()
        done = self._do(method, args)
        if self.silent.get(method):
            self.silent[method] -= 1
            await asyncio.Event().wait()
        return web.json_response(done if "ok" in done else {"ok": True, **done})

    def _do(self, method: str, args: dict[str, Any]) -> dict[str, Any]:  # noqa: C901, PLR0911, PLR0912 - a line for each method
        if method == "apps.connections.open":
            return {"url": self.url.replace("http", "ws") + "/link"}
        if method == "auth.test":
            whose = {"team_id": TEAM, "enterprise_id": None, "is_enterprise_install": False}
            if self.org_wide:
                whose = {
                    "team_id": ORGANIZATION,
                    "enterprise_id": ORGANIZATION,
                    "is_enterprise_install": True,
                }
            return {"user_id": BOT, "bot_id": "B0BOT", "user": "docent", "team": "Own", **whose}
        if method == "auth.teams.list":
            return {"teams": [{"id": TEAM, "name": "own"}, {"id": SECOND_TEAM, "name": "two"}]}
        if method == "usergroups.users.list":
            return {"users": [SECOND_USER]}
        if method == "users.info":
            user = args["user"]
            about = {"id": user, "name": user[2:].lower(), "is_admin": _USERS[user]}
            about["is_restricted"] = user == "U0GUEST"
            about["is_bot"] = user == OTHER_BOT
            about["team_id"] = _TEAMS.get(user, TEAM)
            if self.org_wide:
                of = "E0OTHER" if user == STRANGER else ORGANIZATION
                about["enterprise_user"] = {"enterprise_id": of, "id": user, "teams": [about["team_id"]]}
            return {"user": about}
        if method == "files.info":
            found = self.files.get(args["file"])
            return {"file": found, "content": ""} if found else {"ok": False, "error": "file_not_found"}
        if method == "users.conversations":
            return {"channels": [{**self._about(CHANNEL), "name": "general"}]}
        if method == "conversations.info":
            return {"channel": self._about(args["channel"])}
        if method == "conversations.open":
            return {"channel": {"id": f"D{args['users'][1:]}"}}
        if method == "conversations.members":
            return {"members": self.group}
        if method == "conversations.replies":
            return {"messages": self._told(args)}
        if method == "conversations.history":
            return {"messages": self._history(args)}
        if method == "assistant.threads.setStatus":
            self.statuses[args["thread_ts"]] = args["status"]
            return {}
        if method == "views.open":
            self.views.append({"id": f"V{len(self.views)}", **args["view"]})
            return {"view": self.views[-1]}
        if method == "chat.getPermalink":
            return {"permalink": f"https://own.slack.com/archives/{args['channel']}/p1"}
        if method == "chat.postEphemeral":
            self.whispered.append(Message(args))
            return {"message_ts": self._ts()}
        return self._write(method, args)

    def _history(self, args: dict[str, Any]) -> list[dict[str, Any]]:
        """A channel's messages since a time, the latest first, without what stands in threads."""
        found = []
        for ts, thread in self._threads.items():
            first = next(
                (one for one in thread if one["ts"] == ts and one.get("channel") == args["channel"]), None
            )
            if first is not None and _within(ts, args):
                users = sorted({one["user"] for one in thread if one is not first})
                found.append({**first, **({"reply_users": users} if users else {})})
        return sorted(found, key=lambda one: str(one["ts"]), reverse=True)

    def _about(self, channel: str) -> dict[str, Any]:
        """A conversation, as Slack describes it."""
        shared = [TEAM, SECOND_TEAM] if channel == BOTH else [_team(channel)]
        return {
            "id": channel, "is_member": True, "is_mpim": channel == GROUP_MESSAGES, "is_private": channel == GROUP_MESSAGES,
            "context_team_id": _team(channel), "shared_team_ids": shared, "is_org_shared": channel == BOTH,
            "is_ext_shared": channel == SHARED, "is_shared": channel in (BOTH, SHARED),
        }  # fmt: skip

    def _told(self, args: dict[str, Any]) -> list[dict[str, Any]]:
        """A thread as the app gets to read it."""
        threads = self._threads.values()  # `ts` may be of any message in the thread, whose first comes always
        thread = next((one for one in threads if any(each["ts"] == args["ts"] for each in one)), [])
        found = [one for one in thread if one is thread[0] or _within(one["ts"], args)]
        if self.tells_metadata and args.get("include_all_metadata"):
            return found
        return [{key: value for key, value in one.items() if key != "metadata"} for one in found]

    def _write(self, method: str, args: dict[str, Any]) -> dict[str, Any]:
        if method in ("chat.postMessage", "chat.startStream"):
            message = Message(args, ts=self._ts(), user_id=BOT, streaming=method == "chat.startStream")
            self.said[message["ts"]] = message
            self.statuses.pop(args.get("thread_ts") or "", None)
            kept = {"user": BOT, "bot_id": "B0BOT", "ts": message["ts"], "text": args.get("text") or ""}
            kept |= {"blocks": _kept(args.get("blocks")), "metadata": args.get("metadata")}
            if message["streaming"]:
                kept["streaming_state"] = "in_progress"
            self._threads.setdefault(args.get("thread_ts") or message["ts"], []).append(kept)
            return {"ts": message["ts"], "channel": args["channel"]}
        if args["ts"] not in self.said:
            return {"ok": False, "error": "message_not_found"}
        message = self.said[args["ts"]]
        thread = self._threads[message.get("thread_ts") or args["ts"]]
        kept = next(one for one in thread if one["ts"] == args["ts"])
        if method == "chat.delete":
            del self.said[args["ts"]]
            thread.remove(kept)
        elif method == "chat.update" and message["streaming"]:
            message["conflict"] = True  # whoever is told so may end a stream that ends meanwhile
            return {"ok": False, "error": "streaming_state_conflict"}
        elif method == "chat.update":
            message.pop("markdown_text", None)
            message.update(args)
            kept |= {"text": args.get("text") or "", "blocks": _kept(args.get("blocks"))}
        elif not message["streaming"] and message.get("conflict"):
            return {"ok": False, "error": "message_not_in_streaming_state"}
        else:
            self._stream(method, message, args)
            kept["text"] = message["markdown_text"]
            kept["streaming_state"] = "in_progress" if message["streaming"] else "completed"
        return {"ts": args["ts"]}

    def _stream(self, method: str, message: Message, args: dict[str, Any]) -> None:
        if not message["streaming"]:
            self.wrong.append(f"{method}: no stream")
        message["markdown_text"] = message.get("markdown_text", "") + args.get("markdown_text", "")
        message["blocks"] = args.get("blocks")
        message["streaming"] = method == "chat.appendStream"

    def _ts(self) -> str:
        return f"{int(time.time())}.{next(self._numbers):06}"

    @classmethod
    @asynccontextmanager
    async def running(cls, port: int) -> AsyncIterator[Self]:
        """A server on this port."""
        server = cls()
        server.url = f"http://127.0.0.1:{port}"
        made = web.Application()
        made.router.add_get("/link", server.link)
        made.router.add_post("/respond/{number}", server.respond)
        made.router.add_get("/files/{number}/download/{name}", server.download)
        made.router.add_route("*", "/api/{method}", server.api)
        runner = web.AppRunner(made, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            yield server
        finally:
            await runner.cleanup()
