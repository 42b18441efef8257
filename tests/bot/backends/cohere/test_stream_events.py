"""From a stream's events to text, citations by position, and an end."""

from types import SimpleNamespace as Event

import pytest

from bot.backends.cohere.stream_events import StreamEvents
from bot.ports import Cited, Finished, Refused, Unavailable, Wrote


def _transcript() -> StreamEvents:
    return StreamEvents("the writer", {"1": "chunk-a", "2": "chunk-b", "3": "chunk-a"}, "command-a-03-2025")


def _start() -> Event:
    return Event(type="message-start", id="x", delta=Event(message=Event(role="assistant")))


def _text(text: str, index: int | None = 0) -> Event:
    return Event(type="content-delta", index=index, delta=Event(message=Event(content=Event(text=text))))


def _thinking(text: str, index: int = 0) -> Event:
    content = Event(text=None, thinking=text)
    return Event(type="content-delta", index=index, delta=Event(message=Event(content=content)))


def _cite(start, end, text, *ids: str, **more) -> Event:
    sources = [Event(type="document", id=each, document=Event(id=each)) for each in ids]
    citation = Event(start=start, end=end, text=text, sources=sources, **more)
    return Event(type="citation-start", index=0, delta=Event(message=Event(citations=citation)))


def _end(reason: str | None = "COMPLETE", error: str | None = None, usage=None) -> Event:
    return Event(type="message-end", id="x", delta=Event(finish_reason=reason, error=error, usage=usage))


def _heard(*events: Event) -> list[Wrote | Cited | Finished]:
    transcript = _transcript()
    return [ours for event in events for ours in transcript.feed(event)]


def _cited(*events: Event) -> list[tuple[str, tuple[str, ...]]]:
    heard = _heard(_start(), *events, _end())
    text = "".join(e.text for e in heard if isinstance(e, Wrote))
    return [(text[e.start : e.end], e.chunk_ids) for e in heard if isinstance(e, Cited)]


def test_text_and_citations_come_in_order():
    """Text is passed on as it comes, a citation right after its text, then the end."""
    heard = _heard(_start(), _text("Ask"), _text(" Ann."), _cite(4, 8, "Ann.", "1"), _text(" Soon."), _end())

    assert heard[:4] == [Wrote("Ask"), Wrote(" Ann."), Cited(4, 8, ("chunk-a",)), Wrote(" Soon.")]
    assert isinstance(heard[4], Finished)
    assert heard[4].reason == "complete"


def test_a_citation_that_comes_first_waits_for_its_text():
    """A citation that is ahead of the text is held until the text is there."""
    heard = _heard(_start(), _cite(0, 8, "Ask Ann.", "2"), _text("Ask"), _text(" Ann."), _end())

    assert heard[:3] == [Wrote("Ask"), Wrote(" Ann."), Cited(0, 8, ("chunk-b",))]


def test_sources_lead_to_chunks_once_each():
    """Several documents of one chunk are one chunk; documents that were never sent are none."""
    assert _cited(_text("Ask Ann."), _cite(0, 8, "Ask Ann.", "1", "3", "2", "99")) == [
        ("Ask Ann.", ("chunk-a", "chunk-b"))
    ]
    assert _cited(_text("Ask Ann."), _cite(0, 8, "Ask Ann.", "99")) == []


def _sourced(sources: object) -> Event:
    citation = Event(start=0, end=8, text="Ask Ann.", sources=sources)
    return Event(type="citation-start", delta=Event(message=Event(citations=citation)))


@pytest.mark.parametrize(
    ("sources", "chunks"),
    [
        ([Event(type="document", id="doc:1")], ("chunk-b",)),
        ([Event(type="document", id="doc_0", document=Event(id="2"))], ("chunk-b",)),
        ([Event(type="document", id=2)], ("chunk-b",)),
        ([Event(type="document", document=Event(id="2"))], ("chunk-b",)),
        (["2"], ("chunk-b",)),
        (Event(id="2"), ("chunk-b",)),
    ],
)
def test_sources_in_other_shapes(sources: object, chunks: tuple[str, ...]) -> None:
    """A source may be its id alone, or be counted by the server; what names a document that was sent, is it."""
    assert _cited(_text("Ask Ann."), _sourced(sources)) == [("Ask Ann.", chunks)]


@pytest.mark.parametrize(
    "sources",
    [
        None,
        [],
        [None],
        [Event(type="document", id="doc:3")],
        [Event(type="document", id="doc:99999")],
        [Event(type="tool", id="search_1:0", tool_output=Event(text="x"))],
        [Event(type="document", id="doc:-1")],
        "none",
        7,
    ],
)
def test_sources_that_name_nothing_that_was_sent(sources: object) -> None:
    """They are no sources."""
    assert _cited(_text("Ask Ann."), _sourced(sources)) == []


