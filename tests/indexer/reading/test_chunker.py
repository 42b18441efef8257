"""How a page is cut into chunks."""

import re
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Chunk
from bot.text.token_count import count_tokens
from indexer.reading.chunker import (
    CHUNK_TOKENS,
    CHUNKING,
    chunk,
    embedded_text,
    text_hash,
)
from tests.support.pages import chunks, document, page, texts

PAGE = """# Time off

Everybody has 25 days.

## Booking

Ask your lead first.

### Long leave

Ask six weeks ahead.

## Sick days

No limit.
"""


def sentences(number: int) -> str:
    return " ".join(f"This is sentence number {n} about travel." for n in range(number))


def test_heading_path() -> None:
    """A chunk's heading is its path below the page's title."""
    assert [(c.heading, c.text) for c in chunks(PAGE)] == [
        ("", "Everybody has 25 days."),
        ("Booking", "Ask your lead first."),
        ("Booking > Long leave", "Ask six weeks ahead."),
        ("Sick days", "No limit."),
    ]


def test_anchors() -> None:
    """A chunk carries its own heading's anchor as GitHub makes it, and the top of the page none."""
    assert [c.anchor for c in chunks(PAGE)] == ["", "booking", "long-leave", "sick-days"]


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("What's new?", "whats-new"),
        ("A & B", "a--b"),
        ("🎉 Party", "-party"),
        ("Größe und Maß", "größe-und-maß"),
        ("`docent ask` --json", "docent-ask---json"),
        ("snake_case", "snake_case"),
        ("**Bold** [link](x.md)", "bold-link"),
        ("1. First", "1-first"),
        ("Custom {#own-id}", "own-id"),
        ("Custom {: #other .class}", "other"),
        ('<a name="named"></a>Old style', "named"),
        ('Old style <a id="idd"></a>', "idd"),
    ],
)
def test_anchor_of(heading: str, anchor: str) -> None:
    """An anchor follows GitHub's rule unless the page gives its own."""
    last = chunks(f"# Page\n\nIntro.\n\n## {heading}\n\nText.")[-1]
    assert last.anchor == anchor
    assert "{" not in last.heading
    assert "<" not in last.heading


def test_anchor_above_its_heading() -> None:
    """An anchor on a line of its own belongs to the heading below it."""
    assert chunks('# A\n\nx\n\n<a name="old"></a>\n\n## B\n\ny')[-1].anchor == "old"


def test_same_headings() -> None:
    """The second heading of the same words has a numbered anchor."""
    found = chunks("# A\n\n## Notes\n\nx\n\n## Notes\n\ny\n\n## Notes\n\nz")
    assert [c.anchor for c in found] == ["notes", "notes-1", "notes-2"]


def test_html_heading() -> None:
    """A heading in HTML is one, with its id as anchor."""
    found = chunks("# A\n\nx\n\n<h2 id='faq'>Questions <em>asked</em></h2>\n\ny")[-1]
    assert (found.heading, found.anchor, found.text) == ("Questions asked", "faq", "y")


def test_setext_headings() -> None:
    """Underlined headings count as headings."""
    found = chunks("Time off\n========\n\nIntro.\n\nBooking\n-------\n\nText.")
    assert [(c.heading, c.anchor) for c in found] == [("", ""), ("Booking", "booking")]


def test_chunks_fit() -> None:
    """No chunk is larger than the limit, whatever a section holds."""
    table = "| name | value |\n|---|---|\n" + "\n".join(f"| row {n} | {sentences(1)} |" for n in range(80))
    code = "```python\n" + "\n".join(f"value_{n} = compute({n})" for n in range(200)) + "\n```"
    points = "\n".join(f"- {sentences(2)}" for _ in range(40))
    built = page(f"# Big\n\n{sentences(200)}\n\n## T\n\n{table}\n\n## C\n\n{code}\n\n## L\n\n{points}")
    for piece in built.pieces:
        assert count_tokens(embedded_text(built.document, piece.chunk)) <= CHUNK_TOKENS


def test_chunks_are_filled() -> None:
    """A long section is cut into about as few chunks as fit, of about the same size."""
    found = chunks("# Big\n\n" + "\n\n".join(sentences(3) for _ in range(30)))
    total = sum(count_tokens(c.text) for c in found)
    assert len(found) <= total / CHUNK_TOKENS * 1.4 + 1
    assert min(count_tokens(c.text) for c in found) > CHUNK_TOKENS / 4


def test_sentences_are_whole() -> None:
    """A paragraph that is too long is cut between sentences."""
    for text in texts("# Big\n\n" + sentences(150)):
        assert text.strip().endswith(".")
        assert text.startswith("This is")


