"""Honest words where less may be used than the docs hold, on a Slack of our own."""

from pathlib import Path

import pytest

from adapters.chat.messages import ONLY_FOR_GUESTS, ONLY_THIS_PLACE
from tests.bot.answering.test_words import over
from tests.support.slack_chat import YAML, Chat, chatting
from tests.support.slack_server import CHANNEL, SHARED
from tests.support.waiting import until

_YAML = YAML.replace("stop_within: 3s", "stop_within: 3s, channels: {C0NARROW: {audience: [partners]}}").replace(
    "limits:", "audiences: {everyone: {}, partners: {slack_users: [U0GUEST]}}\nlimits:"
)  # fmt: skip


chat = chatting(_YAML)


@pytest.mark.parametrize(
    ("user", "channel", "words", "audience"),
    [
        ("U0ALICE", CHANNEL, "", {"everyone"}),
        ("U0ALICE", SHARED, ONLY_THIS_PLACE, set()),
        ("U0ALICE", "C0NARROW", ONLY_THIS_PLACE, set()),
        ("U0GUEST", CHANNEL, ONLY_FOR_GUESTS, set()),
        ("U0GUEST", SHARED, ONLY_FOR_GUESTS, set()),
        ("U0GUEST", "C0NARROW", ONLY_FOR_GUESTS, {"partners"}),
    ],
)
async def test_where_less_may_be_used_that_is_said(
    chat: Chat, user: str, channel: str, words: str, audience: set[str]
) -> None:
    """A shared channel, a narrow one and a guest hear that they see less, not that the docs don't say."""
    await chat.answer(await chat.slack.mention("How much notice do I give?", user=user, channel=channel))
    (question,) = chat.core.asked
    assert (question.not_found, question.audience) == (words, audience)


@pytest.mark.slow
async def test_the_sentence_stands_in_the_answer(chat: Chat, tmp_path: Path) -> None:
    """Whether or not the docs hold an answer: nobody learns from it that they do."""
    async with over(tmp_path / "pages", ("Notice | You give four weeks' notice.",)) as docs:
        chat.core.instead = docs.answerer
        for question in ("How much notice do I give?", "What's the CEO's shoe size?"):
            shown = await chat.answer(await chat.slack.mention(question, channel=SHARED))
            assert ONLY_THIS_PLACE in shown.whole
            assert "Notice" not in shown.whole
        shown = await chat.answer(await chat.slack.mention("How much notice do I give?"))
        assert "four weeks' notice" in shown.whole


async def test_alone_everything_of_ones_own_may_be_used(chat: Chat) -> None:
    """Whom that sentence sends to /ask or a direct message is told nothing of the kind there."""
    await chat.slack.command("/ask", "How much notice do I give?", channel=SHARED)
    await chat.slack.direct("How much notice do I give?")

    async def both() -> bool:
        return len(chat.core.asked) == 2

    await until(both)
    assert {(one.not_found, one.audience) for one in chat.core.asked} == {("", frozenset({"everyone"}))}
