"""From a question to passages, over a real embedded store."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bot.backends.sqlite import SqliteStore
from bot.limits import RetrievalLimits
from bot.model import Chunk, Document, Passage, Question, Usage
from bot.ports import (
    BackendError,
    Embedder,
    Hit,
    IndexedChunk,
    IndexedDocument,
    IndexFormat,
    SearchQuery,
    Span,
    Store,
    Unavailable,
    Vector,
    Vocabulary,
)
from bot.retrieval.retrieval_result import Retrieval
from bot.retrieval.retriever import Retriever
from bot.retrieval.similarity_calibration import PAIRS
from bot.runtime.work_context import working_on
from tests.support.fakes import FakeReranker
from tests.support.waiting import given_up

EVERYONE = frozenset({"everyone"})
NOTIONS = (
    ("vacation", "holiday", "holidays", "pto", "days off", "leave"),
    ("laptop", "computer", "macbook", "machine"),
    ("expense", "expenses", "receipt", "reimbursed", "refund"),
    ("deploy", "release", "dry-run", "rollout"),
    ("visitor", "guest", "badge"),
)
DIMENSIONS = 64


# Without a scale of its own to be measured: these are all the same to it.
SAMPLES = frozenset(text for pair in PAIRS for text in pair)


class NotionEmbedder:
    """Knows a few notions by any of their words; anything else is a direction of its own."""

    model = "notions"
    dimensions = DIMENSIONS

    def __init__(self, *, failing: BackendError | None = None, hangs: bool = False) -> None:
        self.failing = failing
        self.hangs = hangs

    async def embed_documents(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([vector(text) for text in texts])

    async def embed_query(self, text: str) -> Vector:
        if self.failing:
            raise self.failing
        if self.hangs:
            await asyncio.Event().wait()
        return vector(text)

    def usage(self) -> Usage:
        return Usage(self.model)

    async def close(self) -> None: ...


def vector(text: str) -> Vector:
    lower = "" if text in SAMPLES else text.lower()
    row = np.zeros(DIMENSIONS, np.float32)
    for axis, words in enumerate(NOTIONS):
        row[axis] = sum(word in lower for word in words)
    noise = np.random.default_rng(sum(map(ord, lower))).standard_normal(DIMENSIONS - len(NOTIONS))
    row[len(NOTIONS) :] = noise / np.linalg.norm(noise) * 0.3
    return row / np.linalg.norm(row)


def page(
    path: str, title: str, *sections: tuple[str, str], audience: frozenset[str] = EVERYONE
) -> IndexedDocument:
    document = Document(
        id=f"handbook:{path}",
        source="handbook",
        revision="1",
        title=title,
        url=f"https://docs.example/{path}",
        text="",
        audience=audience,
    )
    chunks = tuple(
        IndexedChunk(
            Chunk(ordinal, heading, text, anchor=heading.lower().replace(" ", "-")),
            text_hash=f"{path}{ordinal}",
            vector=vector(f"{title} {heading} {text}"),
        )
        for ordinal, (heading, text) in enumerate(sections)
    )
    return IndexedDocument(document, chunks)


HANDBOOK = (
    page(
        "time-off.md",
        "Time off",
        ("", "Everybody gets 25 days of vacation a year."),
        ("Asking for it", "Tell your manager five working days before a vacation starts."),
        ("Asking for it", "From ten days on your manager has to approve the vacation."),
        ("Parental leave", "Parents get 16 weeks of paid leave."),
    ),
    page(
        "laptops.md", "Laptops", ("", "A new laptop is bought every three years. You may keep the old one.")
    ),
    page("expenses.md", "Expenses", ("", "Above 25 dollars a receipt is needed for each expense.")),
    page("deploy.md", "Deploying", ("", "Run `ship --dry-run` to see what a release would change.")),
    page(
        "board.md",
        "Board minutes",
        ("", "The board set the vacation budget aside."),
        audience=frozenset({"board"}),
    ),
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "index.db")
    wanted = IndexFormat("notions", DIMENSIONS, "test")
    await store.rebuild(wanted)
    await store.replace(HANDBOOK)
    yield store
    await store.close()


async def ask(
    store: Store,
    text: str,
    *,
    embedder: Embedder | None = None,
    audience: frozenset[str] = EVERYONE,
    **parts,
) -> Retrieval:
    retriever = Retriever(store=store, embedder=embedder, **parts)
    return await retriever.retrieve(Question(text, audience), text)


def pages(found: Retrieval) -> list[str]:
    return list(dict.fromkeys(c.passage.doc_id.removeprefix("handbook:") for c in found.candidates))


async def test_found_by_meaning(store):
    """A question in other words than the page's finds it, with enough evidence to answer."""
    found = await ask(store, "Can I hold on to my macbook?", embedder=NotionEmbedder())
    assert pages(found)[0] == "laptops.md"
    assert found.enough
    assert found.passages[0].text.startswith("A new laptop")
    assert found.candidates[0].vector is not None
    assert found.candidates[0].dropped == ""
    assert found.evidence["similarity"] > 0.5
    assert found.degraded == ()


