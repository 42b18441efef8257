"""Finds the words of a PDF's page, upright, whichever way the page or its text is turned.

Places are in points from the left and from above, after turning.
"""

import ctypes
import math
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pypdfium2.raw as pdfium

from indexer.converters.scripts import raised

_RIGHT_ANGLE: Final = math.pi / 2
_BOLD: Final = 600
# What pdfium has for a hyphen that a line ends with; the rest of its word follows.
_LINE_END_HYPHEN: Final = 0x02
# What it is here, until all of the document is known: nothing, or a hyphen.
HYPHEN: Final = "\u00ad"
_HIGH: Final = 0.18  # of the letters' height above the baseline
_SMALL: Final = 0.82
_SPACE: Final = 0x21
_SPACES: Final = {0xA0, 0x200B, 0x2003, 0x2002, 0x3000, 0xFEFF, 0xFFFE, 0xFFFF}
_LINE: Final = 14.0  # points
# Signs that only say how letters are drawn: ﬁ and the forms of Arabic letters.
_FORMS: Final = ((0xFB00, 0xFDFF), (0xFE70, 0xFEFE))


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in points."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class Word:
    """A word and its place. `turn` counts right angles clockwise from upright."""

    text: str
    box: Box
    bold: bool = False
    turn: int = 0


def words(page: Any, text: Any) -> list[Word]:  # noqa: ANN401 - pypdfium2 has no types
    """Read the words in the file's order."""
    return [*_with_powers(word for word in _Letters(text.raw).words() if word.text), *_filled_in(page)]


def _with_powers(found: Iterable[Word]) -> list[Word]:
    """Join a small raised word with the one before it, though pdfium sees a space between them."""
    made: list[Word] = []
    for word in found:
        last = made[-1] if made else None
        if last is not None and not (last.turn or word.turn) and _is_power(last.box, word.box):
            made[-1] = replace(
                last, text=last.text + raised(word.text), box=replace(last.box, right=word.box.right)
            )
        else:
            made.append(word)
    return made


def _is_power(of: Box, box: Box) -> bool:
    """Tell whether a box is raised and small beside `of`; places count from below."""
    size = of.height
    near = -0.2 * size < box.left - of.right < 0.3 * size
    return near and box.height < _SMALL * size and box.top - of.top > 2 * _HIGH * size and box.top < of.bottom


def upright(words: Sequence[Word], turn: int, width: float, height: float) -> list[Word]:
    """Choose the words that are turned so, and turn their places upright."""
    return [replace(word, box=turned(word.box, turn, width, height)) for word in words if word.turn == turn]


def turned(box: Box, turn: int, width: float, height: float) -> Box:
    """Convert a box from the page's own places, which count from below, to those after `turn`."""
    if turn == 1:  # runs downwards
        return Box(height - box.bottom, width - box.right, height - box.top, width - box.left)
    if turn == 2:  # noqa: PLR2004 - upside down
        return Box(width - box.right, box.top, width - box.left, box.bottom)
    if turn == 3:  # noqa: PLR2004 - runs upwards
        return Box(box.top, box.left, box.bottom, box.right)
    return Box(box.left, height - box.bottom, box.right, height - box.top)


class _Growing:
    """A word under construction, letter by letter."""

    def __init__(self, first: int, letter: str, place: "_Place", baseline: float, turn: int) -> None:
        self.first = first
        self.turn = turn
        self.letters = [letter]
        self.high: list[str] = []
        self.baseline = baseline
        self.size = place[3] - place[1]
        self.box = list(place)
        self.broken = False

    def take(self, letter: str, place: "_Place", baseline: float) -> None:
        if self.broken:  # on the next line; it stands where it began
            self.letters.append(letter)
            return
        small = place[3] - place[1] < _SMALL * self.size
        if small and not self.turn and baseline - self.baseline > _HIGH * self.size:
            self.high.append(letter)
            self.box[2] = max(self.box[2], place[2])
            return
        self._lower()
        self.letters.append(letter)
        self.box = [*map(min, self.box[:2], place[:2]), *map(max, self.box[2:], place[2:])]

    def text(self) -> str:
        self._lower()
        return "".join(self.letters)

    def _lower(self) -> None:
        if self.high:
            self.letters.append(raised("".join(self.high)))
            self.high = []


_Place = tuple[float, float, float, float]


