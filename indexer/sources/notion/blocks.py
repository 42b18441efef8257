"""Writes Notion's blocks and properties as Markdown."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from indexer.markdown.tables import table_of_texts
from indexer.sources.http.json_values import Json

_LISTS = {"bulleted_list_item": "- ", "numbered_list_item": "1. ", "to_do": "- "}
_LEFT_OUT = {"title", "relation", "rollup", "button", "verification", "created_time", "last_edited_time"}


@dataclass(frozen=True, slots=True)
class BlockText:
    """A block's Markdown, with that of its children. `item`: no empty line parts it from an item before it."""

    text: str
    item: bool = False


def joined(parts: Sequence[BlockText]) -> str:
    """Join blocks with empty lines, but items of a list without."""
    text = ""
    before = False
    for part in parts:
        if part.text.strip():
            text += ("\n" if before and part.item else "\n\n") + part.text
            before = part.item
    return text.strip("\n")


def part(block: Json, below: str) -> BlockText:  # noqa: PLR0911 - a kind of block each
    """Write one block. `below` is the Markdown of its children, or a table's rows."""
    kind = block["type"]
    told = block.get(kind) or {}
    text = rich(told.get("rich_text", []))
    if kind in _LISTS:
        return BlockText(
            _LISTS[kind] + _indented(_with(_done(told) + text, below), len(_LISTS[kind])), item=True
        )
    if kind.startswith("heading_"):
        return BlockText(_with(f"{'#' * (int(kind[-1]) + 1)} {text}" if text else "", below))
    if kind in {"quote", "callout"}:
        return BlockText("\n".join(f"> {line}".rstrip() for line in _with(text, below).split("\n")))
    if kind == "toggle":
        return BlockText(_with(f"**{plain(told.get('rich_text', []))}**", below))
    if kind == "code":
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", plain(told.get("rich_text", [])))), default=0))
        language = told.get("language", "").replace("plain text", "")
        return BlockText(f"{fence}{language}\n{plain(told.get('rich_text', []))}\n{fence}")
    if kind == "equation":
        return BlockText(f"`{told.get('expression', '')}`")
    if kind == "child_page":
        return BlockText(f"- {told.get('title', '')}", item=True)
    caption = rich(told.get("caption", []))
    if kind in {"bookmark", "embed", "link_preview"}:
        return BlockText(_link(caption or told.get("url", ""), told.get("url")))
    return BlockText(_with(text or caption, below))


def _with(text: str, below: str) -> str:
    return f"{text}\n\n{below}" if text and below else text or below


def _done(told: Json) -> str:
    return f"[{'x' if told['checked'] else ' '}] " if "checked" in told else ""


def _indented(text: str, width: int) -> str:
    """Indent what stands below a list's sign; a list below an item needs no empty line before it."""
    text = re.sub(r"\n\n(?=(?:- |1\. ))", "\n", text, count=1)
    return text.replace("\n", "\n" + " " * width)


def table(rows: Sequence[Json]) -> str:
    """Write a table's rows as a pipe table."""
    return table_of_texts([[rich(cell) for cell in row["table_row"]["cells"]] for row in rows])


def plain(pieces: Sequence[Json]) -> str:
    """Join pieces of rich text without their marks."""
    return "".join(str(piece.get("plain_text", "")) for piece in pieces)


def rich(pieces: Sequence[Json]) -> str:
    """Join pieces of rich text, with their marks and links as Markdown."""
    return "".join(map(_piece, pieces)).strip()


def _piece(piece: Json) -> str:
    text: str = piece.get("plain_text", "")
    marks: Mapping[str, bool] = piece.get("annotations") or {}
    inner = text.strip()
    if not inner:
        return text
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    if marks.get("code"):
        inner = f"`{inner}`"
    else:
        inner = inner.replace("<", "&lt;")
        inner = f"**{inner}**" if marks.get("bold") else inner
        inner = f"*{inner}*" if marks.get("italic") else inner
        inner = f"~~{inner}~~" if marks.get("strikethrough") else inner
    return before + _link(inner, piece.get("href")) + after


def _link(text: str, url: str | None) -> str:
    if not url or not url.startswith(("http://", "https://")) or re.search(r"[\s()<>]", url):
        return text
    return f"[{text}]({url})"


def properties(found: Mapping[str, Json]) -> str:
    """Write a line for each property that has a value, in Notion's order."""
    lines = [(name, _said(value)) for name, value in found.items()]
    return "\n".join(f"- {name}: {value}" for name, value in lines if value)


def _said(value: Json) -> str:
    """Write a property's value; "" for one of an unknown shape."""
    try:
        return "" if value["type"] in _LEFT_OUT else _value(value)
    except (LookupError, TypeError, AttributeError, ValueError):
        return ""


def owner(found: Mapping[str, Json]) -> str:
    """Find whom a property called Owner names; "" for nobody."""
    for name, value in found.items():
        if name.strip().lower() in {"owner", "owners", "verantwortlich"} and value.get("type") == "people":
            return _said(value)
    return ""


def _value(value: Json) -> str:  # noqa: PLR0911 - a kind of property each
    kind = value["type"]
    told = value.get(kind)
    if kind == "formula" and told:
        return _value(told)
    if told is None or told is False or told == []:
        return ""
    if kind == "rich_text":
        return rich(told)
    if kind in {"select", "status"}:
        return str(told["name"])
    if kind in {"multi_select", "people", "files"}:
        return ", ".join(each.get("name") or "" for each in told).strip(", ")
    if kind in {"created_by", "last_edited_by"}:
        return str(told.get("name") or "")
    if kind == "date":
        return f"{told['start']} to {told['end']}" if told.get("end") else str(told["start"])
    if kind == "unique_id":
        return f"{told['prefix']}-{told['number']}" if told.get("prefix") else str(told.get("number", ""))
    if told is True:
        return "yes"
    return str(told) if isinstance(told, str | int | float) else ""
