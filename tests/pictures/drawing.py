"""Payloads as HTML, each platform's in its own way. What isn't known here is a mistake, not something to leave out."""

import html
import re
from typing import Any

from markdown_it import MarkdownIt

_MARKDOWN = MarkdownIt("commonmark", {"breaks": True, "html": False}).enable("table")
_PLAIN = MarkdownIt("commonmark", {"breaks": True, "html": False})  # Discord draws no tables


# --- Slack ----------------------------------------------------------------------------------------


def slack(payload: dict[str, Any]) -> str:
    """A message of blocks, or of text alone."""
    blocks = payload.get("blocks") or []
    if payload.get("markdown_text"):  # a stream: its text stands above what came at its end
        blocks = [{"type": "markdown", "text": payload["markdown_text"]}, *blocks]
    rows = "".join(map(_block, blocks)) or f"<p>{_mrkdwn(payload['text'])}</p>"
    return f'<div class="body">{rows}</div>'


def _block(block: dict[str, Any]) -> str:
    kind = block["type"]
    if kind == "markdown":
        return _MARKDOWN.render(html.unescape(block["text"]))
    if kind == "section":
        return f"<p>{_mrkdwn(block['text']['text'])}</p>"
    if kind == "context":
        return "".join(f'<div class="small">{_mrkdwn(one["text"])}</div>' for one in block["elements"])
    if kind in ("actions", "context_actions"):
        return f'<div class="row">{"".join(map(_element, block["elements"]))}</div>'
    raise ValueError(kind)


def _element(one: dict[str, Any]) -> str:
    if one["type"] == "button":
        style = f" {one['style']}" if one.get("style") else ""
        return f'<span class="button{style}">{html.escape(one["text"]["text"])}</span>'
    if one["type"] == "feedback_buttons":
        sides = (one[side]["text"]["text"] for side in ("positive_button", "negative_button"))
        return "".join(f'<span class="thumb">{html.escape(side)}</span>' for side in sides)
    if one["type"] == "overflow":
        return '<span class="button">⋯</span>'
    raise ValueError(one["type"])


def _mrkdwn(text: str) -> str:
    text = re.sub(r"<(https?://[^|>]+)\|([^>]*)>", r'<a href="\1">\2</a>', text)
    text = re.sub(r"`([^`\n]+)`", r"<code>\1</code>", text)
    text = re.sub(r"(?<![\w*])\*([^*\n]+)\*(?!\w)", r"<b>\1</b>", text)
    return re.sub(r"(?<!\w)_([^_\n]+)_(?!\w)", r"<i>\1</i>", text).replace("\n", "<br>")


# --- Discord --------------------------------------------------------------------------------------

_STYLES = {1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "secondary"}


def discord(payload: dict[str, Any]) -> str:
    """A message with its embeds and rows of components."""
    parts = [_discord_markdown(payload["content"])] if payload.get("content") else []
    for embed in payload.get("embeds") or ():
        colour = f"#{embed.get('color', 0x202225):06x}"
        text = _discord_markdown(embed.get("description") or "")
        parts.append(f'<div class="embed" style="border-left-color:{colour}">{text}</div>')
    for row in payload.get("components") or ():
        if row["type"] != 1:
            raise ValueError(row["type"])
        parts.append(f'<div class="row">{"".join(map(_component, row["components"]))}</div>')
    return f'<div class="body">{"".join(parts)}</div>'


def _component(one: dict[str, Any]) -> str:
    if one["type"] != 2:
        raise ValueError(one["type"])
    emoji = (one.get("emoji") or {}).get("name") or ""
    label = " ".join(filter(None, (emoji, one.get("label") or "")))
    return f'<span class="button {_STYLES[one["style"]]}">{html.escape(label)}</span>'


def _discord_markdown(text: str) -> str:
    made, fence = [], False
    for line in text.split("\n"):
        fence ^= line.startswith("```")
        small = not fence and line.startswith("-# ")
        made.append(f"§{line[3:]}§" if small else line)
    return re.sub(r"§(.*?)§", r'<span class="subtext">\1</span>', _PLAIN.render("\n".join(made)))


# --- pages ----------------------------------------------------------------------------------------

