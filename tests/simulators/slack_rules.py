"""Slack argument limits and manifest rules, as documented (docs.slack.dev, Aug 2026) or measured by users.

Sources are named per rule: [doc] docs.slack.dev method/block reference, [sdk] slack_sdk 3.47 models,
[obs] limits that Slack does not document but that public issue threads measured.
"""

import json
import re

MAX_TEXT = 40_000  # [doc] chat.postMessage: longer text is truncated (warning message_truncated)
MAX_UPDATE_TEXT = 4_000  # [doc] chat.update error msg_too_long: "cannot exceed 4,000 characters"
MAX_EPHEMERAL_TEXT = 40_000
MAX_MARKDOWN_TEXT = 12_000  # [doc] markdown_text arg, and cumulative for all markdown blocks of one payload
MAX_BLOCKS = 50  # [doc] messages; 100 in views
MAX_BLOCKS_TOTAL = 13_200  # [obs] bolt-js#2509: msg_blocks_too_long at about 13.2k characters overall
STREAM_TOTAL_BYTES = 11_300  # [obs] CopilotKit#6064/#6244, openclaw#143882: msg_too_long at 10.6-12k bytes

BLOCK_TYPES = {
    "section",
    "divider",
    "header",
    "context",
    "actions",
    "image",
    "input",
    "file",
    "rich_text",
    "video",
    "markdown",
    "table",
    "data_table",
    "data_visualization",
    "context_actions",
    "task_card",
    "plan",
    "card",
    "carousel",
    "alert",
    "container",
    "call",
    "auth_provider",
}
ACTION_ELEMENTS = {
    "button",
    "checkboxes",
    "datepicker",
    "datetimepicker",
    "timepicker",
    "overflow",
    "radio_buttons",
    "static_select",
    "external_select",
    "users_select",
    "conversations_select",
    "channels_select",
    "multi_static_select",
    "multi_external_select",
    "multi_users_select",
    "multi_conversations_select",
    "multi_channels_select",
    "workflow_button",
    "feedback_buttons",
    "icon_button",
    "plain_text_input",
    "email_text_input",
    "url_text_input",
    "number_input",
    "rich_text_input",
    "file_input",
    "image",
    "url_source",
}


class Invalid(Exception):
    def __init__(self, error, messages=None):
        super().__init__(error)
        self.error = error
        self.messages = messages or []


def _e(msgs, text, ptr):
    msgs.append(f"[ERROR] {text} [json-pointer:{ptr}]")


def _text(msgs, o, ptr, limit, kinds=("plain_text", "mrkdwn"), minimum=1):
    if not isinstance(o, dict):
        return _e(msgs, "must provide an object", ptr)
    if o.get("type") not in kinds:
        return _e(msgs, f"unsupported type: {o.get('type')}", ptr + "/type")
    t = o.get("text")
    if not isinstance(t, str):
        return _e(msgs, "missing required field: text", ptr)
    if len(t) < minimum:
        _e(msgs, f"must be more than {minimum - 1} characters", ptr + "/text")
    if len(t) > limit:
        _e(msgs, f"must be less than {limit + 1} characters", ptr + "/text")
    extra = set(o) - {"type", "text", "emoji", "verbatim"}
    if extra:
        _e(msgs, f"invalid additional property: {sorted(extra)[0]}", ptr)
    if o.get("type") == "mrkdwn" and "emoji" in o:
        _e(msgs, "invalid additional property: emoji", ptr)


