"""What only Slack has: on its simulator."""

import asyncio

import pytest

from adapters.chat.answer_view import Press
from bot.model import Answer, Outcome
from tests.support.chats import chatting, opening
from tests.support.conversation import asked, only_answer, private_answer
from tests.support.scripted import LEAVE
from tests.support.slack_sim import SlackChat
from tests.support.waiting import until

_YAML = """
sources: [{name: handbook, type: folder, path: ./docs, audience: [everyone]}]
audiences:
  everyone: {}
  people-team: {slack_users: [U0BOB]}
  outside: {slack_users: [U0EXTERN]}
limits: {questions_per_minute: 1000}
slack:
  help_channel: C0DOCS
  admin_groups: [S0DOCADMINS]
  workspace_admins: false
  prompts: [{title: Holidays, message: "How much notice do I give?"}]
  channels:
    C0DOCS: {unasked: true, followups: true}
    C0PRIVATE: {audience: [people-team, everyone]}
  stop_within: 3s
"""

opened = opening("slack", yaml=_YAML)
chat = chatting()


# --- who may see what -----------------------------------------------------------------------------


async def test_the_audience_is_of_the_asker_and_of_the_place(chat: SlackChat):
    """A question carries what its asker and the channel may both see."""
    await chat.answers(await chat.mention("alice", "One?"))
    assert chat.core.asked[-1].audience == {"everyone"}
    await chat.answers(await chat.mention("bob", "Two?"))
    assert chat.core.asked[-1].audience == {"everyone"}
    said = await chat.sim.do("dm", user="U0BOB", text="Three?")
    await chat.answers(f"{said['channel']}/{said['ts']}")
    assert chat.core.asked[-1].audience == {"everyone", "people-team"}


async def test_guests_and_shared_channels_see_only_what_names_them(chat: SlackChat):
    """Neither guests, nor other companies' people, nor shared channels have the default audience."""
    for user, channel in (("U0GUEST", "C0GENERAL"), ("U0ALICE", "C0SHARED"), ("U0EXTERN", "C0SHARED")):
        said = await chat.sim.do("mention", channel=channel, user=user, text="What?")
        await chat.answers(f"{channel}/{said['thread_ts']}")
        assert chat.core.asked[-1].audience == frozenset()


# --- where it listens -----------------------------------------------------------------------------


async def test_it_answers_unasked_only_questions_and_only_when_sure(chat: SlackChat):
    """Where the channel allows it, a question without a mention is answered if the evidence is strong."""
    chat.core.answers["weak"] = Answer("", Outcome.ANSWERED, "Maybe [1].", (LEAVE,), strong=False)
    for said in ("Thanks all.", "A weak question?", "How much notice do I give?"):
        await chat.sim.do("message", channel="C0DOCS", user="U0ALICE", text=said)
    await chat.sim.do("message", channel="C0GENERAL", user="U0ALICE", text="How much notice do I give?")
    found = (await chat.sim.see("wait", channel="C0DOCS", min=1, timeout=10, quiet=0.6))["posted"]
    assert ["four weeks' notice" in one["rendered"] for one in found] == [True]
    assert (await chat.sim.see("posted", channel="C0GENERAL"))["posted"] == []


async def test_thread_messages_without_a_mention(chat: SlackChat):
    """They are answered in threads that the bot is in, where the channel allows it, and nowhere else."""
    for channel, answers in (("C0DOCS", 2), ("C0GENERAL", 1)):
        said = await chat.sim.do("mention", channel=channel, user="U0ALICE", text="First?")
        place = f"{channel}/{said['thread_ts']}"
        await chat.answers(place)
        await chat.sim.do("message", channel=channel, user="U0BOB", text="And more?", thread_ts=said["ts"])
        shown = await chat.answers(place, least=answers)
        assert len(shown) == answers


async def test_bots_are_not_answered_and_edits_in_place(chat: SlackChat):
    """Another bot's mention gets no answer, an edited message a new one in the place of the old."""
    await chat.sim.do("mention", channel="C0GENERAL", user="U0OTHERBOT", text="Loop?", bot=True)
    place = await chat.mention("alice", "How much notice?")
    (shown,) = await chat.answers(place)
    await chat.sim.do("edit_message", channel="C0GENERAL", ts=shown.raw["thread_ts"], text="<@U0BOT> edited?")
    await until(lambda: asked(chat, 2))
    assert len(await chat.answers(place)) == 1
    await chat.answers(await chat.mention("bob", "Last?"))
    assert [one.text for one in chat.core.asked] == ["How much notice?", "edited?", "Last?"]


