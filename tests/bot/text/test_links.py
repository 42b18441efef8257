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


@given(st.lists(_PIECES, min_size=1, max_size=14).map("".join))
@example("[a\nb](https://evil.example/x)")
@example("wordmailto:evil.example")
@example("&amp;amp;amp;amp;amp;amp;amp;#104;ttps://evil.example")
def test_no_foreign_address_survives(text: str) -> None:
    """Whatever a model writes, neither platform is sent an address that isn't of the passages."""
    safe = only(text)
    assert foreign(safe) == []
    for message in discord_markdown.messages(safe):
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