def test_table_repeats_its_header() -> None:
    """Each part of a table that had to be cut starts with its header."""
    rows = "\n".join(f"| item {n} | costs {n} euros |" for n in range(150))
    found = texts(f"# Prices\n\n| Item | Price |\n|:--|--:|\n{rows}")
    assert len(found) > 2
    for text in found:
        assert text.startswith("| Item | Price |\n| --- | --- |\n| item")
    assert sum(text.count("| item ") for text in found) == 150


def test_small_table_stays_whole() -> None:
    """A table that fits into a chunk is not cut, although the section around it is."""
    table = "| a | b |\n| --- | --- |\n| one | two |\n| three | four |"
    found = texts(f"# T\n\n{sentences(17)}\n\n{table}\n\n{sentences(17)}")
    assert sum(table in text for text in found) == 1


def test_table_without_header() -> None:
    """A table whose header is empty takes its first row for one."""
    (text,) = texts("# T\n\n|  |  |\n|---|---|\n| Name | Days |\n| UK | 25 |")
    assert text == "| Name | Days |\n| --- | --- |\n| UK | 25 |"


def test_code_is_fenced_in_every_part() -> None:
    """Code that had to be cut is fenced again in each part."""
    lines = "\n".join(f"docker run image-{n} --flag value" for n in range(60))
    found = texts(f"# Run\n\n```bash\n{lines}\n```")
    assert len(found) > 1
    for text in found:
        assert text.startswith("```bash\n")
        assert text.endswith("\n```")


def test_code_is_untouched() -> None:
    """In code, signs that mean something in Markdown or templates stay."""
    code = "```yaml\nname: ${{ github.run_id }} <b> **x** [a](b)\n```"
    assert texts(f"# C\n\n{code}") == [code]
    assert texts("# C\n\nUse `{{ name }}` and `<tag>` here.") == ["Use `{{ name }}` and `<tag>` here."]


def test_lead_stays_with_its_list() -> None:
    """A line that ends with a colon stays with the list that it announces."""
    points = "\n".join(f"- point {n} is to be remembered by everybody" for n in range(12))
    found = texts(f"# L\n\n{sentences(17)}\n\nBring with you:\n\n{points}")
    (together,) = [text for text in found if "Bring with you:" in text]
    assert "point 0" in together


def test_nested_list() -> None:
    """A nested list keeps its shape."""
    (text,) = texts("# L\n\n1. One\n   - a\n   - b\n2. Two\n\n   More of two.")
    assert text == "1. One\n  - a\n  - b\n2. Two\n  More of two."


def test_deeply_nested_list() -> None:
    """However deep a list is, each of its items is read, and what comes after it."""
    rows = [f"{'  ' * depth}- Item {depth}" for depth in range(15)]
    assert texts("\n".join(["# L", "", *rows, "", "After it.", "", "# M", "", "More."])) == [
        "\n".join([*rows, "", "After it."]),
        "More.",
    ]


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("See [the *guide*](https://x.example/a_(b)).", "See the guide."),
        ("See [the guide][ref] now.\n\n[ref]: https://x.example", "See the guide now."),
        ("![A plan of the office](plan.png)", "A plan of the office"),
        ("Logo: ![logo.png](x.png) here", "Logo: here"),
        ("[![Build](b.svg)](https://ci) passes", "Build passes"),
        ("Mail <help@x.example> or <https://x.example>.", "Mail help@x.example or https://x.example."),
        ("**Bold** and _italic_ and ***both***.", "Bold and italic and both."),
        ("**Bold: **and text", "Bold: and text"),
        (
            "- a\n\n      Indented, see [the guide](x.md). Too far.",
            "- a\n  Indented, see the guide. Too far.",
        ),
        ("keep snake_case_words and 2 * 3 * 4", "keep snake_case_words and 2 * 3 * 4"),
        ("Hello {{user.name}}, {% if x %}hi{% endif %}!", "Hello , hi!"),
        ("a<!-- a\n\nremark -->b", "ab"),
        ("Fish &amp; chips&nbsp;today", "Fish & chips today"),
        ("one\ntwo", "one two"),
        ("one  \ntwo", "one\ntwo"),
        ("one<br>two", "one\ntwo"),
        ("<details><summary>More</summary>\n\nHidden.\n\n</details>", "More\n\nHidden."),
        ("> quoted\n> text", "quoted text"),
        ("> [!NOTE]\n> Careful.", "Careful."),
        (":::tip Do this\nNow.\n:::", "Do this\n\nNow."),
        ("A note.[^1]\n\n[^1]: The small print.", "A note.\n\nThe small print."),
        ("<your name> goes here", "<your name> goes here"),
        (r"a \* b \_c\_", "a * b _c_"),
        ("[[Page|shown]] and [[Other]]", "shown and Other"),
    ],
)
def test_reading_text(markdown: str, text: str) -> None:
    """A chunk holds what a reader of the page would read."""
    assert "\n\n".join(texts(f"# P\n\n{markdown}")) == text


