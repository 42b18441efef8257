"""Reads values of a server's JSON that must have a certain type: TypeError where they have another."""

from collections.abc import Mapping
from typing import Any

# What a server says in JSON; each source reads it at its edge, and only there.
Json = Mapping[str, Any]


def text(value: object) -> str:
    """What must be a text. Raises TypeError: `None` is no name, and nobody's id."""
    if not isinstance(value, str):
        raise TypeError(f"a text is expected, not {type(value).__name__}")
    return value


def flag(found: Json, name: str) -> bool:
    """A mark that counts as not set where it is left out. Raises TypeError: unknown is neither yes nor no."""
    value = found.get(name, False)
    if not isinstance(value, bool):
        raise TypeError(f"{name} is {type(value).__name__}, neither true nor false")
    return value


def items(value: object) -> list[Any]:
    """What must be a list. Raises TypeError: a text or a mapping would be taken apart."""
    if not isinstance(value, list):
        raise TypeError(f"a list is expected, not {type(value).__name__}")
    return value