@pytest.mark.slow
async def test_a_dm_is_answered_and_prompts_are_suggested(chat: SlackChat):
    """The Messages tab suggests prompts, and a message there needs no mention."""
    await chat.sim.do("app_home_opened", user="U0ALICE")

    async def prompted() -> bool:
        calls = (await chat.sim.see("calls", method="assistant.threads.setSuggestedPrompts"))["calls"]
        return [call["args"]["prompts"][0]["title"] for call in calls] == ["Holidays"]

    await until(prompted)
    said = await chat.sim.do("dm", user="U0ALICE", text="How much notice?")
    (shown,) = await chat.answers(f"{said['channel']}/{said['ts']}")
    assert "four weeks' notice" in shown.text
    assert await chat.violations() == []


async def test_the_shortcut_answers_in_the_messages_thread(chat: SlackChat):
    """Answer from the docs answers somebody's message in its thread."""
    said = await chat.sim.do("message", channel="C0GENERAL", user="U0BOB", text="How much notice?")
    done = await chat.sim.do(
        "message_action", channel="C0GENERAL", ts=said["ts"], user="U0ALICE", callback_id="docent_answer"
    )
    assert done["state"] == "acked"
    (shown,) = await chat.answers(f"C0GENERAL/{said['ts']}")
    assert "four weeks' notice" in shown.text


async def test_the_private_shortcut_answers_the_presser_alone(chat: SlackChat):
    """Answer only for me shows the answer to nobody else."""
    said = await chat.sim.do("message", channel="C0GENERAL", user="U0BOB", text="How much notice?")
    since = (await chat.sim.see("posted"))["seq"]
    await chat.sim.do(
        "message_action",
        channel="C0GENERAL",
        ts=said["ts"],
        user="U0ALICE",
        callback_id="docent_answer_private",
    )
    (shown,) = await chat.whispers("alice", str(since))
    assert "four weeks' notice" in shown.text


async def test_ask_alone_tells_how(chat: SlackChat):
    """/ask without a question teaches its use."""
    (told,) = await chat.whispers("alice", await chat.ask("alice", ""))
    assert "/ask how many days of annual leave" in told.text


async def test_a_spent_response_url_has_a_way_out(chat: SlackChat):
    """When the response_url fails, the private answer comes as an ephemeral message."""
    await chat.sim.do("faults", method="response_url", status=404, times=-1)
    shown = await private_answer(chat, "alice", "How much notice?")
    assert "four weeks' notice" in shown.text


async def test_admins_by_user_group(chat: SlackChat):
    """A member of the configured group is an admin; one who left it isn't, from that moment."""
    (told,) = await chat.whispers("admin", await chat.admin("admin", "sources"))
    assert "handbook" in told.text
    await chat.sim.do("usergroups", id="S0DOCADMINS", users=[])
    await asyncio.sleep(0)

    async def refused() -> bool:
        told = await chat.whispers("admin", await chat.admin("admin", "sources"))
        return "Only admins" in told[0].text

    await until(refused, seconds=15)


async def test_why_takes_a_link(chat: SlackChat):
    """Why finds an answer by the link to its message."""
    (shown,) = await chat.answers(await chat.mention("alice", "How much notice?"))
    link = f"https://sim.slack.com/archives/C0GENERAL/p{shown.raw['ts'].replace('.', '')}?thread_ts=1"
    (told,) = await chat.whispers("admin", await chat.admin("admin", f"why {link}"))
    assert "ANSWERED" in told.text


async def test_help_for_admins(chat: SlackChat):
    """/docent alone, or with a wrong word, teaches the commands."""
    (told,) = await chat.whispers("admin", await chat.admin("admin", "reindx"))
    assert "Did you mean" in told.text


async def test_feedback_twice_is_one_voice(chat: SlackChat):
    """Pressing 👍 twice is one voice."""
    (shown,) = await chat.answers(await chat.mention("alice", "How much notice?"))
    for _ in range(2):
        await chat.whispers("bob", await chat.press(shown, Press.GOOD, "bob"))
    assert len(await chat.app.journal.feedback(await only_answer(chat))) == 1


async def test_what_nobody_asked_the_bot_is_no_gap(chat: SlackChat):
    """Chatter in a channel where it may answer unasked is not listed as missing in the docs."""
    chat.core.answers["lunch"] = Answer(
        "x", Outcome.NOT_FOUND, "I couldn't find an answer to that in the docs."
    )
    await chat.sim.do("message", channel="C0DOCS", user="U0BOB", text="Who wants lunch?")

    async def done() -> bool:
        key = await only_answer(chat)
        recorded = await chat.app.journal.recorded(key) if key else None
        return recorded is not None and recorded.answer is not None

    await until(done)
    assert await chat.app.records.lookback.gaps() == []
