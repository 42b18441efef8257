"""What every store must do, as tests that any store runs.

A store's own test module makes a subclass whose name starts with `Test` and overrides `open_store`:

    class TestMyStore(StoreContract):
        @pytest.fixture
        async def open_store(self) -> AsyncIterator[OpenStore]:
            ...  # a fresh, empty index for each test; each call opens one more client of that same index
            yield open_one
            ...  # close them all
"""

from tests.support.store_contract_finding import Finding
from tests.support.store_contract_sharing import Sharing
from tests.support.store_contract_writing import Writing
from tests.support.store_pages import (
    DIMENSIONS,
    EVERYONE,
    FORMAT,
    KEYWORDS,
    OTHER,
    OpenStore,
    ask,
    begin,
    embed,
    ids,
    page,
    text_hash,
)

__all__ = [
    "DIMENSIONS",
    "EVERYONE",
    "FORMAT",
    "KEYWORDS",
    "OTHER",
    "OpenStore",
    "StoreContract",
    "ask",
    "begin",
    "embed",
    "ids",
    "page",
    "text_hash",
]


class StoreContract(Finding, Writing, Sharing):
    """Every store passes these."""
