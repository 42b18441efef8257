"""Renders an answer for Discord: text, an embed with the sources, buttons that outlive a restart."""

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import discord

from adapters.chat import messages
from adapters.chat.admin import sync_progress
from adapters.chat.admin.teaching import Form
from adapters.chat.answer_view import LABELS, AnswerView, Press, SourceLine
from adapters.chat.markdown_text import shorten
from adapters.discord.replies.discord_markdown import as_messages, escape, link
from bot.ports import SyncRun

_COLOUR = 0x1F4E5F
_DESCRIPTION = 3800  # of an embed's 4,096 characters
_SHOWN = 10
_FIELD = 4000  # characters of a form's field

Pressed = Callable[["discord.Interaction[Any]", Press, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class RenderedMessage:
    """An answer as one or more messages, with the embed and the buttons below the last."""

    pages: tuple[str, ...]
    embed: discord.Embed | None
    view: discord.ui.View | None

    def parts(self) -> Iterator[tuple[str, discord.Embed | None, discord.ui.View | None]]:
        """Yield what each message holds: text, embed and buttons."""
        for page in self.pages[:-1]:
            yield page, None, None
        yield self.pages[-1], self.embed, self.view


def extras(embed: discord.Embed | None = None, view: discord.ui.View | None = None) -> dict[str, Any]:
    """Return the keywords for discord.py's `send` methods, which accept no None."""
    given = {"embed": embed, "view": view}
    return {name: extra for name, extra in given.items() if extra is not None}


def drawn(
    answer: AnswerView, presses: tuple[Press, ...], *, lead: str = "", embeds: bool = True
) -> RenderedMessage:
    """Return an answer with the buttons `presses`, after the line `lead`. Without `embeds` its sources are text."""
    lines = _lines(answer)
    before, after = [lead] if lead else [], [] if embeds or not lines else ["\n".join(lines)]
    pages = as_messages("\n\n".join([*before, answer.text, *after]))
    return RenderedMessage(
        tuple(pages), _embed(lines) if embeds else None, buttons(presses, answer.answer_id)
    )


def _lines(view: AnswerView) -> list[str]:
    """Return the lines of sources and notes."""
    lines = [source(line) for line in view.sources[:_SHOWN]]
    if view.see_also:
        pages = " · ".join(link(shorten(line.title, 80), line.url) for line in view.see_also)
        lines.append(messages.SEE_ALSO.format(pages=pages))
    return lines + [f"-# {escape(shorten(note, 280))}" for note in view.notes]


def sources_embed(view: AnswerView) -> discord.Embed:
    """Return the embed for "Show sources": each page with the passages that the answer rests on."""
    lines = [
        f"{source(line)}\n> {escape(shorten(line.quote, 300))}" if line.quote else source(line)
        for page in view.sources[:_SHOWN]
        for line in page.sections
    ]
    return _embed(lines) or discord.Embed(description=messages.NO_SOURCES, colour=_COLOUR)


def _embed(lines: list[str]) -> discord.Embed | None:
    description = ""
    for line in lines:
        if len(description) + len(line) + 1 > _DESCRIPTION:
            break
        description += line + "\n"
    return discord.Embed(description=description.strip(), colour=_COLOUR) if description else None


def source(line: SourceLine) -> str:
    """Return a source's line below an answer: number, linked title, age, and a warning if it is old."""
    aged = f" · {line.age}" if line.age else ""
    cited = " · ".join(f"{_mark(one)} {link(shorten(one.title, 150), one.url)}" for one in line.sections)
    return f"{cited}{aged}{' ⚠️' if line.stale else ''}"


def _mark(line: SourceLine) -> str:
    return f"`[{line.number}]`" if line.number else "•"


class PressButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"docent:(?P<press>[a-z]+):(?P<id>[\w-]{1,64})"
):
    """A button that holds its meaning in its id, so that it works after a restart and for months."""

    pressed: Pressed | None = None  # set once by the adapter, before it connects

    def __init__(self, press: Press, id: str) -> None:  # noqa: A002 - the template's word
        style = discord.ButtonStyle.danger if press is Press.CANCEL else discord.ButtonStyle.secondary
        super().__init__(
            discord.ui.Button(label=LABELS[press], style=style, custom_id=f"docent:{press.value}:{id}")
        )
        self.press = press
        self.id_ = id

    @classmethod
    async def from_custom_id(
        cls,
        interaction: "discord.Interaction[Any]",  # noqa: ARG003 - discord.py's signature
        item: discord.ui.Item[Any],  # noqa: ARG003
        match: re.Match[str],
        /,
    ) -> "PressButton":
        return cls(Press(match["press"]), match["id"])

    async def callback(self, interaction: "discord.Interaction[Any]") -> None:
        pressed = type(self).pressed
        if pressed is not None:
            await pressed(interaction, self.press, self.id_)


def buttons(presses: tuple[Press, ...], id: str) -> discord.ui.View | None:  # noqa: A002
    """Return a row of buttons about one thing, or None if there are none."""
    return row([(press, id) for press in presses])


def row(presses: Sequence[tuple[Press, str]]) -> discord.ui.View | None:
    """Return a row of buttons, each with its value, or None if there are none."""
    if not presses:
        return None
    view = discord.ui.View(timeout=None)
    for press, value in presses:
        view.add_item(PressButton(press, value))
    return view


def run_message(run: SyncRun) -> tuple[str, discord.ui.View | None]:
    """Return the text and the buttons of a message that shows a reindex."""
    return escape(sync_progress.describe(run))[:1950], buttons(sync_progress.buttons(run), run.id)


class TeachingForm(discord.ui.Modal):
    """The form in which a question and its answer are edited before they are saved."""

    def __init__(
        self, form: Form, submitted: Callable[["discord.Interaction[Any]", Form], Awaitable[None]]
    ) -> None:
        super().__init__(title=form.title, custom_id=f"docent:teach:{form.kind}", timeout=900)
        self._form = form
        self._submitted = submitted
        self._question = _field("question", form.question)
        self._answer = _field("answer", form.answer)
        self.add_item(discord.ui.Label(text=messages.SAVE_QUESTION, component=self._question))
        self.add_item(discord.ui.Label(text=messages.SAVE_ANSWER, component=self._answer))
        self._page = _field("page", form.page or "", style=discord.TextStyle.short)
        if form.page is not None:
            self.add_item(discord.ui.Label(text=messages.SAVE_PAGE, component=self._page))

    async def on_submit(self, interaction: "discord.Interaction[Any]") -> None:
        edited = replace(
            self._form, question=self._question.value, answer=self._answer.value, page=self._page.value
        )
        await self._submitted(interaction, edited)


def _field(
    name: str, text: str, style: discord.TextStyle = discord.TextStyle.paragraph
) -> "discord.ui.TextInput[Any]":
    return discord.ui.TextInput(
        custom_id=name,
        style=style,
        default=text[:_FIELD] or None,
        max_length=_FIELD,
    )


class ComplaintForm(discord.ui.Modal):
    """The small form behind 👎."""

    def __init__(
        self,
        answer_id: str,
        submitted: Callable[["discord.Interaction[Any]", str, str, str], Awaitable[None]],
    ) -> None:
        super().__init__(title="Feedback", custom_id=f"docent:complaint:{answer_id}", timeout=900)
        self._answer_id = answer_id
        self._submitted = submitted
        self._complaint: discord.ui.Select[Any] = discord.ui.Select(
            custom_id="complaint",
            options=[
                discord.SelectOption(label=label, value=value) for value, label in messages.COMPLAINTS.items()
            ],
        )
        self._comment: discord.ui.TextInput[Any] = discord.ui.TextInput(
            custom_id="comment",
            style=discord.TextStyle.paragraph,
            required=False,
            max_length=2000,
        )
        self.add_item(discord.ui.Label(text=messages.FEEDBACK_TITLE, component=self._complaint))
        self.add_item(discord.ui.Label(text=messages.FEEDBACK_COMMENT, component=self._comment))

    async def on_submit(self, interaction: "discord.Interaction[Any]") -> None:
        chosen = self._complaint.values[0] if self._complaint.values else ""
        await self._submitted(interaction, self._answer_id, chosen, self._comment.value or "")
