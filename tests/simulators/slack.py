"""A Slack workspace on 127.0.0.1: Web API, Socket Mode, Events API over HTTP, response_url, control API.

    python -m tests.simulators.slack --port 8201

The app under test needs only its API base URL: SLACK_API_URL=http://127.0.0.1:8201/api/
(apps.connections.open and every response_url then point back here). See README.md for the control API.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import hashlib
import hmac
import html
import json
import re
import secrets
import sys
import time
import uuid
from urllib.parse import urlencode

from aiohttp import ClientSession, ClientTimeout, WSMsgType, web

from . import slack_rules as R

JSON_ARGS = ("blocks", "attachments", "metadata", "view", "prompts", "chunks", "loading_messages", "unfurls")


def now():
    return time.time()


class SlackSim:
    def __init__(self, o):
        self.o = o
        self.base = f"http://127.0.0.1:{o.port}"
        self.ws_base = f"ws://127.0.0.1:{o.port}"
        self.fixed = dict(
            team="T0SIM", team_domain="sim", app="A0SIM", bot_user="U0BOT", bot_id="B0BOT", bot_name="docsbot"
        )
        self._last_ts = 0.0
        self._seq = 0
        self.manifest = None
        self.manifest_report = None
        if o.manifest:
            self.load_manifest(open(o.manifest).read())
        self.http = None
        self.tasks = set()
        self.reset()

    # ------------------------------------------------------------------ state
    def reset(self):
        f = self.fixed
        self.users = {}

        def user(uid, name, real, **kw):
            self.users[uid] = {
                "id": uid,
                "team_id": kw.pop("team", f["team"]),
                "name": name,
                "real_name": real,
                "deleted": False,
                "is_bot": kw.pop("bot", False),
                "is_admin": kw.pop("admin", False),
                "is_owner": kw.pop("owner", False),
                "is_restricted": kw.pop("guest", False),
                "is_ultra_restricted": False,
                "is_app_user": False,
                "is_stranger": kw.pop("stranger", False),
                "tz": "Europe/London",
                "tz_offset": 0,
                "locale": "en-GB",
                "profile": {"real_name": real, "display_name": name, "email": f"{name}@example.com"},
                **kw,
            }

        user("U0ALICE", "alice", "Alice Adams")
        user("U0BOB", "bob", "Bob Brown")
        user("U0CAROL", "carol", "Carol Admin", admin=True)
        user("U0GUEST", "guest", "Gus Guest", guest=True)
        user("U0EXTERN", "extern", "Ext Ernal", team="T0OTHER", stranger=True)
        user(f["bot_user"], f["bot_name"], "Docs Bot", bot=True)
        user("U0OTHERBOT", "otherbot", "Other Bot", bot=True)
        self.channels = {}
        people = ["U0ALICE", "U0BOB", "U0CAROL", "U0GUEST"]
        for cid, name, kw in (
            ("C0GENERAL", "general", {}),
            ("C0DOCS", "docs", {}),
            ("C0NOBOT", "nobot", {"bot": False}),
            ("C0PRIVATE", "private", {"is_private": True, "members": ["U0ALICE", "U0CAROL"]}),
            ("C0SHARED", "shared", {"is_ext_shared": True, "members": people + ["U0EXTERN"]}),
            ("C0ARCHIVED", "archived", {"is_archived": True}),
        ):
            self.add_channel(cid, name, **{"members": list(people), **kw})
        self.usergroups = {
            "S0DOCADMINS": {
                "id": "S0DOCADMINS",
                "team_id": f["team"],
                "handle": "doc-admins",
                "name": "Doc admins",
                "date_delete": 0,
                "users": ["U0CAROL"],
            }
        }
        self.msgs = collections.defaultdict(dict)  # channel -> ts -> message as Slack stores it
        self.posted = []  # everything the app made visible, in order
        self.calls = []  # every Web API / response_url request
        self.deliveries = []  # every event / command / interaction sent to the app
        self.violations = []
        self.faults = []
        self.streams, self.statuses, self.prompts, self.titles, self.sessions = {}, {}, [], {}, {}
        self.status_log = []
        self.views, self.triggers, self.response_urls = {}, {}, {}
        self.hits = collections.defaultdict(list)
        self.refuse_until = 0.0
        if not hasattr(self, "conns"):
            self.conns, self.tickets, self.pending = [], {}, {}

    def add_channel(
        self,
        cid,
        name,
        members=(),
        bot=True,
        is_private=False,
        is_ext_shared=False,
        is_archived=False,
        im_user=None,
    ):
        m = list(members) + (
            [self.fixed["bot_user"]] if bot and self.fixed["bot_user"] not in members else []
        )
        self.channels[cid] = {
            "id": cid,
            "name": name,
            "is_channel": not im_user,
            "is_private": is_private,
            "is_im": bool(im_user),
            "is_mpim": False,
            "is_group": False,
            "is_archived": is_archived,
            "is_ext_shared": is_ext_shared,
            "is_shared": is_ext_shared,
            "is_org_shared": False,
            "created": 1700000000,
            "creator": "U0CAROL",
            "topic": {"value": ""},
            "purpose": {"value": ""},
            "_members": m,
            **({"user": im_user} if im_user else {}),
        }

    def im(self, user):
        cid = "D0" + user[2:] if user.startswith("U0") else "D" + user[1:]
        if cid not in self.channels:
            self.add_channel(cid, "directmessage", [user], im_user=user)
        return cid

    def load_manifest(self, text):
        import yaml

        self.manifest = yaml.safe_load(text)
        er, wa = R.check_manifest(self.manifest if isinstance(self.manifest, dict) else {})
        self.manifest_report = {"errors": er, "warnings": wa}

    @property
    def agent_mode(self):
        if self.o.experience != "auto":
            return self.o.experience
        f = (self.manifest or {}).get("features") or {}
        return (
            "assistant"
            if f.get("assistant_view")
            else "agent"
            if f.get("agent_view") or not self.manifest
            else "none"
        )

    @property
    def events(self):
        if self.manifest:
            return set(
                ((self.manifest.get("settings") or {}).get("event_subscriptions") or {}).get("bot_events")
                or []
            )
        ev = set(self.o.subscribe.split(","))
        if self.agent_mode != "assistant":
            ev -= {"assistant_thread_started", "assistant_thread_context_changed"}
        return ev

    @property
    def scopes(self):
        if self.manifest:
            s = (self.manifest.get("oauth_config") or {}).get("scopes") or {}
            return set((s.get("bot") or []) + (s.get("bot_optional") or []))
        return set(self.o.scopes.split(",")) if self.o.scopes else None  # None: everything granted

    @property
    def commands(self):
        if self.manifest:
            return [
                c.get("command") for c in ((self.manifest.get("features") or {}).get("slash_commands") or [])
            ]
        return None

    def ts(self):
        t = max(now(), self._last_ts + 0.000001)
        self._last_ts = round(t, 6)
        return f"{t:.6f}"

    def seq(self):
        self._seq += 1
        return self._seq

    def violate(self, kind, detail, **kw):
        self.violations.append({"seq": self.seq(), "t": now(), "kind": kind, "detail": detail, **kw})

    def spawn(self, coro):
        t = asyncio.ensure_future(coro)
        self.tasks.add(t)
        t.add_done_callback(self.tasks.discard)
        return t

    # ------------------------------------------------------------------ Web API plumbing
    async def parse(self, req):
        a = dict(req.query)
        ct = req.headers.get("Content-Type", "").lower()
        if req.method == "POST":
            if "application/json" in ct:
                raw = await req.text()
                try:
                    j = json.loads(raw) if raw else {}
                    if not isinstance(j, dict):
                        raise ValueError
                    a.update(j)
                except ValueError:
                    a["_error"] = "invalid_json"
            elif ct:
                for k, v in (await req.post()).items():
                    a[k] = v if isinstance(v, str) else v.filename
        for k in JSON_ARGS:
            if isinstance(a.get(k), str) and a[k][:1] in "[{":
                try:
                    a[k] = json.loads(a[k])
                except ValueError:
                    a["_bad_" + k] = True
        auth = req.headers.get("Authorization", "")
        token = auth[7:] if auth.startswith("Bearer ") else a.pop("token", None)
        a.pop("token", None)
        return token, a

    def fault(self, method, args):
        for f in self.faults:
            if f["left"] == 0 or not re.fullmatch(f["method"].replace(".", r"\.").replace("*", ".*"), method):
                continue
            if f.get("channel") and args.get("channel") != f["channel"]:
                continue
            if f["skip"] > 0:
                f["skip"] -= 1
                continue
            if f["left"] > 0:
                f["left"] -= 1
            f["hits"] += 1
            return f
        return None

    async def api(self, req):
        method = req.match_info["method"]
        token, a = await self.parse(req)
        call = {
            "seq": self.seq(),
            "t": now(),
            "method": method,
            "args": {k: v for k, v in a.items() if not k.startswith("_")},
            "token": (token or "")[:5],
            "content_type": req.headers.get("Content-Type"),
            "http": req.method,
        }
        self.calls.append(call)
        f = self.fault(method, a)
        if f and f.get("delay"):
            await asyncio.sleep(f["delay"])
        if f and not f.get("apply"):
            r = self.fault_response(f)
            call["status"], call["response"] = (
                r.status if r is not None else 0,
                {"fault": f.get("status") or f.get("error")},
            )
            if r is None:
                req.transport.abort()
                return web.Response()
            return r
        limited = self.rate(method, a)
        if limited and self.o.rate_limits == "enforce":
            call["status"], call["response"] = 429, {"ok": False, "error": "ratelimited"}
            return web.json_response(
                {"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": str(limited)}
            )
        res = self.call(method, token, a)
        call["status"], call["response"] = 200, res
        if f and f.get("apply"):  # the effect happened, the client does not learn it
            r = self.fault_response(f)
            call["status"], call["response_sent"] = (r.status if r is not None else 0), "fault after effect"
            if r is None:
                req.transport.abort()
                return web.Response()
            return r
        h = {"X-Slack-Req-Id": secrets.token_hex(16), "X-OAuth-Scopes": ",".join(sorted(self.scopes or []))}
        return web.json_response(res, headers=h)

    def fault_response(self, f):
        st = f.get("status", 200)
        if f.get("drop"):
            return None
        if f.get("error"):
            return web.json_response({"ok": False, "error": f["error"]}, status=200 if st == 200 else st)
        if st == 429:
            return web.json_response(
                {"ok": False, "error": "ratelimited"},
                status=429,
                headers={"Retry-After": str(f.get("retry_after", 1))},
            )
        if f.get("body") is not None:
            return web.Response(status=st, text=f["body"], content_type=f.get("content_type", "text/html"))
        if st >= 500 and f.get("html"):
            return web.Response(
                status=st, text="<html><body>upstream error</body></html>", content_type="text/html"
            )
        return web.json_response(
            {
                "ok": False,
                "error": {503: "service_unavailable", 500: "fatal_error"}.get(st, "internal_error"),
            },
            status=st,
        )

    def rate(self, method, a):
        """Returns Retry-After seconds when Slack's published limit is exceeded (bursts tolerated)."""
        t = now()
        if method == "chat.postMessage":
            h = self.hits[("post", a.get("channel"))]
            h[:] = [x for x in h if t - x < 10]
            h.append(t)
            if len(h) > 14:  # 1/s/channel over 10 s, burst of 4
                self.violate(
                    "rate", f"chat.postMessage {len(h)} in 10 s to {a.get('channel')}", method=method
                )
                return 1
            return 0
        tier = R.METHOD_TIER.get(method)
        if self.o.nonmarketplace and method in ("conversations.replies", "conversations.history"):
            per = 1
        elif tier is None:
            return 0
        else:
            per = int(R.TIER[tier] * 1.2)
        h = self.hits[method]
        h[:] = [x for x in h if t - x < 60]
        h.append(t)
        if len(h) > per:
            self.violate("rate", f"{method} {len(h)} in 60 s, {tier} allows {per}", method=method)
            return max(1, int(60 - (t - h[0])))
        return 0

    def call(self, method, token, a):
        if token is None:
            return {"ok": False, "error": "not_authed"}
        want_app = method == "apps.connections.open"
        good = self.o.app_token if want_app else self.o.bot_token
        if token != good:
            kind = (
                "not_allowed_token_type"
                if token in (self.o.app_token, self.o.bot_token) and method != "auth.test"
                else "invalid_auth"
            )
            return {"ok": False, "error": kind}
        if a.get("_error"):
            return {"ok": False, "error": a["_error"]}
        fn = getattr(self, "m_" + method.replace(".", "_"), None)
        if fn is None:
            self.violate("unknown_method", method)
            return {"ok": False, "error": "unknown_method", "req_method": method}
        need = R.SCOPES.get(method)
        if method.startswith("conversations.") and method.split(".")[1] in (
            "history",
            "replies",
            "info",
            "members",
        ):
            c = self.channels.get(a.get("channel")) or {}
            kind = "im" if c.get("is_im") else "groups" if c.get("is_private") else "channels"
            need = [f"{kind}:{'history' if method.split('.')[1] in ('history', 'replies') else 'read'}"]
        if need and self.scopes is not None and not (set(need) & self.scopes):
            self.violate("missing_scope", f"{method} needs {need[0]}", method=method)
            return {
                "ok": False,
                "error": "missing_scope",
                "needed": need[0],
                "provided": ",".join(sorted(self.scopes)),
            }
        try:
            for k in JSON_ARGS:
                if a.get("_bad_" + k):
                    raise R.Invalid(
                        "invalid_blocks_format" if k == "blocks" else "invalid_arguments",
                        [f"[ERROR] invalid JSON in {k}"],
                    )
            return {"ok": True, **(fn(a) or {})}
        except R.Invalid as e:
            if e.error in (
                "invalid_blocks",
                "msg_too_long",
                "msg_blocks_too_long",
                "invalid_arguments",
                "markdown_text_conflict",
                "no_text",
                "invalid_chunks",
                "missing_recipient_user_id",
                "missing_recipient_team_id",
                "invalid_blocks_format",
            ):
                self.violate("rejected", f"{method}: {e.error} {e.messages[:3]}", method=method)
            r = {"ok": False, "error": e.error}
            if e.messages:
                r["response_metadata"] = {"messages": e.messages}
            return r

    def chan(self, a, post=True, key="channel"):
        c = a.get(key)
        if not c:
            raise R.Invalid("invalid_arguments", [f"[ERROR] missing required field: {key}"])
        if c in self.users and c.startswith("U"):
            c = self.im(c)
        if c.startswith("#"):
            c = next((x["id"] for x in self.channels.values() if x["name"] == c[1:]), c)
        ch = self.channels.get(c)
        if not ch:
            raise R.Invalid("channel_not_found")
        if self.fixed["bot_user"] not in ch["_members"]:
            if ch["is_private"]:
                raise R.Invalid("channel_not_found")
            if post and not (self.scopes is not None and "chat:write.public" in self.scopes):
                raise R.Invalid("not_in_channel")
        if post and ch["is_archived"]:
            raise R.Invalid("is_archived")
        return ch

    # ------------------------------------------------------------------ messages
    def content(self, a, method, text_limit=R.MAX_TEXT, truncate=True):
        text, md, blocks = a.get("text"), a.get("markdown_text"), a.get("blocks")
        if md is not None and (text is not None or blocks is not None):
            raise R.Invalid("markdown_text_conflict")
        if md is not None and len(md) > R.MAX_MARKDOWN_TEXT:
            raise R.Invalid(
                "msg_too_long",
                [
                    f"[ERROR] must be less than {R.MAX_MARKDOWN_TEXT + 1} characters [json-pointer:/markdown_text]"
                ],
            )
        if blocks not in (None, "", []):
            blocks = R.check_blocks(blocks)
        else:
            blocks = None
        if not (text or md or blocks or a.get("attachments")):
            raise R.Invalid("no_text")
        warn = None
        if text and len(text) > text_limit:
            if not truncate:
                raise R.Invalid("msg_too_long")
            self.violate(
                "truncated", f"{method}: text of {len(text)} characters cut to {text_limit}", method=method
            )
            text, warn = text[:text_limit], "message_truncated"
        if blocks and not text:
            self.violate(
                "no_fallback_text",
                f"{method}: blocks without text (notifications and screen readers show nothing useful)",
                method=method,
            )
        if isinstance(a.get("metadata"), dict) and not (
            {"event_type", "event_payload"} <= set(a["metadata"]) or "entities" in a["metadata"]
        ):
            raise R.Invalid("invalid_metadata_format")
        return text, md, blocks, warn

    def note(self, method, kind, msg, **kw):
        body = [msg.get("text") or "", msg.get("markdown_text") or ""] + [
            R.block_text(b) for b in msg.get("blocks") or []
        ]
        entry = {
            "seq": self.seq(),
            "t": now(),
            "kind": kind,
            "method": method,
            "channel": msg.get("channel"),
            "ts": msg.get("ts"),
            "thread_ts": msg.get("thread_ts"),
            "text": msg.get("text"),
            "markdown_text": msg.get("markdown_text"),
            "blocks": msg.get("blocks"),
            "rendered": "\n".join(x for x in body[1:] if x) or body[0],
            "streaming": False,
            "deleted": False,
            "edits": [],
            "pings": sorted(set(R.pings(*body))),
            "raw_angles": sorted({x for b in body for x in R.raw_angles(b)}),
            **kw,
        }
        self.posted.append(entry)
        return entry

    def find(self, channel, ts):
        return next((p for p in self.posted if p["channel"] == channel and p["ts"] == ts), None)

    def store(self, ch, a, text, md, blocks, **extra):
        ts = self.ts()
        tt = a.get("thread_ts")
        if tt:
            parent = self.msgs[ch["id"]].get(tt)
            if parent is None:
                self.violate("unknown_thread_ts", f"{tt} is not a message of {ch['id']}")
            elif parent.get("thread_ts") not in (None, tt):
                self.violate("thread_ts_of_reply", f"{tt} is itself a reply; use {parent['thread_ts']}")
                tt = parent["thread_ts"]
        blocks = (
            [dict(b, block_id=b.get("block_id") or secrets.token_hex(3)) for b in blocks] if blocks else None
        )
        m = {
            "type": "message",
            "channel": ch["id"],
            "ts": ts,
            "user": self.fixed["bot_user"],
            "bot_id": self.fixed["bot_id"],
            "app_id": self.fixed["app"],
            "team": self.fixed["team"],
            "text": text if text is not None else (md or ""),
            "bot_profile": {
                "id": self.fixed["bot_id"],
                "name": self.fixed["bot_name"],
                "app_id": self.fixed["app"],
            },
            **extra,
        }
        if tt:
            m["thread_ts"] = tt
        if blocks:
            m["blocks"] = blocks
        if md:
            m["blocks"] = [{"type": "markdown", "text": md, "block_id": secrets.token_hex(3)}]
        if isinstance(a.get("metadata"), dict):
            m["metadata"] = a["metadata"]
        self.msgs[ch["id"]][ts] = m
        self.statuses.pop((ch["id"], tt or ts), None)
        return m

    def self_event(self, ch, m):
        ev = {k: v for k, v in m.items() if k not in ("app_id",)}
        ev.update(channel_type=self.ctype(ch), event_ts=m["ts"])
        self.spawn(self.event(ev, ch))

    def m_auth_test(self, a):
        f = self.fixed
        return {
            "url": f"https://{f['team_domain']}.slack.com/",
            "team": "Sim",
            "user": f["bot_name"],
            "team_id": f["team"],
            "user_id": f["bot_user"],
            "bot_id": f["bot_id"],
            "is_enterprise_install": False,
        }

    def m_api_test(self, a):
        return {"args": a}

    def m_apps_connections_open(self, a):
        if now() < self.refuse_until and getattr(self, "refuse_what", "") in ("open", "all"):
            raise R.Invalid("internal_error")
        t = secrets.token_urlsafe(24)
        self.tickets[t] = now()
        return {"url": f"{self.ws_base}/link/?ticket={t}&app_id={self.fixed['app']}"}

    def m_chat_postMessage(self, a):
        ch = self.chan(a)
        text, md, blocks, warn = self.content(a, "chat.postMessage")
        m = self.store(ch, a, text, md, blocks)
        n = self.note(
            "chat.postMessage",
            "message",
            {**m, "text": text, "markdown_text": md, "blocks": blocks},
            unfurl_links=a.get("unfurl_links"),
            unfurl_media=a.get("unfurl_media"),
            reply_broadcast=a.get("reply_broadcast"),
            mrkdwn=a.get("mrkdwn"),
            parse=a.get("parse"),
            link_names=a.get("link_names"),
        )
        if a.get("link_names") or a.get("parse") == "full":
            n["pings"] += re.findall(r"(?<!\S)@(?:channel|here|everyone)\b", text or "")
        self.self_event(ch, m)
        r = {"channel": ch["id"], "ts": m["ts"], "message": m}
        if warn:
            r.update(warning=warn, response_metadata={"warnings": [warn]})
        return r

    def m_chat_update(self, a):
        ch = self.chan(a)
        m = self.msgs[ch["id"]].get(a.get("ts"))
        if not m:
            raise R.Invalid("message_not_found")
        if m.get("bot_id") != self.fixed["bot_id"]:
            raise R.Invalid("cant_update_message")
        s = self.streams.get((ch["id"], a["ts"]))
        if s and s["state"] == "streaming" and not self.stream_expired(s):
            raise R.Invalid("streaming_state_conflict")
        text, md, blocks, _ = self.content(a, "chat.update", R.MAX_UPDATE_TEXT, truncate=False)
        m.update(
            text=text if text is not None else (md or ""),
            edited={"user": self.fixed["bot_user"], "ts": self.ts()},
        )
        m.pop("blocks", None)
        if blocks:
            m["blocks"] = [dict(b, block_id=b.get("block_id") or secrets.token_hex(3)) for b in blocks]
        if md:
            m["blocks"] = [{"type": "markdown", "text": md, "block_id": secrets.token_hex(3)}]
        e = self.find(ch["id"], a["ts"])
        if e:
            e["edits"].append({"t": now(), "text": e["text"], "rendered": e["rendered"]})
            tmp = self.note(
                "chat.update", "message", {**m, "text": text, "markdown_text": md, "blocks": blocks}
            )
            self.posted.pop()
            e.update(
                {k: tmp[k] for k in ("text", "markdown_text", "blocks", "rendered", "pings", "raw_angles")},
                streaming=False,
                t_edit=now(),
                t=now(),
            )
        return {"channel": ch["id"], "ts": a["ts"], "text": m["text"], "message": m}

    def m_chat_delete(self, a):
        ch = self.chan(a)
        m = self.msgs[ch["id"]].get(a.get("ts"))
        if not m:
            raise R.Invalid("message_not_found")
        if m.get("bot_id") != self.fixed["bot_id"]:
            raise R.Invalid("cant_delete_message")
        del self.msgs[ch["id"]][a["ts"]]
        e = self.find(ch["id"], a["ts"])
        if e:
            e.update(deleted=True, t=now())
        return {"channel": ch["id"], "ts": a["ts"]}

    def m_chat_postEphemeral(self, a):
        ch = self.chan(a)
        if not a.get("user"):
            raise R.Invalid("invalid_arguments", ["[ERROR] missing required field: user"])
        if a["user"] not in ch["_members"]:
            raise R.Invalid("user_not_in_channel")
        text, md, blocks, _ = self.content(a, "chat.postEphemeral")
        ts = self.ts()
        blocks = (
            [dict(b, block_id=b.get("block_id") or secrets.token_hex(3)) for b in blocks] if blocks else None
        )
        self.note(
            "chat.postEphemeral",
            "ephemeral",
            {
                "channel": ch["id"],
                "ts": ts,
                "thread_ts": a.get("thread_ts"),
                "text": text,
                "markdown_text": md,
                "blocks": blocks,
            },
            user=a["user"],
        )
        return {"message_ts": ts}

    def m_chat_getPermalink(self, a):
        ch = self.chan(a, post=False)
        if a.get("message_ts") not in self.msgs[ch["id"]]:
            raise R.Invalid("message_not_found")
        return {
            "channel": ch["id"],
            "permalink": f"https://{self.fixed['team_domain']}.slack.com/archives/{ch['id']}/p{a['message_ts'].replace('.', '')}",
        }

    def m_chat_unfurl(self, a):
        return {}

    # ------------------------------------------------------------------ streams
    def chunks(self, a):
        md, ch = a.get("markdown_text"), a.get("chunks")
        if md is not None and ch is not None:
            raise R.Invalid("invalid_arguments", ["[ERROR] markdown_text and chunks cannot be sent together"])
        if md is not None and len(md) > R.MAX_MARKDOWN_TEXT:
            raise R.Invalid(
                "msg_too_long",
                [
                    f"[ERROR] must be less than {R.MAX_MARKDOWN_TEXT + 1} characters [json-pointer:/markdown_text]"
                ],
            )
        out, blocks, tasks = md or "", [], []
        for i, c in enumerate(ch or []):
            t = c.get("type") if isinstance(c, dict) else None
            if t == "markdown_text":
                if not isinstance(c.get("text"), str):
                    raise R.Invalid(
                        "invalid_chunks", [f"[ERROR] missing required field: text [json-pointer:/chunks/{i}]"]
                    )
                if len(c["text"]) > R.MAX_MARKDOWN_TEXT:
                    raise R.Invalid(
                        "msg_too_long",
                        [f"[ERROR] must be less than 12001 characters [json-pointer:/chunks/{i}/text]"],
                    )
                out += c["text"]
            elif t == "task_update":
                if (
                    not c.get("id")
                    or not c.get("title")
                    or c.get("status") not in ("pending", "in_progress", "complete", "error")
                ):
                    raise R.Invalid(
                        "invalid_chunks", [f"[ERROR] invalid task_update [json-pointer:/chunks/{i}]"]
                    )
                tasks.append(c)
            elif t == "plan_update":
                if not c.get("title"):
                    raise R.Invalid(
                        "invalid_chunks",
                        [f"[ERROR] missing required field: title [json-pointer:/chunks/{i}]"],
                    )
                tasks.append(c)
            elif t == "blocks":
                blocks += R.check_blocks(c.get("blocks"))
            else:
                raise R.Invalid(
                    "invalid_chunks", [f"[ERROR] unsupported type: {t} [json-pointer:/chunks/{i}/type]"]
                )
        return out, blocks, tasks

    def stream_expired(self, s):
        if s["state"] == "streaming" and now() - s["t0"] > self.o.stream_ttl:
            s["state"] = "expired"
            self.sync_stream(s)
        return s["state"] == "expired"

    def sync_stream(self, s):
        m = self.msgs[s["channel"]].get(s["ts"])
        if m is not None:
            m["text"] = s["text"]
            m["blocks"] = (
                [{"type": "markdown", "text": s["text"], "block_id": "md"}] if s["text"] else []
            ) + s["blocks"]
        e = s["entry"]
        e.update(
            text=s["text"],
            markdown_text=s["text"],
            blocks=s["blocks"] or None,
            streaming=s["state"] == "streaming",
            stream_state=s["state"],
            t=now(),
            tasks=s["tasks"],
            rendered="\n".join([s["text"]] + [R.block_text(b) for b in s["blocks"]]).strip(),
            pings=sorted(set(R.pings(s["text"], *[R.block_text(b) for b in s["blocks"]]))),
            raw_angles=sorted(set(R.raw_angles(s["text"]))),
        )

    def grow(self, s, a):
        text, blocks, tasks = self.chunks(a)
        size = len((s["text"] + text).encode()) + sum(len(json.dumps(t)) for t in s["tasks"] + tasks)
        if size > self.o.stream_max:
            raise R.Invalid("msg_too_long")
        s["text"] += text
        s["blocks"] += blocks
        for t in tasks:
            s["tasks"] = [x for x in s["tasks"] if x.get("id") != t.get("id") or t.get("id") is None] + [t]
        return text, blocks, tasks

    def m_chat_startStream(self, a):
        ch = self.chan(a)
        if not a.get("thread_ts"):
            self.violate("stream_without_thread", "chat.startStream without thread_ts")
        if not ch["is_im"]:
            if not a.get("recipient_team_id"):
                raise R.Invalid("missing_recipient_team_id")
            if not a.get("recipient_user_id"):
                raise R.Invalid("missing_recipient_user_id")
        if a.get("recipient_user_id") and a["recipient_user_id"] not in self.users:
            raise R.Invalid("user_not_found")
        if a.get("task_display_mode") not in (None, "timeline", "plan"):
            raise R.Invalid(
                "invalid_arguments", ["[ERROR] must be a valid enum value [json-pointer:/task_display_mode]"]
            )
        self.chunks(a)
        m = self.store(ch, a, "", None, None, streaming_state="in_progress")
        s = {
            "channel": ch["id"],
            "ts": m["ts"],
            "thread_ts": m.get("thread_ts"),
            "t0": now(),
            "state": "streaming",
            "text": "",
            "blocks": [],
            "tasks": [],
            "appends": 0,
            "recipient_user_id": a.get("recipient_user_id"),
            "recipient_team_id": a.get("recipient_team_id"),
        }
        s["entry"] = self.note("chat.startStream", "stream", m)
        self.streams[(ch["id"], m["ts"])] = s
        self.grow(s, a)
        self.sync_stream(s)
        return {"channel": ch["id"], "ts": m["ts"]}

    def stream_of(self, a):
        ch = self.chan(a)
        m = self.msgs[ch["id"]].get(a.get("ts"))
        if not m:
            raise R.Invalid("message_not_found")
        if m.get("bot_id") != self.fixed["bot_id"]:
            raise R.Invalid("message_not_owned_by_app")
        s = self.streams.get((ch["id"], a["ts"]))
        if not s or self.stream_expired(s) or s["state"] != "streaming":
            raise R.Invalid(
                "stopped_by_user"
                if s and s["state"] == "stopped_by_user"
                else "message_not_in_streaming_state"
            )
        return s

    def m_chat_appendStream(self, a):
        s = self.stream_of(a)
        text, blocks, tasks = self.grow(s, a)
        if not (text or blocks or tasks):
            raise R.Invalid("no_text")
        s["appends"] += 1
        self.sync_stream(s)
        return {"channel": s["channel"], "ts": s["ts"]}

    def m_chat_stopStream(self, a):
        s = self.stream_of(a)
        final = R.check_blocks(a["blocks"]) if a.get("blocks") not in (None, "", []) else []
        self.grow(s, a)
        if not (s["text"] or s["blocks"] or final or s["tasks"]):
            raise R.Invalid("no_text")
        s["blocks"] += [dict(b, block_id=b.get("block_id") or secrets.token_hex(3)) for b in final]
        s["state"] = "done"
        m = self.msgs[s["channel"]][s["ts"]]
        m["streaming_state"] = "completed"
        if isinstance(a.get("metadata"), dict):
            m["metadata"] = a["metadata"]
        self.sync_stream(s)
        s["entry"]["session_status"] = a.get("session_status")
        self.self_event(self.channels[s["channel"]], m)
        return {"channel": s["channel"], "ts": s["ts"], "message": m}

    # ------------------------------------------------------------------ assistant
    def m_assistant_threads_setStatus(self, a):
        ch = self.chan(a, post=False, key="channel_id")
        if not a.get("thread_ts") or "status" not in a:
            raise R.Invalid(
                "invalid_arguments",
                ["[ERROR] missing required field: " + ("thread_ts" if not a.get("thread_ts") else "status")],
            )
        if a["thread_ts"] not in self.msgs[ch["id"]]:
            raise R.Invalid("invalid_thread_ts")
        lm = a.get("loading_messages")
        if lm is not None and (
            not isinstance(lm, list)
            or not 1 <= len(lm) <= 10
            or any(not isinstance(x, str) or not 1 <= len(x) <= 50 for x in lm)
        ):
            raise R.Invalid(
                "invalid_arguments",
                ["[ERROR] 1-10 messages of 1-50 characters [json-pointer:/loading_messages]"],
            )
        k = (ch["id"], a["thread_ts"])
        self.status_log.append(
            {
                "seq": self.seq(),
                "t": now(),
                "channel": k[0],
                "thread_ts": k[1],
                "status": a["status"],
                "loading_messages": lm,
            }
        )
        if a["status"]:
            self.statuses[k] = {"status": a["status"], "t": now()}
        else:
            self.statuses.pop(k, None)

    def m_assistant_threads_setTitle(self, a):
        ch = self.chan(a, post=False, key="channel_id")
        if a.get("thread_ts") not in self.msgs[ch["id"]]:
            raise R.Invalid("invalid_thread_ts")
        if not a.get("title"):
            raise R.Invalid("invalid_arguments", ["[ERROR] missing required field: title"])
        self.titles[f"{ch['id']}/{a['thread_ts']}"] = a["title"]

    def m_assistant_threads_setSuggestedPrompts(self, a):
        ch = self.chan(a, post=False, key="channel_id")
        p = a.get("prompts")
        if (
            not isinstance(p, list)
            or not 1 <= len(p) <= 4
            or any(not isinstance(x, dict) or not x.get("title") or not x.get("message") for x in p)
        ):
            raise R.Invalid(
                "invalid_arguments", ["[ERROR] 1-4 prompts with title and message [json-pointer:/prompts]"]
            )
        if self.agent_mode == "none":
            raise R.Invalid("not_agent_app")
        ignored = self.agent_mode == "agent" and bool(a.get("thread_ts"))
        if ignored:
            self.violate(
                "prompts_thread_ts", "setSuggestedPrompts with thread_ts silently fails for an agent_view app"
            )
        self.prompts.append(
            {
                "seq": self.seq(),
                "t": now(),
                "channel": ch["id"],
                "thread_ts": a.get("thread_ts"),
                "title": a.get("title"),
                "prompts": p,
                "ignored": ignored,
            }
        )

    def m_agents_sessions_setStatus(self, a):
        ch = self.chan(a, post=False, key="channel_id")
        if a.get("status") not in ("active", "processing", "suspended", "closed"):
            raise R.Invalid("invalid_status")
        self.sessions[f"{ch['id']}/{a.get('thread_ts')}"] = {
            k: v for k, v in a.items() if not k.startswith("_")
        }

    def m_agents_sessions_rename(self, a):
        self.chan(a, post=False, key="channel_id")

    # ------------------------------------------------------------------ reading
    def pub_channel(self, c):
        d = {k: v for k, v in c.items() if not k.startswith("_")}
        d.update(is_member=self.fixed["bot_user"] in c["_members"], num_members=len(c["_members"]))
        return d

    def page(self, items, a, limit=100, cap=1000):
        n = int(a.get("limit") or limit)
        if self.o.nonmarketplace:
            n = min(n, 15)
        n = max(1, min(n, cap))
        start = 0
        if a.get("cursor"):
            if not str(a["cursor"]).startswith("c:"):
                raise R.Invalid("invalid_cursor")
            start = int(a["cursor"][2:])
        more = start + n < len(items)
        return items[start : start + n], more, (f"c:{start + n}" if more else "")

    def window(self, ms, a):
        lo, hi, inc = (
            float(a.get("oldest") or 0),
            float(a.get("latest") or 9e18),
            str(a.get("inclusive")).lower() in ("1", "true"),
        )
        return [m for m in ms if (lo <= float(m["ts"]) <= hi if inc else lo < float(m["ts"]) < hi)]

    def m_conversations_replies(self, a):
        ch = self.chan(a, post=False)
        if self.fixed["bot_user"] not in ch["_members"]:
            raise R.Invalid("not_in_channel")
        root = self.msgs[ch["id"]].get(a.get("ts"))
        if not root:
            raise R.Invalid("thread_not_found")
        tid = root.get("thread_ts", root["ts"])
        ms = sorted(
            (m for m in self.msgs[ch["id"]].values() if m["ts"] == tid or m.get("thread_ts") == tid),
            key=lambda m: float(m["ts"]),
        )
        parent, rest = [m for m in ms if m["ts"] == tid], self.window([m for m in ms if m["ts"] != tid], a)
        if parent and rest:
            parent = [dict(parent[0], thread_ts=tid, reply_count=len(ms) - 1, latest_reply=ms[-1]["ts"])]
        out, more, cur = self.page(parent + rest, a)
        return {"messages": out, "has_more": more, "response_metadata": {"next_cursor": cur}}

    def m_conversations_history(self, a):
        ch = self.chan(a, post=False)
        if self.fixed["bot_user"] not in ch["_members"]:
            raise R.Invalid("not_in_channel")
        ms = sorted(
            (m for m in self.msgs[ch["id"]].values() if m.get("thread_ts") in (None, m["ts"])),
            key=lambda m: -float(m["ts"]),
        )
        out, more, cur = self.page(self.window(ms, a), a)
        return {"messages": out, "has_more": more, "response_metadata": {"next_cursor": cur}}

    def m_conversations_info(self, a):
        return {"channel": self.pub_channel(self.chan(a, post=False))}

    def m_conversations_members(self, a):
        out, _, cur = self.page(self.chan(a, post=False)["_members"], a)
        return {"members": out, "response_metadata": {"next_cursor": cur}}

    def m_conversations_list(self, a):
        types = str(a.get("types") or "public_channel").split(",")
        cs = [
            c
            for c in self.channels.values()
            if (
                "im" in types
                if c["is_im"]
                else ("private_channel" in types and self.fixed["bot_user"] in c["_members"])
                if c["is_private"]
                else "public_channel" in types
            )
        ]
        out, _, cur = self.page([self.pub_channel(c) for c in cs], a)
        return {"channels": out, "response_metadata": {"next_cursor": cur}}

    def m_users_conversations(self, a):
        u = a.get("user") or self.fixed["bot_user"]
        out, _, cur = self.page(
            [self.pub_channel(c) for c in self.channels.values() if u in c["_members"]], a
        )
        return {"channels": out, "response_metadata": {"next_cursor": cur}}

    def m_conversations_open(self, a):
        if a.get("channel"):
            return {"channel": {"id": self.chan(a, post=False)["id"]}}
        us = [u for u in str(a.get("users") or "").split(",") if u]
        if len(us) != 1 or us[0] not in self.users:
            raise R.Invalid("user_not_found" if us else "users_list_not_supplied")
        return {"channel": {"id": self.im(us[0])}}

    def m_conversations_join(self, a):
        ch = self.channels.get(a.get("channel"))
        if not ch:
            raise R.Invalid("channel_not_found")
        if self.fixed["bot_user"] not in ch["_members"]:
            ch["_members"].append(self.fixed["bot_user"])
        return {"channel": self.pub_channel(ch)}

    def m_users_info(self, a):
        u = self.users.get(a.get("user"))
        if not u:
            raise R.Invalid("user_not_found")
        return {"user": u}

    def m_users_list(self, a):
        out, _, cur = self.page(list(self.users.values()), a)
        return {"members": out, "cache_ts": int(now()), "response_metadata": {"next_cursor": cur}}

    def m_users_lookupByEmail(self, a):
        for u in self.users.values():
            if u["profile"]["email"] == a.get("email"):
                return {"user": u}
        raise R.Invalid("users_not_found")

    def m_usergroups_list(self, a):
        return {
            "usergroups": [
                {
                    **{k: v for k, v in g.items() if k != "users"},
                    "user_count": len(g["users"]),
                    **({"users": g["users"]} if str(a.get("include_users")).lower() in ("1", "true") else {}),
                }
                for g in self.usergroups.values()
            ]
        }

    def m_usergroups_users_list(self, a):
        g = self.usergroups.get(a.get("usergroup"))
        if not g:
            raise R.Invalid("no_such_subteam")
        if g["date_delete"] and str(a.get("include_disabled")).lower() not in ("1", "true"):
            raise R.Invalid("no_such_subteam")
        return {"users": g["users"]}

    def m_team_info(self, a):
        return {"team": {"id": self.fixed["team"], "name": "Sim", "domain": self.fixed["team_domain"]}}

    def m_bots_info(self, a):
        return {
            "bot": {
                "id": self.fixed["bot_id"],
                "deleted": False,
                "name": self.fixed["bot_name"],
                "app_id": self.fixed["app"],
                "user_id": self.fixed["bot_user"],
            }
        }

    def m_emoji_list(self, a):
        return {"emoji": {}}

    # ------------------------------------------------------------------ reactions
    def react(self, a, add):
        ch = self.chan(a, post=False)
        m = self.msgs[ch["id"]].get(a.get("timestamp"))
        if not re.fullmatch(r"[a-z0-9_+'\-]+(::skin-tone-[2-6])?", a.get("name") or ""):
            raise R.Invalid("invalid_name")
        if not m:
            raise R.Invalid("message_not_found")
        rs = m.setdefault("reactions", [])
        r = next((x for x in rs if x["name"] == a["name"]), None)
        me = self.fixed["bot_user"]
        if add:
            if r and me in r["users"]:
                raise R.Invalid("already_reacted")
            if not r:
                rs.append({"name": a["name"], "users": [me], "count": 1})
            else:
                r["users"].append(me)
                r["count"] += 1
        else:
            if not r or me not in r["users"]:
                raise R.Invalid("no_reaction")
            r["users"].remove(me)
            r["count"] -= 1
        self.posted.append(
            {
                "seq": self.seq(),
                "t": now(),
                "kind": "reaction" if add else "reaction_removed",
                "channel": ch["id"],
                "ts": None,
                "item_ts": a["timestamp"],
                "name": a["name"],
                "thread_ts": None,
                "rendered": f":{a['name']}:",
                "streaming": False,
                "deleted": False,
                "pings": [],
                "edits": [],
                "text": None,
                "blocks": None,
            }
        )

    def m_reactions_add(self, a):
        self.react(a, True)

    def m_reactions_remove(self, a):
        self.react(a, False)

    def m_reactions_get(self, a):
        ch = self.chan(a, post=False)
        return {
            "type": "message",
            "channel": ch["id"],
            "message": self.msgs[ch["id"]].get(a.get("timestamp")),
        }

    # ------------------------------------------------------------------ views
    def trigger(self):
        t = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**10)}.{secrets.token_hex(16)}"
        self.triggers[t] = now()
        return t

    def view(self, a, vtype):
        v = a.get("view")
        if isinstance(v, str):
            try:
                v = json.loads(v)
            except ValueError:
                raise R.Invalid("invalid_arguments", ["[ERROR] view is not JSON"])
        if not isinstance(v, dict) or v.get("type") not in vtype:
            raise R.Invalid("invalid_arguments", ["[ERROR] unsupported view type [json-pointer:/view/type]"])
        if len(json.dumps(v)) > 250_000:
            raise R.Invalid("view_too_large")
        msgs = []
        if v["type"] == "modal":
            for k in ("title", "submit", "close"):
                t = (v.get(k) or {}).get("text")
                if k == "title" and not t:
                    msgs.append("[ERROR] missing required field: title [json-pointer:/view]")
                if t and len(t) > 24:
                    msgs.append(f"[ERROR] must be less than 25 characters [json-pointer:/view/{k}/text]")
            if any((b or {}).get("type") == "input" for b in v.get("blocks") or []) and not v.get("submit"):
                msgs.append("[ERROR] missing required field: submit [json-pointer:/view]")
        if len(v.get("private_metadata") or "") > 3000:
            msgs.append("[ERROR] must be less than 3001 characters [json-pointer:/view/private_metadata]")
        if len(v.get("callback_id") or "") > 255:
            msgs.append("[ERROR] must be less than 256 characters [json-pointer:/view/callback_id]")
        if msgs:
            raise R.Invalid("invalid_arguments", msgs)
        try:
            R.check_blocks(v.get("blocks") or [], surface="view")
        except R.Invalid as e:
            raise R.Invalid(
                "invalid_arguments", [m.replace("/blocks", "/view/blocks") for m in e.messages] or [e.error]
            )
        return v

    def keep_view(self, v, **kw):
        vid = kw.pop("vid", None) or "V0" + secrets.token_hex(5).upper()
        full = {
            "id": vid,
            "team_id": self.fixed["team"],
            "app_id": self.fixed["app"],
            "bot_id": self.fixed["bot_id"],
            "hash": f"{int(now())}.{secrets.token_hex(4)}",
            "state": {"values": {}},
            "private_metadata": "",
            "callback_id": "",
            "clear_on_close": False,
            "notify_on_close": False,
            "previous_view_id": None,
            "root_view_id": vid,
            "external_id": "",
            **v,
            **kw,
        }
        full["blocks"] = [
            dict(b, block_id=b.get("block_id") or secrets.token_hex(3)) for b in v.get("blocks") or []
        ]
        self.views[vid] = full
        return {"view": full}

    def use_trigger(self, a):
        t = a.get("trigger_id") or a.get("interactivity_pointer")
        if t not in self.triggers:
            raise R.Invalid("invalid_trigger_id")
        at = self.triggers[t]
        if at is None:
            raise R.Invalid("exchanged_trigger_id")
        if now() - at > self.o.trigger_ttl:
            raise R.Invalid("expired_trigger_id")
        self.triggers[t] = None

    def m_views_open(self, a):
        v = self.view(a, ("modal",))
        self.use_trigger(a)
        return self.keep_view(v)

    def m_views_push(self, a):
        v = self.view(a, ("modal",))
        self.use_trigger(a)
        return self.keep_view(v)

    def m_views_update(self, a):
        v = self.view(a, ("modal", "home"))
        old = self.views.get(a.get("view_id")) or next(
            (x for x in self.views.values() if x["external_id"] and x["external_id"] == a.get("external_id")),
            None,
        )
        if not old:
            raise R.Invalid("not_found")
        if a.get("hash") and a["hash"] != old["hash"]:
            raise R.Invalid("hash_conflict")
        return self.keep_view(v, vid=old["id"], root_view_id=old["root_view_id"])

    def m_views_publish(self, a):
        v = self.view(a, ("home",))
        if a.get("user_id") not in self.users:
            raise R.Invalid("invalid_arguments", ["[ERROR] user_id"])
        r = self.keep_view(v, vid="V0HOME" + a["user_id"], user_id=a["user_id"])
        self.posted.append(
            {
                "seq": self.seq(),
                "t": now(),
                "kind": "home",
                "channel": None,
                "ts": None,
                "user": a["user_id"],
                "thread_ts": None,
                "blocks": v.get("blocks"),
                "rendered": "\n".join(R.block_text(b) for b in v.get("blocks") or []),
                "streaming": False,
                "deleted": False,
                "pings": [],
                "edits": [],
                "text": None,
            }
        )
        return r

    # ------------------------------------------------------------------ response_url
    def new_response_url(self, **kw):
        k = secrets.token_urlsafe(18)
        self.response_urls[k] = {"t0": now(), "uses": 0, **kw}
        return f"{self.base}/response/{self.fixed['team']}/{k}"

    async def response_url(self, req):
        k = req.match_info["key"]
        r = self.response_urls.get(k)
        try:
            a = json.loads(await req.text() or "{}")
        except ValueError:
            return web.Response(status=400, text="invalid_payload")
        self.calls.append(
            {"seq": self.seq(), "t": now(), "method": "response_url", "args": a, "http": "POST"}
        )
        f = self.fault("response_url", a)
        if f:
            if f.get("delay"):
                await asyncio.sleep(f["delay"])
            if f.get("status", 200) != 200 or f.get("error"):
                return self.fault_response(f) or web.Response(status=500)
        if not r:
            return web.json_response({"ok": False, "error": "no_such_url"}, status=404)
        if now() - r["t0"] > self.o.response_url_ttl:
            self.violate("response_url_expired", "response_url used after 30 minutes")
            return web.json_response({"ok": False, "error": "expired_url"}, status=404)
        if r["uses"] >= 5:
            self.violate("response_url_used", "response_url used more than 5 times")
            return web.json_response({"ok": False, "error": "used_url"}, status=404)
        r["uses"] += 1
        err = self.respond(r, a, "response_url")
        if err:
            return web.json_response(
                {
                    "ok": False,
                    "error": err.error,
                    **({"response_metadata": {"messages": err.messages}} if err.messages else {}),
                },
                status=400 if err.error != "invalid_blocks" else 200,
            )
        return web.Response(text="ok")

    def respond(self, r, a, method):
        if a.get("delete_original"):
            e = self.find(r["channel"], r.get("message_ts"))
            if e:
                e["deleted"] = True
            return None
        try:
            text, md, blocks, _ = self.content(a, method)
        except R.Invalid as e:
            self.violate("rejected", f"{method}: {e.error} {e.messages[:3]}")
            return e
        if a.get("replace_original") and r.get("message_ts"):
            e = self.find(r["channel"], r["message_ts"])
            if e:
                e["edits"].append({"t": now(), "text": e["text"], "rendered": e["rendered"]})
                tmp = self.note(
                    method,
                    e["kind"],
                    {
                        "text": text,
                        "markdown_text": md,
                        "blocks": blocks,
                        "channel": r["channel"],
                        "ts": r["message_ts"],
                    },
                )
                self.posted.pop()
                e.update(
                    {
                        k: tmp[k]
                        for k in ("text", "markdown_text", "blocks", "rendered", "pings", "raw_angles")
                    },
                    t=now(),
                )
                return None
        eph = a.get("response_type", "ephemeral") != "in_channel"
        blocks = (
            [dict(b, block_id=b.get("block_id") or secrets.token_hex(3)) for b in blocks] if blocks else None
        )
        if eph:
            self.note(
                method,
                "ephemeral",
                {
                    "channel": r["channel"],
                    "ts": self.ts(),
                    "thread_ts": a.get("thread_ts"),
                    "text": text,
                    "markdown_text": md,
                    "blocks": blocks,
                },
                user=r["user"],
                response_type="ephemeral",
            )
        else:
            m = self.store(self.channels[r["channel"]], a, text, md, blocks)
            self.note(
                method,
                "message",
                {**m, "text": text, "markdown_text": md, "blocks": blocks},
                response_type="in_channel",
            )
        return None

    # ------------------------------------------------------------------ Socket Mode
    async def link(self, req):
        t = req.query.get("ticket")
        at = self.tickets.get(t)
        if now() < self.refuse_until and getattr(self, "refuse_what", "") in ("link", "all"):
            return web.Response(status=503, text="unavailable")
        if at is None or now() - at > self.o.ticket_ttl:
            return web.Response(status=408, text="ticket expired")
        ws = web.WebSocketResponse(autoping=True, heartbeat=None)
        await ws.prepare(req)
        self.tickets.pop(t, None)
        c = {
            "id": f"conn{self.seq()}",
            "ws": ws,
            "t0": now(),
            "req": req,
            "acks": 0,
            "alive": True,
            "paused": False,
        }
        if len([x for x in self.conns if x["alive"]]) >= self.o.max_connections:
            await ws.send_json(
                {"type": "disconnect", "reason": "too_many_websockets", "debug_info": {"host": "sim"}}
            )
            await ws.close()
            return ws
        self.conns.append(c)
        await ws.send_json(
            {
                "type": "hello",
                "num_connections": len([x for x in self.conns if x["alive"]]),
                "debug_info": {
                    "host": "applink-sim-0",
                    "build_number": 1,
                    "approximate_connection_time": self.o.connection_time,
                },
                "connection_info": {"app_id": self.fixed["app"]},
            }
        )
        pinger = self.spawn(self.pinger(c))
        rot = self.spawn(self.rotate(c)) if self.o.rotate else None
        try:
            async for msg in ws:
                if msg.type == WSMsgType.TEXT:
                    try:
                        d = json.loads(msg.data)
                    except ValueError:
                        self.violate("bad_frame", msg.data[:200])
                        continue
                    p = self.pending.get(d.get("envelope_id"))
                    if p is None:
                        self.violate("ack_unknown_envelope", str(d)[:200])
                        continue
                    c["acks"] += 1
                    if not p["fut"].done():
                        p["fut"].set_result({"payload": d.get("payload"), "conn": c["id"], "t": now()})
                    else:
                        self.violate("late_or_double_ack", str(d.get("envelope_id")))
        finally:
            c["alive"] = False
            pinger.cancel()
            if rot:
                rot.cancel()
        return ws

    async def pinger(self, c):
        while c["alive"]:
            await asyncio.sleep(self.o.ping_interval)
            try:
                await c["ws"].ping(f"Ping from applink-sim-0 {c['id']}".encode())
            except Exception:
                return

    async def rotate(self, c):
        await asyncio.sleep(self.o.rotate)
        await self.disconnect(c, "refresh_requested")

    async def disconnect(self, c, reason, grace=None, close=True):
        if reason == "refresh_requested":
            try:
                await c["ws"].send_json(
                    {"type": "disconnect", "reason": "warning", "debug_info": {"host": "applink-sim-0"}}
                )
            except Exception:
                pass
            await asyncio.sleep(self.o.warning_time if grace is None else grace)
        try:
            await c["ws"].send_json(
                {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-sim-0"}}
            )
        except Exception:
            pass
        c["paused"] = True
        if close:
            await asyncio.sleep(0.3)
            await c["ws"].close()

    def live(self):
        return [c for c in self.conns if c["alive"] and not c["paused"] and not c["ws"].closed]

    async def send_socket(self, d, envelope_type, payload, accepts, attempt, reason, conn=None):
        """One attempt: returns the ack dict or None."""
        live = self.live()
        if conn:
            live = [c for c in live if c["id"] == conn]
        if not live:
            d["attempts"].append(
                {"t": now(), "conn": None, "retry_attempt": attempt, "result": "no_connection"}
            )
            return None
        c = live[d["n"] % len(live)] if len(live) > 1 else live[0]
        env = {
            "envelope_id": str(uuid.uuid4()),
            "payload": payload,
            "type": envelope_type,
            "accepts_response_payload": accepts,
        }
        if envelope_type == "events_api":
            env.update(retry_attempt=attempt, retry_reason=reason)
        fut = asyncio.get_running_loop().create_future()
        self.pending[env["envelope_id"]] = {"fut": fut}
        at = {"t": now(), "conn": c["id"], "envelope_id": env["envelope_id"], "retry_attempt": attempt}
        d["attempts"].append(at)
        d["n"] += 1
        try:
            await c["ws"].send_json(env)
            r = await asyncio.wait_for(asyncio.shield(fut), self.o.ack_timeout)
            at.update(result="acked", ack_after=round(r["t"] - at["t"], 4), ack_payload=r["payload"])
            if r["conn"] != c["id"]:
                at["ack_on"] = r["conn"]
            return {"payload": r["payload"]}
        except TimeoutError:
            at["result"] = "timeout"
            return None
        except Exception as e:
            at["result"] = f"send_failed {type(e).__name__}"
            return None

    # ------------------------------------------------------------------ HTTP mode
    def sign(self, body, ts=None, secret=None):
        ts = str(ts or int(now()))
        sig = (
            "v0="
            + hmac.new(
                (secret or self.o.signing_secret).encode(), f"v0:{ts}:{body}".encode(), hashlib.sha256
            ).hexdigest()
        )
        return {"X-Slack-Request-Timestamp": ts, "X-Slack-Signature": sig}

    async def send_http(self, d, envelope_type, payload, attempt, reason):
        if envelope_type == "events_api":
            url, body, ct = self.o.events_url, json.dumps(payload), "application/json"
        elif envelope_type == "slash_commands":
            url, body, ct = (
                self.o.commands_url or self.o.events_url,
                urlencode(payload),
                "application/x-www-form-urlencoded",
            )
        else:
            url, body, ct = (
                self.o.interactivity_url or self.o.events_url,
                urlencode({"payload": json.dumps(payload)}),
                "application/x-www-form-urlencoded",
            )
        h = {
            "Content-Type": ct,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            **self.sign(body),
        }
        if attempt:
            h.update({"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason})
        at = {"t": now(), "url": url, "retry_attempt": attempt}
        d["attempts"].append(at)
        try:
            async with self.http.post(
                url,
                data=body,
                headers=h,
                timeout=ClientTimeout(total=self.o.ack_timeout),
                allow_redirects=True,
            ) as r:
                txt = await r.text()
                at.update(
                    result="acked" if r.status // 100 == 2 else "http_error",
                    status=r.status,
                    ack_after=round(now() - at["t"], 4),
                    body=txt[:2000],
                )
                if r.headers.get("X-Slack-No-Retry"):
                    d["no_retry"] = True
                if r.status // 100 != 2:
                    return None
                try:
                    return {
                        "payload": json.loads(txt)
                        if txt.strip().startswith("{")
                        else ({"text": txt} if txt.strip() and envelope_type == "slash_commands" else None)
                    }
                except ValueError:
                    return {"payload": None}
        except TimeoutError:
            at["result"] = "timeout"
        except Exception as e:
            at["result"] = f"connection_failed {type(e).__name__}"
        return None

    async def deliver(
        self, envelope_type, payload, accepts=False, retry=True, conn=None, start_attempt=0, start_reason=""
    ):
        d = {
            "seq": self.seq(),
            "t": now(),
            "type": envelope_type,
            "event_id": payload.get("event_id"),
            "event_type": (payload.get("event") or {}).get("type")
            or payload.get("command")
            or payload.get("type"),
            "attempts": [],
            "state": "pending",
            "n": self._seq,
        }
        self.deliveries.append(d)
        delays = (
            [float(x) for x in self.o.retry_delays.split(",")]
            if retry and envelope_type == "events_api"
            else []
        )
        attempt, reason = start_attempt, start_reason
        while True:
            r = await (
                self.send_http(d, envelope_type, payload, attempt, reason)
                if self.o.mode == "http"
                else self.send_socket(d, envelope_type, payload, accepts, attempt, reason, conn)
            )
            if r is not None:
                d["state"] = "acked"
                return r, d
            if d.get("no_retry") or attempt - start_attempt >= len(delays):
                d["state"] = "failed"
                return None, d
            last = d["attempts"][-1]["result"]
            reason = {
                "timeout": "http_timeout" if self.o.mode == "http" else "timeout",
                "http_error": "http_error",
            }.get(last, "connection_failed" if self.o.mode == "http" else "timeout")
            await asyncio.sleep(delays[attempt - start_attempt])
            attempt += 1

    def ctype(self, ch):
        return "im" if ch["is_im"] else "group" if ch["is_private"] else "channel"

    def envelope(self, ev, ch=None):
        f = self.fixed
        kind = ev["type"]
        return {
            "token": "sim-verification-token",
            "team_id": f["team"],
            "context_team_id": f["team"],
            "context_enterprise_id": None,
            "api_app_id": f["app"],
            "event": ev,
            "type": "event_callback",
            "event_id": "Ev0" + secrets.token_hex(5).upper(),
            "event_time": int(now()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": f["team"],
                    "user_id": f["bot_user"],
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": bool(ch and ch["is_ext_shared"]),
            "event_context": f"4-{kind}-{secrets.token_hex(6)}",
        }

    def subscribed(self, ev, ch=None):
        t = ev["type"]
        if t == "message":
            t = {"im": "message.im", "group": "message.groups", "channel": "message.channels"}[self.ctype(ch)]
        if t not in self.events:
            return False
        need = R.EVENT_SCOPES.get(t)
        return not (need and self.scopes is not None and not set(need) & self.scopes)

    async def event(self, ev, ch=None, envelope=None, force=False, **kw):
        if ch is not None and self.fixed["bot_user"] not in ch["_members"] and not force:
            return None
        if not self.subscribed(ev, ch) and not force:
            return None
        env = envelope or self.envelope(ev, ch)
        r, d = await self.deliver("events_api", env, **kw)
        return {"event_id": env["event_id"], "delivery": d["seq"], "state": d["state"]}

    # ------------------------------------------------------------------ what people do (control API)
    def escape(self, text, raw=False):
        if raw:
            return text
        keep = re.compile(r"<(?:@[UW][A-Z0-9]+|#C[A-Z0-9]+(?:\|[^>]*)?|!(?:channel|here|everyone))>")
        out, i = [], 0
        for m in keep.finditer(text):
            out += [html.escape(text[i : m.start()], quote=False), m.group(0)]
            i = m.end()
        out.append(html.escape(text[i:], quote=False))
        return re.sub(r"(?<![<|])\b(https?://[^\s<>]+)", r"<\1>", "".join(out))

    def human(self, b, text, ch, **extra):
        ts = self.ts()
        u = b.get("user", "U0ALICE")
        if b.get("thread_ts") and b["thread_ts"] not in self.msgs[ch["id"]]:
            self.msgs[ch["id"]][b["thread_ts"]] = {
                "type": "message",
                "channel": ch["id"],
                "ts": b["thread_ts"],
                "user": "U0BOB",
                "text": "(thread root)",
                "team": self.fixed["team"],
            }
        m = {
            "type": "message",
            "channel": ch["id"],
            "ts": ts,
            "user": u,
            "text": text,
            "client_msg_id": str(uuid.uuid4()),
            "team": self.users.get(u, {}).get("team_id", self.fixed["team"]),
            "blocks": [
                {
                    "type": "rich_text",
                    "block_id": secrets.token_hex(3),
                    "elements": [
                        {
                            "type": "rich_text_section",
                            "elements": [{"type": "text", "text": html.unescape(text)}],
                        }
                    ],
                }
            ],
        }
        if ch["is_ext_shared"]:
            m.update(user_team=m["team"], source_team=m["team"])
        if b.get("thread_ts"):
            m["thread_ts"] = b["thread_ts"]
            m["parent_user_id"] = self.msgs[ch["id"]][b["thread_ts"]].get("user")
        if b.get("bot"):  # another app's bot wrote it
            m.update(user="U0OTHERBOT", bot_id="B0OTHER", app_id="A0OTHER")
            m.pop("client_msg_id")
        for k in ("subtype", "files", "attachments", "edited"):
            if b.get(k) is not None:
                m[k] = b[k]
        m.update(extra)
        if not b.get("no_store"):
            self.msgs[ch["id"]][ts] = m
        return m

    def cch(self, b, default="C0GENERAL"):
        c = b.get("channel", default)
        if c not in self.channels:
            raise web.HTTPBadRequest(text=json.dumps({"error": f"no such channel {c}"}))
        return self.channels[c]

    async def c_mention(self, b):
        ch = self.cch(b)
        text = (
            f"<@{self.fixed['bot_user']}> " + self.escape(b.get("text", ""), b.get("raw"))
            if not b.get("no_prefix")
            else self.escape(b.get("text", ""), b.get("raw"))
        )
        m = self.human(b, text, ch)
        ev = {"type": "app_mention", **{k: v for k, v in m.items() if k != "type"}, "event_ts": m["ts"]}
        env = self.envelope(ev, ch)
        jobs = (
            [] if ch["is_im"] else [self.event(ev, ch, env, force=b.get("force", False))]
        )  # Slack sends no app_mention in DMs
        if ch["is_im"] or not b.get("only_mention"):
            jobs.append(self.event({**m, "channel_type": self.ctype(ch), "event_ts": m["ts"]}, ch))
        for i in range(
            int(b.get("duplicate", 0))
        ):  # same event_id again, in a new envelope, marked as a retry
            jobs.append(
                self.event(
                    ev, ch, env, start_attempt=1 if b.get("mark_retry", True) else 0, start_reason="timeout"
                )
            )
        t = [self.spawn(j) for j in jobs]
        if b.get("wait_ack"):
            await asyncio.wait(t, timeout=float(b["wait_ack"]))
        return {
            "channel": ch["id"],
            "ts": m["ts"],
            "thread_ts": m.get("thread_ts") or m["ts"],
            "event_id": env["event_id"],
            "delivered": bool(
                self.subscribed(ev, ch) and (self.fixed["bot_user"] in ch["_members"] or b.get("force"))
            ),
            "no_connection": self.o.mode == "socket" and not self.live(),
        }

    async def c_message(self, b):
        ch = self.cch(b)
        m = self.human(b, self.escape(b.get("text", ""), b.get("raw")), ch)
        ev = {**m, "channel_type": self.ctype(ch), "event_ts": m["ts"]}
        env = self.envelope(ev, ch)
        for i in range(1 + int(b.get("duplicate", 0))):
            self.spawn(self.event(ev, ch, env, start_attempt=min(i, 1), start_reason="timeout" if i else ""))
        return {
            "channel": ch["id"],
            "ts": m["ts"],
            "thread_ts": m.get("thread_ts") or m["ts"],
            "event_id": env["event_id"],
            "delivered": self.subscribed(ev, ch),
        }

    async def c_dm(self, b):
        return await self.c_message({**b, "channel": self.im(b.get("user", "U0ALICE"))})

    async def c_app_home_opened(self, b):
        u = b.get("user", "U0ALICE")
        ev = {
            "type": "app_home_opened",
            "user": u,
            "channel": self.im(u),
            "tab": b.get("tab", "messages"),
            "event_ts": self.ts(),
        }
        self.spawn(self.event(ev))
        return {"channel": ev["channel"], "delivered": self.subscribed(ev)}

    async def c_assistant_thread_started(self, b):
        u = b.get("user", "U0ALICE")
        ch = self.channels[self.im(u)]
        root = self.human(
            {"user": self.fixed["bot_user"]},
            "New Assistant Thread",
            ch,
            subtype="assistant_app_thread",
            bot_id=self.fixed["bot_id"],
        )
        ev = {
            "type": "assistant_thread_started",
            "assistant_thread": {
                "user_id": u,
                "context": {"channel_id": b.get("context_channel"), "team_id": self.fixed["team"]}
                if b.get("context_channel")
                else {},
                "channel_id": ch["id"],
                "thread_ts": root["ts"],
            },
            "event_ts": root["ts"],
        }
        self.spawn(self.event(ev))
        return {"channel": ch["id"], "thread_ts": root["ts"], "delivered": self.subscribed(ev)}

    async def c_command(self, b):
        if b.get("thread_ts"):
            return web.json_response({"error": "slash commands are not available in threads"}, status=400)
        cmd = b.get("command", "/ask")
        if self.commands is not None and cmd not in self.commands:
            return web.json_response(
                {"error": f"{cmd} is not a valid command", "registered": self.commands}, status=400
            )
        ch = self.channels[self.im(b["user"])] if b.get("in_dm") else self.cch(b)
        u = self.users[b.get("user", "U0ALICE")]
        p = {
            "token": "sim-verification-token",
            "team_id": self.fixed["team"],
            "team_domain": self.fixed["team_domain"],
            "channel_id": ch["id"],
            "channel_name": ch["name"] if not ch["is_im"] else "directmessage",
            "user_id": u["id"],
            "user_name": u["name"],
            "command": cmd,
            "text": b.get("text", ""),
            "api_app_id": self.fixed["app"],
            "is_enterprise_install": "false",
            "response_url": self.new_response_url(channel=ch["id"], user=u["id"]),
            "trigger_id": self.trigger(),
        }
        r, d = await self.deliver("slash_commands", p, accepts=True, retry=False)
        if r is None:
            return {
                "state": "failed",
                "user_sees": f'{cmd} failed with the error "operation_timeout"'
                if d["attempts"][-1]["result"] == "timeout"
                else f'{cmd} failed with the error "dispatch_failed"',
                "delivery": d["seq"],
            }
        if isinstance(r["payload"], dict) and (r["payload"].get("text") or r["payload"].get("blocks")):
            self.respond({"channel": ch["id"], "user": u["id"]}, r["payload"], "ack")
        return {
            "state": "acked",
            "channel": ch["id"],
            "user": u["id"],
            "delivery": d["seq"],
            "ack_after": d["attempts"][-1].get("ack_after"),
        }

    def find_elements(self, o):
        if isinstance(o, dict):
            if "action_id" in o or o.get("type") == "feedback_buttons":
                yield o
            for v in o.values():
                yield from self.find_elements(v)
        elif isinstance(o, list):
            for v in o:
                yield from self.find_elements(v)

    async def c_action(self, b):
        ch = self.cch(b)
        e = self.find(ch["id"], b.get("ts"))
        if not e:
            return web.json_response({"error": "no message of the app with that ts"}, status=404)
        blocks = e.get("blocks") or []
        hit = None
        for blk in blocks:
            for el in self.find_elements(blk):
                if b.get("action_id") in (None, el.get("action_id")) and b.get("type") in (
                    None,
                    el.get("type"),
                ):
                    hit = (blk, el)
                    break
            if hit:
                break
        if not hit:
            return web.json_response(
                {
                    "error": "no such element in the message",
                    "have": [(x.get("type"), x.get("action_id")) for x in self.find_elements(blocks)],
                },
                status=404,
            )
        blk, el = hit
        act = {
            "type": el["type"],
            "action_id": el.get("action_id") or "auto",
            "block_id": blk.get("block_id") or "auto",
            "action_ts": self.ts(),
        }
        if el["type"] == "feedback_buttons":
            btn = el["positive_button" if b.get("choice", "positive") == "positive" else "negative_button"]
            act.update(value=btn["value"], text=btn["text"])
        elif el["type"] in ("button", "icon_button"):
            act.update(text=el.get("text"), **({"value": el["value"]} if "value" in el else {}))
        elif el["type"] in ("static_select", "overflow", "radio_buttons"):
            opts = el.get("options") or []
            act["selected_option"] = next(
                (o for o in opts if o.get("value") == b.get("value")), opts[0] if opts else None
            )
        u = self.users[b.get("user", "U0ALICE")]
        eph = e["kind"] == "ephemeral"
        p = {
            "type": "block_actions",
            "user": {"id": u["id"], "username": u["name"], "name": u["name"], "team_id": u["team_id"]},
            "api_app_id": self.fixed["app"],
            "token": "sim-verification-token",
            "container": {
                "type": "message",
                "message_ts": e["ts"],
                "channel_id": ch["id"],
                "is_ephemeral": eph,
                **({"thread_ts": e["thread_ts"]} if e["thread_ts"] else {}),
            },
            "trigger_id": self.trigger(),
            "team": {"id": self.fixed["team"], "domain": self.fixed["team_domain"]},
            "enterprise": None,
            "is_enterprise_install": False,
            "channel": {"id": ch["id"], "name": ch["name"]},
            "state": {"values": {}},
            "response_url": self.new_response_url(channel=ch["id"], user=u["id"], message_ts=e["ts"]),
            "actions": [act],
        }
        if not eph:
            p["message"] = self.msgs[ch["id"]].get(e["ts"]) or {"ts": e["ts"], "text": e["text"]}
        r, d = await self.deliver("interactive", p, accepts=False, retry=False)
        for i in range(int(b.get("duplicate", 0))):
            await self.deliver("interactive", p, accepts=False, retry=False)
        return {
            "state": d["state"],
            "action": act,
            "delivery": d["seq"],
            "trigger_id": p["trigger_id"],
            "ack_after": d["attempts"][-1].get("ack_after"),
        }

    async def c_message_action(self, b):
        """A message shortcut (callback_id) on a message."""
        ch, u = self.cch(b), self.users[b.get("user", "U0ALICE")]
        m = self.msgs[ch["id"]].get(b.get("ts")) or self.human(b, self.escape(b.get("text", "")), ch)
        p = {
            "type": "message_action",
            "token": "sim-verification-token",
            "action_ts": self.ts(),
            "team": {"id": self.fixed["team"], "domain": self.fixed["team_domain"]},
            "user": {"id": u["id"], "username": u["name"], "team_id": u["team_id"], "name": u["name"]},
            "channel": {"id": ch["id"], "name": ch["name"]},
            "is_enterprise_install": False,
            "enterprise": None,
            "callback_id": b["callback_id"],
            "trigger_id": self.trigger(),
            "response_url": self.new_response_url(channel=ch["id"], user=u["id"]),
            "message_ts": m["ts"],
            "message": m,
        }
        r, d = await self.deliver("interactive", p, retry=False)
        return {"state": d["state"], "delivery": d["seq"]}

    async def c_view_submit(self, b):
        v = self.views.get(b.get("view_id")) or (list(self.views.values())[-1] if self.views else None)
        if not v:
            return web.json_response({"error": "no view is open"}, status=404)
        vals = b.get("values") or {}
        state = {}
        for blk in v["blocks"]:
            el = blk.get("element")
            if blk["type"] != "input" or not el:
                continue
            aid = el.get("action_id") or "auto"
            x = vals.get(blk["block_id"])
            x = x.get(aid) if isinstance(x, dict) else vals.get(aid, x)
            s = {"type": el["type"]}
            if el["type"] in ("static_select", "radio_buttons"):
                s["selected_option"] = next((o for o in el.get("options", []) if o["value"] == x), None)
            elif el["type"] in ("checkboxes", "multi_static_select"):
                s["selected_options"] = [o for o in el.get("options", []) if o["value"] in (x or [])]
            elif el["type"].endswith("users_select"):
                s["selected_user"] = x
            else:
                s["value"] = x
            state.setdefault(blk["block_id"], {})[aid] = s
        u = self.users[b.get("user", "U0ALICE")]
        p = {
            "type": "view_submission" if not b.get("close") else "view_closed",
            "team": {"id": self.fixed["team"], "domain": self.fixed["team_domain"]},
            "user": {"id": u["id"], "username": u["name"], "name": u["name"], "team_id": u["team_id"]},
            "api_app_id": self.fixed["app"],
            "token": "sim-verification-token",
            "trigger_id": self.trigger(),
            "view": {**v, "state": {"values": state}},
            "response_urls": [],
            "is_enterprise_install": False,
            "enterprise": None,
        }
        r, d = await self.deliver("interactive", p, accepts=True, retry=False)
        return {"state": d["state"], "response": (r or {}).get("payload"), "delivery": d["seq"]}

    async def c_reaction(self, b):
        ch = self.cch(b)
        ev = {
            "type": "reaction_removed" if b.get("removed") else "reaction_added",
            "user": b.get("user", "U0ALICE"),
            "reaction": b.get("name", "thumbsup"),
            "item": {"type": "message", "channel": ch["id"], "ts": b["ts"]},
            "item_user": (self.msgs[ch["id"]].get(b["ts"]) or {}).get("user"),
            "event_ts": self.ts(),
        }
        self.spawn(self.event(ev, ch))
        return {"delivered": self.subscribed(ev, ch)}

    async def c_edit_message(self, b):
        ch = self.cch(b)
        m = self.msgs[ch["id"]][b["ts"]]
        prev = dict(m)
        m.update(text=self.escape(b["text"], b.get("raw")), edited={"user": m.get("user"), "ts": self.ts()})
        ev = {
            "type": "message",
            "subtype": "message_changed",
            "hidden": True,
            "channel": ch["id"],
            "ts": self.ts(),
            "event_ts": self.ts(),
            "channel_type": self.ctype(ch),
            "message": m,
            "previous_message": prev,
        }
        self.spawn(self.event(ev, ch))
        return {"delivered": self.subscribed(ev, ch)}

    async def c_delete_message(self, b):
        ch = self.cch(b)
        prev = self.msgs[ch["id"]].pop(b["ts"])
        ev = {
            "type": "message",
            "subtype": "message_deleted",
            "hidden": True,
            "channel": ch["id"],
            "ts": self.ts(),
            "event_ts": self.ts(),
            "deleted_ts": b["ts"],
            "channel_type": self.ctype(ch),
            "previous_message": prev,
        }
        self.spawn(self.event(ev, ch))
        return {"delivered": self.subscribed(ev, ch)}

    async def c_event(self, b):
        """Any raw event: {"event": {...}, "channel": optional, "event_id": optional, "force": true}"""
        ch = self.channels.get(b.get("channel"))
        env = self.envelope(b["event"], ch)
        if b.get("event_id"):
            env["event_id"] = b["event_id"]
        self.spawn(self.event(b["event"], ch, env, force=b.get("force", True)))
        return {"event_id": env["event_id"]}

    async def c_envelope(self, b):
        """Any raw Socket Mode frame to one connection."""
        for c in self.live()[:1]:
            await c["ws"].send_str(b["raw"] if "raw" in b else json.dumps(b["frame"]))
        return {}

    async def c_http_raw(self, b):
        """HTTP mode: deliver one event with a broken signature. tamper: signature | timestamp | missing | body | secret"""
        ch = self.cch(b)
        m = self.human(b, f"<@{self.fixed['bot_user']}> " + self.escape(b.get("text", "tampered")), ch)
        body = (
            json.dumps(
                self.envelope(
                    {
                        "type": "app_mention",
                        **{k: v for k, v in m.items() if k != "type"},
                        "event_ts": m["ts"],
                    },
                    ch,
                )
            )
            if b.get("tamper") != "url_verification"
            else json.dumps({"token": "x", "challenge": "sim-challenge", "type": "url_verification"})
        )
        t = b.get("tamper")
        h = self.sign(
            body, ts=int(now()) - 600 if t == "timestamp" else None, secret="wrong" if t == "secret" else None
        )
        if t == "signature":
            h["X-Slack-Signature"] = "v0=" + "0" * 64
        if t == "missing":
            h = {}
        if t == "body":
            body = body.replace("tampered", "changed")
        async with self.http.post(
            self.o.events_url,
            data=body,
            headers={"Content-Type": "application/json", **h},
            timeout=ClientTimeout(total=10),
        ) as r:
            return {"status": r.status, "body": (await r.text())[:500], "ts": m["ts"], "channel": ch["id"]}

    async def c_disconnect(self, b):
        cs = [c for c in self.conns if c["alive"]]
        if b.get("connection") not in (None, "all"):
            cs = [c for c in cs if c["id"] == b["connection"]]
        elif b.get("connection") is None:
            cs = cs[:1]
        for c in cs:
            self.spawn(
                self.disconnect(c, b.get("reason", "refresh_requested"), b.get("grace"), b.get("close", True))
            )
        return {"connections": [c["id"] for c in cs]}

    async def c_drop(self, b):
        """Abrupt TCP loss of Socket Mode connections; refuse: seconds during which new connections fail."""
        cs = [c for c in self.conns if c["alive"]]
        if b.get("refuse"):
            self.refuse_until, self.refuse_what = now() + float(b["refuse"]), b.get("what", "all")
        for c in (
            cs if b.get("connection") in (None, "all") else [c for c in cs if c["id"] == b["connection"]]
        ):
            c["alive"] = False
            if c["req"].transport:
                c["req"].transport.abort()
        return {"dropped": len(cs)}

    async def c_expire_streams(self, b):
        n = 0
        for s in self.streams.values():
            if s["state"] == "streaming" and b.get("ts") in (None, s["ts"]):
                s["state"] = b.get("state", "expired")  # or stopped_by_user
                self.sync_stream(s)
                n += 1
        return {"streams": n}

    async def c_faults(self, b):
        f = {"method": "*", "left": b.get("times", 1), "skip": b.get("skip", 0), "hits": 0, **b}
        self.faults.append(f)
        return {"faults": len(self.faults)}

    async def c_clear_faults(self, b):
        self.faults = []
        return {}

    async def c_age_response_urls(self, b):
        for r in self.response_urls.values():
            r["t0"] -= float(b.get("seconds", 1801))
        return {"n": len(self.response_urls)}

    async def c_users(self, b):
        u = self.users.setdefault(b["id"], {**self.users["U0ALICE"], "id": b["id"], "name": b["id"].lower()})
        u.update(b)
        return {"user": u}

    async def c_channels(self, b):
        if b["id"] not in self.channels:
            self.add_channel(
                b["id"],
                b.get("name", b["id"].lower()),
                b.get("members", ["U0ALICE", "U0BOB"]),
                bot=b.get("bot", True),
                is_private=b.get("is_private", False),
            )
        c = self.channels[b["id"]]
        if "members" in b:
            c["_members"] = list(b["members"])
        for k in ("is_archived", "is_private", "is_ext_shared", "name"):
            if k in b:
                c[k] = b[k]
        return {"channel": self.pub_channel(c), "members": c["_members"]}

    async def c_usergroups(self, b):
        g = self.usergroups.setdefault(
            b["id"],
            {
                "id": b["id"],
                "team_id": self.fixed["team"],
                "handle": b["id"].lower(),
                "name": b["id"],
                "date_delete": 0,
                "users": [],
            },
        )
        g.update(b)
        return {"usergroup": g}

    async def c_manifest(self, b):
        self.load_manifest(b["text"] if "text" in b else json.dumps(b["manifest"]))
        return self.manifest_report

    async def c_options(self, b):
        for k, v in b.items():
            if not hasattr(self.o, k):
                raise web.HTTPBadRequest(text=json.dumps({"error": f"no option {k}"}))
            setattr(self.o, k, v)
        return vars(self.o)

    async def c_reset(self, b):
        self.reset()
        return {}

    # ------------------------------------------------------------------ what happened (control API)
    def select(self, q):
        r = self.posted
        if q.get("channel"):
            r = [p for p in r if p["channel"] == q["channel"]]
        if q.get("thread_ts"):
            r = [p for p in r if p["thread_ts"] == q["thread_ts"] or p["ts"] == q["thread_ts"]]
        if q.get("kind"):
            r = [p for p in r if p["kind"] in q["kind"].split(",")]
        if q.get("user"):
            r = [p for p in r if p.get("user") == q["user"]]
        if q.get("since"):
            r = [p for p in r if p["seq"] > int(q["since"])]
        return r

    async def q_posted(self, q):
        return {"posted": self.select(q), "seq": self._seq}

    async def q_wait(self, q):
        """Waits until >= min visible messages match, none is streaming and nothing changed for `quiet` seconds."""
        end, quiet, mn = now() + float(q.get("timeout", 30)), float(q.get("quiet", 1.0)), int(q.get("min", 1))
        kinds = q.get("kind", "message,stream,ephemeral").split(",")
        while True:
            for s in self.streams.values():
                self.stream_expired(s)
            r = [
                p
                for p in self.select({k: v for k, v in q.items() if k != "kind"})
                if p["kind"] in kinds and not p["deleted"]
            ]
            if (
                len(r) >= mn
                and not any(p["streaming"] for p in r)
                and now() - max(p["t"] for p in r) >= quiet
            ):
                return {"ok": True, "posted": r, "seq": self._seq}
            if now() > end:
                return {"ok": False, "posted": r, "seq": self._seq}
            await asyncio.sleep(0.05)

    async def q_calls(self, q):
        r = [
            c
            for c in self.calls
            if q.get("method") in (None, c["method"]) and c["seq"] > int(q.get("since", 0))
        ]
        return {"calls": r, "count": dict(collections.Counter(c["method"] for c in r)), "seq": self._seq}

    async def q_deliveries(self, q):
        return {
            "deliveries": [
                {k: v for k, v in d.items() if k != "n"}
                for d in self.deliveries
                if d["seq"] > int(q.get("since", 0))
            ]
        }

    async def q_violations(self, q):
        return {"violations": [v for v in self.violations if v["seq"] > int(q.get("since", 0))]}

    async def q_statuses(self, q):
        return {
            "active": [
                {"channel": k[0], "thread_ts": k[1], **v}
                for k, v in self.statuses.items()
                if now() - v["t"] < 120
            ],
            "log": self.status_log,
        }

    async def q_state(self, q):
        return {
            "fixed": self.fixed,
            "mode": self.o.mode,
            "experience": self.agent_mode,
            "events": sorted(self.events),
            "scopes": sorted(self.scopes) if self.scopes is not None else "all",
            "commands": self.commands,
            "users": list(self.users.values()),
            "channels": [{**self.pub_channel(c), "members": c["_members"]} for c in self.channels.values()],
            "usergroups": list(self.usergroups.values()),
            "prompts": self.prompts,
            "titles": self.titles,
            "sessions": self.sessions,
            "streams": [{k: v for k, v in s.items() if k != "entry"} for s in self.streams.values()],
            "views": list(self.views.values()),
            "manifest": self.manifest_report,
            "seq": self._seq,
        }

    async def q_connections(self, q):
        return {
            "connections": [
                {
                    "id": c["id"],
                    "alive": c["alive"] and not c["ws"].closed,
                    "age": round(now() - c["t0"], 2),
                    "acks": c["acks"],
                    "paused": c["paused"],
                }
                for c in self.conns
            ],
            "live": len(self.live()),
        }

    async def q_messages(self, q):
        return {"messages": sorted(self.msgs[q["channel"]].values(), key=lambda m: float(m["ts"]))}

    async def q_faults(self, q):
        return {"faults": self.faults}

    async def control(self, req):
        name = req.match_info["name"].replace("-", "_")
        if req.method == "DELETE" and name == "faults":
            name, req_body = "clear_faults", {}
        elif req.method == "GET":
            fn = getattr(self, "q_" + name, None)
            if not fn:
                return web.json_response(
                    {
                        "error": "unknown query",
                        "have": sorted(x[2:] for x in dir(self) if x.startswith("q_")),
                    },
                    status=404,
                )
            return web.json_response(await fn(req.query))
        else:
            raw = await req.text()
            req_body = json.loads(raw) if raw.strip() else {}
        fn = getattr(self, "c_" + name, None)
        if not fn:
            return web.json_response(
                {"error": "unknown command", "have": sorted(x[2:] for x in dir(self) if x.startswith("c_"))},
                status=404,
            )
        try:
            r = await fn(req_body)
        except web.HTTPException:
            raise
        except Exception as e:
            return web.json_response({"error": f"{type(e).__name__}: {e}"}, status=400)
        return r if isinstance(r, web.Response) else web.json_response({"ok": True, **(r or {})})


def make_app(o):
    sim = SlackSim(o)
    app = web.Application(client_max_size=32 << 20)
    app["sim"] = sim

    async def up(app):
        sim.http = ClientSession()

    async def down(app):
        for t in list(sim.tasks):
            t.cancel()
        for c in sim.conns:
            if not c["ws"].closed:
                await c["ws"].close()
        await sim.http.close()

    app.on_startup.append(up)
    app.on_shutdown.append(down)
    app.router.add_route("*", "/api/{method}", sim.api)
    app.router.add_get("/link/", sim.link)
    app.router.add_post("/response/{team}/{key}", sim.response_url)
    app.router.add_route("*", "/_control/{name}", sim.control)
    return app


def options(argv=None):
    p = argparse.ArgumentParser(prog="python -m tests.simulators.slack", description=__doc__.split("\n")[0])
    p.add_argument("--port", type=int, default=8201)
    p.add_argument("--mode", choices=("socket", "http"), default="socket")
    p.add_argument(
        "--events-url", help="HTTP mode: the app's Events API URL, e.g. http://127.0.0.1:3000/slack/events"
    )
    p.add_argument("--commands-url")
    p.add_argument("--interactivity-url")
    p.add_argument("--bot-token", default="xoxb-sim-token")
    p.add_argument("--app-token", default="xapp-sim-token")
    p.add_argument("--signing-secret", default="sim-signing-secret")
    p.add_argument(
        "--manifest",
        help="the app's Slack manifest (YAML/JSON): validates it and takes scopes, events, commands from it",
    )
    p.add_argument("--experience", choices=("auto", "agent", "assistant", "none"), default="auto")
    p.add_argument(
        "--subscribe",
        default="app_mention,message.im,message.channels,message.groups,app_home_opened,reaction_added,reaction_removed,member_joined_channel,assistant_thread_started,assistant_thread_context_changed,app_context_changed",
    )
    p.add_argument(
        "--scopes", default="", help="comma list; empty = everything granted (ignored with --manifest)"
    )
    p.add_argument("--retry-delays", default="0.2,2,5", help="seconds before retry 1,2,3 (Slack: 0,60,300)")
    p.add_argument("--ack-timeout", type=float, default=3.0)
    p.add_argument("--rate-limits", choices=("off", "observe", "enforce"), default="observe")
    p.add_argument(
        "--nonmarketplace", action="store_true", help="1/min and 15 objects for conversations.history/replies"
    )
    p.add_argument("--stream-ttl", type=float, default=300.0)
    p.add_argument("--stream-max", type=int, default=R.STREAM_TOTAL_BYTES)
    p.add_argument("--response-url-ttl", type=float, default=1800.0)
    p.add_argument("--trigger-ttl", type=float, default=3.0)
    p.add_argument("--ticket-ttl", type=float, default=30.0)
    p.add_argument("--ping-interval", type=float, default=10.0)
    p.add_argument(
        "--warning-time",
        type=float,
        default=1.0,
        help="seconds between the warning and the refresh disconnect frame (Slack: about 10)",
    )
    p.add_argument(
        "--rotate",
        type=float,
        default=0,
        help="refresh every connection after that many seconds (Slack: hours)",
    )
    p.add_argument("--connection-time", type=int, default=18060)
    p.add_argument("--max-connections", type=int, default=10)
    o = p.parse_args(argv)
    if o.mode == "http" and not o.events_url:
        p.error("--mode http needs --events-url")
    return o


def main():
    o = options()
    app = make_app(o)
    rep = app["sim"].manifest_report
    print(
        json.dumps(
            {
                "sim": "slack",
                "api_url": f"http://127.0.0.1:{o.port}/api/",
                "bot_token": o.bot_token,
                "app_token": o.app_token,
                "signing_secret": o.signing_secret,
                "mode": o.mode,
                "manifest": rep,
            }
        ),
        flush=True,
    )
    web.run_app(app, host="127.0.0.1", port=o.port, print=None, access_log=None, shutdown_timeout=1)


if __name__ == "__main__":
    sys.exit(main())
