"""What every store must do, as tests that any store runs.

A store's own test module makes a subclass whose name starts with `Test` and overrides `open_store`:

    class TestMyStore(StoreContract):
        @pytest.fixture
        async def open_store(self) -> AsyncIterator[OpenStore]:
            ...  # a fresh, empty index for each test; each call opens one more client of that same index
            yield open_one
            ...  # close them all
"""

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from bot.model import Chunk, Document
from bot.ports import Hit, IndexedChunk, IndexedDocument, IndexFormat, SearchQuery, Span, Store, Vector

OpenStore = Callable[[], Awaitable[Store]]

DIMENSIONS = 64
FORMAT = IndexFormat(model="hashed words 64", dimensions=DIMENSIONS, chunking="paragraphs 1")
OTHER = replace(FORMAT, model="hashed words 64 v2")
KEYWORDS = IndexFormat(model="", dimensions=0, chunking="paragraphs 1")
EVERYONE = frozenset({"everyone"})


def embed(text: str) -> Vector:
    """A bag of words as a vector: texts that share words are near each other."""
    total = np.zeros(DIMENSIONS, np.float32)
    for word in text.lower().split():
        seed = int.from_bytes(hashlib.blake2b(word.encode(errors="replace"), digest_size=8).digest(), "big")
        total += np.random.default_rng(seed).standard_normal(DIMENSIONS, dtype=np.float32)
    length = float(np.linalg.norm(total))
    vector: Vector = total / length if length else np.eye(1, DIMENSIONS, dtype=np.float32)[0]
    return vector


def text_hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def page(
    doc_id: str,
    *texts: str,
    revision: str = "1",
    audience: Iterable[str] = EVERYONE,
    title: str = "",
    headings: Iterable[str] = (),
    vectors: bool = True,
    language: str = "en",
) -> IndexedDocument:
    """A document of one chunk a text, ready to be stored."""
    source, _, path = doc_id.partition(":")
    document = Document(
        id=doc_id,
        source=source,
        revision=revision,
        title=title or path,
        url=f"https://docs.example.com/{path}",
        text="\n\n".join(texts),
        audience=frozenset(audience),
        updated_at=datetime(2024, 5, 17, 8, 30, tzinfo=UTC),
        owners=("Ada Lovelace", "facilities@example.com"),
        language=language,
    )
    names = [*headings, *[""] * len(texts)]
    chunks = tuple(
        IndexedChunk(
            Chunk(ordinal, names[ordinal], text, anchor=names[ordinal].lower().replace(" ", "-")),
            text_hash(text),
            embed(text) if vectors else None,
        )
        for ordinal, text in enumerate(texts)
    )
    return IndexedDocument(document, chunks)


async def begin(store: Store, wanted: IndexFormat = FORMAT) -> Store:
    """Make the first index live, as the first sync does, and go on with the store that it leaves."""
    built = await store.rebuild(wanted)
    await store.swap(wanted)
    assert built is not None
    return store


def ask(
    text: str,
    *,
    vector: bool = True,
    audience: Iterable[str] = EVERYONE,
    sources: Iterable[str] | None = None,
    alpha: float = 0.5,
    limit: int = 50,
) -> SearchQuery:
    return SearchQuery(
        text=text,
        vector=embed(text) if vector else None,
        audience=frozenset(audience),
        sources=None if sources is None else frozenset(sources),
        alpha=alpha,
        limit=limit,
    )


def ids(hits: list[Hit]) -> list[str]:
    return [hit.passage.doc_id for hit in hits]