_DRAW = {"slack": slack, "discord": discord}
_NAMES = {"slack": "Docent", "discord": "docsbot"}
_COMMON = """
* { box-sizing: border-box }
body { margin: 0; padding: 14px; background: var(--page); color: var(--text); width: max-content;
  font: 15px/1.46 Lato, "Helvetica Neue", "Noto Sans", "DejaVu Sans", Arial, sans-serif, "Noto Color Emoji" }
main { display: flex; gap: 14px; align-items: flex-start }
.column { width: var(--width); display: flex; flex-direction: column; gap: 12px }
.scene { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; padding: 10px 14px 12px }
.scene > h6 { margin: 0 0 8px; font-size: 11px; letter-spacing: .06em; text-transform: uppercase; color: var(--dim) }
.message { display: flex; gap: 10px; margin-top: 8px } .message > div:last-child { flex: 1; min-width: 0 }
.face { width: 36px; height: 36px; border-radius: var(--round); color: #fff; font-weight: 700; font-size: 16px;
  display: flex; align-items: center; justify-content: center; flex: none }
.name { font-weight: 800 } .badge { border-radius: 3px; font-size: 10px; font-weight: 700; padding: 1px 4px; margin-left: 5px }
.time, .only { color: var(--dim); font-size: 12px; margin-left: 6px } .only { margin: 0 0 2px; display: block }
p { margin: 0 0 8px } ul, ol { margin: 0 0 8px; padding-left: 26px } .body > :last-child { margin-bottom: 0 }
a { color: var(--link); text-decoration: none } b, strong { font-weight: 700 }
pre { margin: 4px 0 8px; padding: 8px 10px; border: 1px solid var(--line); border-radius: 4px; background: var(--code);
  font: 12.5px/1.5 "Liberation Mono", "DejaVu Sans Mono", monospace; white-space: pre-wrap }
code { font: 12.5px "Liberation Mono", "DejaVu Sans Mono", monospace; background: var(--code); border-radius: 3px; padding: 1px 3px }
pre code { padding: 0; background: none; border: 0; color: inherit }
.row { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 8px }
"""
_OWN = {
    "slack": """
.small { color: var(--dim); font-size: 13px; line-height: 1.5; margin: 6px 0 }
.badge { background: var(--line); color: var(--dim) } code { color: var(--codetext); border: 1px solid var(--line) }
.button { border: 1px solid var(--edge); border-radius: 6px; padding: 3px 12px; font-weight: 700; font-size: 13px }
.thumb { border-radius: 6px; background: var(--code); padding: 3px 10px; font-size: 13px }
.danger { color: #e01e5a; border-color: #e01e5a } .primary { background: #007a5a; color: #fff; border-color: #007a5a }
table { border-collapse: collapse; margin: 4px 0 8px } td, th { border: 1px solid var(--line); padding: 4px 10px; text-align: left }
""",
    "discord": """
.embed { border-left: 4px solid; border-radius: 4px; background: var(--embed); padding: 8px 12px; margin-top: 4px; font-size: 14px;
  max-width: 520px; width: fit-content }
.badge { background: #5865f2; color: #fff } .subtext { font-size: 12px; color: var(--dim) }
.button { border-radius: 8px; padding: 5px 14px; font-weight: 500; font-size: 14px; background: var(--button); color: var(--buttontext) }
.danger { background: #d83c3e; color: #fff } .success { background: #248046; color: #fff } .primary { background: #5865f2; color: #fff }
""",
}
_COLOURS = {
    (
        "slack",
        "light",
    ): "--page:#f3f3f3;--paper:#fff;--text:#1d1c1d;--dim:#616061;--line:#ddd;--edge:#bbb;--link:#1264a3;"
    "--code:#f6f6f6;--codetext:#c01343;--round:8px",
    (
        "slack",
        "dark",
    ): "--page:#121316;--paper:#1a1d21;--text:#d1d2d3;--dim:#ababad;--line:#35373b;--edge:#565856;--link:#1d9bd1;"
    "--code:#232529;--codetext:#e8912d;--round:8px",
    (
        "discord",
        "light",
    ): "--page:#e9eaed;--paper:#fff;--text:#313338;--dim:#5c5e66;--line:#e0e1e5;--link:#006ce7;--code:#f2f3f5;"
    "--embed:#f2f3f5;--button:#e3e5e8;--buttontext:#313338;--round:50%",
    (
        "discord",
        "dark",
    ): "--page:#1e1f22;--paper:#313338;--text:#dbdee1;--dim:#a3a6aa;--line:#3f4147;--link:#00a8fc;--code:#2b2d31;"
    "--embed:#2b2d31;--button:#4e5058;--buttontext:#fff;--round:50%",
}
THEMES = ("light", "dark")
# Device → how wide a message's column is, and how many stand side by side.
DEVICES = {"desktop": (700, 2), "phone": (376, 4)}
_PRIVATE = ("private", "gaps", "why")


def page(platform: str, theme: str, device: str, scenes: dict[str, dict[str, Any]]) -> str:
    """All scenes on one page."""
    width, count = DEVICES[device]
    drawn = [_scene(platform, name, scene) for name, scene in scenes.items()]
    each = -(-len(drawn) // count)
    columns = [drawn[start : start + each] for start in range(0, len(drawn), each)]
    inner = "".join(f'<div class="column">{"".join(column)}</div>' for column in columns)
    colours = f":root{{{_COLOURS[platform, theme]};--width:{width}px}}"
    return (
        f'<!doctype html><meta charset="utf-8"><style>{colours}{_COMMON}{_OWN[platform]}</style><main>{inner}</main>'
        "<script>const b=document.body;b.dataset.size=b.scrollWidth+'x'+b.scrollHeight</script>"
    )


def _scene(platform: str, name: str, scene: dict[str, Any]) -> str:
    body = _DRAW[platform](scene["payload"])
    asked = html.escape(scene["asked"])
    if not asked.startswith("/"):
        asked = asked if name == "private" else f"<a>@{_NAMES[platform]}</a> {asked}"
    only = '<span class="only">Only visible to you</span>' if name in _PRIVATE else ""
    return (
        f'<div class="scene"><h6>{html.escape(name)}</h6>{_message("Alice", "#7c3085", f"<div>{asked}</div>")}'
        f"{_message(_NAMES[platform], '#1f4e5f', only + body, app=True)}</div>"
    )


def _message(name: str, colour: str, body: str, *, app: bool = False) -> str:
    badge = '<span class="badge">APP</span>' if app else ""
    return (
        f'<div class="message"><div class="face" style="background:{colour}">{name[0].upper()}</div><div>'
        f'<span class="name">{name}</span>{badge}<span class="time">10:24</span>{body}</div></div>'
    )
