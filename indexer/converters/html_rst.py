"""HTML pages and reStructuredText → Markdown."""

import re
from collections.abc import Sequence

from bs4 import BeautifulSoup, Tag
from markdownify import ATX, MarkdownConverter

from indexer.converters import linear_docutils
from indexer.converters.registry import Unreadable

_NOISE = (
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
_DEPTH = 200
# The converter counts each item's predecessors.
_ITEMS = 100
# The converter looks at it from each of its signs.
_SPACE = re.compile(r"[ \t]{200,}")


# Sphinx's roles, which docutils leaves as they are: :ref:`text <target>`, :doc:`target`.
_ROLE = re.compile(r":[a-z][\w:+.-]{0,60}:`(?:([^`&]+?)\s*&lt;[^`]*&gt;|([^`]*))`")
_VERBATIM = re.compile(r'(<pre.*?</pre>|<span class="docutils literal">.*?</span>)', re.DOTALL)


def html(text: str, *, noise: Sequence[str] = _NOISE, headed: bool = False) -> str:
    """The page's main part, where it tells which that is. Headings keep their ids as `{#id}`.

    `headed`: the first row of a table is its header, said or not.
    """
    soup = BeautifulSoup(_SPACE.sub(" ", text), "lxml")
    title = soup.title.get_text(" ", strip=True) if soup.title else ""
    _flatten(soup)
    _split_lists(soup)
    main = soup.find("main") or soup.find("article") or soup.body or soup
    for tag in main.find_all(noise):
        # A page's own header may hold its heading.
        if tag.name != "header" or not tag.find("h1"):
            tag.decompose()
    for heading in main.find_all(["h1", "h2", "h3", "h4", "h5", "h6"]):
        named = heading.get("id") or _section_id(heading)
        if named:
            heading.append(f" {{#{named}}}")
    for words in main.find_all(string=lambda words: words is not None and "|" in words):
        if words.find_parent(["td", "th"]):
            words.replace_with(words.replace("|", "\\|"))
    made = MarkdownConverter(heading_style=ATX, bullets="-", escape_misc=False, table_infer_header=headed)
    body: str = made.convert_soup(main)
    return body if main.find("h1") or not title else f"# {title}\n\n{body}"


def rst(text: str) -> str:
    """With nothing included, nothing raw, and nothing run."""
    from docutils.core import publish_parts  # noqa: PLC0415 (half a second)
    from docutils.utils import SystemMessage  # noqa: PLC0415

    settings = {
        "_disable_config": True,
        "embed_stylesheet": False,
        "file_insertion_enabled": False,
        "halt_level": 5,
        "line_length_limit": 100_000,
        "output_encoding": "unicode",
        "raw_enabled": False,
        "report_level": 5,
        "syntax_highlight": "none",
        "warning_stream": False,
    }
    try:
        text = linear_docutils.eased(text)
        parts = publish_parts(
            text,
            parser=linear_docutils.parser(),
            writer=linear_docutils.writer(),
            settings_overrides=settings,
        )
    except (SystemMessage, ValueError, AttributeError, KeyError) as error:
        raise Unreadable(f"it is no reStructuredText: {error}") from error
    pieces = _VERBATIM.split(str(parts["html_body"]))
    pieces[::2] = [_ROLE.sub(lambda role: role[1] or role[2], piece) for piece in pieces[::2]]
    # Its notes and warnings are asides, and everything in it is the page's.
    return html("".join(pieces), noise=())


def _section_id(heading: Tag) -> str | None:
    """The id that docutils gives to the section, not to its heading."""
    parent = heading.parent
    first = parent is not None and parent.name == "section" and parent.find(heading.name) is heading
    named = parent.get("id") if parent is not None and first else None
    return named if isinstance(named, str) else None


def _flatten(soup: BeautifulSoup) -> None:
    """The converter recurses: tags below a depth that no page needs are replaced by their text."""
    level: list[Tag] = [soup]
    for _ in range(_DEPTH):
        level = [child for tag in level for child in tag.children if isinstance(child, Tag)]
    for tag in level:
        tag.replace_with(" ".join(string for string in tag.strings))


def _split_lists(soup: BeautifulSoup) -> None:
    """A long numbered list goes on as another one, with its next number."""
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
