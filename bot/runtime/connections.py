"""Which parts of a process are connected now, as these themselves say: for whoever asks whether it is ready."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Connections:
    """A part may have several connections: one is enough."""

    def __init__(self) -> None:
        self._looks: dict[str, list[Callable[[], bool]]] = {}

    @contextmanager
    def open(self, part: str, is_up: Callable[[], bool] = lambda: True) -> Iterator[None]:
        """Within, the part ("slack", "discord", "indexer") is connected as far as `is_up` says."""
        looks = self._looks.setdefault(part, [])
        looks.append(is_up)
        try:
            yield
        finally:
            looks.remove(is_up)

    def has(self, part: str) -> bool:
        """Whether it is connected now."""
        return any(look() for look in self._looks.get(part, ()))
