"""Adds up what answering a question costs: parts note what they use, whoever answers collects it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from bot.model import Usage

_spent: ContextVar[list[Usage] | None] = ContextVar("spent", default=None)


def spend(usage: Usage) -> None:
    """Note a use. Outside of `metered` it goes nowhere: syncs count by the parts' own `usage()`."""
    spent = _spent.get()
    if spent is not None:
        spent.append(usage)


@contextmanager
def metered(into: list[Usage]) -> Iterator[None]:
    """Collect in `into` what is spent within, also by tasks that are started within."""
    token = _spent.set(into)
    try:
        yield
    finally:
        _spent.reset(token)
