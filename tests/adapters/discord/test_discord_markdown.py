"""Discord's text: what comes in without marks, what goes out made harmless."""

import pytest

from adapters.discord.replies.discord_markdown import as_messages, escape, incoming, link, quiet, thread_name

J = "\N{WORD JOINER}"


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("<@7> how much notice?", "how much notice?"),
        ("<@!7> how much?", "how much?"),
        ("<@&5> how much?", "how much?"),
        ("ask <@8> or <@&6>", "ask @someone or @role"),
        ("in <#9> <:wave:1> <a:dance:2>", "in #channel :wave: :dance:"),
        ("a  b", "a  b"),
        ("\n a \n", "a"),
    ],
)
def test_what_comes_in(sent: str, read: str) -> None:
    """The mention of the bot or its role goes, others become words."""
    assert incoming(sent, 7, frozenset({5})) == read
    assert incoming("<@&5>", 7) == "@role"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("@everyone @here", f"@{J}everyone @{J}here"),
        ("@heretic", "@heretic"),
        ("<@1> <@!1> <@&1> <#1>", f"<{J}@1> <{J}@!1> <{J}@&1> <{J}#1>"),
        ("<:a:1> <a:b:1> </ask:1> <t:1> <id:home>", f"<{J}:a:1> <{J}a:b:1> <{J}/ask:1> <{J}t:1> <{J}id:home>"),
        ("1 < 2 <b>", "1 < 2 <b>"),
    ],
)  # fmt: skip
def test_nothing_is_a_mention(text: str, shown: str) -> None:
    """Nor an emoji, a command, a time or a channel."""
    assert escape(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see https://a.example/b.", "see <https://a.example/b.>"),
        ("see [b](https://a.example/b)", "see [b](<https://a.example/b>)"),
        ("see <https://a.example/b>", "see <https://a.example/b>"),
        ("http://a.example", "<http://a.example>"),
    ],
)
def test_addresses_unfold_no_preview(text: str, shown: str) -> None:
    """Each stands in angle brackets, once."""
    assert quiet(text) == shown


def test_an_answer_in_messages() -> None:
    """Harmless, tables as code, each below Discord's limit; never none."""
    assert as_messages("See https://a.example <@1> &lt;@2>\n\n| a | b |\n|---|---|\n| c | d |") == [
        f"See <https://a.example> <{J}@1> <{J}@2>\n\n```\na  b\n-  -\nc  d\n```"
    ]
    assert as_messages("a" * 1900 + "\n\nb") == ["a" * 1900, "b"]
    assert as_messages("a" * 1898 + "\n\nb") == ["a" * 1898, "b"]
    assert as_messages(" ") == ["…"]


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("How much\nnotice @everyone?", f"How much notice @{J}everyone?"),
        ("https://evil.example", "Question"),
        ("a" * 95, "a" * 95),
        ("a" * 96, "a" * 94 + "…"),
    ],
)
def test_names_of_threads(question: str, name: str) -> None:
    """The question in one line without links, cut where it is long."""
    assert thread_name(question) == name


@pytest.mark.parametrize(
    ("title", "url", "shown"),
    [
        ("Leave", "https://a.example/b_(c)", "[Leave](https://a.example/b_%28c%29)"),
        ("Leave [b] <@1>", "http://a.example", f"[Leave (b) <{J}@1>](http://a.example)"),
        ("Leave", "", "Leave"),
        ("Leave [b]", "javascript:https://a.example", "Leave (b)"),
        ("Leave", "https://a.example b", "Leave"),
        ("Leave", "https://a.example>", "Leave"),
    ],
)
def test_links_to_pages(title: str, url: str, shown: str) -> None:
    """A title links to an address of the web that can't end before its end; else it stands alone."""
    assert link(title, url) == shown
