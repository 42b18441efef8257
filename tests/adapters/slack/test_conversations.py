"""What people do in Slack beside the common conversations of test_conversations.py: on its simulator."""

import asyncio
import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.support.chats import chatting, opening
from tests.support.conversation import asked
from tests.support.slack_sim import SlackChat
from tests.support.waiting import patience, until

_YAML = """
sources: [{name: handbook, type: folder, path: ./docs, audience: [everyone]}]
limits: {questions_per_minute: 1000, history_turns: 4, history_tokens: 60}
slack: {stop_within: 5s, channels: {C0DOCS: {followups: true, unasked: true}, C0SHARED: {enabled: false}}}
"""


opened = opening("slack", yaml=_YAML)
chat = chatting(lawful=True)


async def shown(chat: SlackChat, channel: str, thread: str = "") -> list[Any]:
    found = (await chat.sim.see("posted", channel=channel, thread_ts=thread))["posted"]
    return [one for one in found if not one["deleted"]]


async def says(chat: SlackChat, text: str, channel: str = "C0GENERAL", thread: str = "") -> bool:
    return any(text in (one["rendered"] or "") for one in await shown(chat, channel, thread))


# --- stop -----------------------------------------------------------------------------------------


async def press_stop(chat: SlackChat, thread: str) -> None:
    """Slack ends the thread's streams and tells the app."""
    await chat.sim.do("expire_streams", state="stopped_by_user")
    event = {
        "type": "agent_session_stopped", "channel": "C0GENERAL", "thread_ts": thread,
        "streaming_message_ts": [], "user": "U0ALICE", "event_ts": thread,
    }  # fmt: skip
    await chat.sim.do("event", event=event, channel="C0GENERAL")


async def test_stop_leaves_what_was_written(chat: SlackChat):
    """The stop button ends an answer at once: what was written stays, with a word that it was stopped."""
    chat.core.answers["slow"] = ["One. ", *["Two. "] * 20]
    chat.core.pause = 0.5
    said = await chat.sim.do("mention", channel="C0GENERAL", user="U0ALICE", text="A slow one?")
    await until(lambda: says(chat, "One."))
    await press_stop(chat, said["thread_ts"])
    await until(lambda: says(chat, "Stopped."))
    (one,) = await shown(chat, "C0GENERAL", said["thread_ts"])
    assert one["rendered"].startswith("One.")
    assert not one["streaming"]


async def test_stop_before_a_word_is_written(chat: SlackChat):
    """Stopped while it still looks, the thread says so, and nothing is left thinking."""
    chat.core.answers["slow"] = [""] * 20
    chat.core.pause = 0.5
    said = await chat.sim.do("mention", channel="C0GENERAL", user="U0ALICE", text="A slow one?")
    await until(lambda: asked(chat, 1))
    await press_stop(chat, said["thread_ts"])
    await until(lambda: says(chat, "Stopped.", thread=said["thread_ts"]))


async def test_stop_in_another_thread_changes_nothing(chat: SlackChat):
    """The button stops the answer in its own thread alone."""
    chat.core.hold = asyncio.Event()
    said = await chat.sim.do("mention", channel="C0GENERAL", user="U0ALICE", text="How much notice?")
    await until(lambda: asked(chat, 1))
    await press_stop(chat, "1.000001")
    chat.core.hold.set()
    await until(lambda: says(chat, "four weeks' notice", thread=said["thread_ts"]))


# --- threads --------------------------------------------------------------------------------------


async def test_a_mention_without_words_asks_what_the_thread_began_with(chat: SlackChat):
    """Tagging the bot under a colleague's question asks that question."""
    said = await chat.sim.do("message", channel="C0GENERAL", user="U0BOB", text="How much notice do I give?")
    await chat.sim.do("mention", channel="C0GENERAL", user="U0ALICE", text="", thread_ts=said["ts"])
    (answer,) = await chat.answers(f"C0GENERAL/{said['ts']}")
    assert "four weeks' notice" in answer.text
    assert [one.text for one in chat.core.asked] == ["How much notice do I give?"]


