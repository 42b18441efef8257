"""Turns an answer into the parts that each platform draws, in the same order everywhere."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from adapters.chat import messages
from adapters.chat.markdown_text import age
from bot.model import Answer, Citation, Outcome
from bot.text import links


class Press(StrEnum):
    """The buttons, by the word that their presses carry."""

    GOOD = "good"
    BAD = "bad"
    MORE = "more"
    SOURCES = "sources"
    SHARE = "share"
    HUMAN = "human"
    CANCEL = "cancel"
    CONFIRM = "confirm"
    KEEP = "keep"
    ACCEPT = "accept"
    EDIT = "edit"
    REJECT = "reject"
    WITHDRAW = "withdraw"


LABELS = {
    Press.GOOD: messages.GOOD,
    Press.BAD: messages.BAD,
    Press.MORE: messages.MORE,
    Press.SOURCES: messages.SOURCES,
    Press.SHARE: messages.SHARE,
    Press.HUMAN: messages.HUMAN,
    Press.CANCEL: messages.CANCEL,
    Press.CONFIRM: messages.CONFIRM,
    Press.KEEP: messages.KEEP,
    Press.ACCEPT: messages.ACCEPT,
    Press.EDIT: messages.EDIT,
    Press.REJECT: messages.REJECT,
    Press.WITHDRAW: messages.WITHDRAW,
}

# Below a saved answer that waits for review.
DECISIONS = (Press.ACCEPT, Press.EDIT, Press.REJECT)
# Below a saved answer that is in use.
IN_USE = (Press.WITHDRAW,)
# Below a run, and below deletions that wait.
OF_RUNS = (Press.CANCEL, Press.CONFIRM, Press.KEEP)


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A cited page, or (`number` 0) one of the nearest pages. `url` is "" where the page has no public address.

    `others` are further cited sections of the same page; their `title` is the section's.
    """

    number: int
    title: str
    url: str
    age: str
    stale: bool
    quote: str
    others: tuple["SourceLine", ...] = ()

    @property
    def sections(self) -> tuple["SourceLine", ...]:
        """Each cited section as a line of its own."""
        return (replace(self, others=()), *self.others)


@dataclass(frozen=True, slots=True)
class AnswerView:
    """An answer to be drawn. `text` is Markdown; `sources` are numbered as in the text; `notes` are small print.

    `see_also` are further pages, which the answer doesn't rest on.
    """

    answer_id: str
    text: str
    sources: tuple[SourceLine, ...]
    notes: tuple[str, ...]
    buttons: tuple[Press, ...]
    see_also: tuple[SourceLine, ...] = ()


def of_answer(
    answer: Answer, *, now: datetime, private: bool, stale_after: timedelta, can_ask_human: bool
) -> AnswerView:
    """Return the answer with its sources, notes and buttons."""
    near = tuple(replace(line, number=0) for line in _lines(answer.nearest, now, stale_after))
    if answer.outcome is Outcome.ANSWERED:
        lines = _lines(answer.citations, now, stale_after)
        more = [Press.MORE] if answer.more else []
        buttons = [Press.GOOD, Press.BAD, *more, Press.SOURCES]
        if private:
            buttons.append(Press.SHARE)
        notes = (*_stale(lines), *_notes(answer))
        return AnswerView(answer.id, answer.text, lines, notes, tuple(buttons), see_also=near)
    if answer.outcome is Outcome.NOT_FOUND:
        owners = list(
            dict.fromkeys(links.none(owner) for page in answer.nearest for owner in page.owners[:1])
        )
        text = answer.text
        if owners and not can_ask_human:
            text += "\n\n" + messages.WHOM_TO_ASK.format(owners=" or ".join(owners))
        if near:
            text += "\n\n" + messages.NOT_FOUND_NEAREST
        buttons = [Press.HUMAN] if can_ask_human else []
        return AnswerView(answer.id, text, near, _notes(answer), tuple(buttons))
    return AnswerView(answer.id, answer.text, (), _notes(answer), ())


def _lines(citations: tuple[Citation, ...], now: datetime, stale_after: timedelta) -> tuple[SourceLine, ...]:
    """Return one line for each cited page, in the order of their first citations."""
    pages: dict[str, list[Citation]] = {}
    for citation in citations:
        pages.setdefault(citation.doc_id, []).append(citation)
    return tuple(
        replace(
            _line(first, now, stale_after),
            others=tuple(replace(_line(one, now, stale_after), title=_section(one)) for one in others),
        )
        for first, *others in pages.values()
    )


def _line(citation: Citation, now: datetime, stale_after: timedelta) -> SourceLine:
    return SourceLine(
        number=citation.number,
        title=_title(citation),
        url=citation.url,
        age=age(citation.updated_at, now),
        stale=citation.updated_at is not None and now - citation.updated_at > stale_after,
        quote=citation.quote,
    )


def _section(citation: Citation) -> str:
    return links.none(citation.heading.split(" > ")[-1] or citation.title)


def _title(citation: Citation) -> str:
    """Return the page's title and heading, or the title alone if the heading repeats it."""
    heading = citation.heading.split(" > ")[-1]
    same = [re.sub(r"\W+", "", text).casefold() for text in (citation.title, heading)]
    title = citation.title if not heading or same[0] == same[1] else f"{citation.title} › {heading}"
    return links.none(title)


def _notes(answer: Answer) -> tuple[str, ...]:
    """Return the reasons why the answer is degraded, without links: services word their own errors."""
    return tuple(map(links.none, answer.degraded))


def _stale(lines: tuple[SourceLine, ...]) -> tuple[str, ...]:
    titles = list(dict.fromkeys(line.title for line in lines if line.stale))
    return (messages.STALE.format(titles=", ".join(titles)),) if titles else ()
