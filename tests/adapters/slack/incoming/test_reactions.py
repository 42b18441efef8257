"""An emoji that asks, on a Slack of our own."""

import asyncio

from adapters.slack.manifest import manifest
from bot.config.chat import SlackSettings
from tests.support.slack_chat import YAML, Chat, chatting
from tests.support.slack_server import BOT, OTHER_BOT, SHARED

_YAML = YAML.replace(
    "stop_within: 3s",
    "stop_within: 3s, ask_with: ':question:', channels: {C0QUIET: {answers: private}, C0OFF: {enabled: false}}",
).replace("questions_per_minute: 3", "questions_per_minute: 30")


chat = chatting(_YAML)


async def test_a_reaction_asks_what_the_message_says_once(chat: Chat) -> None:
    """Its answer comes in the message's thread, however often and by whomever it is pressed."""
    said = await chat.slack.message("How much notice do I give?", user="U0BOB")
    await chat.slack.react("question", said, times=3)
    await chat.answer(said)
    await chat.slack.react("question", said, user="U0CAROL")
    await chat.slack.react("question::skin-tone-2", said, user="U0BOB")
    await chat.slack.shortcut("docent_answer", said, text="How much notice do I give?")
    await chat.answer(await chat.slack.mention("And Bob?"))
    assert [one.text for one in chat.core.asked] == ["How much notice do I give?", "And Bob?"]


async def test_it_is_asked_as_who_reacted(chat: Chat) -> None:
    """A guest's reaction, and one in a shared channel, see what the guest and the channel may."""
    first = await chat.slack.message("How much notice do I give?", user="U0BOB")
    await chat.slack.react("question", first, user="U0GUEST")
    await chat.answer(first)
    shared = await chat.slack.message("How much notice do I give?", user="U0BOB", channel=SHARED)
    await chat.slack.react("question", shared, channel=SHARED)
    await chat.answer(shared)
    assert [one.audience for one in chat.core.asked] == [frozenset(), frozenset()]


async def test_a_reaction_in_a_thread_knows_the_thread(chat: Chat) -> None:
    """A reply is found in its thread, and leans on what was said there."""
    thread = await chat.slack.message("Let's talk about notice periods.", user="U0BOB")
    reply = await chat.slack.message("so how long is it?", user="U0CAROL", thread=thread)
    await chat.slack.react("question", reply)
    await chat.answer(thread)
    (question,) = chat.core.asked
    assert question.text == "so how long is it?"
    assert [turn.text for turn in question.history] == ["Let's talk about notice periods."]


async def test_other_reactions_ask_nothing(chat: Chat) -> None:
    """Another emoji, the bot's own answers and reactions, a file, a mention that was answered, a closed channel."""
    said = await chat.slack.message("How much notice do I give?", user="U0BOB")
    await chat.slack.react("eyes", said)
    await chat.slack.react("question", said, user=BOT)
    mention = await chat.slack.mention("How much notice?")
    answer = await chat.answer(mention)
    await chat.slack.react("question", mention)
    await chat.slack.react("question", answer["ts"])
    await chat.slack.react("question", "1.000001")
    off = await chat.slack.message("How much notice?", channel="C0OFF")
    await chat.slack.react("question", off, channel="C0OFF")
    await chat.answer(await chat.slack.mention("And Bob?"))
    await asyncio.sleep(0)
    assert [one.text for one in chat.core.asked] == ["How much notice?", "And Bob?"]


async def test_where_answers_are_private_only_who_reacted_sees_it(chat: Chat) -> None:
    """As with a mention there."""
    said = await chat.slack.message("How much notice do I give?", user="U0BOB", channel="C0QUIET")
    await chat.slack.react("question", said, channel="C0QUIET")
    shown = await chat.whisper("four weeks' notice")
    assert shown["user"] == "U0ALICE"
    assert chat.slack.said == {}


def test_the_manifest_asks_for_reactions_where_they_ask() -> None:
    """The scope and the event are there with `ask_with`, and only then."""
    for settings, there in ((SlackSettings(ask_with="question"), True), (SlackSettings(), False)):
        made = manifest(settings)
        assert ("reactions:read" in made["oauth_config"]["scopes"]["bot"]) is there
        assert ("reaction_added" in made["settings"]["event_subscriptions"]["bot_events"]) is there


async def test_a_bots_reaction_asks_nothing(chat: Chat) -> None:
    """Some react to each message."""
    said = await chat.slack.message("How much notice do I give?", user="U0BOB")
    await chat.slack.react("question", said, user=OTHER_BOT)
    await chat.answer(await chat.slack.mention("And Bob?"))
    assert [one.text for one in chat.core.asked] == ["And Bob?"]