def _element(msgs, el, ptr, seen):
    if not isinstance(el, dict):
        return _e(msgs, "must be an object", ptr)
    t = el.get("type")
    if t not in ACTION_ELEMENTS:
        return _e(msgs, f"unsupported type: {t}", ptr + "/type")
    aid = el.get("action_id")
    if aid is not None:
        if len(aid) > 255:
            _e(msgs, "must be less than 256 characters", ptr + "/action_id")
        if aid in seen:
            _e(msgs, f'`action_id` "{aid}" already exists', ptr + "/action_id")
        seen.add(aid)
    if t == "button":
        _text(msgs, el.get("text"), ptr + "/text", 75, ("plain_text",))
        if len(el.get("value") or "") > 2000:
            _e(msgs, "must be less than 2001 characters", ptr + "/value")
        if len(el.get("url") or "") > 3000:
            _e(msgs, "must be less than 3001 characters", ptr + "/url")
        if "style" in el and el["style"] not in ("primary", "danger"):
            _e(msgs, "must be a valid enum value", ptr + "/style")
        if "url" in el and not re.match(r"^[a-z][a-z0-9+.-]*:", el["url"] or "", re.IGNORECASE):
            _e(msgs, "must be a valid URL", ptr + "/url")
    if t == "feedback_buttons":
        for k in ("positive_button", "negative_button"):
            b = el.get(k)
            if not isinstance(b, dict):
                _e(msgs, f"missing required field: {k}", ptr)
                continue
            _text(msgs, b.get("text"), f"{ptr}/{k}/text", 75, ("plain_text",))
            if not isinstance(b.get("value"), str) or not 1 <= len(b["value"]) <= 2000:
                _e(msgs, "must be between 1 and 2000 characters", f"{ptr}/{k}/value")
            if len(b.get("accessibility_label") or "") > 75:
                _e(msgs, "must be less than 76 characters", f"{ptr}/{k}/accessibility_label")
    if t == "icon_button":
        if el.get("icon") not in ("trash",):
            _e(msgs, "must be a valid enum value", ptr + "/icon")
        _text(msgs, el.get("text"), ptr + "/text", 75, ("plain_text",))
        if len(el.get("value") or "") > 2000:
            _e(msgs, "must be less than 2001 characters", ptr + "/value")
        if len(el.get("visible_to_user_ids") or []) > 10:
            _e(msgs, "no more than 10 items allowed", ptr + "/visible_to_user_ids")
    if t in ("static_select", "multi_static_select", "overflow", "radio_buttons", "checkboxes"):
        lim = {"static_select": 100, "multi_static_select": 100, "overflow": 5}.get(t, 10)
        opts = el.get("options")
        if opts is None and not el.get("option_groups"):
            _e(msgs, "missing required field: options", ptr)
        if opts is not None:
            if not 1 <= len(opts) <= lim:
                _e(
                    msgs,
                    f"no more than {lim} items allowed" if opts else "no fewer than 1 items allowed",
                    ptr + "/options",
                )
            for i, o in enumerate(opts):
                _text(msgs, o.get("text"), f"{ptr}/options/{i}/text", 75)
                if len(o.get("value") or "") > 150:
                    _e(msgs, "must be less than 151 characters", f"{ptr}/options/{i}/value")


