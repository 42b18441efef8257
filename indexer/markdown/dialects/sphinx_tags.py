"""Decides what Sphinx's `only` shows on a site, which is built as HTML."""

import ast
from typing import Final

_TAGS: Final = {"html", "builder_html", "builder_dirhtml", "format_html"}
_LONGEST: Final = 500


def is_shown(condition: str) -> bool:
    """Tell whether a condition holds where nobody has set a tag; one that can't be read holds."""
    try:
        return _holds(ast.parse(condition[:_LONGEST].strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True


def _holds(part: ast.expr) -> bool:
    match part:
        case ast.Name(id=tag):
            return tag in _TAGS
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return not _holds(inner)
        case ast.BoolOp(op=ast.And(), values=parts):
            return all(map(_holds, parts))
        case ast.BoolOp(values=parts):
            return any(map(_holds, parts))
    return True