async def test_thanks_in_a_thread_get_no_answer_but_a_sure_one(chat: SlackChat):
    """Without a mention only questions are sure of an answer, and those to somebody else get none."""
    said = await chat.sim.do("mention", channel="C0DOCS", user="U0ALICE", text="How much notice?")
    place = f"C0DOCS/{said['thread_ts']}"
    await chat.answers(place)
    chat.core.answers["Thanks"] = RuntimeError("not even asked for")
    for words in ("<@U0BOB> do you agree?", "Thanks, that helps."):
        await chat.sim.do("message", channel="C0DOCS", user="U0BOB", text=words, thread_ts=said["ts"])
    await chat.sim.do("message", channel="C0DOCS", user="U0BOB", text="And the rest?", thread_ts=said["ts"])
    shown = await chat.answers(place, least=2)
    assert len(shown) == 2
    assert "do you agree?" not in [question.text for question in chat.core.asked]


async def test_reading_a_thread_holds_up_no_acknowledgement(chat: SlackChat):
    """A further message in a thread is acknowledged before Slack is asked whether the bot is in it."""
    said = await chat.sim.do("mention", channel="C0DOCS", user="U0ALICE", text="How much notice?")
    await chat.answers(f"C0DOCS/{said['thread_ts']}")
    other = await chat.sim.do("message", channel="C0DOCS", user="U0ALICE", text="Hello all.")
    slow = 5 * patience()
    await chat.sim.do("faults", method="conversations.replies", delay=slow, apply=True, times=-1)
    for thread in (said["ts"], other["ts"]):
        await chat.sim.do("message", channel="C0DOCS", user="U0BOB", text="And more?", thread_ts=thread)
    deliveries = await until(lambda: acknowledged(chat))
    assert max(a["ack_after"] for d in deliveries for a in d["attempts"]) < slow
    await chat.sim.clear_faults()
    await until(lambda: asked(chat, 2), seconds=15)
    await chat.answers(f"C0DOCS/{said['thread_ts']}", least=2)


async def acknowledged(chat: SlackChat) -> list[Any]:
    """All deliveries so far, once each is acknowledged: another may come at any moment."""
    deliveries = (await chat.sim.see("deliveries"))["deliveries"]
    whole = all(attempt.get("ack_after") is not None for one in deliveries for attempt in one["attempts"])
    return deliveries if whole else []


async def test_the_history_is_the_latest_within_its_limits(chat: SlackChat):
    """A follow-up sees at most so many turns and tokens of its thread, the latest of them."""
    said = await chat.sim.do("message", channel="C0GENERAL", user="U0BOB", text="Turn 0 " + "x" * 300)
    for number in range(1, 8):
        words = f"Turn {number}" + (" y" * 60 if number == 5 else "")
        await chat.sim.do("message", channel="C0GENERAL", user="U0BOB", text=words, thread_ts=said["ts"])
    await chat.sim.do("mention", channel="C0GENERAL", user="U0ALICE", text="And now?", thread_ts=said["ts"])
    await until(lambda: asked(chat, 1))
    assert [turn.text[:6] for turn in chat.core.asked[0].history] == ["Turn 4", "Turn 5", "Turn 6", "Turn 7"]


async def test_a_journal_that_is_busy_holds_up_no_acknowledgement(chat: SlackChat, tmp_path: Path):
    """While the journal can't be written for a while, events are acknowledged all the same, and all answered."""
    await chat.answers(await chat.mention("alice", "How much notice?"))
    journal = sqlite3.connect(tmp_path / "journal.db", isolation_level=None, check_same_thread=False)
    with contextlib.closing(journal) as other:
        await asyncio.to_thread(other.execute, "begin immediate")  # who writes just now needs the loop to end
        for number in range(12):
            await chat.mention("bob" if number % 2 else "alice", f"How much notice, {number}?")
        await until(lambda: acknowledged(chat))
        other.execute("rollback")
    await until(lambda: asked(chat, 13), seconds=20)
    deliveries = await until(lambda: acknowledged(chat))
    assert (
        max(a["ack_after"] for d in deliveries for a in d["attempts"]) < 3 * patience()
    )  # Slack's own bound
    found = await until(lambda: answered(chat, 13), seconds=20)
    assert len(found) == 13


