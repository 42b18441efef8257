# ruff: noqa: INP001 - a script, not a package
"""Draw docs/slack-answer.png: the real blocks of an answer about the example handbook, as Slack shows them.

python docs/slack_picture.py [chromium]

The answer is `docent ask`'s, the blocks are those that the bot posts; only the drawing is this file's.
"""

import asyncio
import html
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from adapters.chat.answer_view import of_answer
from adapters.slack.replies import rendering
from bot.bootstrap import open_app
from bot.config.loader import load
from bot.model import Answer, Question
from indexer.sources import open_source
from indexer.sources.base import Surroundings
from indexer.sync.sync_all import sync_all

ROOT = Path(__file__).resolve().parent.parent
QUESTION = "Nobody answers the pager: what happens after 15 minutes?"
STYLE = """
* { box-sizing: border-box }
body { margin: 0; padding: 18px 22px; width: 760px; background: #fff; color: #1d1c1d;
  font: 15px/1.47 Lato, "Helvetica Neue", "DejaVu Sans", Arial, sans-serif, "Noto Color Emoji" }
.message { display: flex; gap: 10px; margin-bottom: 14px } .message > div:last-child { flex: 1 }
.face { width: 36px; height: 36px; border-radius: 8px; color: #fff; font-weight: 700; font-size: 17px;
  display: flex; align-items: center; justify-content: center; flex: none }
.name { font-weight: 900 } .app { background: #ddd; color: #616061; border-radius: 3px; font-size: 10px;
  font-weight: 700; padding: 1px 4px; margin-left: 4px; vertical-align: 1px }
.time { color: #616061; font-size: 12px; margin-left: 6px } p { margin: 0 0 8px } ul { margin: 0 0 8px; padding-left: 24px }
.replies { border-top: 1px solid #ddd; margin: 4px 0 14px; height: 0; position: relative }
.replies span { position: absolute; top: -10px; background: #fff; padding-right: 8px; color: #616061; font-size: 13px }
.context { color: #616061; font-size: 13px; margin: 6px 0; white-space: pre-line } .mention { background: #e8f5fa; color: #1264a3;
  padding: 0 2px; border-radius: 3px } a { color: #1264a3; text-decoration: none } code { background: #f6f6f6;
  border: 1px solid #ddd; border-radius: 3px; color: #c01343; font-size: 12px; padding: 1px 3px }
.actions { display: flex; gap: 8px; margin-top: 8px } .actions span { border: 1px solid #bbb; border-radius: 4px;
  padding: 3px 12px; font-weight: 700; font-size: 13px } .feedback { display: flex; gap: 6px; margin-top: 6px }
.feedback span { border-radius: 6px; background: #f5f5f5; padding: 2px 9px }
"""


async def answered() -> tuple[Answer, datetime]:
    """The handbook's own answer, and a date at which its pages look as old as they are."""
    with TemporaryDirectory() as data:
        settings = load(ROOT / "examples/docent.yaml").model_copy(update={"data": Path(data)})
        async with open_app(settings) as app:
            sources = [open_source(one, Surroundings(settings.data)) for one in settings.sources]
            await sync_all(sources, app.store, app.embedder)
            answer = await app.answerer.answer(Question(QUESTION, frozenset({"everyone"})), id="a1b2c3d4e5f6")
    return answer, datetime.now(UTC)


def drawn(block: dict[str, Any]) -> str:
    """One block as HTML. An unknown one is a mistake of this file's, not something to leave out."""
    kind = block["type"]
    if kind == "markdown":
        return markdown(block["text"])
    if kind == "context":
        return "".join(f'<div class="context">{mrkdwn(one["text"])}</div>' for one in block["elements"])
    if kind == "actions":
        names = (one["text"]["text"] for one in block["elements"])
        return f'<div class="actions">{"".join(f"<span>{html.escape(name)}</span>" for name in names)}</div>'
    if kind == "context_actions":
        choices = [
            one[side]["text"]["text"]
            for one in block["elements"]
            for side in ("positive_button", "negative_button")
        ]
        return f'<div class="feedback">{"".join(f"<span>{choice}</span>" for choice in choices)}</div>'
    raise ValueError(kind)


def markdown(text: str) -> str:
    """Paragraphs, lists, bold and code: what answers hold. The text comes escaped."""
    made = []
    for part in re.split(r"\n{2,}", text):
        lines = part.split("\n")
        if all(re.match(r"\s*[-*] ", line) for line in lines):
            items = "".join(f"<li>{inline(line.strip()[2:])}</li>" for line in lines)
            made.append(f"<ul>{items}</ul>")
        else:
            made.append(f"<p>{'<br>'.join(inline(line) for line in lines)}</p>")
    return "".join(made)


def inline(text: str) -> str:
    """Bold, italics and code."""
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    return re.sub(r"_([^_]+)_", r"<i>\1</i>", re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text))


def mrkdwn(text: str) -> str:
    """Slack's links and italics."""
    text = re.sub(r"<(https?://[^|>]+)\|([^>]*)>", r'<a href="\1">\2</a>', text)
    return re.sub(r"(?<!\w)_([^_]+)_(?!\w)", r"<i>\1</i>", text)


def message(name: str, colour: str, body: str, *, app: bool = False) -> str:
    """A message with its face, name and time."""
    badge = '<span class="app">APP</span>' if app else ""
    return (
        f'<div class="message"><div class="face" style="background:{colour}">{name[0]}</div><div>'
        f'<span class="name">{name}</span>{badge}<span class="time">10:24</span><div>{body}</div></div></div>'
    )


def page(answer: Answer, now: datetime) -> str:
    """The thread as HTML."""
    view = of_answer(answer, now=now, private=False, stale_after=timedelta(days=365), can_ask_human=True)
    shown = [*(rendering.text_block(text) for text in rendering.pages(view.text)), *rendering.tail(view)]
    asked = message("Alice", "#7c3085", f'<span class="mention">@Docent</span> {html.escape(QUESTION)}')
    replied = message("Docent", "#1f4e5f", "".join(map(drawn, shown)), app=True)
    return (
        f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style>{asked}'
        f'<div class="replies"><span>1 reply</span></div>{replied}'
    )


def photograph(text: str, browser: str, target: Path) -> None:
    """The page as a picture, twice as fine as it is large."""
    with TemporaryDirectory() as name:
        source, profile = Path(name) / "page.html", Path(name) / "profile"
        source.write_text(text, encoding="utf-8")
        quiet = ("--no-first-run", "--disable-background-networking", "--disable-component-update")
        subprocess.run(  # noqa: S603 - the browser that was named
            [browser, "--headless", "--no-sandbox", "--disable-gpu", *quiet, "--disable-sync", "--disable-quic",
             f"--user-data-dir={profile}", "--hide-scrollbars", "--force-device-scale-factor=2",
             f"--window-size=760,{HEIGHT}", f"--screenshot={target}", source.as_uri()],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip


HEIGHT = 470


def main() -> None:
    """Answer, draw, photograph."""
    browser = sys.argv[1] if len(sys.argv) > 1 else shutil.which("chromium") or "chromium"
    photograph(page(*asyncio.run(answered())), browser, ROOT / "docs/slack-answer.png")


if __name__ == "__main__":
    main()