@pytest.mark.parametrize(
    "noise",
    [
        "```mermaid\ngraph TD\n```",
        "<iframe src='https://video.example'>secret</iframe>",
        "<script>alert('secret')</script>",
        "<style>.secret {}</style>",
        "<svg><text>secret</text></svg>",
        "{{generator:secret_list}}",
        "{{< secret >}}",
        "---",
        "![](secret.png)",
        "[secret]: https://secret.example",
    ],
)
def test_noise_is_removed(noise: str) -> None:
    """What is no text of the page is in no chunk."""
    assert texts(f"# P\n\nBefore.\n\n{noise}\n\nAfter.") == ["Before.\n\nAfter."]


def test_html_table() -> None:
    """A table in HTML reads as one of Markdown, also with empty lines in it."""
    html = "<table>\n<tr><th>Tier</th><th>Price</th></tr>\n\n<tr>\n <td>A<br>B</td>\n <td><b>5</b> | 6</td></tr>\n</table>"
    assert texts(f"# P\n\n{html}") == ["| Tier | Price |\n| --- | --- |\n| A B | 5 \\| 6 |"]


def test_html_list() -> None:
    """A list in HTML reads as one of Markdown."""
    html = "<ul>\n    <li>First <b>one</b></li>\n    <li>Second</li>\n</ul>"
    assert texts(f"# P\n\n{html}") == ["- First one\n- Second"]


def test_mdx() -> None:
    """Of MDX only what is read stays."""
    mdx = "import X from './x'\nexport const a = 1\n\n# P\n\n{/* no */}<Tabs items={['a']}>\n\nText.\n\n</Tabs>\n"
    assert texts(mdx, "page.mdx") == ["Text."]


def test_unclosed_fence() -> None:
    """A fence that is never closed loses nothing."""
    assert "still here" in "".join(texts("# P\n\n```\nx\n\nstill here"))


def test_list_number() -> None:
    """An ordered list keeps its numbers."""
    assert texts("# P\n\n3. three\n4. four") == ["3. three\n4. four"]


def test_embedded_text() -> None:
    """Title and heading path are embedded with the text, except a title made from a file's name."""
    made = document("# Time off\n\nx")
    piece = Chunk(0, "Booking > Long", "Ask.")
    assert embedded_text(made, piece) == "Time off\nBooking > Long\nAsk."
    assert embedded_text(replace(made, titled=False), piece) == "Booking > Long\nAsk."


def test_chunk_of_a_document() -> None:
    """A document alone gives the same chunks as reading its file did."""
    built = page("---\ntitle: T\n---\n" + PAGE)
    assert chunk(built.document) == tuple(piece.chunk for piece in built.pieces)


def test_rename_keeps_texts() -> None:
    """A page without a title of its own has the same texts to embed under another name."""
    before, after = page("Just text.", "a/one.md"), page("Just text.", "b/two.md")
    assert before.document.title == "One"
    assert [piece.text_hash for piece in before.pieces] == [piece.text_hash for piece in after.pieces]


def test_hash_is_of_the_text() -> None:
    """The same text has the same hash, another has another."""
    assert text_hash("a") == text_hash("a") != text_hash("b")
    assert str(CHUNK_TOKENS) in CHUNKING


@pytest.mark.slow
@given(st.text(alphabet=st.sampled_from("# -|*_`<>[](){}\n\t:a1é你&\\!~=.\"'/"), max_size=300))
def test_any_text(text: str) -> None:
    """Whatever a page holds, it can be read, and no chunk is empty or too large."""
    built = page(f"# T\n\nword {text}")
    for number, piece in enumerate(built.pieces):
        assert piece.chunk.ordinal == number
        assert piece.chunk.text.strip()
        assert count_tokens(embedded_text(built.document, piece.chunk)) <= CHUNK_TOKENS + 40


@given(st.lists(st.sampled_from(["alpha", "beta", "gamma", "delta", "42"]), min_size=1, max_size=900))
def test_no_word_is_lost(words: list[str]) -> None:
    """Every word of a page is in its chunks, in order."""
    joined = " ".join(texts("# T\n\n" + " ".join(words)))
    assert re.findall(r"\w+", joined) == words


@pytest.mark.slow
def test_a_very_long_line_is_cut_in_time() -> None:
    """Five megabytes in one line, without a full stop, take seconds, and no word is lost."""
    line = "lorem ipsum dolor sit amet " * 190_000
    begun = time.process_time()
    found = texts(line)
    assert time.process_time() - begun < 20  # of its own; without a cut beforehand it is a minute
    assert sum(len(text.split()) for text in found) == 950_000


def test_an_anchor_that_no_link_has_is_left_out() -> None:
    """It would stand at each chunk of its section."""
    assert chunks("## " + "word " * 1_000 + "\n\nText.\n")[0].anchor == ""
