"""What the settings open, asked of the store with nothing more than that."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.model import Passage
from bot.ports import Hit, Nearest, SearchQuery, Span, Vector, Vocabulary
from bot.visibility.configured_sources import Configured
from bot.visibility.page_audience import configured_audience
from tests.support.fakes import make_passage
from tests.support.pages import settings

EVERYONE, STAFF, HR = frozenset({"everyone"}), frozenset({"staff"}), frozenset({"hr"})
PUBLIC = make_passage("a", doc_id="public:a.md")
PRIVATE = make_passage("b", doc_id="public:hr/b.md")
GONE = make_passage("c", doc_id="gone:c.md")


@dataclass
class Asked:
    """A store that has everything, whoever asks, and says what it was asked."""

    near: Nearest | None = None
    asked: list[Any] = field(default_factory=list)

    async def search(self, query: SearchQuery) -> list[Hit]:
        self.asked.append(query)
        return [Hit(one, 1.0, 1.0) for one in (PUBLIC, PRIVATE, GONE)]

    async def nearest(
        self, vectors: Sequence[Vector], audience: frozenset[str], sources: frozenset[str] | None = None
    ) -> Nearest | None:
        self.asked.append((vectors, audience, sources))
        return self.near

    async def vocabulary(
        self, terms: Sequence[str], audience: frozenset[str], sources: frozenset[str] | None = None
    ) -> Vocabulary:
        self.asked.append((terms, audience, sources))
        return Vocabulary(holding={"a": 1})

    async def passages(self, spans: Sequence[Span], audience: frozenset[str]) -> list[Passage]:
        self.asked.append((spans, audience))
        return [PUBLIC]

    async def revisions(self, source: str) -> dict[str, str]:
        return {f"{source}:a.md": "1"}


_SOURCES = [
    settings(name="public", audience_of={"hr/**": ["hr"]}),
    settings(name="staff", audience=["staff"]),
    settings(name="mixed", audience=["staff", "hr"]),
]


@pytest.fixture
def store() -> Asked:
    return Asked()


@pytest.fixture
def reader(store: Asked) -> Configured:
    return Configured(store, lambda: _SOURCES)


async def test_a_search_asks_for_what_is_open(reader: Configured, store: Asked) -> None:
    """Only sources that have a page for the asker are searched, and only pages for them come out."""
    found = await reader.search(SearchQuery("a", None, EVERYONE))
    assert [hit.passage.doc_id for hit in found] == ["public:a.md"]
    assert store.asked == [SearchQuery("a", None, EVERYONE, sources=frozenset({"public"}))]
    found = await reader.search(SearchQuery("a", None, HR))
    assert [hit.passage.doc_id for hit in found] == ["public:hr/b.md"]
    assert store.asked[-1].sources == {"public", "mixed"}


@pytest.mark.parametrize(
    ("audience", "wanted"),
    [(frozenset(), None), (EVERYONE, frozenset({"staff", "gone"})), (STAFF, frozenset({"public"}))],
)
async def test_who_has_nothing_asks_nothing(
    reader: Configured, store: Asked, audience: frozenset[str], wanted: frozenset[str] | None
) -> None:
    """Where no source is open the store isn't asked."""
    assert await reader.search(SearchQuery("a", None, audience, sources=wanted)) == []
    assert store.asked == []


async def test_wanted_sources_narrow(reader: Configured, store: Asked) -> None:
    """Who wants some sources gets those of them that are open."""
    await reader.search(SearchQuery("a", None, STAFF, sources=frozenset({"mixed", "public"})))
    assert store.asked[0].sources == {"mixed"}


async def test_the_nearest_page_is_for_the_asker(reader: Configured, store: Asked) -> None:
    """One that the settings close is none, whatever the index says."""
    vectors = [(1.0,)]
    for doc_id, shown in (
        ("public:a.md", True),
        ("public:hr/b.md", False),
        ("gone:c.md", False),
        ("public:hr/a:b.md", False),
        ("public:a:b.md", True),
    ):
        store.near = Nearest(doc_id, (0.5,))
        assert await reader.nearest(vectors, EVERYONE) == (store.near if shown else None)
    assert store.asked[-1] == (vectors, EVERYONE, frozenset({"public"}))
    await reader.nearest(vectors, STAFF, frozenset({"staff", "public"}))
    assert store.asked[-1] == (vectors, STAFF, frozenset({"staff"}))
    store.near = None
    assert await reader.nearest(vectors, EVERYONE) is None


async def test_words_are_those_of_open_sources(reader: Configured, store: Asked) -> None:
    """Of the ones that are wanted, or all."""
    assert await reader.vocabulary(["a"], STAFF) == Vocabulary(holding={"a": 1})
    await reader.vocabulary(["a"], STAFF, frozenset({"mixed", "public"}))
    assert store.asked == [(["a"], STAFF, {"staff", "mixed"}), (["a"], STAFF, {"mixed"})]


async def test_passages_are_asked_for_by_who_may_see_them(reader: Configured, store: Asked) -> None:
    """Spans of pages that the settings close are left out."""
    spans = [Span("public:a.md", 0, 1), Span("public:hr/b.md", 0, 1), Span("gone:c.md", 0, 1)]
    assert await reader.passages(spans, EVERYONE) == [PUBLIC]
    assert store.asked == [([spans[0]], EVERYONE)]


async def test_a_source_that_left_has_no_revisions(reader: Configured) -> None:
    """So that nothing of it is read."""
    assert await reader.revisions("public") == {"public:a.md": "1"}
    assert await reader.revisions("gone") == {}


async def test_settings_count_as_they_are_now(store: Asked) -> None:
    """What was decided before is forgotten when they change."""
    now = [settings(name="public")]
    reader = Configured(store, lambda: now)
    assert len(await reader.search(SearchQuery("a", None, EVERYONE))) == 2
    now = [settings(name="public", audience=["staff"])]
    assert await reader.search(SearchQuery("a", None, EVERYONE)) == []
    assert len(await reader.search(SearchQuery("a", None, STAFF))) == 2


@pytest.mark.parametrize(
    ("path", "audience"),
    [("a.md", {"everyone"}), ("hr/a.md", {"hr"}), ("hr/open/a.md", {"everyone"}), ("HR/open/a.md", {"everyone"}), ("Hr/a.md", {"hr"}), ("x.md", {"staff"})],
)  # fmt: skip
def test_the_last_glob_that_fits_wins(path: str, audience: set[str]) -> None:
    """A path in another spelling is narrowed by what would narrow it, and opened by nothing."""
    rules = {"hr/**": ["hr"], "hr/open/**": ["everyone"], "x.md": ["staff"], "X.md": ["everyone"]}
    assert configured_audience(settings(audience_of=rules), path) == audience
