"""No page and no message takes longer than in proportion to its size, whatever signs it is made of.

What a parser or pattern takes is the processor's time. Each input is doubled: one that grows with its square takes
four times as long. What is quick at that size is not looked at further, so that a busy machine changes nothing.
"""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from adapters.chat import markdown_text
from adapters.discord.replies import discord_markdown
from adapters.slack.replies import mrkdwn
from bot.backends.shared.writing.transcript import MarkedTranscript
from bot.model import Usage
from bot.ports import Unavailable
from bot.text.analyzer import tokens
from bot.text.globs import matches, may_match
from bot.text.questions import question_text
from indexer.heads import front_matter, reader
from indexer.markdown import inline
from indexer.reading.page_builder import build, raw_page
from indexer.sources.base import Entry, Fetched
from indexer.sources.confluence.storage_format import to_html
from indexer.sources.web import page as web_page
from tests.support.pages import settings

SIZE = 6_000
QUICK = 0.35  # seconds: what grows with the square takes longer on any machine
MOST = 2.5

UNITS = (
    "[", "![", "[a](", "[a][", "[a][b", "[a]: ", "[^a]: b\n", "[[a|", "[a](b (", "[a](<b", '![a](b "c', "](", "](<",
    "*a ", "**a ", "**a", "_a", "__a ", "__a", "_a_", "*a*", "`", "` a", "``a", "`a`_", "~~a", "$$", "^a^",
    "<!-- ", "<!-- a --", "<svg ", "<table>", "<a name=", "<p a", '<p a="', "<h1 id=", "<h1>a", "<div>", "<b>", "</",
    "<td>", "<tr><td>", "<li>", '<img alt="', "<pre>", "<A b={c", '<A b="c', "{/* a", "<![", "<?", "<a@b", "<http:a ",
    "{{ ", "{{<a", "{% ", "{%a\n", "{#a ", "{:a ", "{", "}", "(", "((", ")", "|", "||", "| a ", "|a\n", "| --- ", "-|", ":-:|",
    "&", "&amp", "&#1", "#", "# ", "# a {#\n", "# a #\n", "#  \n", "- ", "- a\n\n", "> ", "> [!a]\n", "1. ", "1) ", "\\", "\\\n",
    "a\n", "  \n", " ", "\t", "\n", "~~~\n", "``` a\n", ":::[a\n", "::: a [b\n", ":::{a\n", ":::", "=====\n", "---\n",
    "x", "é", "a\u0301", "\u200b", "www.a.", "a.b.c", "A.B", "1.2.3", "1,2", "a'b", "d'", "a-b_", "a@b.", "http://a.b/",
    "... ", "a? ", "Dr. ", "12,500,", "+--+\n", "| a |\n", "a  b", "import a\n", "export ", "!!! a\n", ",", '"a', "a;",
    "link:a[", "link:", "xref:a[b,", "https://a[b", "<<a,", "<<a", "image:a[", "image:", "footnote:", "kbd:a[", "|===\n",
    "a:: b\n", ":a: b\n", ":ref:`", "|a|_", ".. a::\n", ".. _a: b\n", "[source,a", "+\n", "\x1b]", "\x1b[1", "<@U1|", "<http://a|",
    "`_ ", "|a| ", "[1]_ ", "a_ ", "a_\n", "a__ ", ".. _a:\n\n", "__ a\n\n", "`a <b>`_ ", ".. |a| replace:: b\n", "#. a\n\n",
    "a::\n\n  b\n\n", "a\n-\n\n", "a\n b\n  c\n", ".. note:: a\n\n", "+-+\n| |\n", "== ==\na  b\n== ==\n\n", "a:", "_`a` ", "<ol><li>a", "<li>a",
    "@someone ", "audience", "audience ", '"audience" ', "draft: ", "a: b\n", "- a: b\n", "%41", "[1]",
)  # fmt: skip


def page(name: str) -> Callable[[str], object]:
    def read(text: str) -> object:
        return build(raw_page(settings(), Entry(name, "1"), Fetched(name, f"# T\n\nword {text}".encode())))

    return read


def head(kind: str) -> Callable[[str], object]:
    def read(text: str) -> object:
        try:
            return reader.split(f"---\n{text}\n---\n{text}", kind)  # type: ignore[arg-type]
        except front_matter.BrokenAudience:
            return None

    return read


