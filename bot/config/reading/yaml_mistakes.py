"""Says what is wrong with a file that is not YAML, in the words of its writer rather than a parser's."""

from collections.abc import Sequence
from typing import Final

import yaml

_QUOTED: Final = "put the text in quotes"
_NOT_HERE: Final = "mapping values are not allowed"
# The parser's word for it, ours, and whether it is about where the thing began. `{mark}` is what stands there.
_WORDS: Final[Sequence[tuple[str, str, bool]]] = (
    ("found character '\\t'", "is indented by a tab; YAML takes blanks alone", False),
    ("cannot start any token", "has a text that begins with {mark}: " + _QUOTED, False),
    ("while scanning an alias", "has a text that begins with {mark}: " + _QUOTED, True),
    ("undefined alias", "has a text that begins with *: " + _QUOTED, False),
    ("constructor for the tag", "has a text that begins with !: " + _QUOTED, False),
    ("could not find expected ':'", "has no colon behind its key", True),
    ("scanning a quoted scalar", "has a quote that is opened and never closed", True),
    ("expected ',' or ']'", "has a [ that isn't closed where it should be", True),
    ("expected ',' or '}'", "has a { that isn't closed where it should be", True),
    ("flow node", "has a bracket that isn't closed", True),
    ("another document", "begins a second document with ---; only one is read", False),
)


def told(error: yaml.MarkedYAMLError, text: str) -> tuple[int | None, str]:
    """Return the line to look at, from 1, and what is wrong with it."""
    said = " ".join(part for part in (error.context, error.problem) if part)
    lines = text.splitlines()
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return None, said
    if _NOT_HERE in said:
        return mark.line + 1, _colon(lines, mark.line, mark.column)
    if "expected <block end>" in said or "expected '<document start>'" in said:
        return mark.line + 1, _indented(lines, mark.line)
    for word, ours, at_its_beginning in _WORDS:
        if word in said:
            mark = (error.context_mark if at_its_beginning else None) or mark
            return _line(lines, mark) + 1, ours.replace("{mark}", _at(lines, mark))
    return _line(lines, mark) + 1, said


def _colon(lines: Sequence[str], number: int, column: int) -> str:
    """Explain an unexpected colon: a second one in the line, or a line indented below one that has a value."""
    line = lines[number] if number < len(lines) else ""
    before, above = line[:column], _above(lines, number)
    if ": " not in before and above is not None and _indent(line) > _indent(lines[above]):
        return _steps(line, lines[above], above)
    return f"has a second colon, at column {column + 1}: put the text that holds it in quotes"


def _indented(lines: Sequence[str], number: int) -> str:
    """Return the line above with whose column it may have been meant to line up: nearest by blanks, then by lines."""
    line = lines[number] if number < len(lines) else ""
    near = [
        (abs(_indent(line) - _column(other, line)), number - above, above)
        for above, other in enumerate(lines[:number])
        if _says(other)
    ]
    if near:
        above = min(near)[2]
        return _steps(line, lines[above], above)
    return "doesn't belong to what stands above it"


def _column(other: str, line: str) -> int:
    """Return where `line` would have to begin to belong to the same list or section."""
    return _indent(other) if line.lstrip().startswith("- ") else _content(other)


def _steps(line: str, other: str, number: int) -> str:
    apart = _indent(line) - _column(other, line)
    if not apart:
        return f"doesn't fit what line {number + 1} says: one is a list, the other has keys"
    blanks = "1 blank" if abs(apart) == 1 else f"{abs(apart)} blanks"
    return f"stands {blanks} further {'right' if apart > 0 else 'left'} than what line {number + 1} says"


def _above(lines: Sequence[str], number: int) -> int | None:
    """Return the last line before it that says something."""
    said = [n for n, line in enumerate(lines[:number]) if _says(line)]
    return said[-1] if said else None


def _says(line: str) -> bool:
    """Tell whether it is neither empty nor a comment."""
    return line.strip()[:1] not in ("", "#")


def _line(lines: Sequence[str], mark: yaml.Mark) -> int:
    """Return the line of a mark; of one behind the end, the last line that says something."""
    above = _above(lines, mark.line + 1)
    return int(mark.line) if mark.line < len(lines) or above is None else above


def _at(lines: Sequence[str], mark: yaml.Mark) -> str:
    return lines[mark.line][mark.column : mark.column + 1] if mark.line < len(lines) else ""


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _content(line: str) -> int:
    """Return where its key begins, behind the dash of a list."""
    bare = line.lstrip(" ")
    return _indent(line) + (len(bare) - len(bare[1:].lstrip(" ")) if bare.startswith("- ") else 0)
