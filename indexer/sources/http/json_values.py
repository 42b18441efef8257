"""Reads values of a server's JSON strictly: one of another type raises TypeError, and is never taken for an empty one."""

from collections.abc import Mapping
from typing import Any

# What a server says in JSON; each source reads it at its edge, and only there.
Json = Mapping[str, Any]


def text(value: object) -> str:
    """Read a string. Raises TypeError: `None` is no name, and nobody's id."""
    if not isinstance(value, str):
        raise TypeError(f"a text is expected, not {type(value).__name__}")
    return value


def flag(found: Json, name: str) -> bool:
    """Read a boolean that counts as false where it is left out. Raises TypeError: unknown is neither yes nor no."""
    value = found.get(name, False)
    if not isinstance(value, bool):
        raise TypeError(f"{name} is {type(value).__name__}, neither true nor false")
    return value


def items(value: object) -> list[Any]:
    """Read a list. Raises TypeError: a string or a mapping would be iterated over."""
    if not isinstance(value, list):
        raise TypeError(f"a list is expected, not {type(value).__name__}")
    return value
