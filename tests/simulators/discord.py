"""A Discord on 127.0.0.1: gateway (v10, zlib-stream), REST, interactions, control API.

    python -m tests.simulators.discord --port 8301

The app under test needs DISCORD_API_URL=http://127.0.0.1:8301/api/v10 (for discord.py: discord.http.Route.BASE)
and DISCORD_GATEWAY_URL=ws://127.0.0.1:8301/gateway (discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY; also what
GET /gateway/bot returns). See README.md for the control API.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import collections
import datetime
import json
import re
import secrets
import sys
import time
import zlib

from aiohttp import WSMsgType, web

from . import discord_rules as R
from .discord_rules import Bad, Tree, form

EPOCH = 1420070400000


def now():
    return time.time()


def iso(t=None):
    return datetime.datetime.fromtimestamp(t or now(), datetime.UTC).isoformat()


class Session:
    def __init__(self, sid, intents, shard):
        self.id, self.intents, self.shard = sid, intents, shard
        self.seq, self.buf, self.conn, self.dead_at, self.valid = (
            0,
            collections.deque(maxlen=500),
            None,
            None,
            True,
        )


class Conn:
    def __init__(self, n, ws, req):
        self.n, self.ws, self.req, self.t0 = n, ws, req, now()
        self.z = zlib.compressobj() if "zlib-stream" in req.query.get("compress", "") else None
        self.session, self.last_beat, self.beats, self.sent, self.ack = (
            None,
            now(),
            0,
            collections.deque(),
            True,
        )
        self.lock, self.server_closed = asyncio.Lock(), False

    async def send(self, d):
        raw = json.dumps(d)
        async with self.lock:
            if self.ws.closed:
                return
            try:
                if self.z:
                    await self.ws.send_bytes(self.z.compress(raw.encode()) + self.z.flush(zlib.Z_SYNC_FLUSH))
                else:
                    await self.ws.send_str(raw)
            except Exception:
                pass


class DiscordSim:
    BUCKETS = [
        (r"POST /channels/\d+/messages$", "msg", 5, 5.0, "channel"),
        (r"PATCH /channels/\d+/messages/\d+$", "edit", 5, 5.0, "channel"),
        (r"DELETE /channels/\d+/messages/\d+$", "del", 5, 1.0, "channel"),
        (r"POST /channels/\d+/typing$", "typing", 5, 5.0, "channel"),
        (r"POST /channels/\d+(/messages/\d+)?/threads$", "thread", 10, 10.0, "channel"),
        (r"(PUT|DELETE) /channels/\d+/messages/\d+/reactions/.*", "react", 2, 0.5, "channel"),
        (r"(POST|PATCH|GET|DELETE) /webhooks/\d+/[^/]+.*", "hook", 5, 2.0, "token"),
        (r"PATCH /channels/\d+$", "chan", 2, 600.0, "channel"),
        (r"PUT /applications/.*/commands$", "cmds", 2, 20.0, "app"),
    ]

    def __init__(self, o):
        self.o = o
        self._seq, self._inc, self.lastms = 0, 0, 0
        self.conns, self.sessions = [], {}
        self.commands = {}
        self.tasks = set()
        self.identifies = []
        self.refuse_until = 0
        self.reset()

    def snow(self):
        ms = int(now() * 1000)
        self._inc = (self._inc + 1) & 4095
        return str(((ms - EPOCH) << 22) | (1 << 17) | self._inc)

    def seq(self):
        self._seq += 1
        return self._seq

    def violate(self, kind, detail, **kw):
        self.violations.append({"seq": self.seq(), "t": now(), "kind": kind, "detail": detail, **kw})

    # ------------------------------------------------------------------ state
    def reset(self):
        self.app_id = self.bot_id = "1000000000000000001"
        self.guild_id, self.guild2 = "2000000000000000000", "2000000000004194304"  # differ in (id >> 22) % 2
        self.users = {}

        def user(uid, name, bot=False):
            self.users[uid] = {
                "id": uid,
                "username": name,
                "discriminator": "0" if not bot else "1234",
                "global_name": None if bot else name.title(),
                "avatar": None,
                "bot": bot,
                "public_flags": 0,
            }

        user(self.bot_id, "docsbot", True)
        for i, n in enumerate(("alice", "bob", "carol", "mod")):
            user(f"300000000000000000{i + 1}", n)
        user("3000000000000000009", "otherbot", True)
        self.name = {u["username"]: u["id"] for u in self.users.values()}
        self.roles, self.guilds, self.channels = {}, {}, {}
        every = (
            R.VIEW
            | R.SEND
            | R.EMBED
            | R.FILES
            | R.HISTORY
            | R.REACT
            | R.SLASH
            | R.PUB_THREADS
            | R.SEND_THREADS
        )
        for gid, gname in ((self.guild_id, "Docs Guild"), (self.guild2, "Second Guild"))[: self.o.guilds]:
            k = gid[-4:]
            roles = {
                gid: ("@everyone", every),
                f"41000000000000{k}1": ("docsbot", R.EVERYONE | R.MANAGE_THREADS),
                f"41000000000000{k}2": ("admins", R.ADMIN),
                f"41000000000000{k}3": ("doc-admins", 0),
                f"41000000000000{k}4": ("managers", R.MANAGE_GUILD),
            }
            self.roles[gid] = {
                rid: {
                    "id": rid,
                    "name": n,
                    "permissions": str(p),
                    "color": 0,
                    "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
                    "hoist": False,
                    "position": i,
                    "managed": n == "docsbot",
                    "mentionable": False,
                    "flags": 0,
                    "icon": None,
                    "unicode_emoji": None,
                    **({"tags": {"bot_id": self.bot_id}} if n == "docsbot" else {}),
                }
                for i, (rid, (n, p)) in enumerate(roles.items())
            }
            rid = {n: r for r, (n, p) in roles.items()}
            self.guilds[gid] = {
                "id": gid,
                "name": gname,
                "owner_id": self.name["carol"],
                "members": {},
                "joined": True,
            }
            for n, rs in (
                ("docsbot", ["docsbot"]),
                ("alice", []),
                ("bob", []),
                ("carol", ["admins", "doc-admins"]),
                ("mod", ["managers"]),
                ("otherbot", []),
            ):
                self.guilds[gid]["members"][self.name[n]] = {
                    "roles": [rid[x] for x in rs],
                    "nick": None,
                    "joined_at": iso(1700000000),
                }
            for i, (n, deny) in enumerate(
                (("general", 0), ("docs", 0), ("hidden", R.VIEW), ("readonly", R.SEND | R.SEND_THREADS))
            ):
                cid = f"5{gid[1:-3]}{i + 1:03d}"
                self.channels[cid] = {
                    "id": cid,
                    "type": 0,
                    "guild_id": gid,
                    "name": n,
                    "position": i,
                    "permission_overwrites": [
                        {"id": rid["docsbot"], "type": 0, "allow": "0", "deny": str(deny)}
                    ]
                    if deny
                    else [],
                    "topic": None,
                    "nsfw": False,
                    "last_message_id": None,
                    "rate_limit_per_user": 0,
                    "parent_id": None,
                    "flags": 0,
                }
        self.msgs = collections.defaultdict(dict)
        self.posted, self.calls, self.violations, self.faults, self.typing = [], [], [], [], []
        self.interactions, self.modals = {}, []
        self.buckets = collections.defaultdict(list)
        self.global_hits = collections.deque()
        self.invalid = collections.deque()
        self.deny = 0
        self.dispatch_log = []

    def chname(self, c, guild=None):
        if c in self.channels:
            return self.channels[c]
        for x in self.channels.values():
            if x.get("name") == c and (guild is None or x.get("guild_id") == guild) and x["type"] in (0, 11):
                return x
        raise Bad(404, 10003, f"Unknown Channel {c}")

    def uid(self, u):
        u = self.name.get(u, u)
        if u not in self.users:
            raise Bad(404, 10013, f"Unknown User {u}")
        return u

    def perms(self, uid, ch):
        gid = ch.get("guild_id")
        if not gid:
            return R.VIEW | R.SEND | R.EMBED | R.FILES | R.HISTORY | R.REACT | R.SLASH
        g = self.guilds[gid]
        mem = g["members"].get(uid)
        if mem is None:
            return 0
        if g["owner_id"] == uid:
            return R.ALL
        p = int(self.roles[gid][gid]["permissions"])
        for r in mem["roles"]:
            p |= int(self.roles[gid][r]["permissions"])
        if uid == self.bot_id:
            p &= ~self.deny
        if p & R.ADMIN:
            return R.ALL
        src = self.channels.get(ch["parent_id"]) if ch["type"] in (10, 11, 12) else ch
        for ow in (src or {}).get("permission_overwrites", []):
            if ow["id"] == gid or ow["id"] in mem["roles"] or ow["id"] == uid:
                p = (p & ~int(ow["deny"])) | int(ow["allow"])
        return p

    def need(self, ch, *bits):
        p = self.perms(self.bot_id, ch)
        if ch.get("guild_id") and not p & R.VIEW:
            raise Bad(403, 50001, "Missing Access")
        for b in bits:
            if not p & b:
                raise Bad(403, 50013, "Missing Permissions")

    def member(self, gid, uid, perms=None):
        m = self.guilds[gid]["members"].get(uid)
        if m is None:
            return None
        d = {
            "roles": m["roles"],
            "nick": m["nick"],
            "joined_at": m["joined_at"],
            "avatar": None,
            "banner": None,
            "premium_since": None,
            "deaf": False,
            "mute": False,
            "flags": 0,
            "pending": False,
            "communication_disabled_until": None,
        }
        if perms is not None:
            d["permissions"] = str(perms)
        return d

    def guild_payload(self, gid):
        g = self.guilds[gid]
        return {
            "id": gid,
            "name": g["name"],
            "icon": None,
            "splash": None,
            "discovery_splash": None,
            "owner_id": g["owner_id"],
            "afk_channel_id": None,
            "afk_timeout": 300,
            "widget_enabled": False,
            "verification_level": 0,
            "default_message_notifications": 1,
            "explicit_content_filter": 0,
            "roles": list(self.roles[gid].values()),
            "emojis": [],
            "features": [],
            "mfa_level": 0,
            "application_id": None,
            "system_channel_id": None,
            "system_channel_flags": 0,
            "rules_channel_id": None,
            "max_presences": None,
            "max_members": 500000,
            "max_video_channel_users": 25,
            "max_stage_video_channel_users": 50,
            "vanity_url_code": None,
            "description": None,
            "banner": None,
            "premium_tier": 0,
            "premium_subscription_count": 0,
            "preferred_locale": "en-US",
            "public_updates_channel_id": None,
            "safety_alerts_channel_id": None,
            "nsfw_level": 0,
            "nsfw": False,
            "premium_progress_bar_enabled": False,
            "stickers": [],
            "hub_type": None,
            "region": "deprecated",
            "incidents_data": None,
        }

    def guild_create(self, gid):
        g = self.guilds[gid]
        chans = [c for c in self.channels.values() if c.get("guild_id") == gid]
        me = self.bot_id
        return {
            **self.guild_payload(gid),
            "joined_at": iso(1700000000),
            "large": False,
            "unavailable": False,
            "member_count": len(g["members"]),
            "voice_states": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
            "members": [{**self.member(gid, me), "user": self.users[me]}],
            "channels": [c for c in chans if c["type"] == 0],
            "threads": [
                self.thread_payload(c)
                for c in chans
                if c["type"] in (10, 11, 12) and not c["thread_metadata"]["archived"]
            ],
        }

    def thread_payload(self, c, **kw):
        d = {k: v for k, v in c.items() if not k.startswith("_")}
        if self.bot_id in c.get("_members", {}):
            d["member"] = {
                "id": c["id"],
                "user_id": self.bot_id,
                "join_timestamp": c["_members"][self.bot_id],
                "flags": 0,
            }
        return {**d, **kw}

    def chan_payload(self, c):
        return (
            self.thread_payload(c)
            if c["type"] in (10, 11, 12)
            else {k: v for k, v in c.items() if not k.startswith("_")}
        )

    def dm(self, uid):
        for c in self.channels.values():
            if c["type"] == 1 and c["recipients"][0]["id"] == uid:
                return c
        cid = self.snow()
        self.channels[cid] = {
            "id": cid,
            "type": 1,
            "recipients": [self.users[uid]],
            "last_message_id": None,
            "flags": 0,
        }
        return self.channels[cid]

    def spawn(self, coro):
        t = asyncio.ensure_future(coro)
        self.tasks.add(t)
        t.add_done_callback(self.tasks.discard)
        return t

    # ------------------------------------------------------------------ gateway
    def shard_for(self, gid, n):
        return (int(gid) >> 22) % n if gid else 0

    async def dispatch(self, event, data, gid=None, intents=0):
        """To every session whose shard and intents match; buffered for RESUME when the session is disconnected."""
        sent = 0
        for s in list(self.sessions.values()):
            if not s.valid or (s.dead_at and now() - s.dead_at > self.o.resume_ttl):
                continue
            if s.shard and self.shard_for(gid, s.shard[1]) != s.shard[0]:
                continue
            if intents and not s.intents & intents:
                continue
            d = data
            if event in ("MESSAGE_CREATE", "MESSAGE_UPDATE"):
                d = dict(data)
                exempt = (
                    s.intents & R.I_CONTENT
                    or d["author"]["id"] == self.bot_id
                    or not gid
                    or any(u["id"] == self.bot_id for u in d.get("mentions", []))
                )
                if not exempt:
                    d.update(content="", embeds=[], attachments=[], components=[])
            s.seq += 1
            p = {"op": 0, "t": event, "s": s.seq, "d": d}
            s.buf.append(p)
            if s.conn is not None and not s.conn.ws.closed:
                await s.conn.send(p)
                sent += 1
        self.dispatch_log.append(
            {
                "seq": self.seq(),
                "t": now(),
                "event": event,
                "id": data.get("id") if isinstance(data, dict) else None,
                "sessions": sent,
            }
        )
        return sent

    async def gateway(self, req):
        if now() < self.refuse_until:
            return web.Response(status=503)
        ws = web.WebSocketResponse(max_msg_size=0)
        await ws.prepare(req)
        c = Conn(self.seq(), ws, req)
        self.conns.append(c)
        if req.query.get("v") not in ("10", "9"):
            await ws.close(code=4012)
            return ws
        await c.send(
            {"op": 10, "d": {"heartbeat_interval": self.o.heartbeat, "_trace": ["sim"]}, "s": None, "t": None}
        )
        watch = self.spawn(self.watch(c))
        try:
            async for msg in ws:
                if msg.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                    continue
                if len(msg.data) > 4096:
                    self.violate("payload_too_long", f"{len(msg.data)} bytes")
                    await ws.close(code=4002)
                    break
                t = now()
                c.sent.append(t)
                while c.sent and t - c.sent[0] > 60:
                    c.sent.popleft()
                if len(c.sent) > 120:
                    self.violate("gateway_rate", "more than 120 payloads in 60 s")
                    await ws.close(code=4008)
                    break
                try:
                    d = json.loads(msg.data)
                except ValueError:
                    await ws.close(code=4002)
                    break
                code = await self.op(c, d)
                if code:
                    await ws.close(code=code)
                    break
        finally:
            watch.cancel()
            if c.session and c.session.conn is c:
                c.session.conn, c.session.dead_at = None, now()
                if ws.close_code in (1000, 1001) and not c.server_closed:
                    c.session.valid = False
        return ws

    async def watch(self, c):
        while not c.ws.closed:
            await asyncio.sleep(self.o.heartbeat / 1000 / 4)
            if now() - c.last_beat > self.o.heartbeat / 1000 * 2.5:
                self.violate("no_heartbeat", f"connection {c.n} silent")
                await c.ws.close(code=4009)
                return

    async def op(self, c, p):
        op, d = p.get("op"), p.get("d")
        if op == 1:
            c.last_beat, c.beats = now(), c.beats + 1
            if c.ack and not self.o.stop_acks:
                await c.send({"op": 11, "d": None, "s": None, "t": None})
        elif op == 2:
            if c.session:
                return 4005
            tok = (d.get("token") or "").removeprefix("Bot ")
            if tok != self.o.token:
                self.violate("identify_bad_token", "authentication failed")
                return 4004
            intents = int(d.get("intents", 0))
            allowed = {"message_content": R.I_CONTENT, "members": R.I_MEMBERS, "presences": R.I_PRESENCES}
            for n, bit in allowed.items():
                if intents & bit and n not in self.o.privileged.split(","):
                    self.violate("disallowed_intent", n)
                    return 4014
            sh = d.get("shard")
            if sh and not 0 <= sh[0] < sh[1]:
                return 4010
            self.identifies.append(
                {
                    "t": now(),
                    "intents": intents,
                    "shard": sh,
                    "properties": d.get("properties"),
                    "compress": bool(c.z),
                }
            )
            recent = [x for x in self.identifies[:-1] if now() - x["t"] < 5]
            if len(recent) >= self.o.max_concurrency and sh:
                self.violate("identify_concurrency", f"{len(recent) + 1} IDENTIFY in 5 s")
                await c.send({"op": 9, "d": False, "s": None, "t": None})
                return None
            s = Session(secrets.token_hex(16), intents, sh)
            self.sessions[s.id] = s
            c.session, s.conn = s, c
            gids = [
                g
                for g in self.guilds
                if self.guilds[g]["joined"] and (not sh or self.shard_for(g, sh[1]) == sh[0])
            ]
            s.seq += 1
            await c.send(
                {
                    "op": 0,
                    "t": "READY",
                    "s": s.seq,
                    "d": {
                        "v": 10,
                        "user": {
                            **self.users[self.bot_id],
                            "verified": True,
                            "mfa_enabled": True,
                            "email": None,
                            "flags": 0,
                        },
                        "guilds": [{"id": g, "unavailable": True} for g in gids],
                        "session_id": s.id,
                        "session_type": "normal",
                        "resume_gateway_url": f"ws://127.0.0.1:{self.o.port}/gateway",
                        "application": {"id": self.app_id, "flags": self.app_flags()},
                        "private_channels": [],
                        "user_settings": {},
                        "relationships": [],
                        "presences": [],
                        "guild_join_requests": [],
                        "geo_ordered_rtc_regions": [],
                        "_trace": ["sim"],
                        **({"shard": sh} if sh else {}),
                    },
                }
            )
            if intents & R.I_GUILDS:
                for g in gids:
                    s.seq += 1
                    pl = {"op": 0, "t": "GUILD_CREATE", "s": s.seq, "d": self.guild_create(g)}
                    s.buf.append(pl)
                    await c.send(pl)
        elif op == 6:
            s = self.sessions.get(d.get("session_id"))
            if (d.get("token") or "") != self.o.token:
                return 4004
            if (
                not s
                or not s.valid
                or (s.dead_at and now() - s.dead_at > self.o.resume_ttl)
                or self.o.refuse_resume
            ):
                await c.send({"op": 9, "d": False, "s": None, "t": None})
                return None
            if d.get("seq") is None or d["seq"] > s.seq:
                return 4007
            c.session, s.conn, s.dead_at = s, c, None
            replay = [x for x in s.buf if x["s"] > d["seq"]]
            for x in replay:
                await c.send(x)
            s.seq += 1
            await c.send({"op": 0, "t": "RESUMED", "s": s.seq, "d": {"_trace": ["sim"]}})
            self.dispatch_log.append(
                {"seq": self.seq(), "t": now(), "event": "RESUMED", "id": None, "replayed": len(replay)}
            )
        elif not c.session:
            return 4003
        elif op == 8:
            gid = str(d["guild_id"]) if not isinstance(d["guild_id"], list) else str(d["guild_id"][0])
            if not c.session.intents & R.I_MEMBERS and not d.get("user_ids") and not d.get("query"):
                self.violate("request_members_without_intent", str(d))
            want = [str(x) for x in (d.get("user_ids") or [])] or list(self.guilds[gid]["members"])
            q = (d.get("query") or "").lower()
            ms = [
                {**self.member(gid, u), "user": self.users[u]}
                for u in want
                if u in self.guilds[gid]["members"] and self.users[u]["username"].startswith(q)
            ]
            c.session.seq += 1
            await c.send(
                {
                    "op": 0,
                    "t": "GUILD_MEMBERS_CHUNK",
                    "s": c.session.seq,
                    "d": {
                        "guild_id": gid,
                        "members": ms,
                        "chunk_index": 0,
                        "chunk_count": 1,
                        "not_found": [],
                        "nonce": d.get("nonce"),
                    },
                }
            )
        elif op not in (3, 4, 31):
            return 4001
        return None

    def app_flags(self):
        p = self.o.privileged.split(",")
        return (1 << 19 if "message_content" in p else 0) | (1 << 15 if "members" in p else 0) | (1 << 23)

    # ------------------------------------------------------------------ REST plumbing
    def reply(self, data, status=200, headers=None):
        h = {"Via": "1.1 google", **(headers or {})}
        if data is None:
            return web.Response(status=204, headers=h)
        return web.Response(
            status=status, body=json.dumps(data).encode(), headers={**h, "Content-Type": "application/json"}
        )

    def fault(self, route, path):
        for f in self.faults:
            if f["left"] == 0 or not re.search(f["route"], f"{route}"):
                continue
            if f["skip"] > 0:
                f["skip"] -= 1
                continue
            if f["left"] > 0:
                f["left"] -= 1
            f["hits"] += 1
            return f
        return None

    def fault_response(self, f):
        if f.get("drop"):
            return None
        st = f.get("status", 500)
        if st == 429:
            ra = float(f.get("retry_after", 1))
            h = {
                "Retry-After": str(int(ra) or 1),
                "X-RateLimit-Scope": f.get("scope", "global" if f.get("global") else "user"),
                "X-RateLimit-Reset-After": str(ra),
            }
            if f.get("global"):
                h["X-RateLimit-Global"] = "true"
            r = self.reply(
                {
                    "message": "You are being rate limited.",
                    "retry_after": ra,
                    "global": bool(f.get("global")),
                },
                429,
                h,
            )
            if f.get("cloudflare"):
                r = web.Response(status=429, text="error code: 1015", content_type="text/plain")
            return r
        if f.get("html", st >= 502):
            return web.Response(status=st, text="<html>upstream error</html>", content_type="text/html")
        return self.reply(
            f.get("body")
            or {"message": f.get("message", "500: Internal Server Error"), "code": f.get("code", 0)},
            st,
        )

    def limit(self, route, path):
        """(429 response or None, headers)"""
        if self.o.rate_limits == "off":
            return None, {}
        t = now()
        if not path.startswith(("/interactions/", "/webhooks/")):
            self.global_hits.append(t)
            while self.global_hits and t - self.global_hits[0] > 1:
                self.global_hits.popleft()
            if len(self.global_hits) > 50:
                self.violate("rate_global", f"{len(self.global_hits)} requests in 1 s")
                return self.reply(
                    {"message": "You are being rate limited.", "retry_after": 0.5, "global": True},
                    429,
                    {"Retry-After": "1", "X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"},
                ), {}
        for pat, name, n, per, major in self.BUCKETS:
            if re.fullmatch(pat, route):
                if name == "hook":
                    key = (name, path.split("/")[3])
                else:
                    key = (name, path.split("/")[2])
                h = self.buckets[key]
                if h and t - h[0] >= per:
                    h.clear()
                if not h:
                    h.append(t)
                reset = max(0.0, per - (t - h[0]))
                used = len(h)  # h[0] is the window start; one entry per request after it
                hd = {
                    "X-RateLimit-Limit": str(n),
                    "X-RateLimit-Reset": f"{t + reset:.3f}",
                    "X-RateLimit-Reset-After": f"{reset:.3f}",
                    "X-RateLimit-Bucket": f"sim{name}",
                }
                if used > n:
                    self.violate("rate", f"{route}: more than {n} in {per} s")
                    return self.reply(
                        {
                            "message": "You are being rate limited.",
                            "retry_after": round(reset, 3),
                            "global": False,
                        },
                        429,
                        {
                            **hd,
                            "X-RateLimit-Remaining": "0",
                            "Retry-After": str(max(1, int(reset))),
                            "X-RateLimit-Scope": "user",
                        },
                    ), {}
                h.append(t)
                hd["X-RateLimit-Remaining"] = str(n - used)
                return None, hd
        return None, {}

    async def rest(self, req):
        path = "/" + req.match_info["path"].lstrip("/")
        m = re.match(r"^/v(\d+)(/.*)$", path)
        if m:
            path = m.group(2)
        route = f"{req.method} {path}"
        body, files = {}, []
        ct = req.headers.get("Content-Type", "")
        try:
            if ct.startswith("multipart/"):
                form_ = await req.post()
                body = json.loads(form_.get("payload_json") or "{}")
                for k, v in form_.items():
                    if k.startswith("file") and hasattr(v, "file"):
                        data = v.file.read()
                        files.append(
                            {
                                "filename": v.filename,
                                "size": len(data),
                                "content_type": v.content_type,
                                "preview": data[:200].decode("utf-8", "replace"),
                            }
                        )
            else:
                raw = await req.text()
                body = json.loads(raw) if raw else {}
        except ValueError:
            return self.reply({"message": "400: Bad Request", "code": 50109}, 400)
        call = {
            "seq": self.seq(),
            "t": now(),
            "route": route,
            "query": dict(req.query),
            "body": body,
            "files": files,
        }
        self.calls.append(call)
        f = self.fault(route, path)
        if f and f.get("delay"):
            await asyncio.sleep(f["delay"])
        if f and not f.get("apply"):
            r = self.fault_response(f)
            call["status"] = r.status if r is not None else 0
            if r is None:
                req.transport.abort()
                return web.Response()
            return r
        lim, hd = self.limit(route, path)
        if lim is not None:
            call["status"] = 429
            return lim
        try:
            open_ = (
                re.match(r"^/(interactions/\d+/[^/]+/callback|webhooks/\d+/[^/]+)", path)
                or path == "/gateway"
            )
            if not open_ and req.headers.get("Authorization") != f"Bot {self.o.token}":
                raise Bad(401, 0, "401: Unauthorized")
            data = await self.route(req, req.method, path, body, files)
            st = 204 if data is None else 200
            if isinstance(data, tuple):
                st, data = data
        except Bad as e:
            st, data = e.status, e.json()
            if st in (401, 403, 429):
                self.invalid.append(now())
            if st == 400:
                self.violate(
                    "rejected",
                    f"{route}: {e.code} {e.message} {json.dumps(e.errors)[:300] if e.errors else ''}",
                )
        call["status"], call["response"] = st, data
        if f and f.get("apply"):
            r = self.fault_response(f)
            if r is None:
                req.transport.abort()
                return web.Response()
            return r
        return self.reply(data, st, hd)

    async def route(self, req, method, path, b, files):
        for m, pat, fn in self.TABLE:
            if m == method:
                x = re.fullmatch(pat, path)
                if x:
                    return await fn(self, req, b, files, *x.groups())
        self.violate("unknown_route", f"{method} {path}")
        raise Bad(404, 0, "404: Not Found")

    # ------------------------------------------------------------------ REST: general
    async def r_gateway(self, req, b, f):
        return {"url": f"ws://127.0.0.1:{self.o.port}/gateway"}

    async def r_gateway_bot(self, req, b, f):
        used = len([x for x in self.identifies if now() - x["t"] < 86400])
        return {
            "url": f"ws://127.0.0.1:{self.o.port}/gateway",
            "shards": self.o.shards,
            "session_start_limit": {
                "total": 1000,
                "remaining": 1000 - used,
                "reset_after": 86400000,
                "max_concurrency": self.o.max_concurrency,
            },
        }

    async def r_me(self, req, b, f):
        return {
            **self.users[self.bot_id],
            "verified": True,
            "mfa_enabled": True,
            "email": None,
            "flags": 0,
            "locale": "en-US",
        }

    async def r_user(self, req, b, f, uid):
        if uid not in self.users:
            raise Bad(404, 10013, "Unknown User")
        return self.users[uid]

    async def r_app(self, req, b, f):
        return {
            "id": self.app_id,
            "name": "docsbot",
            "icon": None,
            "description": "",
            "summary": "",
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "flags": self.app_flags(),
            "hook": True,
            "owner": self.users[self.name["carol"]],
            "team": None,
            "rpc_origins": [],
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "role_connections_verification_url": None,
            "approximate_guild_count": len(self.guilds),
            "approximate_user_install_count": 0,
            "tags": [],
            "bot": self.users[self.bot_id],
            "integration_types_config": {
                "0": {
                    "oauth2_install_params": {"scopes": ["applications.commands", "bot"], "permissions": "0"}
                }
            },
        }

    async def r_empty(self, req, b, f, *a):
        return []

    async def r_emojis(self, req, b, f, *a):
        return {"items": []}

    async def r_guilds(self, req, b, f):
        return [
            {
                "id": g,
                "name": self.guilds[g]["name"],
                "icon": None,
                "owner": False,
                "permissions": "0",
                "features": [],
            }
            for g in self.guilds
        ]

    async def r_create_dm(self, req, b, f):
        return self.chan_payload(self.dm(self.uid(str(b.get("recipient_id")))))

    def guild(self, gid):
        if gid not in self.guilds:
            raise Bad(404, 10004, "Unknown Guild")
        return self.guilds[gid]

    async def r_guild(self, req, b, f, gid):
        self.guild(gid)
        return self.guild_payload(gid)

    async def r_guild_channels(self, req, b, f, gid):
        self.guild(gid)
        return [
            self.chan_payload(c)
            for c in self.channels.values()
            if c.get("guild_id") == gid and c["type"] == 0
        ]

    async def r_guild_roles(self, req, b, f, gid):
        self.guild(gid)
        return list(self.roles[gid].values())

    async def r_member(self, req, b, f, gid, uid):
        self.guild(gid)
        uid = self.bot_id if uid == "@me" else uid
        m = self.member(gid, uid)
        if m is None:
            raise Bad(404, 10007, "Unknown Member")
        return {**m, "user": self.users[uid]}

    async def r_members(self, req, b, f, gid):
        if "members" not in self.o.privileged.split(","):
            raise Bad(403, 50001, "Missing Access")
        return [{**self.member(gid, u), "user": self.users[u]} for u in self.guild(gid)["members"]]

    async def r_active_threads(self, req, b, f, gid):
        return {
            "threads": [
                self.thread_payload(c)
                for c in self.channels.values()
                if c.get("guild_id") == gid
                and c["type"] in (10, 11, 12)
                and not c["thread_metadata"]["archived"]
            ],
            "members": [],
        }

    # ------------------------------------------------------------------ REST: commands
    def cmd_key(self, gid):
        return gid or "global"

    def new_cmd(self, c, gid):
        return {
            "id": self.snow(),
            "application_id": self.app_id,
            "version": self.snow(),
            "type": 1,
            "name": "",
            "description": "",
            "default_member_permissions": None,
            "dm_permission": True,
            "nsfw": False,
            "name_localizations": None,
            "description_localizations": None,
            "contexts": None,
            "integration_types": [0],
            "options": [],
            **{k: v for k, v in c.items() if v is not None},
            **({"guild_id": gid} if gid else {}),
        }

    def app_check(self, aid):
        if aid != self.app_id:
            raise Bad(403, 20012, "You are not authorized to perform this action on this application")

    async def r_put_cmds(self, req, b, f, aid, gid=None):
        self.app_check(aid)
        t = Tree()
        if not isinstance(b, list):
            raise Bad(400, 50035, "Invalid Form Body")
        if len([c for c in b if c.get("type", 1) == 1]) > 100:
            t.add([], "BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length.")
        names = set()
        for i, c in enumerate(b):
            R.check_command(t, [i], c)
            k = (c.get("type", 1), c.get("name"))
            if k in names:
                t.add(
                    [i, "name"],
                    "APPLICATION_COMMANDS_DUPLICATE_NAME",
                    "Application command names must be unique",
                )
            names.add(k)
            if R.command_chars(c) > 8000:
                t.add([i], "APPLICATION_COMMAND_TOO_LARGE", "Command exceeds maximum size (8000)")
        if t:
            raise form(t)
        old = {(c["type"], c["name"]): c for c in self.commands.get(self.cmd_key(gid), [])}
        new = []
        for c in b:
            n = self.new_cmd(c, gid)
            if (n["type"], n["name"]) in old:
                n["id"] = old[(n["type"], n["name"])]["id"]
            new.append(n)
        self.commands[self.cmd_key(gid)] = new
        return new

    async def r_get_cmds(self, req, b, f, aid, gid=None):
        self.app_check(aid)
        return self.commands.get(self.cmd_key(gid), [])

    async def r_post_cmd(self, req, b, f, aid, gid=None):
        self.app_check(aid)
        t = Tree()
        R.check_command(t, [], b)
        if t:
            raise form(t)
        l = self.commands.setdefault(self.cmd_key(gid), [])
        n = self.new_cmd(b, gid)
        l[:] = [c for c in l if (c["type"], c["name"]) != (n["type"], n["name"])] + [n]
        return (201, n)

    def one_cmd(self, gid, cid):
        for c in self.commands.get(self.cmd_key(gid), []):
            if c["id"] == cid:
                return c
        raise Bad(404, 10063, "Unknown application command")

    async def r_get_cmd(self, req, b, f, aid, cid, gid=None):
        return self.one_cmd(gid, cid)

    async def r_patch_cmd(self, req, b, f, aid, cid, gid=None):
        c = self.one_cmd(gid, cid)
        c.update(b)
        return c

    async def r_del_cmd(self, req, b, f, aid, cid, gid=None):
        c = self.one_cmd(gid, cid)
        self.commands[self.cmd_key(gid)].remove(c)

    async def r_gget_cmds(self, req, b, f, aid, gid):
        return await self.r_get_cmds(req, b, f, aid, gid)

    async def r_gput_cmds(self, req, b, f, aid, gid):
        return await self.r_put_cmds(req, b, f, aid, gid)

    async def r_gpost_cmd(self, req, b, f, aid, gid):
        return await self.r_post_cmd(req, b, f, aid, gid)

    async def r_gdel_cmd(self, req, b, f, aid, gid, cid):
        return await self.r_del_cmd(req, b, f, aid, cid, gid)

    # ------------------------------------------------------------------ messages
    def chan(self, cid):
        c = self.channels.get(cid)
        if not c:
            raise Bad(404, 10003, "Unknown Channel")
        return c

    def pings(self, b, ch, ref_author=None):
        text = R.text_of({k: b.get(k) for k in ("content", "components")})
        am = b.get("allowed_mentions")
        parse = None if am is None else set(am.get("parse") or [])
        us, rs = set(re.findall(r"<@!?(\d+)>", text)), set(re.findall(r"<@&(\d+)>", text))
        ev = bool(re.search(r"@(everyone|here)\b", text))
        if am is not None:
            us = us if "users" in parse else us & {str(x) for x in am.get("users") or []}
            rs = rs if "roles" in parse else rs & {str(x) for x in am.get("roles") or []}
            ev = ev and "everyone" in parse
        if not self.perms(self.bot_id, ch) & R.EVERYONE:
            ev = False
            rs = set()
        rep = bool(ref_author and (am is None or am.get("replied_user")))
        return {"everyone": ev, "roles": sorted(rs), "users": sorted(us), "replied_user": rep}

    def build(self, ch, author, b, files=(), **kw):
        mid = self.snow()
        ref = b.get("message_reference")
        m = {
            "id": mid,
            "channel_id": ch["id"],
            "author": self.users[author],
            "content": b.get("content") or "",
            "timestamp": iso(),
            "edited_timestamp": None,
            "tts": False,
            "mention_everyone": False,
            "mentions": [],
            "mention_roles": [],
            "attachments": [],
            "embeds": [{"type": "rich", **e} for e in b.get("embeds") or []],
            "pinned": False,
            "type": 0,
            "flags": (b.get("flags") or 0),
            "components": self.number(b.get("components") or []),
        }
        if b.get("nonce") is not None:
            m["nonce"] = b["nonce"]
        for i, f in enumerate(files):
            m["attachments"].append(
                {
                    "id": self.snow(),
                    "filename": f["filename"],
                    "size": f["size"],
                    "url": f"http://127.0.0.1:{self.o.port}/files/{f['filename']}",
                    "proxy_url": "http://127.0.0.1/x",
                    "content_type": f["content_type"],
                }
            )
        m.update(kw)
        ch["last_message_id"] = mid
        if ref and ref.get("message_id"):
            r = self.msgs[ch["id"]].get(str(ref["message_id"]))
            m["type"] = 19
            m["message_reference"] = {
                "type": 0,
                "channel_id": ch["id"],
                "message_id": str(ref["message_id"]),
                **({"guild_id": ch["guild_id"]} if ch.get("guild_id") else {}),
            }
            m["referenced_message"] = {k: v for k, v in r.items() if k != "referenced_message"} if r else None
        return m

    def number(self, comps):
        n = [0]

        def go(c):
            n[0] += 1
            c = {**c, "id": c.get("id") or n[0]}
            if c.get("components"):
                c["components"] = [go(x) for x in c["components"]]
            for k in ("accessory", "component"):
                if isinstance(c.get(k), dict):
                    c[k] = go(c[k])
            return c

        return [go(c) for c in comps]

    def note(self, kind, ch, m, b, pings, files=(), **kw):
        e = {
            "seq": self.seq(),
            "t": now(),
            "kind": kind,
            "channel": ch["id"],
            "channel_name": ch.get("name"),
            "thread": ch["type"] in (10, 11, 12),
            "dm": ch["type"] == 1,
            "id": m["id"],
            "content": m["content"],
            "embeds": m["embeds"],
            "components": m["components"],
            "flags": m["flags"],
            "ephemeral": bool(m["flags"] & R.EPHEMERAL),
            "v2": bool(m["flags"] & R.V2),
            "loading": bool(m["flags"] & R.LOADING),
            "rendered": R.text_of(m),
            "buttons": R.buttons(m),
            "pings": pings,
            "allowed_mentions": b.get("allowed_mentions"),
            "files": list(files),
            "reply_to": (m.get("message_reference") or {}).get("message_id"),
            "edits": [],
            "deleted": False,
            **kw,
        }
        self.posted.append(e)
        return e

    def find(self, mid):
        return next((p for p in self.posted if p["id"] == mid), None)

    def renote(self, e, m, pings=None):
        e["edits"].append({"t": e["t"], "content": e["content"], "rendered": e["rendered"]})
        e.update(
            content=m["content"],
            embeds=m["embeds"],
            components=m["components"],
            flags=m["flags"],
            loading=bool(m["flags"] & R.LOADING),
            v2=bool(m["flags"] & R.V2),
            rendered=R.text_of(m),
            buttons=R.buttons(m),
            t=now(),
            ephemeral=bool(m["flags"] & R.EPHEMERAL),
        )
        if pings:
            e["pings"] = pings

    async def emit_message(self, event, ch, m):
        gid = ch.get("guild_id")
        d = dict(m)
        if gid:
            d["guild_id"] = gid
            mem = self.member(gid, m["author"]["id"])
            if mem:
                d["member"] = mem
        d["channel_type"] = ch["type"]
        return await self.dispatch(event, d, gid, R.I_GMSG if gid else R.I_DM)

    async def r_send(self, req, b, files, cid):
        ch = self.chan(cid)
        self.need(ch, R.SEND_THREADS if ch["type"] in (10, 11, 12) else R.SEND)
        if ch["type"] in (10, 11, 12) and ch["thread_metadata"]["locked"]:
            raise Bad(403, 50013, "Missing Permissions")
        if b.get("embeds") and not self.perms(self.bot_id, ch) & R.EMBED:
            b = {**b, "embeds": []}
            self.violate("embeds_dropped", "embeds without EMBED_LINKS")
        R.check_message(b, files)
        if (b.get("flags") or 0) & R.EPHEMERAL:
            raise form(
                {"flags": {"_errors": [{"code": "BITFIELD_TYPE_INVALID", "message": "Invalid flags"}]}}
            )
        ref, ra = b.get("message_reference"), None
        if ref and ref.get("message_id"):
            self.need(ch, R.HISTORY)
            r = self.msgs[cid].get(str(ref["message_id"]))
            if not r and ref.get("fail_if_not_exists", True):
                raise form(
                    {
                        "message_reference": {
                            "_errors": [{"code": "REPLIES_UNKNOWN_MESSAGE", "message": "Unknown message"}]
                        }
                    }
                )
            ra = r and r["author"]["id"]
        if b.get("enforce_nonce") and b.get("nonce") is not None:
            for m in self.msgs[cid].values():
                if m.get("nonce") == b["nonce"] and m["author"]["id"] == self.bot_id:
                    return m
        p = self.pings(b, ch, ra)
        m = self.build(ch, self.bot_id, b, files)
        m["mentions"] = [
            self.users[u]
            for u in sorted(set(p["users"]) | ({ra} if ra and p["replied_user"] else set()))
            if u in self.users
        ]
        m["mention_everyone"], m["mention_roles"] = p["everyone"], p["roles"]
        self.msgs[cid][m["id"]] = m
        if ch["type"] in (10, 11, 12):
            ch["message_count"] += 1
            if ch["thread_metadata"]["archived"]:
                ch["thread_metadata"]["archived"] = False
        self.note("message", ch, m, b, p, files)
        await self.emit_message("MESSAGE_CREATE", ch, m)
        return m

    def msg(self, cid, mid):
        m = self.msgs[cid].get(mid)
        if not m:
            raise Bad(404, 10008, "Unknown Message")
        return m

    def apply_edit(self, m, b, files=()):
        was_v2 = bool(m["flags"] & R.V2)
        if "flags" in b and b["flags"] is not None:
            keep = m["flags"] & ~(R.SUPPRESS | R.V2)
            m_flags = keep | (b["flags"] & (R.SUPPRESS | R.V2)) | (R.V2 if was_v2 else 0)
        else:
            m_flags = m["flags"]
        R.check_message({**b, "flags": m_flags}, files, edit=True, was_v2=was_v2)
        m["flags"] = m_flags
        if "content" in b:
            m["content"] = b["content"] or ""
        if "embeds" in b:
            m["embeds"] = [{"type": "rich", **e} for e in b["embeds"] or []]
        if "components" in b:
            m["components"] = self.number(b["components"] or [])
        if not (m["content"] or m["embeds"] or m["components"] or m["attachments"] or files):
            raise Bad(400, 50006, "Cannot send an empty message")
        m["edited_timestamp"] = iso()

    async def r_edit(self, req, b, files, cid, mid):
        ch = self.chan(cid)
        self.need(ch)
        m = self.msg(cid, mid)
        if m["author"]["id"] != self.bot_id:
            raise Bad(403, 50005, "Cannot edit a message authored by another user")
        self.apply_edit(m, b, files)
        e = self.find(mid)
        if e:
            self.renote(e, m)
        await self.emit_message("MESSAGE_UPDATE", ch, m)
        return m

    async def r_delete(self, req, b, f, cid, mid):
        ch = self.chan(cid)
        m = self.msg(cid, mid)
        if m["author"]["id"] != self.bot_id:
            self.need(ch, R.MANAGE_MESSAGES)
        del self.msgs[cid][mid]
        e = self.find(mid)
        if e:
            e.update(deleted=True, t=now())
        await self.dispatch(
            "MESSAGE_DELETE",
            {"id": mid, "channel_id": cid, **({"guild_id": ch["guild_id"]} if ch.get("guild_id") else {})},
            ch.get("guild_id"),
            R.I_GMSG if ch.get("guild_id") else R.I_DM,
        )

    def hide(self, ch, m):
        if (
            ch.get("guild_id")
            and "message_content" not in self.o.privileged.split(",")
            and m["author"]["id"] != self.bot_id
            and not any(u["id"] == self.bot_id for u in m["mentions"])
        ):
            return {**m, "content": "", "embeds": [], "attachments": [], "components": []}
        return m

    async def r_get_msgs(self, req, b, f, cid):
        ch = self.chan(cid)
        self.need(ch, R.HISTORY)
        q = req.query
        n = int(q.get("limit", 50))
        if not 1 <= n <= 100:
            raise form(
                {
                    "limit": {
                        "_errors": [
                            {"code": "NUMBER_TYPE_MAX", "message": "int value should be between 1 and 100."}
                        ]
                    }
                }
            )
        ms = sorted(self.msgs[cid].values(), key=lambda m: int(m["id"]), reverse=True)
        if q.get("before"):
            ms = [m for m in ms if int(m["id"]) < int(q["before"])]
        if q.get("after"):
            ms = [m for m in ms if int(m["id"]) > int(q["after"])][-n:]
        if q.get("around"):
            ms = [m for m in ms if abs(int(m["id"]) - int(q["around"])) < 1 << 62]
        return [self.hide(ch, m) for m in ms[:n]]

    async def r_get_msg(self, req, b, f, cid, mid):
        ch = self.chan(cid)
        self.need(ch, R.HISTORY)
        return self.hide(ch, self.msg(cid, mid))

    async def r_typing(self, req, b, f, cid):
        ch = self.chan(cid)
        self.need(ch, R.SEND_THREADS if ch["type"] in (10, 11, 12) else R.SEND)
        self.typing.append({"seq": self.seq(), "t": now(), "channel": cid})

    async def r_react(self, req, b, f, cid, mid, emoji):
        ch = self.chan(cid)
        self.need(ch, R.REACT, R.HISTORY)
        m = self.msg(cid, mid)
        m.setdefault("reactions", []).append({"emoji": emoji, "me": True})
        self.posted.append(
            {
                "seq": self.seq(),
                "t": now(),
                "kind": "reaction",
                "channel": cid,
                "id": None,
                "item": mid,
                "rendered": emoji,
                "content": None,
                "loading": False,
                "ephemeral": False,
                "deleted": False,
                "pings": {},
                "buttons": [],
                "edits": [],
            }
        )

    async def r_unreact(self, req, b, f, cid, mid, emoji):
        self.msg(self.chan(cid)["id"], mid)

    async def r_get_chan(self, req, b, f, cid):
        ch = self.chan(cid)
        self.need(ch)
        return self.chan_payload(ch)

    async def r_patch_chan(self, req, b, f, cid):
        ch = self.chan(cid)
        self.need(ch)
        for k in ("archived", "locked", "auto_archive_duration"):
            if k in b and "thread_metadata" in ch:
                ch["thread_metadata"][k] = b[k]
        for k in ("name", "topic", "rate_limit_per_user"):
            if k in b:
                ch[k] = b[k]
        await self.dispatch(
            "THREAD_UPDATE" if ch["type"] in (10, 11, 12) else "CHANNEL_UPDATE",
            self.chan_payload(ch),
            ch.get("guild_id"),
            R.I_GUILDS,
        )
        return self.chan_payload(ch)

    # ------------------------------------------------------------------ threads
    def make_thread(self, parent, owner, name, b, tid=None, ttype=11):
        t = Tree()
        t.lim(["name"], name, 100, True)
        if b.get("auto_archive_duration") not in (None, 60, 1440, 4320, 10080):
            t.add(
                ["auto_archive_duration"],
                "BASE_TYPE_CHOICES",
                "Value must be one of {60, 1440, 4320, 10080}.",
            )
        if t:
            raise form(t)
        tid = tid or self.snow()
        self.channels[tid] = {
            "id": tid,
            "type": ttype,
            "guild_id": parent["guild_id"],
            "parent_id": parent["id"],
            "owner_id": owner,
            "name": name,
            "last_message_id": None,
            "message_count": 0,
            "member_count": 1,
            "total_message_sent": 0,
            "rate_limit_per_user": b.get("rate_limit_per_user") or 0,
            "flags": 0,
            "thread_metadata": {
                "archived": False,
                "auto_archive_duration": b.get("auto_archive_duration") or 1440,
                "archive_timestamp": iso(),
                "locked": False,
                "create_timestamp": iso(),
                "invitable": True,
            },
            "_members": {owner: iso()},
        }
        return self.channels[tid]

    async def r_thread_msg(self, req, b, f, cid, mid):
        ch = self.chan(cid)
        if ch["type"] != 0:
            raise Bad(400, 50024, "Cannot execute action on this channel type")
        self.need(ch, R.PUB_THREADS)
        m = self.msg(cid, mid)
        if mid in self.channels:
            raise Bad(400, 160004, "A thread has already been created for this message")
        th = self.make_thread(ch, self.bot_id, b.get("name"), b, tid=mid)
        m["flags"] |= R.HAS_THREAD
        m["thread"] = self.thread_payload(th)
        self.posted.append(
            {
                "seq": self.seq(),
                "t": now(),
                "kind": "thread",
                "channel": cid,
                "id": mid,
                "thread_id": mid,
                "rendered": th["name"],
                "content": None,
                "loading": False,
                "ephemeral": False,
                "deleted": False,
                "pings": {},
                "buttons": [],
                "edits": [],
            }
        )
        await self.dispatch(
            "THREAD_CREATE", self.thread_payload(th, newly_created=True), ch["guild_id"], R.I_GUILDS
        )
        await self.emit_message("MESSAGE_UPDATE", ch, m)
        return (201, self.thread_payload(th))

    async def r_thread_new(self, req, b, f, cid):
        ch = self.chan(cid)
        ty = b.get("type", 12)
        self.need(ch, R.PUB_THREADS if ty == 11 else R.PRIV_THREADS)
        th = self.make_thread(ch, self.bot_id, b.get("name"), b, ttype=ty)
        self.posted.append(
            {
                "seq": self.seq(),
                "t": now(),
                "kind": "thread",
                "channel": cid,
                "id": th["id"],
                "thread_id": th["id"],
                "rendered": th["name"],
                "content": None,
                "loading": False,
                "ephemeral": False,
                "deleted": False,
                "pings": {},
                "buttons": [],
                "edits": [],
            }
        )
        await self.dispatch(
            "THREAD_CREATE", self.thread_payload(th, newly_created=True), ch["guild_id"], R.I_GUILDS
        )
        return (201, self.thread_payload(th))

    async def r_thread_join(self, req, b, f, cid, uid):
        ch = self.chan(cid)
        ch.setdefault("_members", {})[self.bot_id if uid == "@me" else uid] = iso()

    async def r_thread_members(self, req, b, f, cid):
        return [
            {"id": cid, "user_id": u, "join_timestamp": t, "flags": 0}
            for u, t in self.chan(cid).get("_members", {}).items()
        ]

    # ------------------------------------------------------------------ interactions
    def new_interaction(self, itype, uid, ch, data, message=None, guild_context=True):
        iid, tok = self.snow(), base64.urlsafe_b64encode(secrets.token_bytes(96)).decode().rstrip("=")
        gid = ch.get("guild_id")
        perms = self.perms(uid, ch)
        d = {
            "id": iid,
            "application_id": self.app_id,
            "type": itype,
            "token": tok,
            "version": 1,
            "data": data,
            "channel_id": ch["id"],
            "channel": self.chan_payload(ch) | ({"permissions": str(perms)} if gid else {}),
            "locale": "en-GB",
            "entitlements": [],
            "attachment_size_limit": 10485760,
            "app_permissions": str(self.perms(self.bot_id, ch)),
            "authorizing_integration_owners": {"0": gid or "0"},
            "context": 0 if gid else 1,
        }
        if gid:
            d.update(
                guild_id=gid,
                guild_locale="en-US",
                guild={"id": gid, "locale": "en-US", "features": []},
                member={**self.member(gid, uid, perms), "user": self.users[uid]},
            )
        else:
            d["user"] = self.users[uid]
        if message:
            d["message"] = message
        self.interactions[tok] = {
            "id": iid,
            "token": tok,
            "type": itype,
            "user": uid,
            "channel": ch["id"],
            "t0": now(),
            "state": "new",
            "original": None,
            "edited": False,
            "data": data,
            "message_id": (message or {}).get("id"),
            "callback_type": None,
            "callback_after": None,
            "followups": [],
        }
        return d

    def inter(self, tok, need_response=True):
        it = self.interactions.get(tok)
        if not it:
            raise Bad(404, 10015, "Unknown Webhook")
        if now() - it["t0"] > self.o.token_ttl:
            self.violate("interaction_token_expired", it["id"])
            raise Bad(401, 50027, "Invalid Webhook Token")
        if need_response and it["state"] == "new":
            raise Bad(404, 10015, "Unknown Webhook")
        return it

    def meta(self, it):
        d = {
            "id": it["id"],
            "type": it["type"],
            "user": self.users[it["user"]],
            "authorizing_integration_owners": {"0": self.channels[it["channel"]].get("guild_id") or "0"},
        }
        if it["type"] == 2:
            d["name"] = it["data"]["name"]
        return d

    async def r_callback(self, req, b, files, iid, tok):
        it = self.interactions.get(tok)
        if not it or it["id"] != iid:
            raise Bad(404, 10062, "Unknown interaction")
        if it["state"] != "new":
            self.violate("double_response", f"interaction {iid}")
            raise Bad(400, 40060, "Interaction has already been acknowledged.")
        if now() - it["t0"] > self.o.callback_ttl:
            self.violate("interaction_too_late", f"callback after {now() - it['t0']:.2f} s")
            raise Bad(404, 10062, "Unknown interaction")
        ty, data, ch = b.get("type"), b.get("data") or {}, self.channels[it["channel"]]
        it["callback_after"], it["callback_type"] = round(now() - it["t0"], 3), ty
        res = None
        if ty in (4, 5):
            flags = data.get("flags") or 0
            if ty == 4:
                R.check_message(data, files)
                if flags & ~(R.EPHEMERAL | R.SUPPRESS | R.SILENT | R.V2):
                    raise form(
                        {
                            "data": {
                                "flags": {
                                    "_errors": [{"code": "BITFIELD_TYPE_INVALID", "message": "Invalid flags"}]
                                }
                            }
                        }
                    )
                m = self.build(ch, self.bot_id, data, files)
                p = self.pings(data, ch)
                m["mentions"] = [self.users[u] for u in p["users"] if u in self.users]
            else:
                m = self.build(ch, self.bot_id, {})
                m["flags"], p = (
                    R.LOADING | (flags & R.EPHEMERAL),
                    {"everyone": False, "roles": [], "users": [], "replied_user": False},
                )
            m.update(
                type=20 if it["type"] == 2 else 0 if it["type"] == 3 else 19,
                webhook_id=self.app_id,
                application_id=self.app_id,
                interaction_metadata=self.meta(it),
            )
            if it["type"] == 3:
                m["type"] = 19 if it["message_id"] else 0
            it["original"] = m
            if not m["flags"] & R.EPHEMERAL:
                self.msgs[ch["id"]][m["id"]] = m
            self.note(
                "interaction_response",
                ch,
                m,
                data,
                p,
                files,
                interaction_id=iid,
                user=it["user"],
                deferred=ty == 5,
            )
            it["state"] = "deferred" if ty == 5 else "responded"
            if not m["flags"] & R.EPHEMERAL:
                await self.emit_message("MESSAGE_CREATE", ch, m)
            res = {"type": ty, "message": m}
        elif ty in (6, 7):
            if it["type"] not in (3, 5):
                raise form(
                    {
                        "type": {
                            "_errors": [
                                {
                                    "code": "INTERACTION_CALLBACK_INVALID_TYPE",
                                    "message": "Invalid interaction response type",
                                }
                            ]
                        }
                    }
                )
            m = self.msgs[ch["id"]].get(it["message_id"]) or next(
                (
                    x["original"]
                    for x in self.interactions.values()
                    if x["original"] and x["original"]["id"] == it["message_id"]
                ),
                None,
            )
            it["original"] = m
            it["state"] = "deferred_update" if ty == 6 else "responded"
            if ty == 7 and m:
                self.apply_edit(m, data, files)
                e = self.find(m["id"])
                if e:
                    self.renote(e, m)
                if not m["flags"] & R.EPHEMERAL:
                    await self.emit_message("MESSAGE_UPDATE", ch, m)
                res = {"type": ty, "message": m}
        elif ty == 8:
            if len(data.get("choices") or []) > 25:
                raise form(
                    {
                        "data": {
                            "choices": {
                                "_errors": [
                                    {
                                        "code": "BASE_TYPE_MAX_LENGTH",
                                        "message": "Must be 25 or fewer in length.",
                                    }
                                ]
                            }
                        }
                    }
                )
            it.update(state="responded", choices=data.get("choices"))
        elif ty == 9:
            if it["type"] == 5:
                raise form(
                    {
                        "type": {
                            "_errors": [
                                {
                                    "code": "INTERACTION_CALLBACK_INVALID_TYPE",
                                    "message": "Modals cannot answer a modal submit",
                                }
                            ]
                        }
                    }
                )
            t = Tree()
            t.lim(["data", "title"], data.get("title"), 45, True)
            t.lim(["data", "custom_id"], data.get("custom_id"), 100, True)
            if not 1 <= len(data.get("components") or []) <= 5:
                t.add(["data", "components"], "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
            if t:
                raise form(t)
            self.modals.append(
                {
                    "seq": self.seq(),
                    "t": now(),
                    "interaction_id": iid,
                    "user": it["user"],
                    "channel": it["channel"],
                    "message_id": it["message_id"],
                    **data,
                }
            )
            it["state"] = "responded"
        elif ty == 1:
            it["state"] = "responded"
        else:
            raise form(
                {
                    "type": {
                        "_errors": [
                            {
                                "code": "BASE_TYPE_CHOICES",
                                "message": "Value must be one of (1, 4, 5, 6, 7, 8, 9, 10, 12).",
                            }
                        ]
                    }
                }
            )
        if req.query.get("with_response") in ("1", "true"):
            out = {
                "interaction": {
                    "id": iid,
                    "type": it["type"],
                    "channel_id": ch["id"],
                    **({"guild_id": ch["guild_id"]} if ch.get("guild_id") else {}),
                }
            }
            if res:
                out["interaction"].update(
                    response_message_id=res["message"]["id"],
                    response_message_loading=bool(res["message"]["flags"] & R.LOADING),
                    response_message_ephemeral=bool(res["message"]["flags"] & R.EPHEMERAL),
                )
                out["resource"] = res
            return out
        return None

    async def edit_original(self, it, b, files):
        m = it["original"]
        if not m:
            raise Bad(404, 10008, "Unknown Message")
        first = bool(m["flags"] & R.LOADING)
        if first:
            R.check_message({**b, "flags": (b.get("flags") or 0)}, files)
            m["flags"] = (m["flags"] & ~R.LOADING) | ((b.get("flags") or 0) & (R.V2 | R.SUPPRESS))
            keep = m["flags"]
            m.update(
                content=b.get("content") or "",
                embeds=[{"type": "rich", **e} for e in b.get("embeds") or []],
                components=self.number(b.get("components") or []),
            )
            m["flags"] = keep
            m["edited_timestamp"] = iso()
        else:
            self.apply_edit(m, b, files)
        ch = self.channels[it["channel"]]
        p = self.pings(b, ch)
        it["edited"], it["state"] = True, "responded"
        e = self.find(m["id"])
        if e:
            self.renote(e, m, p if "content" in b or "components" in b else None)
            if b.get("allowed_mentions") is not None or first:
                e["allowed_mentions"] = b.get("allowed_mentions")
            if files:
                e["files"] = list(files)
        if not m["flags"] & R.EPHEMERAL:
            await self.emit_message("MESSAGE_UPDATE", ch, m)
        return m

    async def r_followup(self, req, b, files, aid, tok):
        it = self.inter(tok)
        if it["state"] == "deferred" and not it["edited"]:
            return await self.edit_original(it, b, files)  # documented: acts as Edit Original
        R.check_message(b, files)
        ch = self.channels[it["channel"]]
        m = self.build(
            ch,
            self.bot_id,
            b,
            files,
            webhook_id=self.app_id,
            application_id=self.app_id,
            interaction_metadata=self.meta(it),
        )
        m["type"] = 19
        p = self.pings(b, ch)
        if not m["flags"] & R.EPHEMERAL:
            self.msgs[ch["id"]][m["id"]] = m
        it["followups"].append(m)
        self.note("followup", ch, m, b, p, files, interaction_id=it["id"], user=it["user"])
        if not m["flags"] & R.EPHEMERAL:
            await self.emit_message("MESSAGE_CREATE", ch, m)
        return m

    def hook_msg(self, it, mid):
        if mid == "@original":
            if not it["original"]:
                raise Bad(404, 10008, "Unknown Message")
            return it["original"]
        for m in it["followups"] + ([it["original"]] if it["original"] else []):
            if m["id"] == mid:
                return m
        raise Bad(404, 10008, "Unknown Message")

    async def r_hook_get(self, req, b, f, aid, tok, mid):
        return self.hook_msg(self.inter(tok), mid)

    async def r_hook_edit(self, req, b, files, aid, tok, mid):
        it = self.inter(tok)
        m = self.hook_msg(it, mid)
        if m is it["original"]:
            return await self.edit_original(it, b, files)
        self.apply_edit(m, b, files)
        e = self.find(m["id"])
        if e:
            self.renote(e, m)
        if not m["flags"] & R.EPHEMERAL:
            await self.emit_message("MESSAGE_UPDATE", self.channels[it["channel"]], m)
        return m

    async def r_hook_del(self, req, b, f, aid, tok, mid):
        it = self.inter(tok)
        m = self.hook_msg(it, mid)
        self.msgs[m["channel_id"]].pop(m["id"], None)
        e = self.find(m["id"])
        if e:
            e.update(deleted=True, loading=False, t=now())
        if m is it["original"]:
            it["original"], it["state"], it["edited"] = None, "responded", True
        await self.dispatch(
            "MESSAGE_DELETE",
            {"id": m["id"], "channel_id": m["channel_id"]},
            self.channels[it["channel"]].get("guild_id"),
            R.I_GMSG,
        )

    # ------------------------------------------------------------------ control: what people do
    def g(self, b):
        x = b.get("guild")
        if x is None:
            return self.guild_id
        return x if x in self.guilds else next(g for g in self.guilds if self.guilds[g]["name"] == x)

    async def human(self, b, ch, text, **kw):
        uid = self.uid(b.get("user", "alice"))
        if b.get("bot"):
            uid = self.name["otherbot"]
        body = {"content": text}
        if b.get("reply_to"):
            body["message_reference"] = {"message_id": b["reply_to"]}
        m = self.build(ch, uid, body, **kw)
        ids = re.findall(r"<@!?(\d+)>", text)
        if b.get("reply_to") and b.get("ping", True):
            r = self.msgs[ch["id"]].get(b["reply_to"])
            if r:
                ids.append(r["author"]["id"])
        gid = ch.get("guild_id")
        m["mentions"] = [
            {**self.users[u], **({"member": self.member(gid, u)} if gid and self.member(gid, u) else {})}
            for u in dict.fromkeys(ids)
            if u in self.users
        ]
        m["mention_roles"] = re.findall(r"<@&(\d+)>", text)
        m["mention_everyone"] = bool(re.search(r"@(everyone|here)\b", text)) and bool(b.get("everyone"))
        if b.get("webhook"):
            m["webhook_id"] = "6000000000000000001"
        for k in ("attachments", "embeds", "type"):
            if k in b:
                m[k] = b[k]
        self.msgs[ch["id"]][m["id"]] = m
        n = 0
        if not self.perms(self.bot_id, ch) & R.VIEW and gid:
            return m, 0
        for i in range(1 + int(b.get("duplicate", 0))):
            n += await self.emit_message("MESSAGE_CREATE", ch, m)
        return m, n

    async def c_message(self, b):
        ch = self.chname(b.get("channel", "general"), self.g(b))
        m, n = await self.human(b, ch, b.get("text", ""))
        return {"id": m["id"], "channel": ch["id"], "sessions": n}

    async def c_mention(self, b):
        text = b.get("text", "")
        me = f"<@{self.bot_id}>" if not b.get("nick_form") else f"<@!{self.bot_id}>"
        if b.get("role_mention"):
            me = "<@&" + next(r["id"] for r in self.roles[self.g(b)].values() if r["name"] == "docsbot") + ">"
        return await self.c_message({**b, "text": f"{me} {text}" if not b.get("suffix") else f"{text} {me}"})

    async def c_dm(self, b):
        ch = self.dm(self.uid(b.get("user", "alice")))
        if not b.get("known") and not any(m for m in self.msgs[ch["id"]]):
            pass  # Discord sends no CHANNEL_CREATE for DMs to bots
        m, n = await self.human(b, ch, b.get("text", ""))
        return {"id": m["id"], "channel": ch["id"], "sessions": n}

    async def c_thread(self, b):
        """A user opens a thread (on a message id, or standalone)."""
        ch = self.chname(b.get("channel", "general"), self.g(b))
        th = self.make_thread(
            ch, self.uid(b.get("user", "alice")), b.get("name", "thread"), b, tid=b.get("message")
        )
        await self.dispatch(
            "THREAD_CREATE", self.thread_payload(th, newly_created=True), ch["guild_id"], R.I_GUILDS
        )
        return {"id": th["id"], "channel": th["id"]}

    def flatten(self, cmd, path, opts):
        node, chain = cmd, []
        for p in path[1:]:
            node = next(
                (o for o in node.get("options") or [] if o["name"] == p and o["type"] in (1, 2)), None
            )
            if node is None:
                raise Bad(400, 0, f"no subcommand {p}")
            chain.append(node)
        vals, missing = [], []
        res = {}
        for o in node.get("options") or []:
            if o["type"] in (1, 2):
                if not chain or node is cmd:
                    continue
            if o["name"] in opts:
                v = opts[o["name"]]
                if o["type"] == 3 and ((o.get("max_length") and len(v) > o["max_length"]) or len(v) > 6000):
                    raise Bad(
                        400,
                        0,
                        f"Discord's client refuses {o['name']}: longer than {o.get('max_length', 6000)}",
                    )
                if o.get("choices") and v not in [c["value"] for c in o["choices"]]:
                    raise Bad(400, 0, f"{v!r} is not a choice of {o['name']}")
                if o["type"] in (6, 7, 8):
                    if o["type"] == 6:
                        v = self.uid(str(v))
                        res.setdefault("users", {})[v] = self.users[v]
                    elif o["type"] == 7:
                        c = self.chname(str(v))
                        v = c["id"]
                        res.setdefault("channels", {})[v] = {**self.chan_payload(c), "permissions": "0"}
                vals.append({"name": o["name"], "type": o["type"], "value": v})
            elif o.get("required"):
                missing.append(o["name"])
        if missing:
            raise Bad(400, 0, f"missing required option {missing}")
        unknown = set(opts) - {o["name"] for o in node.get("options") or []}
        if unknown:
            raise Bad(
                400,
                0,
                f"unknown option {sorted(unknown)}; have {[o['name'] for o in node.get('options') or []]}",
            )
        out = vals
        for n in reversed(chain):
            out = [{"name": n["name"], "type": n["type"], "options": out}]
        return out, res

    def lookup(self, name, gid, ctype=1):
        for k in (gid, "global"):
            for c in self.commands.get(k or "global", []):
                if c["name"] == name and c["type"] == ctype:
                    return c
        return None

    async def c_slash(self, b):
        path = b["command"].lstrip("/").split()
        uid = self.uid(b.get("user", "alice"))
        ch = self.dm(uid) if b.get("dm") else self.chname(b.get("channel", "general"), self.g(b))
        gid = ch.get("guild_id")
        cmd = self.lookup(path[0], gid)
        if not cmd:
            return self.reply(
                {
                    "error": f"/{path[0]} is not registered",
                    "have": {k: [c["name"] for c in v] for k, v in self.commands.items()},
                },
                400,
            )
        if not b.get("force"):
            if gid is None and (
                (cmd.get("contexts") is not None and 1 not in cmd["contexts"])
                or cmd.get("dm_permission") is False
            ):
                return self.reply({"error": "not available in DMs"}, 400)
            if gid and cmd.get("contexts") is not None and 0 not in cmd["contexts"]:
                return self.reply({"error": "not available in guilds"}, 400)
            dmp = cmd.get("default_member_permissions")
            p = self.perms(uid, ch)
            if gid and dmp is not None and not p & R.ADMIN and (int(dmp) == 0 or p & int(dmp) != int(dmp)):
                return self.reply({"error": "hidden: missing default_member_permissions"}, 403)
            if gid and not p & R.SLASH:
                return self.reply({"error": "no USE_APPLICATION_COMMANDS"}, 403)
        opts, res = self.flatten(cmd, path, b.get("options") or {})
        data = {
            "id": cmd["id"],
            "name": cmd["name"],
            "type": 1,
            "options": opts,
            **({"resolved": res} if res else {}),
            **({"guild_id": cmd["guild_id"]} if cmd.get("guild_id") else {}),
        }
        d = self.new_interaction(2, uid, ch, data)
        n = await self.dispatch("INTERACTION_CREATE", d, gid)
        for i in range(int(b.get("duplicate", 0))):
            await self.dispatch("INTERACTION_CREATE", d, gid)
        return {"interaction_id": d["id"], "channel": ch["id"], "sessions": n}

    async def c_message_command(self, b):
        uid = self.uid(b.get("user", "alice"))
        ch = self.chname(b.get("channel", "general"), self.g(b))
        cmd = self.lookup(b["command"], ch.get("guild_id"), 3)
        if not cmd:
            return self.reply({"error": f"{b['command']} is not registered"}, 400)
        m = self.msg(ch["id"], b["message_id"])
        data = {
            "id": cmd["id"],
            "name": cmd["name"],
            "type": 3,
            "target_id": m["id"],
            "resolved": {"messages": {m["id"]: m}},
        }
        d = self.new_interaction(2, uid, ch, data)
        return {
            "interaction_id": d["id"],
            "sessions": await self.dispatch("INTERACTION_CREATE", d, ch.get("guild_id")),
        }

    async def c_autocomplete(self, b):
        uid, path = self.uid(b.get("user", "alice")), b["command"].lstrip("/").split()
        ch = self.chname(b.get("channel", "general"), self.g(b))
        cmd = self.lookup(path[0], ch.get("guild_id"))
        data = {
            "id": cmd["id"],
            "name": cmd["name"],
            "type": 1,
            "options": [{"name": b["option"], "type": 3, "value": b.get("value", ""), "focused": True}],
        }
        d = self.new_interaction(4, uid, ch, data)
        await self.dispatch("INTERACTION_CREATE", d, ch.get("guild_id"))
        for _ in range(60):
            await asyncio.sleep(0.05)
            if self.interactions[d["token"]]["state"] == "responded":
                break
        return {"choices": self.interactions[d["token"]].get("choices")}

    async def c_component(self, b):
        """Press a button / choose in a select of a message of the bot. custom_id, label or index selects it."""
        e = self.find(b["message_id"])
        if not e:
            return self.reply({"error": "no such message of the bot"}, 404)
        bt = [x for x in e["buttons"] if not x["url"]]
        hit = next(
            (
                x
                for x in bt
                if b.get("custom_id") == x["custom_id"]
                or (b.get("label") and (b["label"] in (x["label"] or "") or b["label"] == x["emoji"]))
            ),
            bt[b["index"]] if "index" in b and bt else None,
        )
        if not hit:
            return self.reply({"error": "no such component", "have": e["buttons"]}, 404)
        if hit["disabled"]:
            return self.reply({"error": "component is disabled"}, 400)
        ch, uid = self.channels[e["channel"]], self.uid(b.get("user", "alice"))
        m = self.msgs[ch["id"]].get(e["id"])
        if not m:
            for it in self.interactions.values():
                for x in ([it["original"]] if it["original"] else []) + it["followups"]:
                    if x["id"] == e["id"]:
                        m = x
        if e["ephemeral"] and e.get("user") != uid and not b.get("force"):
            return self.reply({"error": "that user cannot see this ephemeral message"}, 403)
        data = {
            "component_type": hit["type"],
            "custom_id": hit["custom_id"],
            "id": 1,
            **({"values": b.get("values", [])} if hit["type"] != 2 else {}),
        }
        d = self.new_interaction(
            3, uid, ch, data, message={k: v for k, v in m.items() if k != "referenced_message"}
        )
        n = await self.dispatch("INTERACTION_CREATE", d, ch.get("guild_id"))
        return {"interaction_id": d["id"], "component": hit, "sessions": n}

    async def c_modal_submit(self, b):
        """values: {custom_id: text}; for the latest modal shown (or that of interaction_id)."""
        ms = [m for m in self.modals if b.get("interaction_id") in (None, m["interaction_id"])]
        if not ms:
            return self.reply({"error": "no modal was shown"}, 404)
        mo, vals = ms[-1], b.get("values") or {}

        def fill(c):
            if c["type"] == 1:
                return {"type": 1, "id": c.get("id", 1), "components": [fill(x) for x in c["components"]]}
            if c["type"] == 18:
                return {"type": 18, "id": c.get("id", 1), "component": fill(c["component"])}
            v = vals.get(c.get("custom_id"))
            if c["type"] == 4:
                if c.get("required", True) and not v:
                    raise Bad(400, 0, f"Discord's client refuses an empty {c['custom_id']}")
                return {"type": 4, "id": c.get("id", 1), "custom_id": c["custom_id"], "value": v or ""}
            if c["type"] in (3, 5, 6, 7, 8):
                return {
                    "type": c["type"],
                    "id": c.get("id", 1),
                    "custom_id": c["custom_id"],
                    "values": v if isinstance(v, list) else [v] if v else [],
                }
            return {
                "type": c["type"],
                "id": c.get("id", 1),
                **({"custom_id": c["custom_id"], "value": v} if c.get("custom_id") else {}),
            }

        data = {"custom_id": mo["custom_id"], "components": [fill(c) for c in self.number(mo["components"])]}
        ch = self.channels[mo["channel"]]
        msg = self.msgs[ch["id"]].get(mo["message_id"]) if mo["message_id"] else None
        d = self.new_interaction(5, mo["user"], ch, data, message=msg)
        return {
            "interaction_id": d["id"],
            "sessions": await self.dispatch("INTERACTION_CREATE", d, ch.get("guild_id")),
        }

    async def c_reaction(self, b):
        ch = self.chname(b.get("channel", "general"), self.g(b))
        uid, gid = self.uid(b.get("user", "alice")), ch.get("guild_id")
        d = {
            "user_id": uid,
            "channel_id": ch["id"],
            "message_id": b["message_id"],
            "emoji": {"id": None, "name": b.get("emoji", "👍")},
            "burst": False,
            "type": 0,
            "message_author_id": self.bot_id,
        }
        if gid:
            d.update(guild_id=gid, member={**self.member(gid, uid), "user": self.users[uid]})
        return {
            "sessions": await self.dispatch(
                "MESSAGE_REACTION_ADD", d, gid, R.I_GREACT if gid else R.I_DMREACT
            )
        }

    async def c_edit_message(self, b):
        ch = self.chname(b.get("channel", "general"), self.g(b))
        m = self.msg(ch["id"], b["message_id"])
        m.update(content=b["text"], edited_timestamp=iso())
        return {"sessions": await self.emit_message("MESSAGE_UPDATE", ch, m)}

    async def c_delete_message(self, b):
        ch = self.chname(b.get("channel", "general"), self.g(b))
        self.msgs[ch["id"]].pop(b["message_id"], None)
        return {
            "sessions": await self.dispatch(
                "MESSAGE_DELETE",
                {
                    "id": b["message_id"],
                    "channel_id": ch["id"],
                    **({"guild_id": ch["guild_id"]} if ch.get("guild_id") else {}),
                },
                ch.get("guild_id"),
                R.I_GMSG,
            )
        }

    async def c_gateway(self, b):
        """action: reconnect (op 7) | invalid_session (op 9, resumable) | close (code) | abort (TCP loss) | stop_acks | resume_acks; refuse: seconds without new connections"""
        cs = [
            c
            for c in self.conns
            if not c.ws.closed
            and (
                b.get("shard") is None or (c.session and c.session.shard and c.session.shard[0] == b["shard"])
            )
        ]
        if b.get("refuse"):
            self.refuse_until = now() + float(b["refuse"])
        a = b.get("action")
        for c in cs:
            if a == "reconnect":
                await c.send({"op": 7, "d": None, "s": None, "t": None})
            elif a == "invalid_session":
                if c.session and not b.get("resumable"):
                    c.session.valid = False
                await c.send({"op": 9, "d": bool(b.get("resumable")), "s": None, "t": None})
            elif a == "close":
                if b.get("code") in (4007, 4009, 1000) and c.session:
                    c.session.valid = False
                c.server_closed = True
                if c.session:
                    c.session.conn, c.session.dead_at = None, now()
                self.spawn(c.ws.close(code=int(b.get("code", 4000))))
            elif a == "abort":
                if c.session:
                    c.session.conn, c.session.dead_at = None, now()
                c.req.transport.abort()
            elif a == "stop_acks":
                c.ack = False
            elif a == "heartbeat":
                await c.send({"op": 1, "d": None, "s": None, "t": None})
        return {"connections": len(cs)}

    async def c_faults(self, b):
        self.faults.append(
            {"route": ".*", "left": b.get("times", 1), "skip": b.get("skip", 0), "hits": 0, **b}
        )
        return {"faults": len(self.faults)}

    async def c_clear_faults(self, b):
        self.faults = []
        return {}

    async def c_permissions(self, b):
        """deny: names of permissions taken from the bot everywhere, e.g. ["SEND","PUB_THREADS","EMBED"]; role/user helpers: {"member":"bob","roles":["admins"]}"""
        if "deny" in b:
            self.deny = 0
            for n in b["deny"]:
                self.deny |= getattr(R, n)
            for gid in self.guilds:  # so that discord.py's own view agrees
                for r in self.roles[gid].values():
                    if r["name"] in ("@everyone", "docsbot"):
                        base = int(r["permissions"]) & ~self.deny
                        await self.dispatch(
                            "GUILD_ROLE_UPDATE",
                            {"guild_id": gid, "role": {**r, "permissions": str(base)}},
                            gid,
                            R.I_GUILDS,
                        )
        if b.get("member"):
            uid, gid = self.uid(b["member"]), self.g(b)
            ids = {r["name"]: r["id"] for r in self.roles[gid].values()}
            self.guilds[gid]["members"][uid]["roles"] = [ids[x] for x in b["roles"]]
        return {"deny": self.deny}

    async def c_guild_leave(self, b):
        gid = self.g(b)
        self.guilds[gid]["joined"] = False
        return {
            "sessions": await self.dispatch(
                "GUILD_DELETE", {"id": gid, "unavailable": bool(b.get("unavailable"))}, gid, R.I_GUILDS
            )
        }

    async def c_guild_join(self, b):
        gid = self.g(b)
        self.guilds[gid]["joined"] = True
        return {"sessions": await self.dispatch("GUILD_CREATE", self.guild_create(gid), gid, R.I_GUILDS)}

    async def c_age_interactions(self, b):
        for it in self.interactions.values():
            it["t0"] -= float(b.get("seconds", 901))
        return {"n": len(self.interactions)}

    async def c_raw_dispatch(self, b):
        return {"sessions": await self.dispatch(b["event"], b["data"], b.get("guild"), 0)}

    async def c_options(self, b):
        for k, v in b.items():
            if not hasattr(self.o, k):
                return self.reply({"error": f"no option {k}"}, 400)
            setattr(self.o, k, v)
        return vars(self.o)

    async def c_reset(self, b):
        self.reset()
        return {}

    # ------------------------------------------------------------------ control: what happened
    def select(self, q):
        r = self.posted
        if q.get("channel"):
            try:
                cid = self.chname(q["channel"])["id"]
            except Bad:
                cid = q["channel"]
            r = [p for p in r if p["channel"] == cid]
        for k, f in (
            ("interaction_id", "interaction_id"),
            ("reply_to", "reply_to"),
            ("user", "user"),
            ("id", "id"),
        ):
            if q.get(k):
                r = [p for p in r if p.get(f) == q[k]]
        if q.get("kind"):
            r = [p for p in r if p["kind"] in q["kind"].split(",")]
        if q.get("since"):
            r = [p for p in r if p["seq"] > int(q["since"])]
        return r

    async def q_posted(self, q):
        return {"posted": self.select(q), "seq": self._seq}

    async def q_wait(self, q):
        end, quiet, mn = now() + float(q.get("timeout", 30)), float(q.get("quiet", 1.0)), int(q.get("min", 1))
        kinds = q.get("kind", "message,interaction_response,followup").split(",")
        while True:
            r = [
                p
                for p in self.select({k: v for k, v in q.items() if k != "kind"})
                if p["kind"] in kinds and not p["deleted"]
            ]
            if len(r) >= mn and not any(p["loading"] for p in r) and now() - max(p["t"] for p in r) >= quiet:
                return {"ok": True, "posted": r, "seq": self._seq}
            if now() > end:
                return {"ok": False, "posted": r, "seq": self._seq}
            await asyncio.sleep(0.05)

    async def q_calls(self, q):
        r = [
            c
            for c in self.calls
            if re.search(q.get("route", ""), c["route"]) and c["seq"] > int(q.get("since", 0))
        ]
        return {"calls": r, "seq": self._seq}

    async def q_violations(self, q):
        return {
            "violations": [v for v in self.violations if v["seq"] > int(q.get("since", 0))],
            "invalid_requests": len(self.invalid),
        }

    async def q_commands(self, q):
        return {"commands": self.commands}

    async def q_interactions(self, q):
        return {
            "interactions": [
                {k: v for k, v in it.items() if k not in ("original", "followups")}
                | {"followups": len(it["followups"])}
                for it in self.interactions.values()
            ],
            "modals": self.modals,
        }

    async def q_gateway(self, q):
        return {
            "connections": [
                {
                    "n": c.n,
                    "open": not c.ws.closed,
                    "age": round(now() - c.t0, 2),
                    "beats": c.beats,
                    "zlib": bool(c.z),
                    "session": c.session.id if c.session else None,
                    "shard": c.session.shard if c.session else None,
                }
                for c in self.conns
            ],
            "ready": len([s for s in self.sessions.values() if s.conn is not None and not s.conn.ws.closed]),
            "identifies": self.identifies,
            "dispatches": self.dispatch_log[-200:],
            "resumes": len([d for d in self.dispatch_log if d["event"] == "RESUMED"]),
        }

    async def q_typing(self, q):
        return {"typing": self.typing}

    async def q_messages(self, q):
        return {"messages": list(self.msgs[self.chname(q["channel"])["id"]].values())}

    async def q_state(self, q):
        return {
            "app_id": self.app_id,
            "bot_id": self.bot_id,
            "guilds": {g: x["name"] for g, x in self.guilds.items()},
            "channels": {c["id"]: c.get("name") for c in self.channels.values()},
            "users": self.name,
            "threads": [self.chan_payload(c) for c in self.channels.values() if c["type"] in (10, 11, 12)],
            "seq": self._seq,
        }

    async def q_faults(self, q):
        return {"faults": self.faults}

    async def control(self, req):
        name = req.match_info["name"].replace("-", "_")
        try:
            if req.method == "GET":
                fn = getattr(self, "q_" + name, None)
                arg = req.query
            else:
                if req.method == "DELETE" and name == "faults":
                    name = "clear_faults"
                raw = await req.text()
                fn, arg = getattr(self, "c_" + name, None), (json.loads(raw) if raw.strip() else {})
            if not fn:
                return web.json_response(
                    {
                        "error": "unknown",
                        "commands": sorted(x[2:] for x in dir(self) if x.startswith("c_")),
                        "queries": sorted(x[2:] for x in dir(self) if x.startswith("q_")),
                    },
                    status=404,
                )
            r = await fn(arg)
        except Bad as e:
            return web.json_response({"error": e.message, "code": e.code}, status=400)
        except Exception as e:
            return web.json_response({"error": f"{type(e).__name__}: {e}"}, status=400)
        return r if isinstance(r, web.Response) else web.json_response({"ok": True, **(r or {})})


D, A, C = r"(\d+)", r"/applications/(\d+)", r"/channels/(\d+)"
S = DiscordSim
S.TABLE = [
    ("GET", "/gateway", S.r_gateway),
    ("GET", "/gateway/bot", S.r_gateway_bot),
    ("GET", "/users/@me", S.r_me),
    ("PATCH", "/users/@me", S.r_me),
    ("GET", "/users/@me/guilds", S.r_guilds),
    ("POST", "/users/@me/channels", S.r_create_dm),
    ("GET", f"/users/{D}", S.r_user),
    ("GET", "/oauth2/applications/@me", S.r_app),
    ("GET", "/applications/@me", S.r_app),
    ("PATCH", "/applications/@me", S.r_app),
    ("GET", A + "/emojis", S.r_emojis),
    ("GET", A + "/skus", S.r_empty),
    ("GET", A + "/entitlements", S.r_empty),
    ("GET", A + "/commands", S.r_get_cmds),
    ("PUT", A + "/commands", S.r_put_cmds),
    ("POST", A + "/commands", S.r_post_cmd),
    ("GET", A + f"/commands/{D}", S.r_get_cmd),
    ("PATCH", A + f"/commands/{D}", S.r_patch_cmd),
    ("DELETE", A + f"/commands/{D}", S.r_del_cmd),
    ("GET", A + f"/guilds/{D}/commands", S.r_gget_cmds),
    ("PUT", A + f"/guilds/{D}/commands", S.r_gput_cmds),
    ("POST", A + f"/guilds/{D}/commands", S.r_gpost_cmd),
    ("DELETE", A + f"/guilds/{D}/commands/{D}", S.r_gdel_cmd),
    ("GET", A + f"/guilds/{D}/commands/permissions", S.r_empty),
    ("GET", f"/guilds/{D}", S.r_guild),
    ("GET", f"/guilds/{D}/channels", S.r_guild_channels),
    ("GET", f"/guilds/{D}/roles", S.r_guild_roles),
    ("GET", f"/guilds/{D}/members", S.r_members),
    ("GET", f"/guilds/{D}/members/(\\d+|@me)", S.r_member),
    ("GET", f"/guilds/{D}/threads/active", S.r_active_threads),
    ("GET", C, S.r_get_chan),
    ("PATCH", C, S.r_patch_chan),
    ("GET", C + "/messages", S.r_get_msgs),
    ("POST", C + "/messages", S.r_send),
    ("GET", C + f"/messages/{D}", S.r_get_msg),
    ("PATCH", C + f"/messages/{D}", S.r_edit),
    ("DELETE", C + f"/messages/{D}", S.r_delete),
    ("POST", C + "/typing", S.r_typing),
    ("PUT", C + f"/messages/{D}/reactions/([^/]+)/@me", S.r_react),
    ("DELETE", C + f"/messages/{D}/reactions/([^/]+)/@me", S.r_unreact),
    ("POST", C + f"/messages/{D}/threads", S.r_thread_msg),
    ("POST", C + "/threads", S.r_thread_new),
    ("PUT", C + "/thread-members/(\\d+|@me)", S.r_thread_join),
    ("GET", C + "/thread-members", S.r_thread_members),
    ("POST", f"/interactions/{D}/([^/]+)/callback", S.r_callback),
    ("POST", f"/webhooks/{D}/([^/]+)", S.r_followup),
    ("GET", f"/webhooks/{D}/([^/]+)/messages/(\\d+|@original)", S.r_hook_get),
    ("PATCH", f"/webhooks/{D}/([^/]+)/messages/(\\d+|@original)", S.r_hook_edit),
    ("DELETE", f"/webhooks/{D}/([^/]+)/messages/(\\d+|@original)", S.r_hook_del),
]


def make_app(o):
    sim = DiscordSim(o)
    app = web.Application(client_max_size=64 << 20)
    app["sim"] = sim

    async def down(app):
        for t in list(sim.tasks):
            t.cancel()
        for c in sim.conns:
            if not c.ws.closed:
                await c.ws.close(code=1001)

    app.on_shutdown.append(down)
    app.router.add_get("/gateway", sim.gateway)
    app.router.add_get("/gateway/", sim.gateway)
    app.router.add_route("*", "/api/{path:.*}", sim.rest)
    app.router.add_route("*", "/_control/{name}", sim.control)
    return app


def options(argv=None):
    p = argparse.ArgumentParser(prog="python -m tests.simulators.discord", description=__doc__.split("\n")[0])
    p.add_argument("--port", type=int, default=8301)
    p.add_argument("--token", default="sim.discord.token")
    p.add_argument(
        "--privileged",
        default="",
        help="privileged intents enabled in the portal: message_content,members,presences",
    )
    p.add_argument("--guilds", type=int, default=1, choices=(1, 2))
    p.add_argument("--shards", type=int, default=1, help="what /gateway/bot recommends")
    p.add_argument("--max-concurrency", type=int, default=1)
    p.add_argument("--heartbeat", type=int, default=41250, help="ms")
    p.add_argument("--resume-ttl", type=float, default=120.0)
    p.add_argument("--refuse-resume", action="store_true")
    p.add_argument("--stop-acks", action="store_true")
    p.add_argument("--callback-ttl", type=float, default=3.0)
    p.add_argument("--token-ttl", type=float, default=900.0)
    p.add_argument("--rate-limits", choices=("on", "off"), default="on")
    return p.parse_args(argv)


def main():
    o = options()
    app = make_app(o)
    s = app["sim"]
    print(
        json.dumps(
            {
                "sim": "discord",
                "api_url": f"http://127.0.0.1:{o.port}/api/v10",
                "gateway_url": f"ws://127.0.0.1:{o.port}/gateway",
                "token": o.token,
                "application_id": s.app_id,
                "guild_id": s.guild_id,
            }
        ),
        flush=True,
    )
    web.run_app(app, host="127.0.0.1", port=o.port, print=None, access_log=None, shutdown_timeout=1)


if __name__ == "__main__":
    sys.exit(main())