def check_blocks(blocks, surface="message"):
    """Raises Invalid(invalid_blocks | invalid_blocks_format | msg_blocks_too_long)."""
    if isinstance(blocks, str):
        try:
            blocks = json.loads(blocks)
        except ValueError:
            raise Invalid("invalid_blocks_format")
    if not isinstance(blocks, list):
        raise Invalid("invalid_blocks_format")
    msgs, limit = [], MAX_BLOCKS if surface == "message" else 100
    if len(blocks) > limit:
        _e(msgs, f"no more than {limit} items allowed", "/blocks")
    ids, md_total, total = set(), 0, 0
    for i, b in enumerate(blocks):
        p = f"/blocks/{i}"
        if not isinstance(b, dict) or "type" not in b:
            _e(msgs, "missing required field: type", p)
            continue
        t, seen = b["type"], set()
        if t not in BLOCK_TYPES:
            _e(msgs, f"unsupported type: {t}", p + "/type")
            continue
        bid = b.get("block_id")
        if bid is not None:
            if len(bid) > 255:
                _e(msgs, "must be less than 256 characters", p + "/block_id")
            if bid in ids:
                _e(msgs, f'`block_id` "{bid}" already exists', p + "/block_id")
            ids.add(bid)
        if t == "section":
            if not b.get("text") and not b.get("fields"):
                _e(msgs, "missing required field: text", p)
            if b.get("text"):
                _text(msgs, b["text"], p + "/text", 3000)
            if b.get("fields") is not None:
                if not 1 <= len(b["fields"]) <= 10:
                    _e(msgs, "no more than 10 items allowed", p + "/fields")
                for j, f in enumerate(b["fields"]):
                    _text(msgs, f, f"{p}/fields/{j}", 2000)
            if b.get("accessory"):
                _element(msgs, b["accessory"], p + "/accessory", seen)
        elif t == "header":
            _text(msgs, b.get("text"), p + "/text", 150, ("plain_text",))
        elif t == "context":
            els = b.get("elements") or []
            if not 1 <= len(els) <= 10:
                _e(
                    msgs,
                    "no more than 10 items allowed" if els else "no fewer than 1 items allowed",
                    p + "/elements",
                )
            for j, e in enumerate(els):
                if (e or {}).get("type") == "image":
                    if not e.get("alt_text"):
                        _e(msgs, "missing required field: alt_text", f"{p}/elements/{j}")
                else:
                    _text(msgs, e, f"{p}/elements/{j}", 3000)
        elif t == "actions":
            els = b.get("elements") or []
            if not 1 <= len(els) <= 25:
                _e(
                    msgs,
                    "no more than 25 items allowed" if els else "no fewer than 1 items allowed",
                    p + "/elements",
                )
            for j, e in enumerate(els):
                _element(msgs, e, f"{p}/elements/{j}", seen)
        elif t == "context_actions":
            els = b.get("elements") or []
            if surface != "message":
                _e(msgs, f"unsupported type: {t}", p + "/type")
            if not 1 <= len(els) <= 5:
                _e(
                    msgs,
                    "no more than 5 items allowed" if els else "no fewer than 1 items allowed",
                    p + "/elements",
                )
            for j, e in enumerate(els):
                if (e or {}).get("type") not in ("feedback_buttons", "icon_button"):
                    _e(msgs, f"unsupported type: {(e or {}).get('type')}", f"{p}/elements/{j}/type")
                else:
                    _element(msgs, e, f"{p}/elements/{j}", seen)
        elif t == "markdown":
            if not isinstance(b.get("text"), str) or not b["text"]:
                _e(msgs, "missing required field: text", p)
            else:
                md_total += len(b["text"])
        elif t == "image":
            if not (b.get("image_url") or b.get("slack_file")):
                _e(msgs, "missing required field: image_url", p)
            if not b.get("alt_text") or len(b["alt_text"]) > 2000:
                _e(msgs, "missing required field: alt_text", p)
        elif t == "table":
            rows = b.get("rows") or []
            if len(rows) > 100 or any(len(r) > 20 for r in rows):
                _e(msgs, "no more than 100 rows and 20 cells allowed", p + "/rows")
        elif t == "input":
            _text(msgs, b.get("label"), p + "/label", 2000, ("plain_text",))
            _element(msgs, b.get("element"), p + "/element", seen)
        elif t == "rich_text" and not isinstance(b.get("elements"), list):
            _e(msgs, "missing required field: elements", p)
        total += len(block_text(b))
    if msgs:
        raise Invalid("invalid_blocks", msgs)
    if surface == "message" and (md_total > MAX_MARKDOWN_TEXT or total > MAX_BLOCKS_TOTAL):
        raise Invalid("msg_blocks_too_long")
    return blocks


def block_text(b):
    """Plain text a reader sees in a block (all nested text fields, in order)."""
    out = []

    def walk(o):
        if isinstance(o, dict):
            if o.get("type") == "user" and "user_id" in o:
                out.append(f"<@{o['user_id']}>")
            if o.get("type") == "broadcast":
                out.append(f"<!{o.get('range')}>")
            if isinstance(o.get("text"), str):
                out.append(o["text"])
            elif o.get("type") == "link" and o.get("url"):
                out.append(o["url"])
            for k, v in o.items():
                if k not in ("text",) or not isinstance(v, str):
                    if k not in ("value", "action_id", "block_id", "url", "image_url"):
                        walk(v)
        elif isinstance(o, list):
            for v in o:
                walk(v)

    walk(b)
    return "\n".join(out)


PING = re.compile(
    r"<!(channel|here|everyone)(?:\|[^>]*)?>|<!subteam\^([A-Z0-9]+)[^>]*>|<@([UW][A-Z0-9]+)(?:\|[^>]*)?>"
)


def pings(*texts):
    """Mentions in outgoing text that Slack would turn into notifications."""
    r = []
    for t in texts:
        for m in PING.finditer(t or ""):
            r.append(m.group(0))
    return r


def raw_angles(text):
    """`<...>` constructs that are neither mention, link nor date: a sign of unescaped document text."""
    ok = re.compile(
        r"^(?:[@#!][^>]*|https?://[^>]*|mailto:[^>]*|tel:[^>]*|[a-z][a-z0-9+.-]*://[^>]*)$", re.IGNORECASE
    )
    return [m.group(0) for m in re.finditer(r"<([^<>\n]{1,200})>", text or "") if not ok.match(m.group(1))]


