"""Converts HTML to Markdown: the main part, headings with their ids, tables with every value under its heading."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from bs4 import BeautifulSoup, Tag
from bs4.dammit import EncodingDetector
from markdownify import ATX, MarkdownConverter

from indexer.converters.html_math import formulas_as_text
from indexer.converters.html_tabs import label_tabs
from indexer.converters.scripts import raised
from indexer.markdown.html_tables import span
from indexer.markdown.tables import Cell, table_of_cells

_NOISE: Final = (
    "script",
    "style",
    "nav",
    "header",
    "footer",
    "aside",
    "form",
    "iframe",
    "noscript",
    "svg",
    "template",
)
# What may hold the page itself, too.
_DOUBTFUL: Final = {"header", "aside", "form"}
_HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")
_DEPTH: Final = 200
# The converter counts each item's predecessors.
_ITEMS: Final = 100
# The converter looks at it from each of its signs.
_SPACE: Final = re.compile(r"[ \t]{200,}")
# Links to the heading that they stand in, by what generators call them.
_SELF_LINK: Final = re.compile(
    r"\b(?:header-?link|hash-link|(?:header|heading)-anchor|heading-link|anchor(?:js)?-link|anchor|permalink|direct-link)\b"
)
_UNSEEN: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_STRUCK: Final = ("del", "s", "strike")
_STRUCK_STYLE: Final = re.compile(r"text-decoration(?:-line)?\s*:[^;]*\bline-through", re.IGNORECASE)
# As generators and style sheets name it.
_STRUCK_CLASS: Final = {"del", "line-through", "strike", "strikethrough", "struck"}
# What browsers take these names for.
_WESTERN: Final = {"ascii", "us-ascii", "iso-8859-1", "iso8859-1", "latin1", "latin-1"}
_MOST_LINKS: Final = 20  # in a heading
_LONGEST_CELL: Final = 2_000  # characters; more is no cell but a part of the page
_FENCED: Final = re.compile(r"```\w*\n(.*?)\n```", re.DOTALL)
_FIRST_ITEM: Final = re.compile(r"\A(\s*)(?:-|\d+\.) ")
_ITEM: Final = re.compile(r"\s*\n\s*(?:-|\d+\.) ")
_PIPE: Final = re.compile(r"(?<!\\)\|")
_DEFINITION: Final = re.compile(r"\n:[ ]{3}")


def html(text: str, *, noise: Sequence[str] = _NOISE) -> str:
    """Convert a page's main part, without the elements `noise`. Headings keep their ids as `{#id}`."""
    soup = parsed(text)
    label_tabs(soup, as_parts=True)
    title = soup.title.get_text(" ", strip=True) if soup.title else ""
    main = _main(soup)
    _drop(main, noise)
    leave_shown(main)
    body = markdown(main)
    return body if main.find("h1") or not title else f"# {title}\n\n{body}"


def parsed(text: str) -> BeautifulSoup:
    """Parse HTML, and flatten depths and lists on which the converter would take too long."""
    soup = BeautifulSoup(_SPACE.sub(" ", text), "lxml")
    _flatten(soup)
    formulas_as_text(soup)
    _split_lists(soup)
    return soup


def markdown(part: Tag) -> str:
    """Convert an element from which all is gone that isn't to be read."""
    for heading in part.find_all(_HEADINGS):
        named = heading.get("id") or _section_id(heading)
        if named:
            heading.append(f" {{#{named}}}")
    return _DEFINITION.sub(": ", _Converter().convert_soup(part))


def declared_encoding(data: bytes) -> str | None:
    """Read `<meta charset>` as browsers understand it; None without one."""
    said = EncodingDetector.find_declared_encoding(data, is_html=True, search_entire_document=True)
    return as_browsers_read(said) if said else None


def as_browsers_read(charset: str) -> str:
    """Name the encoding that browsers use for a charset's name."""
    return "cp1252" if charset.lower() in _WESTERN else charset


