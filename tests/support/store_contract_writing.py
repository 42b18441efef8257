"""What is written, and read back: pages, passages, vectors."""

import numpy as np
import pytest

from bot.ports import Span, Store
from tests.support.store_pages import (
    EVERYONE,
    OpenStores,
    ask,
    embed,
    ids,
    page,
    text_hash,
)


class Writing(OpenStores):
    """What is written, and read back: pages, passages, vectors."""

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

    async def test_deletes_by_ids_alone(self, store: Store) -> None:
        """What is named goes, however many are named at once; whatever is spelled almost like it stays."""
        almost = [
            "wiki:a",
            "wiki:A.md",
            "wiki:a.md/b.md",
            "wiki:b/a.md",
            "wiki:a md",
            "wiki:a.md ",
            "wikis:a.md",
        ]
        many = [f"wiki:{number}.md" for number in range(205)]
        await store.replace([page(each, "kitchen rules") for each in ("wiki:a.md", *almost, *many)])
        await store.delete(["wiki:a.md", *many])
        left = {**await store.revisions("wiki"), **await store.revisions("wikis")}
        assert sorted(left) == sorted(almost)
        assert await store.passages([Span("wiki:a.md", 0, 9), Span("wiki:204.md", 0, 9)], EVERYONE) == []
        assert len(await store.passages([Span(each, 0, 9) for each in almost], EVERYONE)) == len(almost)

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

    async def test_settle(self, store: Store) -> None:
        """Settling changes nothing that is found."""
        await store.replace([page("wiki:a.md", "alpha beta", "gamma")])
        before = await store.search(ask("alpha"))
        await store.settle()
        assert await store.search(ask("alpha")) == before

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
        """Identifiers, flags, unspaced scripts and diacritics are found as `bot.text.analyzer` cuts them."""
        await store.replace(
            [page("wiki:a.md", text, title="T"), page("wiki:b.md", "something else", title="T")]
        )
        assert ids(await store.search(ask(question, vector=False))) == ["wiki:a.md"]
