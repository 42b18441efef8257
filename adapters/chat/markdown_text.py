"""Formats text for chat platforms: splitting, plain text, tables.

Pure functions from Markdown to Markdown.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime, timedelta

from bot.text import links
from bot.text.questions.question_text import bounded

_FENCE = re.compile(r"^(?P<mark>`{3,}|~{3,})(?P<language>[^`\n]*)$")
_ROW = re.compile(r"^\s*\|.*\|\s*$")
_RULE = re.compile(r"^(?=[^|]*\|)[\s:|-]+$")
_LINK = re.compile(r"\[([^\[\]]*)\]\((?:[^()]|\([^()]*\))*\)")
_QUESTION_WORDS = re.compile(
    r"^(who|what|when|where|why|which|whom|whose|how|can|could|do|does|did|is|are|am|was|were|should|shall|"
    r"may|might|will|would|has|have|any(one|body)?|wer|wie|was|wann|wo|warum|welche[rsn]?|kann|darf|gibt|"
    r"quién|qué|cuándo|dónde|cómo|cuál|puedo|qui|quoi|quand|où|comment|pourquoi|est-ce)\b",
    re.IGNORECASE,
)

_GREETINGS = frozenset(
    "hi hello hey hiya hallo moin servus hola bonjour salut morning afternoon evening tag abend".split()  # noqa: SIM905
)
_THANKS = frozenset(
    "thanks thank thx cheers ok okay great perfect super dank danke helpful merci gracias nice awesome cool brilliant got".split()  # noqa: SIM905
)
_FILLERS = frozenset(
    "a all and bot docent everyone good guten i it lot many morgen much so team that there this to very vielen was you".split()  # noqa: SIM905
)


def split(markdown: str, limit: int) -> list[str]:
    """Split into parts of at most `limit` characters, between paragraphs where possible.

    A code fence that has to be cut is closed and opened again with its language. Nothing is lost but white
    space at the cuts. `limit` must leave room for a fence (about 40 characters).
    """
    parts: list[str] = []
    part = ""
    for block in _blocks(markdown):
        for piece in _fitting(block, limit):
            joined = f"{part}\n\n{piece}" if part else piece
            if len(joined) <= limit:
                part = joined
            else:
                parts.append(part)
                part = piece
    return [*parts, part] if part else parts


def _blocks(markdown: str) -> Iterator[str]:
    """Yield paragraphs, whole code fences and whole tables."""
    block: list[str] = []
    closing = ""
    for line in markdown.strip("\n").split("\n"):
        fence = _FENCE.match(line.strip())
        if closing:
            block.append(line)
            if fence and fence["mark"].startswith(closing) and not fence["language"].strip():
                closing = ""
                yield "\n".join(block)
                block = []
        elif fence:
            if block:
                yield "\n".join(block)
            block, closing = [line], fence["mark"]
        elif line.strip():
            block.append(line)
        elif block:
            yield "\n".join(block)
            block = []
    if block:
        yield "\n".join([*block, closing] if closing else block)


def _fitting(block: str, limit: int) -> Iterator[str]:
    if len(block) <= limit:
        yield block
        return
    lines = block.split("\n")
    fence = _FENCE.match(lines[0].strip())
    if fence:
        head, tail = lines[0].strip(), fence["mark"]
        for body in _packed(lines[1:-1], limit - len(head) - len(tail) - 2):
            yield f"{head}\n{body}\n{tail}"
    else:
        yield from _packed(lines, limit)


def _packed(lines: list[str], limit: int) -> Iterator[str]:
    """Yield lines joined up to the limit; a line that is too long is cut at white space."""
    part = ""
    for line in lines:
        for piece in _cut(line, limit):
            joined = f"{part}\n{piece}" if part else piece
            if len(joined) <= limit:
                part = joined
            else:
                yield part
                part = piece
    if part:
        yield part


def _cut(line: str, limit: int) -> Iterator[str]:
    while len(line) > limit:
        at = max(line.rfind(". ", 0, limit) + 1, 0) or line.rfind(" ", 0, limit)
        at = at if at > limit // 3 else limit
        yield line[:at].rstrip()
        line = line[at:].lstrip()
    yield line


def shorten(text: str, limit: int) -> str:
    """Return one line of at most `limit` characters, cut at a word with an ellipsis."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    cut = line[: limit - 1]
    at = cut.rfind(" ")
    return (cut[:at] if at > limit // 2 else cut).rstrip(" ,;:.-") + "…"


def bare(word: str) -> str:
    """Return an untrusted word that is safe between backticks, of at most 40 characters."""
    return shorten(word.replace("`", "'"), 40)


def plain(markdown: str) -> str:
    """Return the text without Markdown's marks, for notifications and previews."""
    text = _LINK.sub(r"\1", markdown)
    text = re.sub(r"^\s{0,3}(#{1,6}|>)\s+", "", text, flags=re.MULTILINE)
    return re.sub(r"(\*\*|__|```\w*\n?|`)", "", text).strip()


def tables_as_code(markdown: str) -> str:
    """Return the text with each table as a code block of aligned columns, for places that don't draw tables."""
    out: list[str] = []
    table: list[str] = []
    fence = ""
    for line in [*markdown.split("\n"), ""]:
        mark = _FENCE.match(line.strip())
        if not fence and not mark and _ROW.match(line):
            table.append(line)
            continue
        if table:
            out.extend(_aligned(table) if len(table) > 1 else table)
            table = []
        if mark:
            fence = "" if fence else mark["mark"]
        out.append(line)
    return "\n".join(out[:-1])


def _aligned(table: list[str]) -> list[str]:
    rows = [
        [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))]
        for row in table
        if not _RULE.match(row)
    ]
    if not rows:
        return table
    bare, cited = zip(*map(_uncited, rows), strict=True)
    columns = max(map(len, bare))
    cells = [row + [""] * (columns - len(row)) for row in bare]
    widths = [max(_width(row[i]) for row in cells) for i in range(columns)]
    lines = [
        "  ".join(cell + " " * (widths[i] - _width(cell)) for i, cell in enumerate(row)) for row in cells
    ]
    rule = "  ".join("-" * width for width in widths)
    marked = [f"{line}  {marks}".rstrip() for line, marks in zip(lines, cited, strict=True)]
    return ["```", marked[0], rule, *marked[1:], "```"]


