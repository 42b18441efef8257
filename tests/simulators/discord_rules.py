"""Discord limits, from discord/discord-api-docs (Aug 2026): resources/message.mdx, components/reference.mdx,
interactions/*.mdx. Every check returns Discord's error tree (code 50035) so discord.py formats it as usual.
"""

import re

VIEW, SEND, EMBED, FILES, HISTORY, EVERYONE = 1 << 10, 1 << 11, 1 << 14, 1 << 15, 1 << 16, 1 << 17
REACT, ADMIN, MANAGE_GUILD, MANAGE_MESSAGES, MANAGE_CHANNELS = 1 << 6, 1 << 3, 1 << 5, 1 << 13, 1 << 4
SLASH, MANAGE_THREADS, PUB_THREADS, PRIV_THREADS, SEND_THREADS = 1 << 31, 1 << 34, 1 << 35, 1 << 36, 1 << 38
ALL = (1 << 53) - 1
EPHEMERAL, LOADING, V2, SUPPRESS, SILENT, HAS_THREAD = 64, 128, 1 << 15, 4, 1 << 12, 1 << 5
I_GUILDS, I_MEMBERS, I_PRESENCES, I_GMSG, I_GREACT, I_GTYPING, I_DM, I_DMREACT, I_DMTYPING, I_CONTENT = (
    1,
    2,
    1 << 8,
    1 << 9,
    1 << 10,
    1 << 11,
    1 << 12,
    1 << 13,
    1 << 14,
    1 << 15,
)


class Bad(Exception):
    def __init__(self, status, code, message, errors=None):
        super().__init__(message)
        self.status, self.code, self.message, self.errors = status, code, message, errors

    def json(self):
        d = {"message": self.message, "code": self.code}
        if self.errors:
            d["errors"] = self.errors
        return d


def form(errors):
    return Bad(400, 50035, "Invalid Form Body", errors)


class Tree(dict):
    """Collects {"a":{"0":{"_errors":[...]}}}."""

    def add(self, path, code, msg):
        d = self
        for p in path:
            d = d.setdefault(str(p), {})
        d.setdefault("_errors", []).append({"code": code, "message": msg})

    def lim(self, path, v, n, required=False):
        if v is None or v == "":
            if required:
                self.add(path, "BASE_TYPE_REQUIRED", "This field is required")
            return
        if not isinstance(v, str):
            self.add(path, "STRING_TYPE_CONVERT", f'Could not interpret "{v}" as string.')
        elif len(v) > n:
            self.add(path, "BASE_TYPE_MAX_LENGTH", f"Must be {n} or fewer in length.")


def embed_len(e):
    n = (
        len(e.get("title") or "")
        + len(e.get("description") or "")
        + len((e.get("footer") or {}).get("text") or "")
        + len((e.get("author") or {}).get("name") or "")
    )
    return n + sum(len(f.get("name") or "") + len(f.get("value") or "") for f in e.get("fields") or [])


