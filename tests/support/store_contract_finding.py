"""What is found, and who sees what."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.ports import Span, Store
from tests.support.store_pages import (
    EVERYONE,
    KEYWORDS,
    OpenStore,
    OpenStores,
    ask,
    begin,
    embed,
    ids,
    page,
)


class Finding(OpenStores):
    """What is found, and who sees what."""

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

    async def test_stored(self, store: Store) -> None:
        """Pages are there whole for who runs Docent, with all chunks and whoever may see them."""
        await store.replace(
            [
                page(
                    "wiki:pets.md", "Dogs may come.", "Cats may not.", title="Pets", headings=["Dogs", "Cats"]
                ),
                page("hr:pay.md", "Quill gets 5.", audience=["managers", "hr"]),
                page("wiki:other.md", "Else."),
            ]
        )
        pay, pets = await store.stored(["hr:pay.md", "wiki:gone.md", "wiki:pets.md", "hr:pay.md"])
        assert (pay.doc_id, pay.audience) == ("hr:pay.md", {"managers", "hr"})
        assert [passage.text for passage in pay.passages] == ["Quill gets 5."]
        assert (pets.doc_id, pets.audience) == ("wiki:pets.md", EVERYONE)
        assert [(one.ordinal, one.title, one.heading, one.text) for one in pets.passages] == [
            (0, "Pets", "Dogs", "Dogs may come."),
            (1, "Pets", "Cats", "Cats may not."),
        ]
        assert pets.passages[1].url == "https://docs.example.com/pets.md#cats"

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

    async def test_similarity_of_what_words_found(self, store: Store) -> None:
        """A hit that is not among the nearest ones carries its cosine similarity, too."""
        garages = [page(f"wiki:{n}.md", *[f"parking garage {n}"] * 10) for n in range(15)]
        await store.replace([*garages, page("wiki:leave.md", "holiday allowance")])
        query = replace(ask("holiday allowance"), vector=embed("parking garage"))
        hit = next(hit for hit in await store.search(query) if hit.passage.doc_id == "wiki:leave.md")
        assert hit.keyword is not None
        assert hit.vector == pytest.approx(0.07, abs=0.03)

    async def test_terms_of_a_hit(self, store: Store) -> None:
        """A hit carries the terms that it was found by, as its page's language has them."""
        text = "The holidays: 有給休暇 for 3 days"
        await store.replace([page("wiki:a.md", text, title="休暇 rules", headings=["Leave"], language="ja")])
        (hit,) = await store.search(ask("holidays"))
        assert hit.terms == "休暇 rules\nleave\nthe holidays 有給 給休 休暇 for 3 days"

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

    async def test_nearest(self, store: Store) -> None:
        """Of several vectors it is told how near each is to the visible chunk that is nearest to any of them."""
        await store.replace(
            [
                page("wiki:a", "lantern light"),
                page("wiki:b", "candle wax"),
                page("blog:c", "torch fire", audience=["board"]),
            ]
        )
        asked = [embed("torch fire"), embed("candle wax"), embed("candle light")]
        seen = await store.nearest(asked, EVERYONE)
        assert seen is not None
        assert seen.doc_id == "wiki:b"
        assert seen.similarities == pytest.approx([-0.07, 1.0, 0.52], abs=0.15)
        hidden = await store.nearest(asked, frozenset({"board"}))
        assert hidden is not None
        assert (hidden.doc_id, hidden.similarities[0]) == ("blog:c", pytest.approx(1.0, abs=0.02))
        assert await store.nearest(asked, frozenset({"board"}), frozenset({"wiki"})) is None
        assert await store.nearest(asked, frozenset()) is None
        assert await store.nearest([], EVERYONE) is None

    async def test_vocabulary(self, store: Store) -> None:
        """How many chunks hold each term is told, without the terms that none holds; or that it can't be told."""
        await store.replace(
            [page("wiki:a", "lanterns and lanterns", "a lantern"), page("wiki:b", "a candle")]
        )
        await store.settle()
        known = await store.vocabulary(["lantern", "candl", "torch"], EVERYONE)
        assert "en" in known.languages
        if known.chunks is not None:
            assert known.chunks == 3
            assert dict(known.holding) == {"lantern": 2, "candl": 1}

    async def test_hidden_vocabulary(self, store: Store) -> None:
        """A word that stands on hidden pages alone is unknown, and counts are those of what is visible."""
        await store.replace(
            [
                page("wiki:a", "a kiosk", language="en"),
                page("blog:b", "a kiosk, eine Laterne", language="de"),
                page("wiki:c", "a kiosk for Brontolux", "brontolux", language="fr", audience=["board", "hr"]),
            ]
        )
        await store.settle()
        terms = ["kiosk", "brontolux", "latern"]
        for audience, sources, chunks, holding, languages in [
            ({"everyone"}, None, 2, {"kiosk": 2, "latern": 1}, {"de", "en"}),
            ({"everyone"}, {"wiki"}, 1, {"kiosk": 1}, {"en"}),
            ({"board", "hr"}, None, 2, {"kiosk": 1, "brontolux": 2}, {"fr"}),
            ({"board", "everyone"}, {"wiki"}, 3, {"kiosk": 2, "brontolux": 2}, {"fr", "en"}),
            (set(), None, 0, {}, {"en"}),
            ({"everyone"}, set(), 0, {}, {"en"}),
        ]:
            seen = None if sources is None else frozenset(sources)
            known = await store.vocabulary(terms, frozenset(audience), seen)
            if known.chunks is not None:
                assert (known.chunks, dict(known.holding), set(known.languages)) == (
                    chunks,
                    holding,
                    languages,
                )

    async def test_vocabulary_of_a_page_that_is_hidden(self, store: Store) -> None:
        """A page that becomes private takes its words with it."""
        await store.replace([page("wiki:a", "a lantern"), page("wiki:b", "brontolux")])
        await store.settle()
        known = await store.vocabulary(["brontolux"], EVERYONE)
        assert known.chunks is None or known.holding == {"brontolux": 1}
        await store.replace([page("wiki:b", "brontolux", revision="2", audience=["board"])])
        await store.settle()
        assert (await store.vocabulary(["brontolux"], EVERYONE)).holding == {}

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