def streamed(text: str, size: int) -> None:
    """As a model writes it, in pieces."""
    transcript = MarkedTranscript("m", {1: "a", 2: "b"}, unopened=False)
    for at in range(0, len(text), size):
        list(transcript.write(text[at : at + size]))
    with suppress(Unavailable):
        list(transcript.end("complete", Usage("m")))


READ: dict[str, Callable[[str], object]] = {
    **{name: page(name) for name in ("a.md", "a.mdx", "a.txt", "a.csv", "a.adoc", "a.html", "a.rst")},
    **{f"head of {kind}": head(kind) for kind in ("markdown", "rst", "asciidoc", "html")},
    "inline": inline.reading_text,
    "web page's head": lambda text: web_page.head(text, "https://example.com/"),
    "confluence": to_html,
    "terms": tokens,
    "glob": lambda text: (matches(text, "a/**/b*.md"), may_match(text, "a/**/b*.md")),
    "question": question_text.prepare,
    "from Slack": lambda text: mrkdwn.incoming(text, "U1"),
    "for Slack": mrkdwn.markdown,
    "for Slack's notifications": mrkdwn.fallback,
    "from Discord": lambda text: discord_markdown.incoming(text, 1),
    "for Discord": discord_markdown.as_messages,
    "plain": markdown_text.plain,
    "tables": markdown_text.tables_as_code,
    "quoted": markdown_text.quoted,
    "small talk": lambda text: (markdown_text.is_question(text), markdown_text.is_small_talk(text)),
    "split": lambda text: markdown_text.split(text, 1900),
    "a model's stream": lambda text: streamed(text, 7),
    "a model's answer": lambda text: streamed(text, len(text)),
}


def taken(read: Callable[[str], object], text: str) -> float:
    """Seconds of the processor."""
    began = time.process_time()
    read(text)
    return time.process_time() - began


@pytest.fixture(autouse=True)
def _without_collecting() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def grows_too_fast(read: Callable[[str], object], unit: str) -> bool:
    single, double = unit * (SIZE // len(unit)), unit * (2 * SIZE // len(unit))
    if taken(read, double) < QUICK:
        return False
    for _ in range(3):  # a machine may be busy, but not each time just then
        gc.collect()
        once = min(taken(read, single) for _ in range(2))
        if taken(read, double) < MOST * once:
            return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize("name", READ)
def test_growth(name: str) -> None:
    """Twice as much takes less than two and a half times as long."""
    read = READ[name]
    read(f"Warm {datetime.now(UTC):%Y}.")  # what is loaded at the first use is loaded
    assert [unit for unit in UNITS if grows_too_fast(read, unit)] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "read",
    [
        lambda text: question_text.prepare(text, 10**9).text,
        lambda text: mrkdwn.incoming(text, "U1"),
        lambda text: discord_markdown.incoming(text, 1),
    ],
    ids=["question", "from Slack", "from Discord"],
)
def test_no_more_of_a_message_is_read(read: Callable[[str], str]) -> None:
    """Of a message without end its beginning and its end are read."""
    assert len(read(f"begins {'word ' * 200_000} ends")) < 100_000


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", b"a," * 4000 + b"\n" + b"b\n" * 2000),
        ("b.csv", b"b\n" * 2000 + b"a," * 4000),
        ("a.html", b"<table><tr>" + b"<td>a" * 4000 + b"</tr>" + b"<tr><td>b" * 2000 + b"</table>"),
        ("a.md", b"| a " * 4000 + b"|\n" + b"|---" * 4000 + b"|\n" + b"| b |\n" * 2000),
        ("b.md", b"<table><tr>" + b"<td>a" * 4000 + b"</tr>" + b"<tr><td>b" * 2000 + b"</table>"),
        ("a.adoc", b"|===\n" + b"|a " * 4000 + b"\n" + b"|b\n" * 2000 + b"|===\n"),
    ],
)
def test_wide_rows(name: str, data: bytes) -> None:
    """One wide row makes no other as wide, and nothing of it is lost."""
    built = build(raw_page(settings(), Entry(name, "1"), Fetched(name, data)))
    texts = [piece.chunk.text for piece in built.pieces]  # type: ignore[union-attr]
    assert sum(map(len, texts)) < 1_000_000
    assert sum(text.count("a") for text in texts) >= 4000
