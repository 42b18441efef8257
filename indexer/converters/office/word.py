"""Converts Word to Markdown: what is printed. Comments, deleted, hidden and struck-out text are left out."""

import io
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from importlib.util import find_spec, module_from_spec
from typing import Any, BinaryIO, Final

import mammoth  # type: ignore[import-untyped]
from lxml import etree

from indexer.converters.html_pages import html
from indexer.converters.office.package import parsed
from indexer.converters.result import Converted

_WORD: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MARKUP: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_FORMULA: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
# Parts of formulas that may say nothing of their look, but are only read where they do.
_FORMULA_PARTS: Final = ("f", "d", "acc", "bar", "groupChr", "nary")
_TEXTS: Final = re.compile(r"word/(?:document\d*|footnotes|endnotes)\.xml")
_STYLES: Final = "word/styles.xml"
_MATH: Final = b"oMath"
# Looks of what nobody sees, or sees as no longer valid.
_GONE: Final = ("strike", "dstrike", "vanish", "specVanish")
# The converter passes over these, and over all that is in them.
_AROUND: Final = ("moveTo", "customXml", "dir", "bdo", "fldSimple", "smartTag")
_MOST_LEVELS: Final = 6
_LONGEST_CHAIN: Final = 20


def convert(data: bytes) -> Converted:
    """Convert a document. Damaged files raise whatever the libraries raise (see `office.convert`)."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        styles = _Styles(archive)
        eased, formulas = _eased(archive, styles)
    source: BinaryIO = io.BytesIO(eased)
    if formulas:
        source = _with_formulas(source)
    no_pictures = mammoth.images.img_element(lambda _: {"src": ""})
    made = mammoth.convert_to_html(source, style_map="\n".join(styles.headings()), convert_image=no_pictures)
    return Converted(html(made.value, noise=()))


def _with_formulas(source: BinaryIO) -> BinaryIO:
    """Rewrite formulas as LaTeX, by the part of MarkItDown that does just that.

    The package's own `__init__` isn't run: it loads a runtime for models, which takes two seconds and 100 MB.
    """
    if "markitdown" not in sys.modules:
        found = find_spec("markitdown")
        if found is None:
            raise ModuleNotFoundError("no module named markitdown", name="markitdown")
        sys.modules["markitdown"] = module_from_spec(found)
    from markitdown.converter_utils.docx.pre_process import pre_process_docx  # noqa: PLC0415 - for formulas alone

    return pre_process_docx(source)


class _Styles:
    """The document's styles, with what each is based on."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        root = parsed(archive.read(_STYLES)) if _STYLES in archive.namelist() else None
        found = root.iterfind(f"{_WORD}style") if root is not None else ()
        self._styles: Mapping[str, Any] = {style.get(f"{_WORD}styleId", ""): style for style in found}

    def headings(self) -> Iterator[str]:
        """Yield the converter's rules for the styles of headings."""
        yield "p[style-name='Title'] => h1:fresh"
        for name, style in self._styles.items():
            said = style.find(f"{_WORD}name")
            words = "" if said is None else said.get(f"{_WORD}val", "")
            level = self._level(name)
            if level and style.get(f"{_WORD}type") == "paragraph" and words and "\n" not in words:
                escaped = words.replace("\\", "\\\\").replace("'", "\\'")
                yield f"p[style-name='{escaped}'] => h{level}:fresh"

    def says_gone(self, name: str) -> bool | None:
        """Tell whether text of a style is hidden or struck out; None where the style says nothing of it."""
        for style in self._chain(name):
            look = style.find(f"{_WORD}rPr")
            if look is not None and (said := _said_gone(look)) is not None:
                return said
        return None

    def _level(self, name: str) -> int:
        for style in self._chain(name):
            outline = style.find(f"{_WORD}pPr/{_WORD}outlineLvl")
            said = style.find(f"{_WORD}name")
            words = "" if said is None else said.get(f"{_WORD}val", "").lower()
            if found := re.fullmatch(r"heading ([1-9])", words):
                return min(int(found[1]), _MOST_LEVELS)
            if words == "title":
                return 1
            if outline is not None and (level := outline.get(f"{_WORD}val", "")).isdigit():
                return int(level) + 1 if int(level) < _MOST_LEVELS else 0
        return 0

    def _chain(self, name: str) -> Iterator[Any]:
        for _ in range(_LONGEST_CHAIN):
            style = self._styles.get(name)
            if style is None:
                return
            yield style
            base = style.find(f"{_WORD}basedOn")
            name = "" if base is None else base.get(f"{_WORD}val", "")