def _uncited(row: list[str]) -> tuple[list[str], str]:
    """Return a row without the citation numbers at its end, and these numbers."""
    found = re.search(r"(?:\s*\[\d{1,3}\]){1,20}$", row[-1])
    return ([*row[:-1], row[-1][: found.start()]], found[0].strip()) if found else (row, "")


def _width(cell: str) -> int:
    """Return how many columns a cell takes on a screen: wide East Asian characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in cell)


def is_question(text: str) -> bool:
    """Return whether a message that wasn't addressed to the bot asks something."""
    line = text.strip()
    return "?" in line or "？" in line or bool(_QUESTION_WORDS.match(line))


def greets(text: str) -> bool:
    """Return whether a message is a greeting and nothing more."""
    return _is_made_of(text, _GREETINGS)


def thanks(text: str) -> bool:
    """Return whether a message only says thanks, or that it was understood."""
    return _is_made_of(text, _THANKS)


def is_small_talk(text: str) -> bool:
    """Return whether a message holds nothing to look up."""
    return greets(text) or thanks(text)


def _is_made_of(text: str, words: frozenset[str]) -> bool:
    said = set(re.findall(r"\w+", text.lower()))
    return "?" not in text and bool(said & words) and said <= words | _FILLERS


def age(updated_at: datetime | None, now: datetime) -> str:
    """Return how long ago a page was updated, in words; "" if that isn't known."""
    if updated_at is None:
        return ""
    days = max((now - updated_at) // timedelta(days=1), 0)
    for size, unit in ((365, "year"), (30, "month"), (7, "week"), (1, "day")):
        if days >= size:
            count = days // size
            return f"updated {count} {unit}{'s' if count > 1 else ''} ago"
    return "updated today"


def quoted(question: str) -> str:
    """Return a person's words for others to read: on one line, without links, which nobody has checked."""
    return " ".join(links.none(bounded(question)).split())
