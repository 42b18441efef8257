"""Says how a store works with its index: its deadlines, and what it asks of a cluster's nodes."""

from dataclasses import dataclass
from typing import Final

GRACE_SECONDS: Final = 8.0
SETTLED_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """Seconds, but for `writes_at_once`.

    `grace` is how long an index outlives the swap that replaced it, and `settled` how old chunks must be before
    they count as left by a crash. `consistency` is "one", "quorum" or "all" of the nodes that `replicated` data is on.
    `backups` is the server's module that keeps them.
    """

    consistency: str = "quorum"
    search_seconds: float = 3.0
    write_seconds: float = 60.0
    grace: float = GRACE_SECONDS
    settled: float = SETTLED_SECONDS
    writes_at_once: int = 1
    replicated: bool = False
    backups: str = "filesystem"

    @property
    def compared(self) -> bool:
        """Whether answers of several nodes are compared: with one node's word alone there is nothing to compare."""
        return self.replicated and self.consistency != "one"