class StoreContract:
    """Every store passes these."""

    @pytest.fixture
    def open_store(self) -> OpenStore:
        raise NotImplementedError

    @pytest.fixture
    async def store(self, open_store: OpenStore) -> Store:
        return await begin(await open_store())

    # --- what is found ------------------------------------------------------------------------------

    async def test_found_by_words(self, store: Store) -> None:
        """A page is found by its words, with everything that the page and the chunk said."""
        await store.replace(
            [page("wiki:pets.md", "Dogs may come on Fridays.", title="Pets", headings=["Office dogs"])]
        )
        (hit,) = await store.search(ask("dogs", vector=False))
        assert hit.passage.doc_id == "wiki:pets.md"
        assert hit.passage.source == "wiki"
        assert hit.passage.ordinal == 0
        assert hit.passage.title == "Pets"
        assert hit.passage.heading == "Office dogs"
        assert hit.passage.url == "https://docs.example.com/pets.md#office-dogs"
        assert hit.passage.text == "Dogs may come on Fridays."
        assert hit.passage.updated_at == datetime(2024, 5, 17, 8, 30, tzinfo=UTC)
        assert hit.passage.owners == ("Ada Lovelace", "facilities@example.com")
        assert hit.keyword is not None

    async def test_found_by_meaning(self, store: Store) -> None:
        """A chunk that shares no keyword with the question is found by its vector."""
        await store.replace([page("wiki:a.md", "alpha beta"), page("wiki:b.md", "gamma delta")])
        query = replace(ask("nothing like it"), vector=embed("gamma delta"))
        hits = await store.search(query)
        assert ids(hits)[0] == "wiki:b.md"
        assert hits[0].vector == pytest.approx(1.0, abs=0.02)

    async def test_scores_of_each_leg(self, store: Store) -> None:
        """A hit of the vector search carries the cosine similarity, one of the keywords its BM25."""
        await store.replace([page("wiki:a.md", "holiday allowance"), page("wiki:b.md", "parking garage")])
        top, *_ = await store.search(ask("holiday allowance"))
        assert top.passage.doc_id == "wiki:a.md"
        assert top.vector == pytest.approx(1.0, abs=0.02)
        assert top.keyword is not None
        assert top.keyword > 0

    async def test_best_first(self, store: Store) -> None:
        """Hits come best first, by `passage.score`."""
        await store.replace(
            [page("wiki:both.md", "expense report deadline"), page("wiki:one.md", "report of the weather")]
        )
        hits = await store.search(ask("expense report deadline"))
        assert ids(hits)[0] == "wiki:both.md"
        scores = [hit.passage.score for hit in hits]
        assert scores == sorted(scores, reverse=True)

    async def test_alpha_chooses_the_leg(self, store: Store) -> None:
        """Alpha 0 orders by keywords alone, alpha 1 by vectors alone."""
        await store.replace([page("wiki:words.md", "salary bands"), page("wiki:sense.md", "pay grades")])
        query = replace(ask("salary bands"), vector=embed("pay grades"))
        by_words = await store.search(replace(query, alpha=0.0))
        by_sense = await store.search(replace(query, alpha=1.0))
        assert ids(by_words)[0] == "wiki:words.md"
        assert ids(by_sense)[0] == "wiki:sense.md"

    async def test_limit(self, store: Store) -> None:
        """A page of results is as long as asked for, or as there are chunks that match."""
        await store.replace([page(f"wiki:{n}.md", f"quarterly planning {n}") for n in range(12)])
        assert len(await store.search(ask("quarterly planning", limit=5))) == 5
        assert len(await store.search(ask("quarterly planning", limit=50))) == 12

    async def test_title_counts_more(self, store: Store) -> None:
        """A word in the title weighs more than the same word in the text."""
        await store.replace(
            [
                page("wiki:text.md", "sabbatical is mentioned on this page", title="Other things"),
                page("wiki:title.md", "this page explains how it goes here", title="Sabbatical leave"),
            ]
        )
        assert ids(await store.search(ask("sabbatical", vector=False)))[0] == "wiki:title.md"

    async def test_no_chunk_twice(self, store: Store) -> None:
        """A chunk that both legs found is one hit, and chunk ids are unique."""
        await store.replace([page(f"wiki:{n}.md", "travel policy", f"travel by train {n}") for n in range(9)])
        hits = await store.search(ask("travel policy train"))
        chunk_ids = [hit.passage.chunk_id for hit in hits]
        assert len(chunk_ids) == len(set(chunk_ids)) == 18

    async def test_vocabulary(self, store: Store) -> None:
        """How many chunks hold each term is told, without the terms that none holds; or that it can't be told."""
        await store.replace(
            [page("wiki:a", "lanterns and lanterns", "a lantern"), page("wiki:b", "a candle")]
        )
        known = await store.vocabulary(["lantern", "candl", "torch"])
        assert "en" in known.languages
        if known.chunks is not None:
            assert known.chunks == 3
            assert dict(known.holding) == {"lantern": 2, "candl": 1}

    async def test_keywords_alone(self, open_store: OpenStore) -> None:
        """An index without an embedder finds by keywords, and chunks then need no vector."""
        store = await begin(await open_store(), KEYWORDS)
        await store.replace([page("wiki:a.md", "standup at ten", vectors=False)])
        (hit,) = await store.search(ask("standup", vector=False))
        assert hit.passage.doc_id == "wiki:a.md"
        assert hit.vector is None

    @pytest.mark.parametrize(
        "text", ["", " ", "?", "\x00\x01", "🎉🎉", '"', "* OR NOT (", "a:b^c~2", "'; --"]
    )
    async def test_odd_questions(self, store: Store, text: str) -> None:
        """A question without words, or with a query language's signs, is no error."""
        await store.replace([page("wiki:a.md", "standup at ten")])
        assert isinstance(await store.search(ask(text, vector=False)), list)
        assert isinstance(await store.search(ask(text)), list)

    async def test_long_question(self, store: Store) -> None:
        """A question of 10,000 characters is searched for."""
        await store.replace([page("wiki:a.md", "standup at ten")])
        words = " ".join(f"word{n}" for n in range(1200)) + " standup"
        assert ids(await store.search(ask(words))) == ["wiki:a.md"]

    # --- who sees what ------------------------------------------------------------------------------

    async def test_no_audience_finds_nothing(self, store: Store) -> None:
        """No audience means that nothing is found, not everything."""
        await store.replace([page("wiki:a.md", "open secret"), page("wiki:b.md", "open secret", audience=[])])
        assert await store.search(ask("open secret", audience=[])) == []
        assert await store.passages([Span("wiki:a.md", 0, 9)], frozenset()) == []

    async def test_audience_is_kept(self, store: Store) -> None:
        """A chunk is seen by those of its audiences, and by nobody else."""
        await store.replace(
            [
                page("wiki:all.md", "bonus plan"),
                page("wiki:hr.md", "bonus plan", audience=["hr", "board"]),
                page("wiki:none.md", "bonus plan", audience=[]),
            ]
        )
        assert set(ids(await store.search(ask("bonus plan")))) == {"wiki:all.md"}
        assert set(ids(await store.search(ask("bonus plan", audience=["hr"])))) == {"wiki:hr.md"}
        both = await store.search(ask("bonus plan", audience=["board", "everyone", "unknown"]))
        assert set(ids(both)) == {"wiki:all.md", "wiki:hr.md"}
        assert await store.search(ask("bonus plan", audience=["h"])) == []

    async def test_filter_is_inside_the_search(self, store: Store) -> None:
        """A page of results is full although most of the best chunks are hidden from the asker."""
        hidden = [page(f"hr:{n}.md", "salary salary salary review", audience=["hr"]) for n in range(150)]
        shown = [page(f"wiki:{n}.md", f"a note on the salary process number {n}") for n in range(10)]
        await store.replace(hidden + shown)
        for vector in (True, False):
            hits = await store.search(ask("salary review", vector=vector, limit=10))
            assert len(hits) == 10
            assert all(doc_id.startswith("wiki:") for doc_id in ids(hits))

    async def test_sources(self, store: Store) -> None:
        """Sources narrow a search; no source at all finds nothing."""
        await store.replace([page("wiki:a.md", "vpn setup"), page("blog:a.md", "vpn setup")])
        assert set(ids(await store.search(ask("vpn setup", sources=["blog"])))) == {"blog:a.md"}
        assert len(await store.search(ask("vpn setup", sources=["blog", "wiki", "other"]))) == 2
        assert await store.search(ask("vpn setup", sources=[])) == []

    async def test_audience_change(self, store: Store) -> None:
        """A page that becomes private is hidden at once."""
        await store.replace([page("wiki:a.md", "layoff plan")])
        await store.replace([page("wiki:a.md", "layoff plan", revision="2", audience=["board"])])
        assert await store.search(ask("layoff plan")) == []
        assert ids(await store.search(ask("layoff plan", audience=["board"]))) == ["wiki:a.md"]

    @pytest.mark.parametrize(
        "name", ["über uns", "a b", 'quo"te', "it's", "東京", "x" * 300, "A", "a,b", "-", "%", "OR"]
    )
    async def test_odd_names(self, store: Store, name: str) -> None:
        """Any string can name an audience or a source, and only that very name opens it."""
        await store.replace(
            [page(f"{name}:a.md", "guest list", audience=[name]), page("wiki:b.md", "guest list")]
        )
        found = await store.search(ask("guest list", audience=[name], sources=[name]))
        assert ids(found) == [f"{name}:a.md"]
        assert await store.search(ask("guest list", audience=[name + "x", name.lower() + " "])) == []

    # --- writing ------------------------------------------------------------------------------------

    async def test_replace_leaves_one_revision(self, store: Store) -> None:
        """The old revision's chunks are gone, also where the new one has fewer."""
        await store.replace([page("wiki:a.md", "old words", "old more", "old most")])
        await store.replace([page("wiki:a.md", "new words", revision="2")])
        hits = await store.search(ask("old new words more most"))
        assert [hit.passage.text for hit in hits] == ["new words"]
        assert await store.revisions("wiki") == {"wiki:a.md": "2"}

    async def test_page_without_chunks(self, store: Store) -> None:
        """An empty page is stored: its revision is known and nothing is found."""
        await store.replace([page("wiki:empty.md")])
        assert await store.revisions("wiki") == {"wiki:empty.md": "1"}
        assert await store.search(ask("empty")) == []

    async def test_same_page_twice_in_a_batch(self, store: Store) -> None:
        """The later one of a batch wins."""
        await store.replace([page("wiki:a.md", "first"), page("wiki:a.md", "second", revision="2")])
        assert await store.revisions("wiki") == {"wiki:a.md": "2"}
        assert [hit.passage.text for hit in await store.search(ask("first second"))] == ["second"]

    async def test_delete(self, store: Store) -> None:
        """A deleted page is not found and has no revision; unknown ids are no error."""
        await store.replace([page("wiki:a.md", "kitchen rules"), page("wiki:b.md", "kitchen duty")])
        await store.delete(["wiki:a.md", "wiki:never.md"])
        await store.delete(["wiki:a.md"])
        await store.delete([])
        assert ids(await store.search(ask("kitchen"))) == ["wiki:b.md"]
        assert await store.revisions("wiki") == {"wiki:b.md": "1"}
        assert await store.passages([Span("wiki:a.md", 0, 9)], EVERYONE) == []

    async def test_deleted_page_comes_back(self, store: Store) -> None:
        """A page that was deleted can be stored again."""
        await store.replace([page("wiki:a.md", "lunch menu")])
        await store.delete(["wiki:a.md"])
        await store.replace([page("wiki:a.md", "lunch menu", revision="3")])
        assert ids(await store.search(ask("lunch menu"))) == ["wiki:a.md"]

    async def test_revisions_by_source(self, store: Store) -> None:
        """Revisions are those of the asked source, also with a name that begins another's."""
        await store.replace(
            [page("wiki:a.md", "one"), page("wiki:b/c d.md", "two", revision="é2"), page("wiki2:a.md", "x")]
        )
        assert await store.revisions("wiki") == {"wiki:a.md": "1", "wiki:b/c d.md": "é2"}
        assert await store.revisions("nothing") == {}

    @pytest.mark.parametrize(
        "path", ["a b.md", "ä/ö ü.md", "日本/語.md", 'it\'s "so".md', "%41?x=1#y.md", "x" * 900, ".", "a:b"]
    )
    async def test_odd_ids(self, store: Store, path: str) -> None:
        """Any string can be a path."""
        doc_id = f"wiki:{path}"
        await store.replace([page(doc_id, "odd name", title="T"), page("wiki:z.md", "even name", title="T")])
        await store.replace([page(doc_id, "odd name", "again", revision="2", title="T")])
        assert (await store.revisions("wiki"))[doc_id] == "2"
        assert len(await store.passages([Span(doc_id, 0, 5)], EVERYONE)) == 2
        await store.delete([doc_id])
        assert await store.revisions("wiki") == {"wiki:z.md": "1"}

    async def test_odd_texts(self, store: Store) -> None:
        """Texts come back as they were stored, whatever signs are in them."""
        text = (
            "tab\t, 'quotes\" \\ \r\n emoji 🏳️‍🌈, e\u0301, right-to-left \u05e9\u05dc\u05d5\u05dd %s {x} <b>"
        )
        await store.replace([page("wiki:a.md", text)])
        (passage,) = await store.passages([Span("wiki:a.md", 0, 0)], EVERYONE)
        assert passage.text == text

    # --- passages and vectors -----------------------------------------------------------------------

    async def test_spans(self, store: Store) -> None:
        """Spans give their chunks in the documents' order; what is gone or hidden is left out."""
        await store.replace(
            [
                page("wiki:a.md", *[f"part {n}" for n in range(6)]),
                page("wiki:b.md", "only"),
                page("wiki:c.md", "hidden", audience=["hr"]),
            ]
        )
        spans = [
            Span("wiki:a.md", 2, 4),
            Span("wiki:c.md", 0, 0),
            Span("wiki:b.md", 0, 7),
            Span("no:x", 0, 1),
        ]
        found = await store.passages(spans, EVERYONE)
        assert [(p.doc_id, p.ordinal) for p in found] == [
            ("wiki:a.md", 2),
            ("wiki:a.md", 3),
            ("wiki:a.md", 4),
            ("wiki:b.md", 0),
        ]
        assert [p.text for p in found] == ["part 2", "part 3", "part 4", "only"]
        assert await store.passages([], EVERYONE) == []

    async def test_overlapping_spans(self, store: Store) -> None:
        """A chunk of two spans comes once."""
        await store.replace([page("wiki:a.md", *[f"part {n}" for n in range(6)])])
        found = await store.passages([Span("wiki:a.md", 0, 2), Span("wiki:a.md", 1, 3)], EVERYONE)
        assert [p.ordinal for p in found] == [0, 1, 2, 3]

    async def test_search_and_passages_name_chunks_alike(self, store: Store) -> None:
        """A chunk has one id, however it is read."""
        await store.replace([page("wiki:a.md", "part one", "part two")])
        by_search = {hit.passage.chunk_id for hit in await store.search(ask("part"))}
        by_span = {passage.chunk_id for passage in await store.passages([Span("wiki:a.md", 0, 1)], EVERYONE)}
        assert by_search == by_span
        assert len(by_span) == 2

    async def test_vectors_are_reused(self, store: Store) -> None:
        """Vectors of stored texts are given back by the text's hash; others are left out."""
        await store.replace(
            [page("wiki:a.md", "shared words", "own words"), page("wiki:b.md", "shared words")]
        )
        found = await store.vectors([text_hash("shared words"), text_hash("never stored"), "x' or 1=1"])
        assert set(found) == {text_hash("shared words")}
        vector = found[text_hash("shared words")]
        assert vector.dtype == np.float32
        assert float(vector @ embed("shared words")) == pytest.approx(1.0, abs=0.01)
        assert await store.vectors([]) == {}

    async def test_many_vectors(self, store: Store) -> None:
        """Thousands of hashes can be asked for at once."""
        await store.replace([page(f"wiki:{n}.md", f"text {n}") for n in range(40)])
        hashes = [text_hash(f"text {n}") for n in range(3000)]
        assert len(await store.vectors(hashes)) == 40

    async def test_language_of_the_page(self, store: Store) -> None:
        """A page is found by the stems of its own language."""
        await store.replace(
            [
                page("wiki:de.md", "Die Häuser stehen leer.", title="T", language="de"),
                page("wiki:en.md", "Expenses are reimbursed monthly.", title="T"),
            ]
        )
        assert ids(await store.search(ask("Haus", vector=False))) == ["wiki:de.md"]
        assert ids(await store.search(ask("reimburse expense", vector=False))) == ["wiki:en.md"]

    @pytest.mark.parametrize(
        ("text", "question"),
        [
            ("Set max_connections in postgresql.conf.", "max_connections"),
            ("Set max_connections in postgresql.conf.", "maxConnections"),
            ("Run it with --dry-run first.", "--dry-run"),
            ("数据库连接池的配置方法", "连接池"),
            ("นโยบายการลาพักร้อน", "ลาพักร้อน"),
            ("Café Zürich", "cafe zurich"),
        ],
    )
    async def test_identifiers_and_scripts(self, store: Store, text: str, question: str) -> None:
        """Identifiers, flags, unspaced scripts and diacritics are found as `bot.analyze` cuts them."""
        await store.replace(
            [page("wiki:a.md", text, title="T"), page("wiki:b.md", "something else", title="T")]
        )
        assert ids(await store.search(ask(question, vector=False))) == ["wiki:a.md"]

    # --- several clients ----------------------------------------------------------------------------

    async def test_other_clients_see_new_data(self, open_store: OpenStore) -> None:
        """What one client wrote another one finds, without being opened anew."""
        writer = await begin(await open_store())
        reader = await open_store()
        await writer.replace([page("wiki:a.md", "winter party")])
        assert ids(await reader.search(ask("winter party"))) == ["wiki:a.md"]
        await writer.replace([page("wiki:a.md", "summer party", revision="2")])
        assert [hit.passage.text for hit in await reader.search(ask("party"))] == ["summer party"]
        await writer.delete(["wiki:a.md"])
        assert await reader.search(ask("party")) == []

    async def test_never_two_revisions(self, open_store: OpenStore) -> None:
        """While pages are replaced, every search finds each page once, in one revision."""
        writer = await begin(await open_store())
        reader = await open_store()

        def revision(n: int) -> list[IndexedDocument]:
            texts = [f"handbook rule {part} of revision r{n}" for part in range(3)]
            return [page(f"wiki:{d}.md", *texts, revision=str(n)) for d in range(3)]

        async def write() -> None:
            for n in range(1, 16):
                await writer.replace(revision(n))

        await writer.replace(revision(0))
        writing = asyncio.create_task(write())
        searches = 0
        while not writing.done() or searches < 3:
            hits = await reader.search(ask("handbook rule revision"))
            assert len(hits) == 9, "a page was missing or there twice"
            for doc_id in set(ids(hits)):
                texts = [hit.passage.text for hit in hits if hit.passage.doc_id == doc_id]
                assert len({text.rpartition(" ")[2] for text in texts}) == 1, "two revisions of one page"
            searches += 1
        await writing

    async def test_searches_side_by_side(self, store: Store) -> None:
        """Many searches at once each get their own answer."""
        words = [
            f"{a}{b}rium" for a in ("zan", "qui", "vol", "mer", "tob") for b in ("d", "k", "m", "p", "s")
        ]
        await store.replace([page(f"wiki:{word}.md", f"{word} is explained", title="T") for word in words])
        found = await asyncio.gather(*(store.search(ask(word, vector=False)) for word in words))
        assert [ids(hits) for hits in found] == [[f"wiki:{word}.md"] for word in words]

    # --- format, rebuild and swap -------------------------------------------------------------------

    async def test_empty_store(self, open_store: OpenStore) -> None:
        """A store with no index yet has no format, finds nothing and is no error."""
        store = await open_store()
        assert await store.format() is None
        assert await store.search(ask("anything")) == []
        assert await store.passages([Span("wiki:a.md", 0, 1)], EVERYONE) == []
        assert await store.revisions("wiki") == {}
        assert await store.vectors(["x"]) == {}
        stats = await store.stats()
        assert (stats.documents, stats.chunks) == (0, 0)
        await store.check()

    async def test_first_index(self, open_store: OpenStore) -> None:
        """After the first rebuild and swap the index is live in the wanted format."""
        store = await open_store()
        built = await store.rebuild(FORMAT)
        await built.replace([page("wiki:a.md", "first page")])
        await store.swap(FORMAT)
        assert await store.format() == FORMAT
        assert ids(await store.search(ask("first page"))) == ["wiki:a.md"]

    async def test_rebuild_beside_the_live_index(self, open_store: OpenStore) -> None:
        """A rebuild is not seen before the swap, and is all there is after it."""
        store = await begin(await open_store())
        reader = await open_store()
        await store.replace([page("wiki:a.md", "old index"), page("wiki:gone.md", "old index only")])
        beside = await store.rebuild(OTHER)
        await beside.replace([page("wiki:a.md", "new index", revision="2")])
        assert await store.format() == FORMAT
        assert sorted(ids(await reader.search(ask("index")))) == ["wiki:a.md", "wiki:gone.md"]
        assert await beside.revisions("wiki") == {"wiki:a.md": "2"}
        await store.swap(OTHER)
        assert await store.format() == OTHER
        assert await reader.format() == OTHER
        assert [hit.passage.text for hit in await reader.search(ask("index"))] == ["new index"]
        assert await reader.revisions("wiki") == {"wiki:a.md": "2"}
        await store.swap(OTHER)
        await store.replace([page("wiki:b.md", "after the swap")])
        assert sorted(ids(await reader.search(ask("index swap")))) == ["wiki:a.md", "wiki:b.md"]

    async def test_rebuild_goes_on(self, open_store: OpenStore) -> None:
        """A rebuild that was left half-way goes on with what it has, also by another client."""
        store = await begin(await open_store())
        await store.replace([page("wiki:a.md", "old")])
        first = await store.rebuild(OTHER)
        await first.replace([page("wiki:a.md", "half way")])
        await first.close()
        again = await (await open_store()).rebuild(OTHER)
        assert await again.revisions("wiki") == {"wiki:a.md": "1"}

    async def test_rebuild_with_another_wish(self, open_store: OpenStore) -> None:
        """A half-way rebuild of another format is thrown away."""
        store = await begin(await open_store())
        first = await store.rebuild(OTHER)
        await first.replace([page("wiki:a.md", "half way")])
        third = replace(FORMAT, chunking="sections 2")
        second = await store.rebuild(third)
        assert await second.revisions("wiki") == {}
        await second.replace([page("wiki:b.md", "whole")])
        await store.swap(third)
        assert await store.format() == third
        assert ids(await store.search(ask("half whole"))) == ["wiki:b.md"]

    async def test_other_dimensions(self, open_store: OpenStore) -> None:
        """A rebuild may have no vectors, or ones of another length, than the live index."""
        store = await begin(await open_store())
        await store.replace([page("wiki:a.md", "some words")])
        beside = await store.rebuild(KEYWORDS)
        await beside.replace([page("wiki:a.md", "some words", vectors=False)])
        await store.swap(KEYWORDS)
        assert ids(await store.search(ask("words", vector=False))) == ["wiki:a.md"]

    async def test_reader_during_a_rebuild(self, open_store: OpenStore) -> None:
        """Who asks all the time during a rebuild and its swap gets no error and no empty answer."""
        store = await begin(await open_store())
        reader = await open_store()
        pages = [page(f"wiki:{n}.md", f"welcome guide {n}") for n in range(20)]
        await store.replace(pages)
        done = asyncio.Event()
        answers: list[int] = []

        async def keep_asking() -> None:
            while not done.is_set():
                answers.append(len(await reader.search(ask("welcome guide"))))

        asking = asyncio.create_task(keep_asking())
        for wanted in (OTHER, FORMAT):
            beside = await store.rebuild(wanted)
            for one in pages:
                await beside.replace([one])
            await store.swap(wanted)
        done.set()
        await asking
        assert set(answers) == {20}

    # --- the rest -----------------------------------------------------------------------------------

    async def test_stats(self, store: Store) -> None:
        """Stats count documents and chunks, in all and by source."""
        await store.replace(
            [page("wiki:a.md", "one", "two"), page("wiki:b.md", "three"), page("blog:c.md", "x")]
        )
        stats = await store.stats()
        assert (stats.documents, stats.chunks) == (3, 4)
        assert (stats.sources["wiki"].documents, stats.sources["wiki"].chunks) == (2, 3)
        assert (stats.sources["blog"].documents, stats.sources["blog"].chunks) == (1, 1)
        await store.delete(["blog:c.md"])
        assert "blog" not in (await store.stats()).sources

    async def test_check_passes(self, store: Store) -> None:
        """A working store passes its check."""
        await store.check()

    async def test_random_history(self, store: Store) -> None:
        """After any run of replaces and deletes the store holds exactly what is left."""
        rng = random.Random(7)  # noqa: S311 - a repeatable history, no secret
        left: dict[str, tuple[str, int]] = {}
        for step in range(40):
            doc_id = f"wiki:{rng.randrange(8)}.md"
            if rng.random() < 0.3:
                await store.delete([doc_id])
                left.pop(doc_id, None)
            else:
                parts = rng.randrange(1, 4)
                await store.replace(
                    [page(doc_id, *[f"common s{step} p{n}" for n in range(parts)], revision=str(step))]
                )
                left[doc_id] = (str(step), parts)
        assert await store.revisions("wiki") == {doc_id: revision for doc_id, (revision, _) in left.items()}
        hits = await store.search(ask("common", limit=200))
        assert len(hits) == sum(parts for _, parts in left.values())
        assert all(hit.passage.text.split()[1] == f"s{left[hit.passage.doc_id][0]}" for hit in hits)