def _eased(archive: zipfile.ZipFile, styles: _Styles) -> tuple[bytes, bool]:
    """Remove what isn't to be read, and rewrite what the converter would pass over; tell whether there are formulas."""
    packed = io.BytesIO()
    formulas = False
    with zipfile.ZipFile(packed, "w") as copy:
        for item in archive.infolist():
            if item.filename.startswith("word/media/"):
                continue
            data = archive.read(item)
            if _TEXTS.fullmatch(item.filename):
                formulas = formulas or _MATH in data
                root = parsed(data)
                if root is not None:
                    _ease(root, styles)
                    data = etree.tostring(root, encoding="utf-8", xml_declaration=True)
            copy.writestr(item.filename, data)
    return packed.getvalue(), formulas


def _ease(root: Any, styles: _Styles) -> None:  # noqa: ANN401 - lxml has no types
    for run in list(root.iter(f"{_WORD}r")):
        if _is_gone(run, styles):
            _drop(run)
    for row in list(root.iter(f"{_WORD}tr")):
        _ease_row(row)
    for part in root.iter(*(f"{_FORMULA}{name}" for name in _FORMULA_PARTS)):
        _ease_formula(part)
    for boxed in root.iter(f"{_FORMULA}borderBox"):
        boxed.tag = f"{_FORMULA}box"
    for moved in list(root.iter(f"{_WORD}moveFrom", f"{_WORD}del")):
        _drop(moved)
    for around in list(root.iter(*(f"{_WORD}{name}" for name in _AROUND))):
        _unwrap(around)
    _lift_boxes(root)


def _lift_boxes(root: Any) -> None:  # noqa: ANN401
    """Move the text of each text box behind the paragraph that it is anchored to."""
    for either in list(root.iter(f"{_MARKUP}AlternateContent")):
        versions = [version for version in either if version.find(f".//{_WORD}txbxContent") is not None]
        for version in versions[1:]:
            either.remove(version)
    for box in list(root.iter(f"{_WORD}txbxContent")):
        anchor = next(iter(box.iterancestors(f"{_WORD}p")), None)
        if anchor is not None and anchor.getparent() is not None:
            # From the last one on, so that they keep their order; an outer one's own is lifted on its own turn.
            for child in reversed(list(box)):
                anchor.addnext(child)


def _ease_row(row: Any) -> None:  # noqa: ANN401
    """Remove a row whose deletion is tracked; fill cells that it skips at its beginning with empty ones."""
    look = row.find(f"{_WORD}trPr")
    if look is None:
        return
    if look.find(f"{_WORD}del") is not None:
        _drop(row)
    elif (before := look.find(f"{_WORD}gridBefore")) is not None:
        cell = etree.Element(f"{_WORD}tc")
        properties = etree.SubElement(cell, f"{_WORD}tcPr")
        etree.SubElement(properties, f"{_WORD}gridSpan", {f"{_WORD}val": before.get(f"{_WORD}val", "1")})
        etree.SubElement(cell, f"{_WORD}p")
        look.addnext(cell)


def _ease_formula(part: Any) -> None:  # noqa: ANN401
    """Make defaults explicit: an n-ary operator without a sign is an integral."""
    look = part.find(f"{part.tag}Pr")
    if look is None:
        look = etree.Element(f"{part.tag}Pr")
        part.insert(0, look)
    if part.tag.endswith("}nary") and look.find(f"{_FORMULA}chr") is None:
        etree.SubElement(look, f"{_FORMULA}chr", {f"{_FORMULA}val": "∫"})


def _is_gone(run: Any, styles: _Styles) -> bool:  # noqa: ANN401
    """Tell whether a run is hidden or struck out: by its own look, else its style's, else its paragraph's."""
    said = None if (look := run.find(f"{_WORD}rPr")) is None else _said_gone(look)
    if said is not None:
        return said
    around = next(run.iterancestors(f"{_WORD}p"), None)
    named = [
        style.get(f"{_WORD}val", "")
        for part, path in ((run, "rPr/rStyle"), (around, "pPr/pStyle"))
        if part is not None
        and (style := part.find("/".join(f"{_WORD}{name}" for name in path.split("/")))) is not None
    ]
    return next((said for name in named if (said := styles.says_gone(name)) is not None), False)


def _said_gone(look: Any) -> bool | None:  # noqa: ANN401
    """Read it from a look; None where that says nothing of it."""
    marks = [mark for name in _GONE if (mark := look.find(f"{_WORD}{name}")) is not None]
    if not marks:
        return None
    return any(mark.get(f"{_WORD}val", "1") not in {"0", "false", "off", "none"} for mark in marks)


def _drop(element: Any) -> None:  # noqa: ANN401
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _unwrap(element: Any) -> None:  # noqa: ANN401
    parent = element.getparent()
    if parent is None:
        return
    at = parent.index(element)
    children = [child for child in element if not str(child.tag).endswith("Pr")]
    parent[at : at + 1] = children