async def test_a_passage_says_what_its_page_is_called_by(store):
    """As terms: what the page's keywords have, and neither its title nor its heading."""
    leave = page("leave.md", "Parental leave", ("", "Everybody gets 20 weeks."))
    await store.replace([replace(leave, document=replace(leave.document, keywords=("maternity", "leave")))])
    found = await ask(store, "How long is maternity leave?")
    assert {each.doc_id: each.called for each in found.passages}["handbook:leave.md"] == {"matern"}


async def test_found_by_keywords_alone(store):
    """Without an embedder the words decide, and nothing counts as degraded."""
    found = await ask(store, "When does my manager approve a vacation?")
    assert pages(found)[0] == "time-off.md"
    assert found.enough
    assert found.degraded == ()
    assert found.candidates[0].vector is None
    assert found.candidates[0].keyword is not None


async def test_a_flag_is_found_by_its_name(store):
    """An identifier needs no similarity: that its only word stands on a page is enough."""
    found = await ask(store, "--dry-run", embedder=NotionEmbedder())
    assert pages(found)[0] == "deploy.md"
    assert found.enough


async def test_passages_are_whole_sections(store):
    """The chunks below the winner's heading come with it, those below other headings don't."""
    found = await ask(store, "Who has to approve ten days of vacation?", embedder=NotionEmbedder())
    section = next(p for p in found.passages if p.heading == "Asking for it")
    assert "five working days" in section.text
    assert "From ten days on" in section.text
    assert "16 weeks" not in section.text
    assert section.url == "https://docs.example/time-off.md#asking-for-it"
    assert section.ordinal == 1


