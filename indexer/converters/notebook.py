"""Converts Jupyter notebooks to Markdown: their cells, without what running them put out."""

import json
from collections.abc import Mapping
from typing import Any, Final

from indexer.converters.result import Unreadable

_MOST_HEADING: Final = 6
# As Jupyter Book, nbconvert and nbsphinx have it.
_REMOVED: Final = {"remove-cell", "remove_cell"}


def convert(text: str) -> tuple[Mapping[str, object], str]:
    """Read a notebook's metadata and convert its cells. Raises Unreadable."""
    try:
        loaded = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable("it is no Jupyter notebook") from error
    cells = _cells(loaded) if isinstance(loaded, dict) else None
    if cells is None:
        raise Unreadable("it is no Jupyter notebook")
    said = _table(loaded, "metadata")
    language = _language(said)
    shown = (_cell(cell, language) for cell in cells if not _is_removed(_table(cell, "metadata")))
    return said, "\n\n".join(filter(None, shown))


def _cells(loaded: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    """List its cells; in version 3 they are on worksheets. None where there is no list of them."""
    sheets = loaded.get("worksheets")
    lists = (
        [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
        if isinstance(sheets, list)
        else []
    )
    lists = [loaded["cells"]] if isinstance(loaded.get("cells"), list) else lists
    if not all(isinstance(one, list) for one in lists) or not lists:
        return None
    cells = [cell for one in lists for cell in one or ()]
    kept: list[Mapping[str, Any]] = [cell for cell in cells if isinstance(cell, dict)]
    return kept if kept or not cells else None


def _table(of: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Read an object; {} where tools have written null."""
    found = of.get(name)
    return found if isinstance(found, dict) else {}


def _is_removed(said: Mapping[str, Any]) -> bool:
    """Tell whether its author has tagged a cell to be shown nowhere."""
    tags = said.get("tags")
    named = isinstance(tags, list) and any(tag in _REMOVED for tag in tags if isinstance(tag, str))
    return named or said.get("nbsphinx") == "hidden"


def _language(said: Mapping[str, Any]) -> str:
    for table, key in (("kernelspec", "language"), ("language_info", "name")):
        name = _table(said, table).get(key)
        if isinstance(name, str) and name.strip() and name.isprintable() and "`" not in name:
            return name.strip()
    return "python"


def _cell(cell: Mapping[str, Any], language: str) -> str:
    """Write a cell: Markdown as it is, code in a fence."""
    source = cell.get("source", cell.get("input"))
    text = ("".join(map(str, source)) if isinstance(source, list) else str(source or "")).strip("\n")
    if not text.strip():
        return ""
    kind = cell.get("cell_type")
    if kind == "heading":
        level = cell.get("level")
        return f"{'#' * (min(level, _MOST_HEADING) if isinstance(level, int) and level > 0 else 1)} {text}"
    if kind != "code":
        return text
    fence = "```" if "```" not in text else "~~~~"
    return f"{fence}{language}\n{text}\n{fence}"