class _Converter(MarkdownConverter):
    """Converts as markdownify does, but keeps cells over several rows, and a raised 6 behind 10 from becoming 106."""

    def __init__(self) -> None:
        super().__init__(heading_style=ATX, bullets="-", escape_misc=False, code_language_callback=_language)
        self._cells: dict[int, str] = {}

    def convert_td(self, el: Tag, text: str, parent_tags: set[str]) -> str:  # noqa: ARG002
        self._cells[id(el)] = _one_line(text)
        return ""

    convert_th = convert_td

    def convert_tr(self, el: Tag, text: str, parent_tags: set[str]) -> str:  # noqa: ARG002
        return ""

    def convert_table(self, el: Tag, text: str, parent_tags: set[str]) -> str:  # noqa: ARG002
        rows = [[self._cell(cell) for cell in _cells(row)] for row in _rows(el)]
        if parent_tags & {"td", "th"}:
            return f" {_inner(rows)} "
        caption = el.find("caption")
        above = f"{caption.get_text(' ', strip=True)}\n\n" if isinstance(caption, Tag) else ""
        head = el.find("thead", recursive=False)
        heads = len(head.find_all("tr", recursive=False)) if isinstance(head, Tag) else 0
        return f"\n\n{above}{table_of_cells([row for row in rows if row], header_rows=heads or None)}\n\n"

    def _cell(self, cell: Tag) -> Cell:
        text = self._cells.get(id(cell), "")
        return Cell(text, span(cell.get("rowspan"), least=0), span(cell.get("colspan")), cell.name == "th")

    def convert_caption(self, el: Tag, text: str, parent_tags: set[str]) -> str:  # noqa: ARG002
        return ""  # it goes with its table

    def convert_summary(self, el: Tag, text: str, parent_tags: set[str]) -> str:  # noqa: ARG002
        return f"\n\n**{text.strip()}**\n\n" if text.strip() else ""

    def convert_sup(self, el: Tag, text: str, parent_tags: set[str]) -> str:  # noqa: ARG002
        link = el.find("a")
        to_note = isinstance(link, Tag) and str(link.get("href", "")).startswith("#")
        if not to_note and _is_fraction(el):
            return f" {text.strip()}" if text.strip() else ""  # no power of what is before it
        return "" if to_note else raised(text)


def _is_fraction(raised_part: Tag) -> bool:
    behind = raised_part.next_sibling
    lowered = behind.next_sibling if behind is not None else None
    return str(behind).strip() in {"⁄", "/"} and isinstance(lowered, Tag) and lowered.name == "sub"


def _language(pre: Tag) -> str:
    """Find the language of a code block as site generators mark it: `language-sh` on it, inside or around it."""
    near = [pre, *pre.find_all("code", limit=1), *pre.find_parents("div", limit=2)]
    names = " ".join(
        str(name) for tag in near if tag.get("class") for name in tag.get_attribute_list("class")
    )
    found = re.search(r"(?:^|\s)(?:language|lang|highlight|highlight-source)-([\w+#]{1,20})(?:\s|$)", names)
    return "" if found is None or found[1] in ("default", "none", "text", "plaintext") else found[1]


def _rows(table: Tag) -> Iterator[Tag]:
    """Yield the table's own rows, not those of tables in it."""
    for child in table.find_all(["tr", "thead", "tbody", "tfoot"], recursive=False):
        if child.name == "tr":
            yield child
        else:
            yield from child.find_all("tr", recursive=False)


def _cells(row: Tag) -> Sequence[Tag]:
    return row.find_all(["td", "th"], recursive=False)


def _inner(rows: Sequence[Sequence[Cell]]) -> str:
    """Write a table within a cell on one line: `Front: Fox; Cellar: Otter`."""
    between = ": " if all(len(row) <= len(("name", "value")) for row in rows) else ", "
    said = (between.join(cell.text for cell in row if cell.text) for row in rows)
    # The outer cell's signs are escaped again.
    return "; ".join(filter(None, said)).replace("\\|", "|")


def _one_line(text: str) -> str:
    """Write a cell's text on one line, its list items divided by semicolons, its code in backticks."""
    text = _FENCED.sub(lambda code: f" `{' '.join(code[1].split())}` ", text)
    text = _ITEM.sub("; ", _FIRST_ITEM.sub(r"\1", text))
    return _PIPE.sub(r"\|", " ".join(text.split()))


# --- what isn't the page ----------------------------------------------------------------------------


def _main(soup: BeautifulSoup) -> Tag:
    """Find the main part: what the page marks so, or its only article."""
    named = soup.find("main") or soup.find(role="main")
    if isinstance(named, Tag) and named.get_text(strip=True):
        return named
    articles = soup.find_all("article", limit=2)
    if len(articles) == 1:
        return articles[0]
    if soup.title is not None:
        soup.title.decompose()
    # Without a tag for it, the parser may take only the end of a page for its body.
    return soup.body if soup.body is not None and _is_most(soup.body, len(soup.get_text())) else soup


