"""Which pages people may see."""

from collections.abc import Sequence

from adapters.chat.questions.gate import visible
from bot.model import Passage
from bot.ports import Span
from tests.support.fakes import FakeStore

EVERYONE = frozenset({"everyone"})


class Shelf(FakeStore):
    """Has one page for everyone, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[list[Span], frozenset[str]]] = []

    async def passages(self, spans: Sequence[Span], audience: frozenset[str]) -> list[Passage]:
        self.asked.append((list(spans), audience))
        page = "handbook:a.md"
        return [Passage("c", page, "handbook", 0, "A", "", "", "") for one in spans if one.doc_id == page]


async def test_the_store_says_who_may_see_a_page() -> None:
    """It is asked once for all of them, and for no more than how each begins."""
    shelf = Shelf()
    pages = ["handbook:hr.md", "handbook:a.md", "handbook:a.md"]
    assert await visible(shelf, pages, EVERYONE) == {"handbook:a.md"}
    assert shelf.asked == [([Span("handbook:a.md", 0, 0), Span("handbook:hr.md", 0, 0)], EVERYONE)]


async def test_no_pages() -> None:
    """The store isn't asked, so that it may be down."""
    shelf = Shelf()
    assert await visible(shelf, [], EVERYONE) == set()
    assert shelf.asked == []