# ---------------------------------------------------------------------------------------------- methods
TIER = {"t1": 1, "t2": 20, "t3": 50, "t4": 100}
METHOD_TIER = {
    "apps.connections.open": "t3",
    "chat.update": "t3",
    "chat.delete": "t3",
    "chat.postEphemeral": "t4",
    "chat.startStream": "t2",
    "chat.appendStream": "t4",
    "chat.stopStream": "t2",
    "conversations.replies": "t3",
    "conversations.history": "t3",
    "conversations.info": "t3",
    "conversations.members": "t4",
    "conversations.open": "t3",
    "conversations.list": "t2",
    "users.info": "t4",
    "users.list": "t2",
    "users.conversations": "t3",
    "users.lookupByEmail": "t3",
    "usergroups.users.list": "t2",
    "usergroups.list": "t2",
    "bots.info": "t3",
    "reactions.add": "t3",
    "reactions.remove": "t2",
    "reactions.get": "t3",
    "views.open": "t4",
    "views.push": "t4",
    "views.update": "t4",
    "views.publish": "t4",
    "assistant.threads.setSuggestedPrompts": "t4",
    "assistant.threads.setTitle": "t4",
    "agents.sessions.setStatus": "t3",
    "team.info": "t3",
    "chat.unfurl": "t3",
}
SCOPES = {
    "chat.postMessage": ["chat:write"],
    "chat.update": ["chat:write"],
    "chat.delete": ["chat:write"],
    "chat.postEphemeral": ["chat:write"],
    "chat.startStream": ["chat:write"],
    "chat.appendStream": ["chat:write"],
    "chat.stopStream": ["chat:write"],
    "assistant.threads.setStatus": ["chat:write", "assistant:write"],
    "assistant.threads.setTitle": ["assistant:write"],
    "assistant.threads.setSuggestedPrompts": ["assistant:write"],
    "agents.sessions.setStatus": ["chat:write"],
    "agents.sessions.rename": ["chat:write"],
    "users.info": ["users:read"],
    "users.list": ["users:read"],
    "bots.info": ["users:read"],
    "users.lookupByEmail": ["users:read.email"],
    "usergroups.users.list": ["usergroups:read"],
    "usergroups.list": ["usergroups:read"],
    "reactions.add": ["reactions:write"],
    "reactions.remove": ["reactions:write"],
    "reactions.get": ["reactions:read"],
    "team.info": ["team:read"],
    "emoji.list": ["emoji:read"],
    "chat.unfurl": ["links:write"],
}
EVENT_SCOPES = {
    "app_mention": ["app_mentions:read"],
    "message.im": ["im:history"],
    "message.channels": ["channels:history"],
    "message.groups": ["groups:history"],
    "message.mpim": ["mpim:history"],
    "assistant_thread_started": ["assistant:write"],
    "assistant_thread_context_changed": ["assistant:write"],
    "app_context_changed": ["assistant:write"],
    "reaction_added": ["reactions:read"],
    "reaction_removed": ["reactions:read"],
    "member_joined_channel": ["channels:read", "groups:read"],
    "app_home_opened": [],
    "link_shared": ["links:read"],
    "user_change": ["users:read"],
    "team_join": ["users:read"],
    "subteam_members_changed": ["usergroups:read"],
    "agent_session_stopped": ["chat:write"],
}


