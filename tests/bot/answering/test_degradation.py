"""DESIGN's "When a part is down", row by row: a whole Docent, the real clients, real sockets."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.bootstrap import App
from bot.model import Outcome, Turn
from tests.support.cohere_docent import FACT, QUESTION, asked, opened, synced, write_handbook
from tests.support.cohere_rules import said
from tests.support.cohere_server import (
    KEY,
    REFUSED,
    CohereServer,
    Cut,
    Fault,
    Hang,
    InBand,
    NotJson,
    Status,
    Trickle,
    malformed,
)
from tests.support.waiting import given_up

DOWN: list[Fault] = [
    Status(401, "invalid api token"),
    Status(402, "payment required"),
    Status(429, "too many requests", {"Retry-After": "30"}),
    Status(500, "boom"),
    Status(502, html=True),
    Status(200, "an error that calls itself a success"),
    NotJson(),
    Hang(),
]
UNWRITTEN: list[Fault] = [
    *DOWN,
    REFUSED,
    Trickle(),
    Cut(0),
    Hang(3),
    InBand(2),
    malformed(2),
    Cut(3, torn=True),
]


@pytest.fixture
async def server() -> AsyncIterator[CohereServer]:
    async with CohereServer() as running:
        yield running


@pytest.fixture
async def app(server: CohereServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[App]:
    async with opened(tmp_path, server.url, monkeypatch) as made:
        report = await synced(made)
        assert (report.added, report.failed, report.error) == (3, (), "")
        yield made


def _named(fault: Fault) -> str:
    return f"{type(fault).__name__}{getattr(fault, 'code', '')}"


# --- nothing is down ------------------------------------------------------------------------------


async def test_an_answer_is_streamed_cited_and_counted(app, server):
    """With everything up: streamed text is the answer's, cited by place, with what each model used."""
    answer, shown = await asked(app)

    assert answer.outcome is Outcome.ANSWERED
    assert answer.text == shown
    assert f"{FACT} a year. [1]" in answer.text
    assert answer.citations[0].url.startswith("https://docs.example/time-off")
    assert answer.degraded == ()
    assert {usage.model for usage in answer.usage} == {"embed-v4.0", "rerank-v4.0-fast", "command-a-03-2025"}
    assert [seen.path for seen in server.seen[-3:]] == ["/v2/embed", "/v2/rerank", "/v2/chat"]


@pytest.mark.slow
async def test_a_follow_up_is_understood_by_its_history(app, server):
    """With history the question is rewritten first, and that is what is searched for."""
    server.rewrite = lambda _: "How many days may dogs come to the office?"

    answer, _ = await asked(app, "And dogs?", Turn("user", QUESTION), Turn("assistant", "25 [1]."))

    assert "Fridays" in answer.text
    assert server.calls("rerank")[0].body["query"] == "How many days may dogs come to the office?"
    chat = next(usage for usage in answer.usage if usage.model == "command-a-03-2025")
    assert chat.calls == 2


async def test_what_no_citation_covers_is_not_said(app, server):
    """A sentence that states facts without a citation is dropped and counted; the rest stays."""
    server.reply = lambda _: said(
        ("Everyone has 25 vacation days a year.", "1"), " You also get 900 euros from Bob. ", "Enjoy!"
    )

    answer, shown = await asked(app)

    assert "900" not in answer.text + shown
    assert FACT in answer.text
    assert answer.trace.dropped_sentences == ("You also get 900 euros from Bob.",)


@pytest.mark.parametrize("made_up", [("25 days.",), (("25 days.", "99"),)])
async def test_nothing_covered_is_not_found(app, server, made_up):
    """An answer without a citation, or with one of a document that was never sent, is not shown."""
    server.reply = lambda _: said(*made_up)

    answer, shown = await asked(app)

    assert answer.outcome is Outcome.NOT_FOUND
    assert shown == ""
    assert "25" not in answer.text


async def test_a_question_that_the_docs_dont_answer_costs_no_writing(app, server):
    """The reranker's relevance decides; the writer isn't asked."""
    answer, _ = await asked(app, "What is the tariff for importing bananas into Norway?")

    assert answer.outcome is Outcome.NOT_FOUND
    assert server.calls("chat") == []
    assert len(answer.nearest) <= 2


# --- each part down -------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("fault", DOWN, ids=_named)
async def test_reranker_down_means_fused_order(app, server, fault):
    """The answer comes all the same, and says that it wasn't reranked."""
    server.always["rerank"] = fault

    answer, _ = await asked(app)

    assert answer.outcome is Outcome.ANSWERED
    assert FACT in answer.text
    assert len(answer.degraded) == 1
    assert "reranke" in answer.degraded[0]


@pytest.mark.slow
@pytest.mark.parametrize("fault", DOWN, ids=_named)
async def test_embedder_down_means_keyword_search(app, server, fault):
    """The answer comes from keywords, and says so."""
    server.always["embed"] = fault

    answer, _ = await asked(app)

    assert answer.outcome is Outcome.ANSWERED
    assert FACT in answer.text
    assert len(answer.degraded) == 1
    assert "keywords" in answer.degraded[0]
    assert all(candidate.vector is None for candidate in answer.trace.candidates)


@pytest.mark.slow
@pytest.mark.parametrize("fault", UNWRITTEN, ids=_named)
async def test_writer_down_means_quotes(app, server, fault):
    """Before anything was shown: the best passages are quoted, cited, with one line that says why."""
    server.always["chat"] = fault

    answer, shown = await asked(app)

    assert answer.outcome is Outcome.ANSWERED
    assert FACT in answer.text
    assert answer.text.startswith(shown)
    assert answer.citations[0].url.startswith("https://docs.example/time-off")
    assert len(answer.degraded) == 1
    assert "\n" not in answer.degraded[0]
    for hidden in ("secret-detail", "boom", "nginx", KEY):
        assert hidden not in answer.text + answer.degraded[0]


