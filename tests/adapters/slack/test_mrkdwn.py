"""Slack's text: what comes in unwrapped, what goes out made harmless."""

import pytest

from adapters.slack.replies.mrkdwn import addressed, escape, fallback, incoming, link, markdown, mentions

J = "\N{WORD JOINER}"


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("<@U0BOT> how much notice?", "how much notice?"),
        ("<@U0BOT>, how much?", "how much?"),
        ("<@U0BOT|docent>: how much?", "how much?"),
        ("is <@U0BOT> here", "is   here"),
        ("ask <@U0ANN>", "ask @someone"),
        ("ask <@W0ANN|Ann>", "ask @Ann"),
        ("in <#C0HELP|help> and <#G0SECRET>", "in #help and #channel"),
        ("see <https://a.example|the page> and <https://b.example>", "see the page and https://b.example"),
        ("write <mailto:a@b.example|a@b.example> or <tel:112>", "write a@b.example or tel:112"),
        ("<!channel> <!here|@here> <!subteam^S1|@team> <!subteam^S1>", "@channel @here @team @group"),
        ("1 &lt; 2 &amp;amp; 3", "1 < 2 &amp; 3"),
        ("  a  ", "a"),
    ],
)
def test_what_comes_in(sent: str, read: str) -> None:
    """The bot's own mention goes, other people, channels and links become words."""
    assert incoming(sent, "U0BOT") == read


@pytest.mark.parametrize(
    ("text", "does"),
    [("hi <@U0BOT>", True), ("hi <@U0BOT|docent>", True), ("hi <@U0BOTTOM>", False), ("hi U0BOT", False)],
)
def test_who_is_mentioned(text: str, does: bool) -> None:  # noqa: FBT001 - a parameter
    """The bot, by its whole id, with its name or without."""
    assert mentions(text, "U0BOT") is does


@pytest.mark.parametrize(
    ("text", "does"),
    [("<@U0ANN> can you?", True), ("  <@U0ANN|Ann> can you?", True), ("can <@U0ANN>?", False)],
)
def test_whom_a_message_begins_with(text: str, does: bool) -> None:  # noqa: FBT001 - a parameter
    """A message that begins with somebody's name is for them."""
    assert addressed(text) is does


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<!channel> <@U1> <#C1> <https://a.example|b>", "&lt;!channel&gt; &lt;@U1&gt; &lt;#C1&gt; &lt;https://a.example|b&gt;"),
        ("@channel @here @everyone", f"@{J}channel @{J}here @{J}everyone"),
        ("@channels of a@here.example", f"@channels of a@{J}here.example"),
        ("a & b &lt; c", "a &amp; b &amp;lt; c"),
    ],
)  # fmt: skip
def test_what_goes_out_is_shown_as_it_is(text: str, shown: str) -> None:
    """No mention, no link and no entity."""
    assert escape(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("> a\n> > b\na > b", "> a\n> > b\na &gt; b"),
        (">> a", ">> a"),
        ("   > a", "   > a"),
        ("    > a", "    &gt; a"),
        ("&lt;!channel&gt;", "&lt;!channel&gt;"),
        ("&amp;lt;!here>", "&lt;!here&gt;"),
    ],
)
def test_markdown_keeps_its_quote_marks(text: str, shown: str) -> None:
    """They alone aren't escaped, and an entity is the sign that it stands for."""
    assert markdown(text) == shown


@pytest.mark.parametrize(
    ("title", "url", "shown"),
    [
        ("Leave", "https://a.example/?b=1&c=2", "<https://a.example/?b=1&amp;c=2|Leave>"),
        ("Leave", "http://a.example", "<http://a.example|Leave>"),
        ("a|b <!here>", "https://a.example", "<https://a.example|a\N{BROKEN BAR}b &lt;!here&gt;>"),
        ("Leave", "", "Leave"),
        ("Leave", "javascript:https://a.example", "Leave"),
        ("Leave", "https://a.example|<!channel>", "Leave"),
        ("Leave", "https://a.example>", "Leave"),
        ("Leave", "https://a.example<", "Leave"),
        ("Leave", "https://a.example b", "Leave"),
    ],
)
def test_links_to_pages(title: str, url: str, shown: str) -> None:
    """A title links to an address of the web that can't end before its end; else it stands alone."""
    assert link(title, url) == shown


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        (
            "**25** days, see [the page](https://a.example) <!here>",
            100,
            "25 days, see the page &lt;!here&gt;",
        ),
        ("go htt[ps](x)://evil.example", 100, "go "),
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        ("`" * 10 + "abcdef", 6, "ab"),
        ("a" * 3000, 3000, "a" * 3000),
    ],
)
def test_text_of_notifications(text: str, limit: int, shown: str) -> None:
    """Words without marks, cut where they are long, without an address that was put together."""
    assert fallback(text, limit) == shown


def test_notifications_have_a_bound() -> None:
    """Three thousand characters if nothing is said."""
    assert fallback("a" * 3001) == "a" * 2999 + "…"