class _Letters:
    """Reads a page's letters from pdfium, one by one."""

    def __init__(self, text: Any) -> None:  # noqa: ANN401
        self._text = text
        self._rectangle = pdfium.FS_RECTF()
        self._name = ctypes.create_string_buffer(128)
        self._x, self._y = ctypes.c_double(), ctypes.c_double()

    def words(self) -> Iterator[Word]:
        word: _Growing | None = None
        for at in range(pdfium.FPDFText_CountChars(self._text)):
            code = pdfium.FPDFText_GetUnicode(self._text, at)
            if code == _LINE_END_HYPHEN:
                if word is not None:
                    word.letters.append(HYPHEN)
                    word.broken = True
                continue
            if code in _SPACES or code < _SPACE:
                if word is not None:
                    yield self._made(word)
                word = None
                continue
            place, baseline = self._place(at)
            if word is None:
                word = _Growing(at, _letter(code), place, baseline, self._turn(at))
            else:
                word.take(_letter(code), place, baseline)
        if word is not None:
            yield self._made(word)

    def _place(self, at: int) -> tuple[_Place, float]:
        pdfium.FPDFText_GetLooseCharBox(self._text, at, self._rectangle)
        pdfium.FPDFText_GetCharOrigin(self._text, at, self._x, self._y)
        found = self._rectangle
        return (found.left, found.bottom, found.right, found.top), self._y.value

    def _made(self, word: _Growing) -> Word:
        return Word(
            word.text(),
            Box(*word.box),
            self._is_bold(word.first),
            word.turn,
        )

    def _is_bold(self, at: int) -> bool:
        """Tell whether a letter is bold, by its weight or, as not all fonts have one, by its font's name."""
        if pdfium.FPDFText_GetFontWeight(self._text, at) >= _BOLD:
            return True
        length = pdfium.FPDFText_GetFontInfo(self._text, at, self._name, len(self._name), None)
        name = self._name.raw[: min(length, len(self._name))].lower()
        return b"bold" in name or b"black" in name or b"heavy" in name

    def _turn(self, at: int) -> int:
        angle: float = pdfium.FPDFText_GetCharAngle(self._text, at)
        return round(angle / _RIGHT_ANGLE) % 4


def _letter(code: int) -> str:
    """Replace ligatures (ﬁ by fi), and Arabic letters' forms by the letters."""
    sign = chr(code) if not 0xD800 <= code <= 0xDFFF else ""  # noqa: PLR2004 - halves of others
    return unicodedata.normalize("NFKC", sign) if any(low <= code <= high for low, high in _FORMS) else sign


# --- what is filled in ------------------------------------------------------------------------------

_TEXT_FIELDS: Final = {
    pdfium.FPDF_FORMFIELD_TEXTFIELD,
    pdfium.FPDF_FORMFIELD_COMBOBOX,
    pdfium.FPDF_FORMFIELD_LISTBOX,
}
_BOXES: Final = {pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON}
_UNSEEN: Final = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW
_PASSWORD: Final = 1 << 13


def _filled_in(page: Any) -> Iterator[Word]:  # noqa: ANN401
    """Yield the values of form fields, which are no part of the page's text."""
    form = page.formenv
    if form is None:
        return
    for at in range(pdfium.FPDFPage_GetAnnotCount(page)):
        field = pdfium.FPDFPage_GetAnnot(page, at)
        if not field:
            continue
        try:
            yield from _of_field(form, field)
        finally:
            pdfium.FPDFPage_CloseAnnot(field)


def _of_field(form: Any, field: Any) -> Iterator[Word]:  # noqa: ANN401
    kind = pdfium.FPDFAnnot_GetFormFieldType(form, field)
    if pdfium.FPDFAnnot_GetFlags(field) & _UNSEEN:
        return
    place = pdfium.FS_RECTF()
    if not pdfium.FPDFAnnot_GetRect(field, place):
        return
    box = Box(place.left, place.bottom, place.right, place.top)
    if kind in _BOXES:
        yield Word("☒" if pdfium.FPDFAnnot_IsChecked(form, field) else "☐", box)
    elif kind in _TEXT_FIELDS and not pdfium.FPDFAnnot_GetFormFieldFlags(form, field) & _PASSWORD:
        value = _string(form, field)
        lines = [" ".join(line.split()) for line in value.splitlines() if line.strip()]
        high = min(box.height / max(1, len(lines)), _LINE)
        for number, line in enumerate(lines):
            # From above, in lines as high as usual ones; one line alone stands in the middle of its field.
            top = box.bottom - number * high if len(lines) > 1 else (box.top + box.bottom + high) / 2
            yield Word(line, Box(box.left, top - high, box.right, top))


def _string(form: Any, field: Any) -> str:  # noqa: ANN401
    size = pdfium.FPDFAnnot_GetFormFieldValue(form, field, None, 0)
    value = (pdfium.FPDF_WCHAR * (size // 2 + 1))()
    pdfium.FPDFAnnot_GetFormFieldValue(form, field, value, size)
    return bytes(value)[:size].decode("utf-16-le", "replace").rstrip("\0")