def check_embeds(t, es):
    if len(es) > 10:
        t.add(["embeds"], "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
    for i, e in enumerate(es):
        t.lim(["embeds", i, "title"], e.get("title"), 256)
        t.lim(["embeds", i, "description"], e.get("description"), 4096)
        t.lim(["embeds", i, "footer", "text"], (e.get("footer") or {}).get("text"), 2048)
        t.lim(["embeds", i, "author", "name"], (e.get("author") or {}).get("name"), 256)
        fs = e.get("fields") or []
        if len(fs) > 25:
            t.add(["embeds", i, "fields"], "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
        for j, f in enumerate(fs):
            t.lim(["embeds", i, "fields", j, "name"], f.get("name"), 256, True)
            t.lim(["embeds", i, "fields", j, "value"], f.get("value"), 1024, True)
        for k in ("url",):
            if e.get(k) and not re.match(r"^(https?|attachment)://", e[k]):
                t.add(["embeds", i, k], "URL_TYPE_INVALID_URL", "Not a well formed URL.")
    if sum(embed_len(e) for e in es) > 6000:
        t.add(["embeds"], "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")


def walk_components(cs):
    for c in cs or []:
        yield c
        yield from walk_components(c.get("components") or [])
        for k in ("accessory", "component"):
            if isinstance(c.get(k), dict):
                yield from walk_components([c[k]])


def check_components(t, cs, v2):
    if not isinstance(cs, list):
        return t.add(["components"], "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType.")
    seen, text = {}, 0
    if v2:
        n = sum(1 for _ in walk_components(cs))
        if n > 40:
            t.add(
                ["components"],
                "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
                "The total number of components cannot exceed 40",
            )
    elif len(cs) > 5:
        t.add(["components"], "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")

    def one(c, p, parent):
        nonlocal text
        ct = c.get("type")
        if ct in (9, 10, 11, 12, 13, 14, 17) and not v2:
            t.add(p + ["type"], "UNION_TYPE_CHOICES", 'Value of field "type" must be one of (1,).')
            return
        if parent is None and not v2 and ct != 1:
            t.add(p + ["type"], "UNION_TYPE_CHOICES", 'Value of field "type" must be one of (1,).')
            return
        if ct == 1:
            k = c.get("components") or []
            if not 1 <= len(k) <= 5:
                t.add(p + ["components"], "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
        if ct == 2:
            st = c.get("style")
            if st not in (1, 2, 3, 4, 5, 6):
                t.add(p + ["style"], "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3, 4, 5, 6}.")
            t.lim(p + ["label"], c.get("label"), 80)
            if st == 5:
                t.lim(p + ["url"], c.get("url"), 512, True)
                if c.get("url") and not re.match(r"^(https?|discord)://", c["url"]):
                    t.add(
                        p + ["url"],
                        "URL_TYPE_INVALID_SCHEME",
                        "Scheme must be one of ('http', 'https', 'discord').",
                    )
            elif st != 6:
                t.lim(p + ["custom_id"], c.get("custom_id"), 100, True)
            if not c.get("label") and not c.get("emoji") and st != 6:
                t.add(p, "BUTTON_COMPONENT_INVALID_EMOJI", "A button must have a label or an emoji")
        if ct in (3, 5, 6, 7, 8):
            t.lim(p + ["custom_id"], c.get("custom_id"), 100, True)
            t.lim(p + ["placeholder"], c.get("placeholder"), 150)
            if ct == 3 and not 1 <= len(c.get("options") or []) <= 25:
                t.add(p + ["options"], "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 25 in length.")
        if ct == 10:
            n = len(c.get("content") or "")
            text += n
            t.lim(p + ["content"], c.get("content"), 4000, True)
        if ct == 9:
            if not 1 <= len(c.get("components") or []) <= 3:
                t.add(p + ["components"], "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 3 in length.")
            if not c.get("accessory"):
                t.add(p + ["accessory"], "BASE_TYPE_REQUIRED", "This field is required")
        cid = c.get("custom_id")
        if cid:
            if cid in seen:
                t.add(
                    p + ["custom_id"],
                    "COMPONENT_CUSTOM_ID_DUPLICATED",
                    "Component custom id cannot be duplicated",
                )
            seen[cid] = True
        for i, k in enumerate(c.get("components") or []):
            one(k, p + ["components", i], ct)
        if isinstance(c.get("accessory"), dict):
            one(c["accessory"], p + ["accessory"], ct)

    for i, c in enumerate(cs):
        one(c, ["components", i], None)
    if text > 4000:
        t.add(
            ["components"],
            "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
            "The total displayable text size across all components exceeds the maximum size of 4000",
        )


def check_message(b, files=(), edit=False, was_v2=False, has_poll=False):
    """Raises Bad for an invalid create/edit payload; returns True for a components-v2 message."""
    t = Tree()
    flags = b.get("flags") or 0
    v2 = bool(flags & V2) or was_v2
    content, embeds, comps = b.get("content"), b.get("embeds"), b.get("components")
    if content is not None and not isinstance(content, str):
        content = str(content)
    if content is not None and len(content) > 2000:
        t.add(["content"], "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length.")
    if embeds:
        check_embeds(t, embeds)
    if comps:
        check_components(t, comps, v2)
    if v2:
        for k in ("content", "embeds", "poll", "stickers", "sticker_ids"):
            if b.get(k):
                t.add(
                    [k],
                    "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                    f"The '{k}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
                )
    if len(files) > 10:
        t.add(["attachments"], "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
    am = b.get("allowed_mentions")
    if am is not None:
        pa = am.get("parse")
        for x in pa or []:
            if x not in ("roles", "users", "everyone"):
                t.add(
                    ["allowed_mentions", "parse"],
                    "BASE_TYPE_CHOICES",
                    "Value must be one of ('users', 'roles', 'everyone').",
                )
        for k in ("users", "roles"):
            if am.get(k) and pa and k in pa:
                t.add(
                    ["allowed_mentions"],
                    "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                    f'parse:["{k}"] and {k}: [ids...] are mutually exclusive.',
                )
            if len(am.get(k) or []) > 100:
                t.add(["allowed_mentions", k], "BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length.")
    if b.get("nonce") is not None and len(str(b["nonce"])) > 25:
        t.add(["nonce"], "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    if t:
        raise form(t)
    if not edit and not (
        content or embeds or comps or files or b.get("sticker_ids") or b.get("poll") or has_poll
    ):
        raise Bad(400, 50006, "Cannot send an empty message")
    return v2


def check_command(t, p, c, top=True):
    ty = c.get("type", 1) if top else c.get("type")
    name = c.get("name") or ""
    if top and ty != 1:
        t.lim(p + ["name"], name, 32, True)
    elif not re.fullmatch(r"[-_'\w]{1,32}", name) or name != name.lower():
        t.add(p + ["name"], "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    if not (top and ty != 1):
        t.lim(p + ["description"], c.get("description"), 100, True)
    if (
        top
        and c.get("default_member_permissions") is not None
        and not str(c["default_member_permissions"]).isdigit()
    ):
        t.add(p + ["default_member_permissions"], "NUMBER_TYPE_COERCE", "Value is not a permission set.")
    opts = c.get("options") or []
    if len(opts) > 25:
        t.add(p + ["options"], "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    opt_seen, names = False, set()
    for i, o in enumerate(opts):
        q = p + ["options", i]
        if o.get("type") not in range(1, 12):
            t.add(q + ["type"], "BASE_TYPE_CHOICES", "Value must be one of (1..11).")
        if o.get("name") in names:
            t.add(q + ["name"], "APPLICATION_COMMAND_OPTIONS_NAME_INVALID", "Option names must be unique")
        names.add(o.get("name"))
        if o.get("required") and opt_seen:
            t.add(
                q,
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            )
        if o.get("type") not in (1, 2) and not o.get("required"):
            opt_seen = True
        if len(o.get("choices") or []) > 25:
            t.add(q + ["choices"], "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
        for k in ("min_length", "max_length"):
            if o.get(k) is not None and not 0 <= o[k] <= 6000:
                t.add(q + [k], "NUMBER_TYPE_MAX", "int value should be less than or equal to 6000.")
        check_command(t, q, o, top=False)


def command_chars(c):
    n = len(c.get("name") or "") + len(c.get("description") or "")
    n += sum(len(str(x.get("name"))) + len(str(x.get("value"))) for x in c.get("choices") or [])
    return n + sum(command_chars(o) for o in c.get("options") or [])


def text_of(b):
    out = [b.get("content") or ""]
    for e in b.get("embeds") or []:
        out += [e.get("title") or "", e.get("description") or ""] + [
            f"{f.get('name')}: {f.get('value')}" for f in e.get("fields") or []
        ]
        out += [(e.get("footer") or {}).get("text") or ""]
    for c in walk_components(b.get("components")):
        if c.get("type") == 10:
            out.append(c.get("content") or "")
    return "\n".join(x for x in out if x)


def buttons(b):
    return [
        {
            "custom_id": c.get("custom_id"),
            "label": c.get("label"),
            "emoji": (c.get("emoji") or {}).get("name"),
            "style": c.get("style"),
            "url": c.get("url"),
            "type": c["type"],
            "disabled": bool(c.get("disabled")),
        }
        for c in walk_components(b.get("components"))
        if c.get("type") in (2, 3, 5, 6, 7, 8)
    ]
