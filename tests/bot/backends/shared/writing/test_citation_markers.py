"""`[1]` in a model's text: what it covers, in every form, in whatever pieces it comes."""

import pytest

from bot.backends.shared.writing.citation_markers import CitationMarkers
from bot.ports import Cited, Wrote

CHUNKS = {1: "a", 2: "b", 3: "c"}


def read(text: str, size: int) -> tuple[str, list[tuple[str, str]]]:
    """The text without markers, and (what is covered, by which chunks), of pieces of so many characters."""
    markers = CitationMarkers(CHUNKS)
    events = [e for at in range(0, len(text), size) for e in markers.feed(text[at : at + size])]
    events += markers.finish()
    shown = "".join(event.text for event in events if isinstance(event, Wrote))
    cited = [(shown[e.start : e.end], "".join(e.chunk_ids)) for e in events if isinstance(e, Cited)]
    return shown, cited


CASES = [
    ("You get 25 days [1]. Ask Ann [2].", "You get 25 days. Ask Ann.", [("You get 25 days", "a"), ("Ask Ann", "b")]),
    ("X is 5 [1][2].", "X is 5.", [("X is 5", "ab")]),
    ("X is 5 [1, 2] and Y is 6 [3].", "X is 5 and Y is 6.", [("X is 5", "ab"), ("and Y is 6", "c")]),
    ("X is 5 [1], [3].", "X is 5.", [("X is 5", "ac")]),
    ("X is 5 [1-3].", "X is 5.", [("X is 5", "abc")]),
    ("X is 5 [1 and 2].", "X is 5.", [("X is 5", "ab")]),
    ("C one【2】. D two【3†source】.", "C one. D two.", [("C one", "b"), ("D two", "c")]),
    ("D two (3).", "D two.", [("D two", "c")]),
    ("Two (1) and three (2).", "Two and three.", [("Two", "a"), ("and three", "b")]),
    ("Value [Passage 2]. More [^3]. Last [[1]].", "Value. More. Last.", [("Value", "b"), ("More", "c"), ("Last", "a")]),
    ("Done¹. Next <sup>[2]</sup>.", "Done. Next.", [("Done", "a"), ("Next", "b")]),
    ("See it [1](https://x.example/y) now.", "See it now.", [("See it", "a")]),
    ("A.[1] B.[2]", "A. B.", [("A.", "a"), ("B.", "b")]),
    # at the end of a paragraph it covers what nothing else covers
    ("A fact. B fact. [1]\n\nC one [2].", "A fact. B fact.\n\nC one.", [("A fact. B fact.", "a"), ("C one", "b")]),
    ("A 5 [1]. B. C 7 [2].", "A 5. B. C 7.", [("A 5", "a"), ("B. C 7", "b")]),
    ("A 5. B 6 [1]. C 7.", "A 5. B 6. C 7.", [("B 6", "a")]),
    # in a line of its own
    ("Fact one.\n\n[1]", "Fact one.\n\n", [("Fact one.", "a")]),
    ("Fact.\n\nSources: [1], [2]", "Fact.\n\n", [("Fact.", "ab")]),
    # each item, each row, each for itself
    ("- one [1]\n- two\n- three [2]\n", "- one\n- two\n- three\n", [("- one", "a"), ("- three", "b")]),
    ("| a | b [1] |\n| c | d [2] |\n", "| a | b |\n| c | d |\n", [("| a | b", "a"), ("| c | d", "b")]),
    # before what it is for
    ("According to [1], you get 25 days. More.", "According to the docs, you get 25 days. More.",
     [("According to the docs, you get 25 days.", "a")]),
    ("[2] You get 25 days. More.", " You get 25 days. More.", [("You get 25 days.", "b")]),
    # no markers
    ("Use `a[1]` now [2].", "Use `a[1]` now.", [("Use `a[1]` now", "b")]),
    ("```\nx[1]\n```\n", "```\nx[1]\n```\n", []),
    ("Steps: (1) an account (2) a key.", "Steps: (1) an account (2) a key.", []),
    ("It takes m² of 10³ (2024) in [2024].", "It takes m² of 10³ (2024) in [2024].", []),
    ("Look [here](https://x.example) first.", "Look [here](https://x.example) first.", []),
    ("Tick [x] or [ ] it.", "Tick [x] or [ ] it.", []),
    # numbers that no passage has, and sentences that say nothing
    ("Wrong [9].", "Wrong.", []),
    ("The documents do not mention it [1].", "The documents do not mention it.", []),
    ("[1]", "", []),
    ("", "", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "shown", "cited"), CASES, ids=[case[0][:30] for case in CASES])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_markers_are_taken_out_and_cover_their_sentence(text, shown, cited, size):
    """Whatever form they take, and however the text is cut into pieces."""
    assert read(text, size) == (shown, cited)


def test_text_isnt_kept_back_for_long():
    """A bracket that is never closed holds up the length of a marker, not the answer."""
    markers = CitationMarkers(CHUNKS)
    written = "".join(
        e.text for e in markers.feed("Press [Enter " + "and wait " * 50) if isinstance(e, Wrote)
    )
    assert len(written) > 400


def test_hostile_text_takes_no_time_out_of_proportion():
    """Spaces, brackets and backticks without end."""
    for piece in (" " * 20_000, "[" * 5_000, "(1" * 5_000, "`" * 5_000, "[1" * 5_000, "[1]" * 2_000):
        markers = CitationMarkers(CHUNKS)
        shown = "".join(e.text for e in [*markers.feed(piece), *markers.finish()] if isinstance(e, Wrote))
        assert len(shown) <= len(piece)
