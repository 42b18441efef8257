"""Writes formulas of HTML pages as text; read as plain text they would come apart into letters."""

from typing import Final

from bs4 import BeautifulSoup, Tag

_BETWEEN: Final = {"mfrac": "/", "msup": "^", "msub": "_", "mroot": "√", "mover": "^", "munder": "_"}


def formulas_as_text(soup: BeautifulSoup) -> None:
    """Replace formulas by their authors' source where the page has it, else by one line: 1/2, x^2."""
    for formula in soup.find_all("math"):
        if formula.decomposed:
            continue
        written = formula.find("annotation", encoding="application/x-tex") or formula.find("annotation")
        said = written.get_text() if isinstance(written, Tag) else str(formula.get("alttext") or "")
        said = " ".join((said or _line(formula)).split())
        # KaTeX has it a second time, drawn.
        around = formula.find_parent(class_="katex")
        whole = around if isinstance(around, Tag) else formula
        code = soup.new_tag("code")
        code.string = said
        whole.replace_with(code if said else "")


def _line(part: Tag) -> str:
    inside = [_line(child) if isinstance(child, Tag) else str(child).strip() for child in part.children]
    inside = [each for each in inside if each]
    if part.name == "msqrt":
        return f"√({''.join(inside)})"
    if part.name == "msubsup" and len(inside) == len(("base", "sub", "sup")):
        return f"{_whole(inside[0])}_{_whole(inside[1])}^{_whole(inside[2])}"
    if part.name == "mtr":
        return f"{', '.join(inside)}; "
    if part.name in _BETWEEN and len(inside) == len(("one", "other")):
        one, other = map(_whole, inside)
        return f"{other}√{one}" if part.name == "mroot" else f"{one}{_BETWEEN[part.name]}{other}"
    return "".join(inside)


def _whole(said: str) -> str:
    return said if said.replace(".", "").isalnum() else f"({said})"
