"""Knows which parts of a process are connected now, for `/ready`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Connections:
    """Keeps the parts' connections. A part that has several is connected if one of them is."""

    def __init__(self) -> None:
        self._looks: dict[str, list[Callable[[], bool]]] = {}

    @contextmanager
    def open(self, part: str, is_up: Callable[[], bool] = lambda: True) -> Iterator[None]:
        """Within, the part ("slack", "discord", "indexer") counts as connected whenever `is_up` returns True."""
        looks = self._looks.setdefault(part, [])
        looks.append(is_up)
        try:
            yield
        finally:
            looks.remove(is_up)

    def has(self, part: str) -> bool:
        """Whether it is connected now."""
        return any(look() for look in self._looks.get(part, ()))