def test_thinking_is_no_text_and_moves_no_position():
    """With thinking in the first block a citation's position counts from its own block."""
    events = (
        _thinking("Let me see"),
        _text("Ask Ann.", 1),
        _cite(4, 8, "Ann.", "1", content_index=1, type="TEXT_CONTENT"),
    )

    assert _cited(*events) == [("Ann.", ("chunk-a",))]
    assert _cited(_text("Ask Ann."), _cite(0, 3, "Ask", "1", type="THINKING_CONTENT")) == []


def test_positions_count_within_their_block():
    """With several blocks of text a position counts from the start of the block, or of the whole text."""
    blocks = (_text("Yes. ", 0), _text("Ask Ann.", 1))

    assert _cited(*blocks, _cite(4, 8, "Ann.", "1", content_index=1)) == [("Ann.", ("chunk-a",))]
    assert _cited(*blocks, _cite(9, 13, "Ann.", "1", content_index=1)) == [("Ann.", ("chunk-a",))]
    assert _cited(*blocks, _cite(9, 13, "Ann.", "1")) == [("Ann.", ("chunk-a",))]


@pytest.mark.parametrize("encoding", [("utf-8", 1), ("utf-16-le", 2)])
def test_positions_in_bytes_or_utf16_units_are_understood(encoding):
    """Where positions count other units than characters, the words that came along find the place."""
    text, words = "Büro 🏢 & Café: 🕘 25 days. Later 25 days.", "25 days."
    at = text.index(words)
    start = len(text[:at].encode(encoding[0])) // encoding[1]

    heard = _heard(_start(), _text(text), _cite(start, start + 8, words, "1"), _end())

    assert Cited(at, at + 8, ("chunk-a",)) in heard


def test_words_that_the_text_does_not_have_cite_nothing():
    """A citation whose words stand nowhere in the text is dropped; one that slipped finds its words."""
    assert _cited(_text("Ask Ann."), _cite(0, 8, "Ask Bob.", "1")) == []
    assert _cited(_text("Ask Ann."), _cite(2, 6, "Ann.", "1")) == [("Ann.", ("chunk-a",))]


def test_a_citation_without_words_goes_by_its_position():
    """A citation may leave its words out."""
    assert _cited(_text("Ask Ann."), _cite(4, 8, None, "1")) == [("Ann.", ("chunk-a",))]
    assert _cited(_text("Ask Ann."), _cite(4, 99, None, "1")) == [("Ann.", ("chunk-a",))]
    assert _cited(_text("Ask Ann."), _cite(None, None, None, "1")) == []


def test_empty_shapes_are_taken():
    """Missing deltas, contents, sources and usage do no harm."""
    bare = Event(type="content-delta", index=None, delta=None)
    nothing = Event(type="citation-start", index=0, delta=Event(message=Event(citations=None)))
    sourceless = Event(
        type="citation-start",
        delta=Event(message=Event(citations=Event(start=0, end=3, text="Ask", sources=None))),
    )
    odd = Event(type="debug", prompt="x")

    heard = _heard(_start(), bare, _text("Ask Ann.", None), nothing, sourceless, odd, _end())

    assert [type(e) for e in heard] == [Wrote, Finished]


def test_usage_is_what_was_billed():
    """Billed units count, tokens where there are none, nothing where there is neither."""
    billed = Event(
        billed_units=Event(input_tokens=120.0, output_tokens=30.0), tokens=Event(input_tokens=300.0)
    )
    tokens = Event(billed_units=None, tokens=Event(input_tokens=300.0, output_tokens=32.0))
    for usage, expected in ((billed, (120, 30)), (tokens, (300, 32)), (None, (0, 0))):
        last = _heard(_start(), _text("Hi."), _end(usage=usage))[-1]
        assert isinstance(last, Finished)
        assert (last.usage.input_tokens, last.usage.output_tokens) == expected


def test_an_answer_that_reached_its_length_says_so():
    """MAX_TOKENS is an end by length; a missing reason is a plain end."""
    assert _heard(_start(), _text("Hi."), _end("MAX_TOKENS"))[-1].reason == "length"
    assert _heard(_start(), _text("Hi."), _end(None))[-1].reason == "complete"


@pytest.mark.parametrize(
    ("events", "error"),
    [
        ([_end("ERROR")], Unavailable),
        ([_end("COMPLETE", "internal")], Unavailable),
        ([_end("TIMEOUT")], Unavailable),
        ([_end("TOOL_CALL")], Unavailable),
        ([_end("ERROR_TOXIC")], Refused),
        ([_start()], Unavailable),
        ([Event(type="content-delta", index=0, delta=Event(message=Event(content="bare")))], Unavailable),
    ],
)
def test_what_is_no_end_of_an_answer_raises(events, error):
    """In-band errors, a second start, and text where none should be are failures."""
    with pytest.raises(error):
        _heard(_start(), _text("Hi."), *events)


def test_an_empty_answer_is_a_failure():
    """An end without any text is not an answer."""
    with pytest.raises(Unavailable, match="empty"):
        _heard(_start(), _text("  \n"), _end())
