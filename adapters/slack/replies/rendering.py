"""Renders an answer as Slack's blocks, within their limits: 12,000 characters of Markdown, 50 blocks.

Pure functions.
"""

from collections.abc import Sequence
from typing import Any

from adapters.chat import messages
from adapters.chat.admin.teaching import Form
from adapters.chat.answer_view import LABELS, AnswerView, Press, SourceLine
from adapters.chat.markdown_text import shorten, split
from adapters.slack.replies.mrkdwn import escape, fallback, link, markdown

Block = dict[str, Any]  # Slack's own JSON

# Streams refuse more than about 10.6 kB in all, blocks about 13.2k characters: stay below both.
MESSAGE_BYTES = 9000
_SECTION = 2900
_SOURCES_SHOWN = 10
# For screen readers, where a label is an emoji.
_SAID = {Press.GOOD: "This answer helped", Press.BAD: "This answer didn't help"}


def pages(text: str) -> list[str]:
    """Return the answer's text as Markdown, one item for each message."""
    limit = MESSAGE_BYTES
    parts = split(text, limit)
    while any(len(markdown(part).encode()) > MESSAGE_BYTES for part in parts):
        limit = limit * 2 // 3
        parts = split(text, limit)
    return [markdown(part) for part in parts] or [escape("…")]


def tail(view: AnswerView) -> list[Block]:
    """Return the blocks below the text: sources, notes, buttons."""
    blocks = [context(lines) for lines in _sections([source(line) for line in view.sources[:_SOURCES_SHOWN]])]
    if view.see_also:
        blocks.append(context(see_also(view)))
    if view.notes:
        blocks.append(context("\n".join(f"_{escape(shorten(note, 280))}_" for note in view.notes)))
    if view.buttons:
        row = [button(press, view.answer_id) for press in view.buttons]
        blocks.append({"type": "actions", "block_id": "docent_actions", "elements": row})
    return blocks


def as_messages(pages: list[str], tail: list[Block]) -> list[tuple[str, list[Block]]]:
    """Return text and blocks of a message for each page.

    The last has the tail, each other one its page number.
    """
    last = len(pages) - 1
    return [
        (
            summary(page),
            [text_block(page), *(tail if number == last else [context(f"{number + 1}/{last + 1}")])],
        )
        for number, page in enumerate(pages)
    ]


def text_block(part: str) -> Block:
    return {"type": "markdown", "text": part}


def context(mrkdwn: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": mrkdwn, "verbatim": True}]}


def section(mrkdwn: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": mrkdwn[:3000], "verbatim": True}}


def source(line: SourceLine) -> str:
    """Return a source's line below an answer: number, linked title, age, and a warning if it is old."""
    aged = f" · {line.age}" if line.age else ""
    cited = " · ".join(f"{_mark(one)} {link(shorten(one.title, 150), one.url)}" for one in line.sections)
    return f"{cited}{aged}{' ⚠️' if line.stale else ''}"


def see_also(view: AnswerView) -> str:
    """Return the further pages in one line."""
    return messages.SEE_ALSO.format(
        pages=" · ".join(link(shorten(line.title, 80), line.url) for line in view.see_also)
    )


def _mark(line: SourceLine) -> str:
    return f"[{line.number}]" if line.number else "•"


def button(press: Press, value: str) -> Block:
    return {
        "type": "button",
        "action_id": f"docent_{press.value}",
        "text": {"type": "plain_text", "text": LABELS[press], "emoji": True},
        "value": value,
        **({"accessibility_label": _SAID[press]} if press in _SAID else {}),
    }


def plain_message(view: AnswerView) -> str:
    """Return the whole answer with its sources as text alone, for when blocks are refused."""
    further = [see_also(view)] if view.see_also else []
    lines = [escape(view.text), *map(source, view.sources), *further, *map(escape, view.notes)]
    return "\n".join(lines)[:39_000]


def summary(part: str) -> str:
    """Return the plain text of a message that has blocks."""
    return fallback(part)


def sources_message(view: AnswerView) -> list[Block]:
    """Return the blocks for "Show sources": each page with the passages that the answer rests on."""
    if not view.sources:
        return [section(messages.NO_SOURCES)]
    lines = [
        f"{source(line)}\n>{escape(shorten(line.quote, 500))}" if line.quote else source(line)
        for page in view.sources[:_SOURCES_SHOWN]
        for line in page.sections
    ]
    return [section(lines) for lines in _sections(lines, gap="\n\n")]


def admin_message(text: str, *, buttons: Sequence[Block] = ()) -> list[Block]:
    """Return the blocks of an admin command's answer; `text` is our Markdown with untrusted names in it."""
    blocks = [text_block(markdown(part)) for part in split(text, 2900)[:4]]
    return [*blocks, {"type": "actions", "elements": list(buttons)}] if buttons else blocks


def _sections(lines: Sequence[str], gap: str = "\n") -> list[str]:
    """Return the lines joined to texts that each fit into a block."""
    texts: list[str] = []
    for line in lines:
        if texts and len(texts[-1]) + len(gap) + len(line) <= _SECTION:
            texts[-1] += gap + line
        else:
            texts.append(line)
    return texts


def teaching_modal(form: Form, channel: str) -> Block:
    """Return the form in which a question and its answer are edited before they are saved."""

    def field(name: str, label: str, text: str, *, most: int = 3000, lines: bool = True) -> Block:
        element = {
            "type": "plain_text_input",
            "action_id": name,
            "multiline": lines,
            "max_length": most,
            **({"initial_value": text[:most]} if text.strip() else {}),
        }
        label_text = {"type": "plain_text", "text": label}
        return {"type": "input", "block_id": name, "label": label_text, "element": element}

    return {
        "type": "modal",
        "callback_id": "docent_teach",
        "private_metadata": f"{form.kind}|{form.answer_id}|{form.lesson_id}|{channel}",
        "title": {"type": "plain_text", "text": form.title},
        "submit": {"type": "plain_text", "text": "Save"},
        "close": {"type": "plain_text", "text": "Cancel"},
        "blocks": [
            field("question", messages.SAVE_QUESTION, form.question),
            field("answer", messages.SAVE_ANSWER, form.answer),
            *([] if form.page is None else [field("page", messages.SAVE_PAGE, form.page, lines=False)]),
        ],
    }


def feedback_modal(answer_id: str, channel: str, thread: str) -> Block:
    """Return the small form behind 👎; it carries the place where to thank the person."""
    return {
        "type": "modal",
        "callback_id": "docent_feedback",
        "private_metadata": f"{answer_id} {channel} {thread}",
        "title": {"type": "plain_text", "text": "Feedback"},
        "submit": {"type": "plain_text", "text": "Send"},
        "close": {"type": "plain_text", "text": "Skip"},
        "blocks": [
            {
                "type": "input",
                "block_id": "complaint",
                "label": {"type": "plain_text", "text": messages.FEEDBACK_TITLE},
                "element": {
                    "type": "radio_buttons",
                    "action_id": "complaint",
                    "options": [
                        {"text": {"type": "plain_text", "text": label}, "value": value}
                        for value, label in messages.COMPLAINTS.items()
                    ],
                },
            },
            {
                "type": "input",
                "block_id": "comment",
                "optional": True,
                "label": {"type": "plain_text", "text": messages.FEEDBACK_COMMENT},
                "element": {
                    "type": "plain_text_input",
                    "action_id": "comment",
                    "multiline": True,
                    "max_length": 2000,
                },
            },
        ],
    }