def _drop(main: Tag, noise: Sequence[str]) -> None:
    inside = main.name in {"main", "article"} or main.get("role") == "main"
    whole = len(main.get_text())
    for tag in main.find_all(noise) if noise else ():
        # A page's own header may hold its heading, an aside in it be a note, and some put all of it into a form.
        kept = tag.name in _DOUBTFUL and (
            tag.find("h1") or (tag.name == "aside" and inside) or _is_most(tag, whole)
        )
        if not kept and not tag.decomposed:
            tag.decompose()


def leave_shown(main: Tag) -> None:
    """Remove what is hidden or struck out, headings' links to themselves, and tables that are only a layout."""
    for tag in main.find_all(_is_struck):
        if not tag.decomposed:
            tag.decompose()
    for heading in main.find_all(_HEADINGS):
        _drop_self_links(heading)
    whole = len(main.get_text())
    for tag in main.find_all(_is_unseen):
        # What is behind a tab is seen by who clicks on it.
        if not (tag.decomposed or tag.get("role") == "tabpanel" or _is_most(tag, whole)):
            tag.decompose()
    for table in main.find_all("table"):
        if _is_layout(table):
            parts = table.find_all(["thead", "tbody", "tfoot", "tr", "td", "th"])
            for part in (*(part for part in parts if part.find_parent("table") is table), table):
                part.name = "div"


def _is_struck(tag: Tag) -> bool:
    classes = _STRUCK_CLASS.intersection(tag.get_attribute_list("class") if tag.has_attr("class") else ())
    return tag.name in _STRUCK or bool(classes) or _STRUCK_STYLE.search(str(tag.get("style", ""))) is not None


def _is_unseen(tag: Tag) -> bool:
    return tag.has_attr("hidden") or _UNSEEN.search(str(tag.get("style", ""))) is not None


def _is_most(tag: Tag, whole: int) -> bool:
    return 2 * len(tag.get_text()) > whole


def _is_layout(table: Tag) -> bool:
    """Tell whether a table only arranges the page."""
    if table.get("role") in {"presentation", "none"} or table.find(_HEADINGS):
        return True
    inner = table.find("table")
    if isinstance(inner, Tag) and inner.find("table"):
        return True
    rows = list(_rows(table))
    cells = [cell for row in rows for cell in _cells(row)]
    return len(cells) == 1 or any(len(cell.get_text()) > _LONGEST_CELL for cell in cells)


def _drop_self_links(heading: Tag) -> None:
    for link in heading.find_all("a", limit=_MOST_LINKS):
        words = link.get_text(strip=True)
        if not str(link.get("href", "")).startswith("#"):
            continue
        named = _SELF_LINK.search(" ".join(link.get("class") or ()))
        rest = len(heading.get_text(strip=True)) > len(words)
        if rest and (named or not any(letter.isalnum() for letter in words)):
            link.decompose()


def _section_id(heading: Tag) -> str | None:
    """Find the id that a heading's section has in its place."""
    parent = heading.parent
    first = parent is not None and parent.name == "section" and parent.find(heading.name) is heading
    named = parent.get("id") if parent is not None and first else None
    return named if isinstance(named, str) else None


def _flatten(soup: BeautifulSoup) -> None:
    """Replace elements below a depth that no page needs by their text: the converter recurses."""
    level: list[Tag] = [soup]
    for _ in range(_DEPTH):
        level = [child for tag in level for child in tag.children if isinstance(child, Tag)]
    for tag in level:
        tag.replace_with(" ".join(string for string in tag.strings))


def _split_lists(soup: BeautifulSoup) -> None:
    """Split a long numbered list, which goes on as another with the next number."""
    for numbered in soup.find_all("ol"):
        items = numbered.find_all("li", recursive=False)
        if len(items) <= _ITEMS:
            continue
        said = str(numbered.get("start"))
        start, last = int(said) if re.fullmatch(r"\d{1,9}", said) else 1, numbered
        for at in range(_ITEMS, len(items), _ITEMS):
            rest = soup.new_tag("ol", start=str(start + at))
            rest.extend(items[at : at + _ITEMS])
            last.insert_after(rest)
            last = rest