def check_manifest(m):
    """(errors, warnings) for an app manifest, by https://docs.slack.dev/reference/app-manifest."""
    er, wa = [], []

    def lim(path, v, n, lo=1):
        if v is None:
            return
        if not isinstance(v, str):
            er.append(f"{path}: must be a string")
        elif not lo <= len(v) <= n:
            er.append(f"{path}: {len(v)} characters, allowed {lo}-{n}")

    for k in set(m) - {
        "_metadata",
        "display_information",
        "features",
        "oauth_config",
        "settings",
        "functions",
        "workflows",
        "types",
        "datastores",
        "outgoing_domains",
        "app_directory",
        "external_auth_providers",
    }:
        er.append(f"unknown top-level key {k}")
    d = m.get("display_information") or {}
    if not d.get("name"):
        er.append("display_information.name is required")
    lim("display_information.name", d.get("name"), 35)
    lim("display_information.description", d.get("description"), 140)
    lim("display_information.long_description", d.get("long_description"), 4000, 174)
    if d.get("background_color") and not re.match(
        r"^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$", d["background_color"]
    ):
        er.append("display_information.background_color: not a #rgb/#rrggbb value")
    f = m.get("features") or {}
    for k in set(f) - {
        "app_home",
        "bot_user",
        "shortcuts",
        "slash_commands",
        "unfurl_domains",
        "assistant_view",
        "agent_view",
        "workflow_steps",
        "search",
        "rich_previews",
    }:
        er.append(f"features.{k}: unknown key")
    bu = f.get("bot_user")
    if not bu:
        er.append("features.bot_user is missing: a bot token cannot be issued")
    else:
        lim("features.bot_user.display_name", bu.get("display_name"), 80)
        if not bu.get("display_name"):
            er.append("features.bot_user.display_name is required")
    if f.get("assistant_view") and f.get("agent_view"):
        er.append("features: assistant_view and agent_view are exclusive")
    if f.get("assistant_view"):
        wa.append("features.assistant_view is legacy: apps created after 2026-06-30 can only use agent_view")
    av = f.get("agent_view")
    if av:
        lim("features.agent_view.agent_description", av.get("agent_description"), 300)
        if not av.get("agent_description"):
            wa.append("features.agent_view.agent_description is empty")
        if "assistant_description" in av:
            er.append("features.agent_view.assistant_description: the key is agent_description")
        sp = av.get("suggested_prompts") or []
        if len(sp) > 4:
            er.append("features.agent_view.suggested_prompts: at most 4")
        for i, s in enumerate(sp):
            if not s.get("title") or not s.get("message"):
                er.append(f"features.agent_view.suggested_prompts[{i}]: title and message are required")
    ah = f.get("app_home") or {}
    if (av or f.get("assistant_view")) and ah and ah.get("messages_tab_enabled") is False:
        er.append("features.app_home.messages_tab_enabled must be true for DMs with an agent")
    if ah.get("messages_tab_enabled") and ah.get("messages_tab_read_only_enabled"):
        wa.append("features.app_home.messages_tab_read_only_enabled: users cannot write to the bot")
    sc = f.get("slash_commands") or []
    if len(sc) > 50:
        er.append("features.slash_commands: at most 50")
    socket = bool((m.get("settings") or {}).get("socket_mode_enabled"))
    for i, c in enumerate(sc):
        if not re.match(r"^/[a-z0-9_-]{1,31}$", c.get("command") or ""):
            er.append(
                f"features.slash_commands[{i}].command: {c.get('command')!r} must be lower case, start with / and have at most 32 characters"
            )
        if not c.get("description"):
            er.append(f"features.slash_commands[{i}].description is required")
        lim(f"features.slash_commands[{i}].description", c.get("description"), 2000)
        lim(f"features.slash_commands[{i}].usage_hint", c.get("usage_hint"), 1000)
        if not socket and not c.get("url"):
            er.append(f"features.slash_commands[{i}].url is required without Socket Mode")
    bot = ((m.get("oauth_config") or {}).get("scopes") or {}).get("bot") or []
    opt = ((m.get("oauth_config") or {}).get("scopes") or {}).get("bot_optional") or []
    if not bot:
        er.append("oauth_config.scopes.bot is empty")
    if len(set(bot)) != len(bot):
        er.append("oauth_config.scopes.bot: duplicate scopes")
    if sc and "commands" not in bot:
        er.append("oauth_config.scopes.bot: slash commands need the scope commands")
    if (av or f.get("assistant_view")) and "assistant:write" not in bot:
        er.append("oauth_config.scopes.bot: agent features need assistant:write")
    s = m.get("settings") or {}
    ev = (s.get("event_subscriptions") or {}).get("bot_events") or []
    if len(ev) > 100:
        er.append("settings.event_subscriptions.bot_events: at most 100")
    for e in ev:
        need = EVENT_SCOPES.get(e)
        if need and not any(x in bot + opt for x in need):
            er.append(f"settings.event_subscriptions.bot_events: {e} needs scope {' or '.join(need)}")
    if ev and not socket and not (s.get("event_subscriptions") or {}).get("request_url"):
        er.append("settings.event_subscriptions.request_url is required without Socket Mode")
    if not (s.get("interactivity") or {}).get("is_enabled"):
        wa.append("settings.interactivity.is_enabled is not true: buttons and modals will not reach the app")
    if (
        not socket
        and (s.get("interactivity") or {}).get("is_enabled")
        and not s["interactivity"].get("request_url")
    ):
        er.append("settings.interactivity.request_url is required without Socket Mode")
    if av and "app_home_opened" not in ev:
        wa.append(
            "agent_view without app_home_opened: suggested prompts cannot be refreshed when a user opens the DM"
        )
    if av and "message.im" not in ev:
        er.append("agent_view without message.im: the app will not see DMs")
    if s.get("token_rotation_enabled"):
        wa.append("settings.token_rotation_enabled: bot tokens expire after 12 hours")
    return er, wa
