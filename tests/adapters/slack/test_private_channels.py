"""Channels whose answers are private, and further messages in the bot's threads, on a Slack of our own."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.model import Answer, Outcome
from tests.support.scripted import LEAVE
from tests.support.slack_chat import YAML, Chat, chatting, open_slack
from tests.support.waiting import until

_YAML = YAML.replace(
    "stop_within: 3s",
    "stop_within: 3s, channels: {C0QUIET: {answers: private}, C0STILL: {followups: false}}",
).replace("questions_per_minute: 3", "questions_per_minute: 30")


chat = chatting(_YAML)


async def test_an_answer_is_private_until_it_is_shared(chat: Chat) -> None:
    """Only the asker sees it, with all that they may see; shared, it stands under the question, for the channel."""
    thread = await chat.slack.mention("How much notice do I give?", channel="C0QUIET")
    shown = await chat.whisper("four weeks' notice")
    assert (shown["channel"], shown["user"]) == ("C0QUIET", "U0ALICE")
    assert chat.slack.said == {}
    answer = chat.core.ids[0]
    for user in ("U0BOB", "U0ALICE"):
        await chat.slack.press(shown, "docent_share", value=answer, user=user, channel="C0QUIET")
    shared = await chat.answer(thread)
    assert "Alice shared" in shared.whole.title().replace("Shared", "shared")
    assert "four weeks' notice" in shared.whole


async def test_nobody_is_answered_in_private_unasked(chat: Chat) -> None:
    """What isn't addressed to the bot isn't answered there at all."""
    thread = await chat.slack.mention("How much notice do I give?", channel="C0QUIET")
    await chat.whisper("four weeks' notice")
    await chat.slack.message("And for contractors?", user="U0BOB", thread=thread, channel="C0QUIET")
    await chat.answer(await chat.slack.mention("And Bob?"))
    assert [one.text for one in chat.core.asked] == ["How much notice do I give?", "And Bob?"]


async def test_what_the_channel_may_not_see_stays_private(chat: Chat) -> None:
    """Share is for what everybody there may see."""
    await chat.slack.mention("How much notice do I give?", channel="C0QUIET")
    shown = await chat.whisper("four weeks' notice")
    chat.shelf.visible["handbook:leave.md"] = frozenset({"managers"})
    await chat.slack.press(shown, "docent_share", value=chat.core.ids[0], channel="C0QUIET")
    await chat.whisper("not everybody here may see")
    assert chat.slack.said == {}


@pytest.mark.slow
async def test_the_shortcut_is_private_there_as_well(chat: Chat) -> None:
    """The shortcut "Answer from the docs" shows its answer to the presser."""
    await chat.slack.shortcut("docent_answer", "1.5", text="How much notice?", channel="C0QUIET")
    await chat.whisper("four weeks' notice")
    assert chat.slack.said == {}


# --- further messages in its threads --------------------------------------------------------------


async def test_in_its_own_thread_a_question_needs_no_mention(chat: Chat) -> None:
    """It is answered where the evidence is strong, whoever asks; chatter and what is for others are left alone."""
    thread = await chat.slack.mention("How much notice do I give?")
    await chat.answer(thread)
    for words in ("Thanks!", "<@U0BOB> do you agree?", "I'll tell Carol."):
        await chat.slack.message(words, thread=thread)
    await chat.slack.message("And for contractors?", user="U0BOB", thread=thread)
    await chat.answer(thread, 2)
    assert [one.text for one in chat.core.asked] == ["How much notice do I give?", "And for contractors?"]
    assert chat.core.asked[1].history


async def test_what_is_not_sure_gets_no_word_unless_it_is_addressed(chat: Chat) -> None:
    """A follow-up without a mention that the docs hardly answer stays unanswered, and is no gap."""
    weak = Answer("", Outcome.ANSWERED, "Perhaps [1].", (LEAVE,))
    chat.core.answers |= {"weak": weak, "none": replace(weak, outcome=Outcome.NOT_FOUND)}
    thread = await chat.slack.mention("How much notice do I give?")
    await chat.answer(thread)
    for words in ("a weak one?", "and none at all?"):
        await chat.slack.message(words, thread=thread)

    async def heard() -> bool:
        return len(chat.core.asked) == 3

    await until(heard)
    await chat.slack.mention("a weak one, please?", thread=thread)
    await chat.answer(thread, 2)
    assert await chat.app.records.lookback.gaps() == []


async def test_other_threads_are_not_listened_to(chat: Chat) -> None:
    """Where the bot wasn't asked, where it is switched off, and in the channel itself nothing is looked up."""
    still = await chat.slack.mention("How much notice?", channel="C0STILL")
    await chat.answer(still)
    others = await chat.slack.message("Lunch?")
    await chat.slack.message("How much notice?", thread=others)
    await chat.slack.message("And for contractors?", thread=still, channel="C0STILL")
    thread = await chat.slack.mention("How much notice, Bob?")
    await chat.answer(thread)
    assert len(chat.core.asked) == 2


async def test_its_threads_are_known_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    """Which threads are its own stands in the journal."""
    async with open_slack(tmp_path, monkeypatch.setenv, free_port(), _YAML) as chat:
        thread = await chat.slack.mention("How much notice do I give?")
        await chat.answer(thread)
    async with open_slack(tmp_path, monkeypatch.setenv, free_port(), _YAML) as chat:
        for _ in range(100):  # another Slack counts from the beginning, and no two messages have one ts
            chat.slack._ts()
        await chat.slack.message("And for contractors?", thread=thread)

        async def answered() -> Any:
            return chat.slack.answers(thread)

        await until(answered)