async def test_passages_keep_within_their_tokens(store):
    """However many sections fit, their texts together stay below the limit; the best one always comes."""
    found = await ask(
        store, "vacation days", embedder=NotionEmbedder(), limits=RetrievalLimits(passage_tokens=30)
    )
    assert found.passages
    assert sum(len(p.text) // 4 for p in found.passages) <= 30
    assert any(c.dropped.startswith("no room") for c in found.candidates)


async def test_what_may_not_be_seen_is_never_found(store):
    """A page of another audience is among neither passages, candidates nor nearest pages."""
    found = await ask(store, "Which vacation budget did the board set aside?", embedder=NotionEmbedder())
    assert "board.md" not in pages(found)
    assert all("board" not in near.doc_id for near in found.nearest)
    seen = await ask(store, "Which vacation budget did the board set aside?", audience=frozenset({"board"}))
    assert pages(seen) == ["board.md"]


async def test_no_audience_finds_nothing(store):
    """Nobody in particular may see nothing at all."""
    found = await ask(store, "vacation", embedder=NotionEmbedder(), audience=frozenset())
    assert (found.passages, found.candidates, found.enough) == ((), (), False)


async def test_too_little_evidence_is_not_enough(store):
    """A question that no page is about gets no passages, a reason, and no page that has nothing to do with it."""
    found = await ask(store, "Which penguin won the chess tournament?", embedder=NotionEmbedder())
    assert not found.enough
    assert not found.strong
    assert found.passages == ()
    assert found.nearest == ()
    assert "similarity" in found.decision
    assert all(c.dropped.startswith("too little evidence") for c in found.candidates)


async def test_a_question_in_a_story_is_looked_at_by_its_parts(store):
    """What is drowned by the story around it still counts as evidence."""
    story = (
        "My grandmother's penguin painted the garden fence blue yesterday, near the old harbour of a small town. "
        "Can I keep my laptop?"
    )

    class Halfhearted(NotionEmbedder):
        async def embed_query(self, text: str) -> Vector:
            if text != story:
                return vector(text)
            unlike = np.zeros(DIMENSIONS, np.float32)
            unlike[-1] = 5.0
            mixed = vector("laptop") + unlike
            return mixed / np.linalg.norm(mixed)

    found = await ask(store, story, embedder=Halfhearted())
    assert found.evidence["similarity"] < 0.21 < found.evidence["part similarity"]
    assert found.enough


async def test_a_long_story_costs_few_looks(store):
    """However many sentences a question has, only the first few are searched for one by one."""
    asked: list[str] = []

    class Listening(NotionEmbedder):
        async def embed_query(self, text: str) -> Vector:
            asked.append(text)
            far = np.zeros(DIMENSIONS, np.float32)
            far[-1] = 1.5
            mixed = vector("laptop") + far
            return mixed / np.linalg.norm(mixed)

    story = " ".join(f"The penguin number {n} went to town. Did it rain?" for n in range(40))
    await ask(store, story, embedder=Listening())
    assert len([text for text in asked if text not in SAMPLES]) <= 7


async def test_strong_when_both_legs_agree(store):
    """A question that a page answers in its own words is answered even unasked; one by words alone isn't."""
    found = await ask(store, "Is a receipt needed for each expense?", embedder=NotionEmbedder())
    assert found.strong
    assert not (await ask(store, "Do macbook fans get guest refunds?", embedder=NotionEmbedder())).strong


async def test_a_typo_finds_the_page(store):
    """A word that no page has is also sought as the one that it was meant to be."""
    found = await ask(store, "reciept for an expnse")
    assert pages(found)[0] == "expenses.md"


@pytest.mark.parametrize(
    "question",
    [
        "Wie viele Urlaubstage habe ich?",
        "¿Cuántos días de vacaciones tengo?",
        "Combien de jours de vacances ai-je ?",
    ],
)
@pytest.mark.parametrize("embedder", [None, NotionEmbedder()])
async def test_other_languages_find_english_pages(store, question, embedder):
    """A question in German, Spanish or French is sought in the pages' words, by both legs."""
    found = await ask(store, question, embedder=embedder)
    assert pages(found)[0] == "time-off.md"
    assert found.enough


async def test_near_copies_do_not_fill_the_top(store):
    """Of a dozen pages from one template two stay at their place; the others come last, and say why."""
    template = (
        "Scan of image {n}: holiday calendar service. No critical vulnerability was found in any layer, all "
        "libraries have supported versions, nobody runs as root, and secrets are kept outside of files."
    )
    await store.replace([page(f"scan-{n}.md", "Scan", ("", template.format(n=n))) for n in range(10, 22)])
    found = await ask(store, "holiday calendar service scan", embedder=NotionEmbedder())
    scans = [path.startswith("scan") for path in pages(found)]
    assert scans[:3] == [True, True, False]
    assert all(scans[-10:])
    assert found.candidates[-1].dropped.startswith("nearly the same as handbook:scan")
    assert sum("scan" in p.doc_id for p in found.passages) == 2


async def test_a_page_for_each_version_does_not_fill_the_top(store):
    """Of pages whose titles differ in numbers alone the two that fit best stay, however unlike their texts."""
    causes = ("gearbox", "lantern", "harbour", "violin", "glacier", "pepper", "saddle", "compass")
    await store.replace(
        [
            page(f"notes-{n}.md", f"Holiday calendar 4.{n}.0", ("", f"The {cause} was repainted. {cause}"))
            for n, cause in enumerate(causes)
        ]
    )
    found = await ask(store, "holiday calendar glacier", embedder=NotionEmbedder())
    assert pages(found)[0] == "notes-4.md"
    assert sum(path.startswith("notes") for path in pages(found)[:-6]) == 2


async def test_an_embedder_that_is_down_costs_only_meaning(store):
    """Keywords answer, and the asker is told what is missing."""
    down = NotionEmbedder(failing=Unavailable("the embedder", "connection refused."))
    found = await ask(store, "When does my manager approve a vacation?", embedder=down)
    assert pages(found)[0] == "time-off.md"
    assert found.enough
    assert found.degraded == ("Searched by keywords alone: connection refused.",)


async def test_parts_that_are_down_are_noted(store):
    """Whoever counts hears which they were, and nobody else is held up."""
    reranker = FakeReranker(failing=Unavailable("the reranker", "overloaded."))
    embedder = NotionEmbedder(failing=Unavailable("the embedder", "connection refused."))
    with working_on("answer", "a1") as work:
        await ask(store, "laptop", embedder=embedder, reranker=reranker)
    assert work.degraded == {"embedder", "reranker"}
    assert {each.name for each in work.spans if each.failed} == {"embed", "rerank"}


async def test_a_slow_embedder_is_not_waited_for(store):
    """Past its deadline the embedder counts as down."""
    found = await ask(
        store, "vacation", embedder=NotionEmbedder(hangs=True), limits=RetrievalLimits(embed=0.05)
    )
    assert pages(found)[0] == "time-off.md"
    assert "no answer within 0.05 seconds" in found.degraded[0]


async def test_a_dead_embedder_is_not_asked_again_and_again(store):
    """After a few failures questions don't even wait for it."""
    down = NotionEmbedder(failing=Unavailable("the embedder", "connection refused."))
    retriever = Retriever(store=store, embedder=down)
    for _ in range(5):
        await retriever.retrieve(Question("vacation", EVERYONE), "vacation")
    down.failing, down.hangs = None, True
    async with given_up():
        found = await retriever.retrieve(Question("vacation", EVERYONE), "vacation")
    assert "not tried again" in found.degraded[0]


async def test_the_reranker_decides(store):
    """Its relevance orders the candidates and is the evidence, whatever the legs say."""
    deploy = "Deploying\nRun `ship --dry-run` to see what a release would change."
    reranker = FakeReranker({deploy: 0.9}, otherwise=0.05)
    found = await ask(store, "vacation days", embedder=NotionEmbedder(), reranker=reranker)
    assert pages(found)[0] == "deploy.md"
    assert found.evidence["relevance"] == 0.9
    assert (found.enough, found.strong) == (True, True)
    assert found.candidates[0].reranked == 0.9
    doubtful = FakeReranker({deploy: 0.1}, otherwise=0.05)
    assert not (await ask(store, "vacation days", embedder=NotionEmbedder(), reranker=doubtful)).enough


async def test_what_is_relevant_enough_is_a_setting(store):
    """The same relevance answers below its bound, and doesn't above it."""
    reranker = FakeReranker({}, otherwise=0.4)
    question = Question("vacation days", frozenset({"everyone"}))
    for bound, enough in ((0.3, True), (0.5, False)):
        retriever = Retriever(store=store, reranker=reranker, relevance=bound)
        assert (await retriever.retrieve(question, question.text)).enough is enough


async def test_pages_that_have_something_to_do_with_it_are_named(store):
    """Beside an answer the next pages are named, the best first; instead of one only what is near."""
    found = await ask(store, "How many vacation days do employees get?", embedder=NotionEmbedder())
    assert found.enough
    assert found.nearest[0].doc_id == found.candidates[0].passage.doc_id
    assert len({near.doc_id for near in found.nearest}) == len(found.nearest) > 1


async def test_a_reranker_that_is_down_leaves_the_fused_order(store):
    """The answer comes from the fused order, and says so."""
    down = FakeReranker(failing=Unavailable("the reranker", "overloaded."))
    found = await ask(store, "laptop", embedder=NotionEmbedder(), reranker=down)
    assert pages(found)[0] == "laptops.md"
    assert found.enough
    assert found.degraded == ("Not reranked: overloaded.",)


class BareStore:
    """A store that knows keywords or vectors of what it finds, but can't count words; or is down."""

    def __init__(self, hits: Sequence[Hit] = (), *, failing: BackendError | None = None) -> None:
        self.hits = hits
        self.failing = failing

    async def nearest(
        self, vectors: Sequence[Vector], audience: frozenset[str], sources: frozenset[str] | None = None
    ) -> None:
        return None

    async def vocabulary(
        self, terms: Sequence[str], audience: frozenset[str], sources: frozenset[str] | None = None
    ) -> Vocabulary:
        return Vocabulary()

    async def search(self, query: SearchQuery) -> list[Hit]:
        if self.failing:
            raise self.failing
        return list(self.hits)

    async def passages(self, spans: Sequence[Span], audience: frozenset[str]) -> list[Passage]:
        return [hit.passage for hit in self.hits if any(hit.passage.doc_id == s.doc_id for s in spans)]


async def test_a_store_that_is_down_is_the_callers_to_tell():
    """There is nothing to answer from: the error goes on to the core."""
    with pytest.raises(Unavailable):
        await ask(BareStore(failing=Unavailable("search", "connection refused.")), "vacation")


async def test_a_store_that_can_not_count_words_will_do():
    """The found chunks tell which words are rare, and one without a vector's score counts as the farthest."""

    def hit(path: str, text: str, cosine: float | None) -> Hit:
        passage = Passage(f"{path}#0", f"handbook:{path}", "handbook", 0, "", "", "", text)
        return Hit(passage, keyword=1.0 if cosine is None else None, vector=cosine)

    hits = (
        hit("a.md", "The company has a policy for bicycles.", 0.5),
        hit("b.md", "The company has a policy for cars.", 0.5),
        hit("c.md", "The company has a policy for bicycles that were stolen.", None),
    )
    found = await ask(
        BareStore(hits), "What is the company's policy on a bicycle?", embedder=NotionEmbedder()
    )
    assert pages(found) == ["a.md", "c.md", "b.md"]
    assert found.enough


@pytest.mark.parametrize("text", ["", "?!", "🙂🙂", "\x00\x07", "a", "vacation " * 1_200, "年假有多少天？"])
@pytest.mark.parametrize("embedder", [None, NotionEmbedder()])
async def test_odd_questions_break_nothing(store, text, embedder):
    """Whatever is asked ends in a value."""
    assert isinstance(await ask(store, text, embedder=embedder), Retrieval)


async def test_an_empty_index_has_nothing(tmp_path: Path):
    """Before the first sync every question is one that the docs don't answer."""
    store = SqliteStore(tmp_path / "index.db")
    found = await ask(store, "vacation", embedder=NotionEmbedder())
    assert (found.enough, found.candidates, found.nearest) == (False, (), ())
    assert found.decision == "nothing was found"
    await store.close()


async def test_what_others_may_see_is_known_to_be_there(store):
    """Where pages for others would have answered, that is told for the journal; nothing of them is found."""
    asked = {"embedder": NotionEmbedder(), "audiences": lambda: frozenset({"everyone", "board"})}
    found = await ask(store, "board budget set aside", audience=frozenset({"nobody"}), **asked)
    assert (found.enough, found.hidden) == (False, True)
    assert found.candidates == ()
    assert found.nearest == ()
    assert "board" not in found.decision


async def test_what_nobody_wrote_is_not_hidden(store):
    """What stands on no page at all is hidden from nobody."""
    asked = {"embedder": NotionEmbedder(), "audiences": lambda: frozenset({"everyone", "board"})}
    assert not (await ask(store, "quarterly zebra lottery", **asked)).hidden


async def test_who_sees_nothing_cannot_tell_what_is_missing(store):
    """A question of somebody without an audience says nothing of the docs."""
    assert (await ask(store, "vacation", audience=frozenset())).hidden
