"""Renders chosen snippets as Markdown, page by page in reading order, with the passages that each piece is of. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from textwrap import dedent

from bot.backends.extractive.contradictions import conflicting
from bot.backends.extractive.selection import Chosen
from bot.backends.extractive.snippets import Snippet
from bot.text.analyzer import distinct_tokens

LONGEST = 480  # characters of one quoted piece
INDENT = "   "
MARKER = 4  # characters of " [1]"

_CALLOUT = re.compile(r"^\[!\w+\]\s*")


@dataclass(frozen=True, slots=True)
class QuotedPiece:
    """A piece of the answer. `gap` is the space before it; the text rests on the passages `chunk_ids`."""

    gap: str
    text: str
    chunk_ids: tuple[str, ...]


def render(
    chosen: Sequence[Chosen], asked: frozenset[str] = frozenset(), *, titled: bool = False
) -> list[QuotedPiece]:
    """Return one piece for each paragraph, list or table.

    `asked` are the question's terms, for labels; `titled` names each section. Pages come in the order of their best
    snippet; each begins with the piece of that, and goes on as the page does. Pages that contradict each other are
    named, with the date of their last change.
    """
    disputed = frozenset() if titled else conflicting([one.snippet for one in chosen], asked)
    best: dict[str, Snippet] = {}  # by page, the pages in their order
    for one in sorted(chosen, key=lambda c: c.order):
        best.setdefault(one.snippet.passage.doc_id, one.snippet)
    first = {page: number for number, page in enumerate(best)}
    ordered = sorted(chosen, key=lambda c: (first[c.snippet.passage.doc_id], c.snippet.place))
    pieces: list[QuotedPiece] = []
    said: set[str] = set()
    runs = [list(run) for _, run in groupby(ordered, key=_run_key)]
    if not titled:
        runs.sort(key=lambda run: (first[run[0].snippet.passage.doc_id], not _holds_any(run, best)))
    for group in runs:
        label = _label(group, asked, disputed, titled=titled)
        text = _text(group, said)
        if label and label not in said:
            text = f"{label}{_after_label(group)}{text}"
        said |= {label, *(_plain(one.snippet.text) for one in group)}
        ids = (c.snippet.passage.chunk_id for c in group)
        pieces.append(QuotedPiece("\n\n" if pieces else "", text, tuple(dict.fromkeys(ids))))
    return pieces


def _holds_any(run: Sequence[Chosen], best: Mapping[str, Snippet]) -> bool:
    return any(one.snippet is best[one.snippet.passage.doc_id] for one in run)


def length(pieces: Sequence[QuotedPiece]) -> int:
    """Return the pieces' length as shown, markers included."""
    return sum(len(p.gap) + len(p.text) + MARKER * len(p.chunk_ids) for p in pieces)


def _run_key(one: Chosen) -> tuple[object, ...]:
    """Return the key of what is shown together: sentences of a paragraph, items of a list, rows of a table."""
    s = one.snippet
    if s.kind == "item":
        return (s.passage.doc_id, s.passage.chunk_id, s.kind, s.announced)
    if s.kind == "row":
        return (s.passage.doc_id, s.passage.chunk_id, s.kind, s.lead, s.head)
    return (s.passage.doc_id, s.passage.chunk_id, s.kind, s.block)


def _text(group: Sequence[Chosen], said: set[str]) -> str:
    kind = group[0].snippet.kind
    if kind == "item":
        return "\n".join(_items([one.snippet for one in group], said))
    return "\n".join(_rows([one.snippet for one in group], said)) if kind == "row" else _paragraph(group)


def _items(group: Sequence[Snippet], said: set[str]) -> Iterator[str]:
    """Give the lines of a list below what announces it, each item below those that it is a part of."""
    if group[0].announced and _plain(group[0].announced) not in said:
        yield f"{_plain(group[0].announced)}\n"
    above: set[str] = set()
    for item in group:
        for depth, ancestor in enumerate(item.ancestors):
            if ancestor not in above:
                yield f"{INDENT * depth}- {_cut(_plain(ancestor))}"
                above.add(ancestor)
        alone = len(group) == 1 and not item.bullet.startswith("1.")
        bullet = "- " if alone else item.bullet
        yield f"{INDENT * len(item.ancestors)}{bullet}{_cut(_plain(item.text))}"
        above.add(item.text)


def _rows(group: Sequence[Snippet], said: set[str]) -> Iterator[str]:
    if group[0].lead and _plain(group[0].lead) not in said:
        yield f"{_plain(group[0].lead)}\n"
    if group[0].head:
        yield group[0].head
    for row in group:
        yield _cut(row.text)


def _paragraph(group: Sequence[Chosen]) -> str:
    """Join sentences of one paragraph; where some between them are left out, it shows."""
    first = group[0].snippet
    if first.kind == "code":
        code = "\n\n".join(dedent(one.snippet.text) for one in group)
        return f"{_plain(first.lead)}\n\n{code}" if first.lead else code
    text = ""
    last: Snippet | None = None
    for one in group:
        s = one.snippet
        if last is not None:
            text += " " if s.previous is last else " … "
        text += _cut(_plain(s.text))
        last = s
    return text


def _label(group: Sequence[Chosen], asked: frozenset[str], disputed: frozenset[str], *, titled: bool) -> str:
    """Return the label of a section: the page's name if another page contradicts it, else its heading.

    The heading is named only if it holds words of the question that the quoted text lacks.
    """
    passage = group[0].snippet.passage
    if passage.doc_id in disputed:
        date = f" (updated {passage.updated_at:%Y-%m-%d})" if passage.updated_at is not None else ""
        return f"**{passage.title}**{date}:"
    heading = passage.heading.rpartition(" > ")[2]
    told = (text for c in group for text in (c.snippet.lead, c.snippet.head, c.snippet.text))
    said = frozenset().union(*map(distinct_tokens, told))
    if titled:
        heading = heading or passage.title
    elif not (distinct_tokens(heading) & asked) - said:
        return ""
    return f"**{heading}**" if heading[-1] in ".:?!…" else f"**{heading}:**"


def _after_label(group: Sequence[Chosen]) -> str:
    return " " if group[0].snippet.kind == "prose" else "\n\n"


def _plain(text: str) -> str:
    return _closed(" ".join(_CALLOUT.sub("", text).split()))


def _closed(text: str) -> str:
    """Return the sentence without the parenthesis or emphasis that begins or ends in another."""
    if text.startswith("(") and text.count("(") > text.count(")"):
        text = text[1:]
    if text.endswith((")", ").")) and text.count(")") > text.count("("):
        text = text.replace(")", "")
    for mark in ("**", "__"):
        if text.count(mark) % 2:
            text = text.replace(mark, "")
    return text


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST].rsplit(" ", 1)[0] + " …"
