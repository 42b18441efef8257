"""What Slack shows one person alone: where that person sees it, and what is left standing."""

from typing import Any

import pytest

from tests.support.chats import chatting, opening
from tests.support.slack_sim import SlackChat
from tests.support.waiting import until

_YAML = """
sources: [{name: handbook, type: folder, path: ./docs, audience: [everyone]}]
limits: {questions_per_minute: 2}
"""

opened = opening("slack", yaml=_YAML)
chat = chatting()


async def whispered(chat: SlackChat, words: str) -> list[dict[str, Any]]:
    """The calls that told somebody these words."""
    calls = (await chat.sim.see("calls"))["calls"]
    return [one["args"] for one in calls if words in str(one["args"].get("text"))]


async def shortcut(chat: SlackChat, message: str, **how: Any) -> None:
    done = await chat.sim.do(
        "message_action",
        channel="C0GENERAL",
        ts=message,
        user="U0ALICE",
        callback_id="docent_answer_private",
        **how,
    )
    assert done["state"] == "acked"


async def test_a_word_to_the_asker_is_seen_in_the_channel(chat: SlackChat):
    """Slack shows nobody a private word in a thread without replies: it comes in the channel."""
    for text in ("How much notice?", "And pay?"):
        await chat.answers(await chat.mention("alice", text))
    await chat.mention("alice", "And leave?")
    (told,) = await until(lambda: whispered(chat, "questions within a minute"))
    assert told["channel"] == "C0GENERAL"
    assert "thread_ts" not in told


async def test_a_word_to_the_asker_comes_where_the_conversation_is(chat: SlackChat):
    """In a thread that has replies the private word comes in it."""
    (shown,) = await chat.answers(await chat.mention("alice", "How much notice?"))
    for text in ("And pay?", "And leave?"):
        await chat.mention("alice", text, after=shown)
    (told,) = await until(lambda: whispered(chat, "questions within a minute"))
    assert told["thread_ts"] == shown.raw["thread_ts"]


async def test_a_word_in_a_direct_message_is_a_message(chat: SlackChat):
    """Where nobody else reads along, a word to the asker is an ordinary reply."""
    said = await chat.sim.do("dm", user="U0ALICE", text="hello")
    found = await chat.sim.see("wait", channel=said["channel"], min=1, timeout=10)
    (told,) = found["posted"]
    assert (told["kind"], told["thread_ts"]) == ("message", said["ts"])
    assert "Ask me a question" in told["rendered"]


async def test_nothing_is_left_looking_up(chat: SlackChat):
    """What /ask says at once stays above its answer: it is the question, which stays true."""
    since = await chat.ask("alice", "How much notice?")
    await chat.whispers("alice", since)
    shown = [one["rendered"] for one in (await chat.sim.see("posted", since=since))["posted"]]
    assert shown[0] == "You asked: How much notice?"
    assert "You give four weeks' notice [1]." in shown[1]
    assert len(shown) == 2


async def test_what_was_asked_is_repeated_without_its_links(chat: SlackChat):
    """A link in a question leads nowhere in what the bot says."""
    since = await chat.ask("alice", "How much notice, says https://evil.example/win?")
    await chat.whispers("alice", since)
    first = (await chat.sim.see("posted", since=since))["posted"][0]
    assert first["rendered"] == "You asked: How much notice, says?"


async def test_a_shortcut_shows_at_once_that_it_was_heard(chat: SlackChat):
    """A private answer to somebody's message begins with what is looked up."""
    said = await chat.asks("bob", "How much notice?")
    await shortcut(chat, said)
    (asked,) = await until(lambda: whispered(chat, "You asked:"))
    (answer,) = await until(lambda: whispered(chat, "four weeks' notice"))
    assert asked["text"] == "You asked: How much notice?"
    assert "thread_ts" not in answer


async def test_a_private_answer_about_a_reply_comes_in_its_thread(chat: SlackChat):
    """Whoever reads a thread sees the answer there."""
    root = await chat.asks("bob", "Morning!")
    reply = await chat.sim.do(
        "message", channel="C0GENERAL", user="U0BOB", text="How much notice?", thread_ts=root
    )
    await shortcut(chat, reply["ts"])
    (answer,) = await until(lambda: whispered(chat, "four weeks' notice"))
    assert answer["thread_ts"] == root


async def test_a_private_answer_needs_no_response_url(chat: SlackChat):
    """If the response_url is dead, the answer comes where an ephemeral message is seen."""
    await chat.sim.do("faults", method="response_url", status=404, times=-1)
    await shortcut(chat, await chat.asks("bob", "How much notice?"))

    async def ephemeral() -> list[Any]:
        calls = (await chat.sim.see("calls", method="chat.postEphemeral"))["calls"]
        return [one["args"] for one in calls if "four weeks" in one["args"]["text"]]

    (answer,) = await until(ephemeral)
    assert "thread_ts" not in answer


@pytest.mark.slow
async def test_a_reason_is_thanked_for_where_the_answer_is(chat: SlackChat):
    """After the form behind 👎 the thanks come in the answer's thread."""
    (shown,) = await chat.answers(await chat.mention("alice", "How much notice?"))
    await chat.complain(shown, "bob", "outdated", "")
    (told,) = await until(lambda: whispered(chat, "people who keep the docs"))
    assert told["thread_ts"] == shown.raw["thread_ts"]


async def test_sharing_where_the_bot_is_not_says_what_to_do(chat: SlackChat):
    """/ask works in every channel; sharing its answer needs the bot in it, and the presser hears so."""
    since = (await chat.sim.see("posted"))["seq"]
    await chat.sim.do("command", command="/ask", text="How much notice?", user="U0ALICE", channel="C0NOBOT")
    (shown,) = await chat.whispers("alice", str(since))
    await chat.sim.do(
        "action", channel="C0NOBOT", ts=shown.raw["ts"], action_id="docent_share", user="U0ALICE"
    )
    (told,) = await until(lambda: whispered(chat, "Add me to it"))
    assert told["text"] == "I may not write in that channel. Add me to it, then press again."
    await chat.sim.do("channels", id="C0NOBOT", members=["U0ALICE", "U0BOT"])
    await chat.sim.do(
        "action", channel="C0NOBOT", ts=shown.raw["ts"], action_id="docent_share", user="U0ALICE"
    )
    assert await until(lambda: whispered(chat, "shared this answer"))


async def test_more_and_sources_come_where_the_private_answer_is(chat: SlackChat):
    """Also in a channel without the bot, and not as a direct message."""
    since = (await chat.sim.see("posted"))["seq"]
    await chat.sim.do("command", command="/ask", text="How much notice?", user="U0ALICE", channel="C0NOBOT")
    (shown,) = await chat.whispers("alice", str(since))
    for action in ("docent_sources", "docent_more"):
        await chat.sim.do("action", channel="C0NOBOT", ts=shown.raw["ts"], action_id=action, user="U0ALICE")

    async def further() -> bool:
        found = (await chat.sim.see("posted", channel="C0NOBOT", since=shown.raw["seq"]))["posted"]
        return len(found) == 2 and "four weeks" in found[-1]["rendered"]

    await until(further)
    assert (await chat.sim.see("posted", channel="D0ALICE"))["posted"] == []