@pytest.mark.parametrize("fault", [Status(500), Cut(0), Cut(2), InBand(2), malformed(2), REFUSED], ids=_named)
async def test_writing_is_tried_once_more(app, server, fault):
    """A failure before anything was shown, that passes, costs a second try and nothing else."""
    server.next("chat", fault)

    answer, _ = await asked(app)

    assert answer.outcome is Outcome.ANSWERED
    assert answer.degraded == ()
    assert len(server.calls("chat")) == 2


@pytest.mark.parametrize(
    "fault", [Cut(24), Cut(24, torn=True), Hang(24), InBand(24), malformed(24)], ids=_named
)
async def test_an_answer_cut_short_says_so(app, server, fault):
    """After something was shown it stays, marked as incomplete; it isn't begun anew."""
    server.reply = lambda _: said(
        ("Everyone has 25 vacation days a year.", "1"),
        " ",
        ("Ask Ann before you book a flight.", "1"),
        " Bye now. " * 9,
    )
    server.always["chat"] = fault

    answer, shown = await asked(app)

    assert answer.outcome is Outcome.ANSWERED
    assert answer.text == shown
    assert FACT in answer.text
    assert "breaks off" in answer.text
    assert len(answer.degraded) == 1
    assert len(server.calls("chat")) == 1


async def test_an_answer_cut_by_length_says_so(app, server):
    """MAX_TOKENS is told."""
    server.reply = lambda _: said(("Everyone has 25 vacation days a year.", "1"), finish="MAX_TOKENS")

    answer, _ = await asked(app)

    assert "cut here" in answer.text


@pytest.mark.slow
@pytest.mark.parametrize("fault", [Status(500), Hang()], ids=_named)
async def test_rewriting_down_means_the_question_with_its_history(app, server, fault):
    """A follow-up is still answered, by its own words and those before it."""
    server.always["chat"] = fault

    answer, _ = await asked(app, "and how many days?", Turn("user", "vacation for everyone a year"))

    assert answer.outcome is Outcome.ANSWERED
    assert FACT in answer.text


# --- all of it down -------------------------------------------------------------------------------


def _break_everything(server: CohereServer, fault: Fault) -> None:
    for endpoint in ("embed", "rerank", "chat"):
        server.always[endpoint] = fault


@pytest.mark.slow
@pytest.mark.parametrize("fault", [Hang(), Status(500)], ids=_named)
async def test_a_total_outage_is_answered_from_keywords_at_once(server, fault, tmp_path, monkeypatch):
    """Once the breakers are open no call is made, so that nothing is waited for."""
    write_handbook(tmp_path, soon=0.3)  # so that they are all still open when it is asked again
    async with opened(tmp_path, server.url, monkeypatch) as app:
        await synced(app)
        _break_everything(server, fault)
        for _ in range(5):
            await asked(app)
        before = len(server.seen)

        answer, _ = await asked(app)

    assert answer.outcome is Outcome.ANSWERED
    assert FACT in answer.text
    assert len(server.seen) == before
    (line,) = answer.degraded
    assert "\n" not in line
    assert all(told in line for told in ("keywords", "reranked", "quoted"))


@pytest.mark.slow
async def test_nobody_at_the_address_is_an_outage_too(tmp_path, monkeypatch):
    """With Cohere out of reach a sync keeps the pages for keywords, and questions are answered from them."""
    async with CohereServer() as gone:
        url = gone.url
    async with opened(tmp_path, url, monkeypatch) as app:
        report = await synced(app)
        answer, _ = await asked(app)

    assert report.added == 3
    assert report.error == ""
    assert "keywords alone" in report.warnings[0].reason
    assert answer.outcome is Outcome.ANSWERED
    assert FACT in answer.text


@pytest.mark.slow
async def test_everything_comes_back_by_itself(app, server):
    """When Cohere is back, answers are whole again after the breaker's pause."""
    for breaker in _breakers(app):
        breaker._probe_after = 0.05
    _break_everything(server, Status(500))
    for _ in range(6):
        await asked(app)
    server.always.clear()

    async def whole() -> bool:
        answer, _ = await asked(app)
        return answer.degraded == ()

    await _eventually(whole)


def _breakers(app: App) -> list:
    return [app.answerer._breaker, app.retriever._embedding, app.retriever._reranking]


async def _eventually(holds: Callable) -> None:
    async with given_up():
        while not await holds():  # noqa: ASYNC110 - the pause is the breaker's
            await asyncio.sleep(0.02)


# --- the store and the sources --------------------------------------------------------------------


async def test_store_down_means_a_notice_with_a_reference(server, tmp_path, monkeypatch, free_port):
    """A Weaviate that isn't there: it is tried again, then the asker hears what is wrong, with the answer's id."""
    pytest.importorskip("weaviate")
    more = f'weaviate: {{url: "http://127.0.0.1:{free_port()}", grpc_url: "127.0.0.1:{free_port()}"}}'
    async with opened(tmp_path, server.url, monkeypatch, more=more) as app:
        answer, shown = await asked(app)

    assert answer.outcome is Outcome.UNAVAILABLE
    assert answer.id in answer.text
    assert shown == ""
    assert "Traceback" not in answer.text


@pytest.mark.slow
async def test_a_source_that_is_down_keeps_its_pages(app, tmp_path):
    """A source that can't be listed is named in the report, and its pages are answered from as before."""
    shutil.rmtree(tmp_path / "docs")

    report = await synced(app)
    answer, _ = await asked(app)

    assert "handbook" in report.error
    assert report.deleted == 0
    assert FACT in answer.text
