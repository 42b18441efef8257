"""Puts the labels of an HTML page's tabs, which stand in a row above, where what each shows begins."""

from collections.abc import Iterator, Sequence
from typing import Final

from bs4 import BeautifulSoup, Tag

from indexer.markdown.dialects import parts

_Row = tuple[Sequence[Tag], Sequence[Tag]]

_MOST: Final = 500  # on a page
_OF_A_ROW: Final = {"input", "label"}


def label_tabs(soup: BeautifulSoup, *, as_parts: bool) -> None:
    """Move each tab's label to its panel and remove the row. `as_parts`: as marks of parts (see `parts`), else in bold."""
    pairs = [*_by_role(soup), *_by_choice(soup)][:_MOST]
    said = [(label.get_text(" ", strip=True), panel) for label, panel in pairs]
    for label, _ in pairs:
        if not label.decomposed:
            label.decompose()
    for words, panel in said:
        if not words or panel.decomposed:
            continue
        line = soup.new_tag("p")
        panel.insert(0, line)
        if as_parts:
            line.string = parts.opening(words)
            end = soup.new_tag("p")
            end.string = parts.closing()
            panel.append(end)
        else:
            strong = soup.new_tag("strong")
            strong.string = words
            line.append(strong)


def _by_role(soup: BeautifulSoup) -> Iterator[tuple[Tag, Tag]]:
    """Find tabs and panels as assistive technology does (WAI-ARIA): by id, else by their order."""
    tabs = soup.find_all(role="tab", limit=_MOST)
    named = {str(tab["id"]): tab for tab in tabs if tab.get("id")}
    shown = {_shows(tab): tab for tab in tabs if _shows(tab)}
    rows: dict[tuple[int, int], _Row] = {}
    for panel in soup.find_all(role="tabpanel", limit=_MOST) if tabs else ():
        tab = (
            named.get(str(panel.get("aria-labelledby")))
            or shown.get(str(panel.get("id")))
            or _in_order(panel, rows)
        )
        if tab is not None:
            yield tab, panel


def _shows(tab: Tag) -> str:
    """Read the id of the panel that a tab shows."""
    said = next(
        (
            tab.get(name)
            for name in ("aria-controls", "data-bs-target", "data-target", "href")
            if tab.get(name)
        ),
        "",
    )
    return str(said).removeprefix("#")


def _in_order(panel: Tag, rows: dict[tuple[int, int], _Row]) -> Tag | None:
    """Find the tab at the same place in its row as this panel among the row's panels."""
    outer = panel.find_parent(role="tabpanel")
    for around in panel.parents:
        key = (id(around), id(outer))
        if key not in rows:
            rows[key] = _row(around, outer)
        tabs, panels = rows[key]
        if tabs or around is outer:
            at = next((n for n, each in enumerate(panels) if each is panel), 0)
            return tabs[at] if len(tabs) == len(panels) else None
    return None


def _row(around: Tag, outer: Tag | None) -> _Row:
    """Collect a row's tabs and panels, without those of tabs within tabs."""

    def own(role: str) -> list[Tag]:
        return [each for each in around.find_all(role=role) if each.find_parent(role="tabpanel") is outer]

    return own("tab"), own("tabpanel")


def _by_choice(soup: BeautifulSoup) -> Iterator[tuple[Tag, Tag]]:
    """Find tabs that need no script: radio buttons, each with its label."""
    groups: dict[str, list[str]] = {}
    for button in soup.find_all("input", type="radio", limit=_MOST):
        if button.get("id") and button.get("name"):
            groups.setdefault(str(button["name"]), []).append(str(button["id"]))
    labels = {str(label.get("for")): label for label in soup.find_all("label", limit=_MOST)} if groups else {}
    for ids in groups.values():
        row = [labels[each] for each in ids if each in labels]
        if len(row) > 1:
            yield from zip(row, _panels(row), strict=False)


def _panels(row: Sequence[Tag]) -> Sequence[Tag]:
    """Find each label's panel, behind it or in what follows the row; none where it is a form's question."""
    behind = [label.find_next_sibling() for label in row]
    if all(isinstance(tag, Tag) and tag.name not in _OF_A_ROW for tag in behind):
        return [tag for tag in behind if isinstance(tag, Tag)]
    around = row[0].parent
    below = around.find_next_sibling() if around is not None else None
    inside = below.find_all(recursive=False) if isinstance(below, Tag) else []
    return inside if len(inside) == len(row) else []