async def answered(chat: SlackChat, count: int) -> list[Any]:
    found = [one for one in await shown(chat, "C0GENERAL") if "four weeks' notice" in (one["rendered"] or "")]
    return found if len(found) >= count else []


async def test_where_it_is_switched_off_it_is_silent(chat: SlackChat):
    """A channel with `enabled: false` gets no answer, not even to a mention."""
    await chat.sim.do("mention", channel="C0SHARED", user="U0ALICE", text="How much notice?")
    await chat.answers(await chat.mention("alice", "How much notice?"))
    assert await shown(chat, "C0SHARED") == []


# --- the shortcut ---------------------------------------------------------------------------------


async def shortcut(chat: SlackChat, ts: str, name: str = "docent_answer") -> str:
    since = (await chat.sim.see("posted"))["seq"]
    done = await chat.sim.do("message_action", channel="C0GENERAL", ts=ts, user="U0ALICE", callback_id=name)
    assert done["state"] == "acked"
    return str(since)


async def test_the_shortcut_twice_says_that_it_is_on_it(chat: SlackChat):
    """A second press answers nothing again, and says why."""
    said = await chat.sim.do("message", channel="C0GENERAL", user="U0BOB", text="How much notice?")
    await shortcut(chat, said["ts"])
    (told,) = await chat.whispers("alice", await shortcut(chat, said["ts"]))
    assert "on it already" in told.text
    assert len(await chat.answers(f"C0GENERAL/{said['ts']}")) == 1


@pytest.mark.parametrize("name", ["docent_answer", "docent_answer_private"])
async def test_the_shortcut_on_a_picture_says_that_there_are_no_words(chat: SlackChat, name: str):
    """A message without text can't be answered, and the presser hears so."""
    said = await chat.sim.do("message", channel="C0GENERAL", user="U0BOB", text="")
    (told,) = await chat.whispers("alice", await shortcut(chat, said["ts"], name))
    assert "no words" in told.text


async def test_the_shortcut_where_the_bot_is_not(chat: SlackChat):
    """In a channel without the bot the presser gets the answer as a DM."""
    said = await chat.sim.do("message", channel="C0NOBOT", user="U0BOB", text="How much notice?")
    await chat.sim.do(
        "message_action", channel="C0NOBOT", ts=said["ts"], user="U0ALICE", callback_id="docent_answer"
    )
    await until(lambda: says(chat, "four weeks' notice", "D0ALICE"), seconds=12)


# --- presses --------------------------------------------------------------------------------------


async def test_a_press_that_is_delivered_twice_counts_once(chat: SlackChat):
    """Slack delivers a press again: one form, one voice."""
    (answer,) = await chat.answers(await chat.mention("alice", "How much notice?"))
    for choice in ("good", "bad"):
        done = await chat.sim.do(
            "action", channel="C0GENERAL", ts=answer.raw["ts"], action_id=f"docent_{choice}",
            user="U0BOB", duplicate=2,
        )  # fmt: skip
        assert done["state"] == "acked"
    await until(lambda: forms(chat))
    assert len(await forms(chat)) == 1


async def forms(chat: SlackChat) -> list[Any]:
    return list((await chat.sim.see("state"))["views"])


async def test_a_deleted_message_takes_its_half_written_answer_along(chat: SlackChat):
    """When the asker deletes the question while the answer is streamed, the stream is taken back."""
    chat.core.answers["slow"] = ["One. ", *["Two. "] * 20]
    chat.core.pause = 0.5
    said = await chat.sim.do("mention", channel="C0GENERAL", user="U0ALICE", text="A slow one?")
    await until(lambda: says(chat, "One."))
    await chat.sim.do("delete_message", channel="C0GENERAL", ts=said["ts"])

    async def gone() -> bool:
        return await shown(chat, "C0GENERAL", said["thread_ts"]) == []

    await until(gone)
