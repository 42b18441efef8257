"""Several clients, another format, rebuild and swap."""

import asyncio
import random
from dataclasses import replace

import pytest

from bot.ports import IndexedDocument, Narrowing, Span, Store
from tests.support.store_pages import (
    EVERYONE,
    FORMAT,
    KEYWORDS,
    OTHER,
    OpenStore,
    OpenStores,
    ask,
    begin,
    ids,
    page,
)


class Sharing(OpenStores):
    """Several clients, another format, rebuild and swap."""

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

    async def test_narrowed(self, open_store: OpenStore) -> None:
        """A page that is shown to fewer people is found by those alone, as it was, and known by its new revision."""
        store = await begin(await open_store())
        reader = await open_store()
        a = page("wiki:a.md", "vault number", "vault keys", headings=["One", "Two"], audience=["everyone"])
        b = page("wiki:b.md", "vault of Bern", audience=["staff", "guests"])
        c = page("wiki:c.md", "vault of Chur", audience=["staff"])
        await store.replace([a, b, c])
        known, staff = frozenset({"everyone"}), frozenset({"everyone", "staff"})
        before = {hit.passage.chunk_id: hit for hit in await reader.search(ask("vault", audience=staff))}
        less = [
            ("wiki:a.md", {"staff"}),
            ("wiki:b.md", {"guests"}),
            ("wiki:c.md", {"everyone"}),
            ("wiki:x.md", set()),
        ]
        await store.narrow([Narrowing(doc_id, frozenset(audience), "2") for doc_id, audience in less])
        assert await reader.search(ask("vault", audience=known)) == []
        assert await reader.passages([Span("wiki:a.md", 0, 1)], known) == []
        after = {hit.passage.chunk_id: hit for hit in await reader.search(ask("vault", audience=staff))}
        assert set(before) - set(after) == {"wiki:b.md#0"}
        for chunk_id, hit in after.items():
            was = before[chunk_id]
            assert replace(hit.passage, score=0) == replace(was.passage, score=0)
            assert hit.vector == pytest.approx(was.vector, abs=0.02)
        assert ids(await reader.search(ask("vault", audience=["guests"]))) == ["wiki:b.md"]
        assert len(await reader.passages([Span("wiki:a.md", 0, 1)], staff)) == 2
        assert await store.revisions("wiki") == {"wiki:a.md": "2", "wiki:b.md": "2", "wiki:c.md": "1"}
        stats = await store.stats()
        assert (stats.documents, stats.chunks) == (3, 4)

    async def test_narrowed_and_changed(self, store: Store) -> None:
        """What was narrowed is narrowed further, to nobody, replaced and deleted as any page."""
        wide = [page(f"wiki:{n}.md", f"vault {n}", "vault door", audience=["everyone"]) for n in range(8)]
        await store.replace(wide)
        for step, words in enumerate(({"staff", "guests"}, {"staff"}, set())):
            some = [Narrowing(each.document.id, frozenset(words), f"n{step}") for each in wide[: 6 - step]]
            await store.narrow(some)
        await store.narrow([])
        staff = ["everyone", "staff"]
        left = {f"wiki:{n}.md" for n in (4, 5, 6, 7)}
        assert set(ids(await store.search(ask("vault", audience=staff)))) == left
        await store.replace(wide[:2])
        assert set(ids(await store.search(ask("vault", audience=staff)))) == left | {"wiki:0.md", "wiki:1.md"}
        await store.delete(["wiki:0.md", "wiki:4.md", "wiki:7.md"])
        assert set(ids(await store.search(ask("vault", audience=staff)))) == {
            f"wiki:{n}.md" for n in (1, 5, 6)
        }
        assert set(await store.revisions("wiki")) == {f"wiki:{n}.md" for n in (1, 2, 3, 5, 6)}

    async def test_narrowed_under_a_reader(self, open_store: OpenStore) -> None:
        """While pages are narrowed, who may still see them finds each once, at every moment."""
        store = await begin(await open_store())
        reader = await open_store()
        pages = [page(f"wiki:{n}.md", f"welcome guide {n}", "welcome more") for n in range(12)]
        await store.replace(pages)

        async def narrow() -> None:
            for n in range(len(pages)):
                await store.narrow([Narrowing(f"wiki:{n}.md", frozenset({"staff"}), "2")])

        narrowing = asyncio.create_task(narrow())
        answers = []
        while not narrowing.done():
            answers.append(len(await reader.search(ask("welcome", audience=["everyone", "staff"]))))
        await narrowing
        assert set(answers) == {24}
        assert await reader.search(ask("welcome")) == []

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
