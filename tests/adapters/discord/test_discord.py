"""Conversations in Discord that need nothing but this repository; test_conversations.py has all of them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import discord
import pytest

from adapters.discord.service import invite
from bot.config.chat import DiscordSettings, ForumSettings, GuildSettings
from bot.model import Answer, Outcome, Progress
from tests.support.discord_chat import YAML, Chat, chatting, open_discord, running
from tests.support.discord_rest import Fault
from tests.support.discord_world import (
    ALICE,
    BOB,
    ELSEWHERE,
    FORUM,
    GENERAL,
    GUILD,
    HELP,
    MOD,
    TAG,
    Message,
)
from tests.support.scripted import LEAVE
from tests.support.waiting import until

_ANSWER = "You give four weeks' notice [1]."

chat = chatting()


async def only_answer(chat: Chat) -> str:
    (answer,) = chat.core.ids
    return answer


async def test_a_mention_is_answered_once_in_a_thread(chat: Chat) -> None:
    """However often Discord delivers a mention, its thread gets one answer with linked, dated sources and buttons."""
    said = await chat.discord.mention("How much notice do I give?", times=3)
    shown = await chat.answer(said)
    assert shown.text == _ANSWER
    assert "[Annual leave › Notice](https://docs.example/leave#notice)" in shown.sources
    assert "ago" in shown.sources
    assert list(shown.buttons) == ["👍", "👎", "Longer answer", "Show sources"]
    assert chat.discord.channels[said]["name"] == "How much notice do I give?"
    assert chat.discord.answers(GENERAL) == []
    assert len(chat.core.asked) == 1


async def test_a_server_that_wants_replies_gets_replies(chat: Chat) -> None:
    """A server's own settings count: here a reply instead of a thread, and its own audience."""
    said = await chat.discord.mention("How much notice do I give?", channel=ELSEWHERE)
    shown = await chat.answer(ELSEWHERE)
    assert shown["message_reference"]["message_id"] == said
    assert chat.core.asked[0].audience == {"partners"}
    await chat.answer(await chat.discord.mention("And here?"))
    assert chat.core.asked[1].audience == {"everyone"}


async def test_a_follow_up_knows_what_was_said(chat: Chat) -> None:
    """A mention in the thread of an answer is answered in place, with the thread as history."""
    thread = await chat.discord.mention("How much notice do I give?")
    await chat.answer(thread)
    await chat.discord.mention("And for contractors?", user=BOB, channel=thread)
    await chat.answer(thread, 2)
    assert [(turn.role, turn.text) for turn in chat.core.asked[-1].history] == [
        ("user", "How much notice do I give?"),
        ("assistant", "You give four weeks' notice."),
    ]


async def test_a_reply_in_a_channel_knows_what_it_replies_to_and_no_more(chat: Chat) -> None:
    """Where answers are replies, other people's talk in the channel is no part of the conversation."""
    await chat.discord.mention("How much notice do I give?", channel=ELSEWHERE)
    first = await chat.answer(ELSEWHERE)
    await chat.discord.mention("Where do I park?", channel=ELSEWHERE)
    await chat.answer(ELSEWHERE, 2)
    await chat.discord.mention("And for contractors?", channel=ELSEWHERE, reply_to=first["id"])
    await chat.answer(ELSEWHERE, 3)
    assert [(turn.role, turn.text) for turn in chat.core.asked[-1].history] == [
        ("user", "How much notice do I give?"),
        ("assistant", "You give four weeks' notice."),
    ]


async def test_a_direct_message_is_answered_in_place(chat: Chat) -> None:
    """A direct message needs no mention; what its asker may see anywhere counts."""
    channel = await chat.discord.direct("How much notice do I give?", user=MOD)
    assert (await chat.answer(channel)).text == _ANSWER
    assert chat.core.asked[0].audience == {"everyone", "leads"}


async def test_ask_answers_the_asker_alone_until_it_is_shared(chat: Chat) -> None:
    """/ask answers privately; Share in channel shows it to all, once, however often it is pressed."""
    shown = await chat.said_to(await chat.discord.command("ask", {"question": "How much notice?"}), _ANSWER)
    assert shown["user"] == ALICE
    assert chat.discord.said == {}
    await asyncio.gather(*(chat.discord.press(shown, "Share in channel") for _ in range(3)))

    async def shared() -> list[Message]:
        return chat.discord.answers(GENERAL)

    await until(shared)
    (posted,) = chat.discord.answers(GENERAL)
    assert "alice shared this answer" in posted.text
    assert _ANSWER in posted.text


async def test_a_message_can_be_answered_from_the_docs(chat: Chat) -> None:
    """The message's menu answers what somebody said, for everybody."""
    said = await chat.discord.message("How much notice do I give?", user=BOB)
    one = await chat.discord.menu("Answer from the docs", said)
    shown = await chat.said_to(one, _ANSWER)
    assert "user" not in shown
    assert chat.core.asked[0].text == "How much notice do I give?"


async def test_what_the_docs_do_not_say_goes_to_a_human(chat: Chat) -> None:
    """NOT_FOUND names the nearest page and offers one step: Ask a human posts into the help channel, once."""
    chat.core.answers["shoe"] = Answer("", Outcome.NOT_FOUND, "The docs don't say.", nearest=(LEAVE,))
    shown = await chat.answer(await chat.discord.mention("What's the CEO's shoe size?"))
    assert "You could ask" not in shown.text
    assert "Annual leave" in shown.sources
    for _ in range(2):
        await chat.said_to(await chat.discord.press(shown, "Ask a human"), "asked in the help channel")
    (posted,) = chat.discord.answers(HELP)
    assert "shoe size" in posted.text


@pytest.mark.slow
async def test_a_human_is_offered_only_where_a_help_channel_is(chat: Chat) -> None:
    """Each server has its own help channel: without one there is no such button."""
    chat.core.answers["shoe"] = Answer("", Outcome.NOT_FOUND, "The docs don't say.", nearest=(LEAVE,))
    await chat.discord.mention("What's the CEO's shoe size?", channel=ELSEWHERE)
    assert list((await chat.answer(ELSEWHERE)).buttons) == []


async def test_a_deleted_thread_gets_its_answer_in_the_channel(chat: Chat) -> None:
    """When the thread goes in mid-answer, the answer comes as a reply to the question."""
    chat.core.hold = asyncio.Event()
    said = await chat.discord.mention("How much notice?")
    await chat.asked()
    del chat.discord.channels[said]
    chat.core.hold.set()
    shown = await chat.answer(GENERAL)
    assert (shown.text, shown["message_reference"]["message_id"]) == (_ANSWER, said)


async def test_a_bug_in_showing_an_answer_is_told(chat: Chat) -> None:
    """An answer of another shape than Discord's is a bug: the asker hears of it, and the question is closed."""
    chat.core.answers["odd"] = Answer("", Outcome.ANSWERED, None, (LEAVE,))  # type: ignore[arg-type] # on purpose
    await chat.discord.mention("An odd one?")

    async def told() -> list[Message]:
        return [one for one in chat.discord.said.values() if "Something went wrong on my side" in one.text]

    await until(told)


async def test_reindex_outlives_the_interaction(chat: Chat) -> None:
    """Past the interaction's fifteen minutes the same message is kept current, and Cancel works."""
    one = await chat.discord.command("docent reindex", user=MOD)
    shown = await chat.said_to(one, "waiting")
    for interaction in chat.discord.rest.interactions.values():
        interaction.expired = True
    run = await chat.app.runs.take("indexer")
    assert run is not None
    await chat.app.runs.report_progress(run.id, Progress("handbook", "indexing", 50, 200, 5.0))
    await chat.said_to(one, "50/200 pages")
    await chat.discord.press(shown, "Cancel", user=MOD)

    async def cancelled() -> bool:
        return (await chat.app.runs.latest())[0].cancel_wanted

    await until(cancelled)
    await chat.app.runs.end(run.id, "cancelled", [])
    await chat.said_to(one, "ancelled")
    assert list(chat.discord.said.values()) == [shown]


async def test_pressing_once_holds_across_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    """A button works after a restart, and what is done once isn't done again by the next process."""
    async with open_discord(tmp_path, monkeypatch.setenv, free_port()) as chat:
        chat.core.answers["shoe"] = Answer("", Outcome.NOT_FOUND, "The docs don't say.")
        async with running(chat):
            shown = await chat.answer(await chat.discord.mention("What's the CEO's shoe size?"))
            await chat.said_to(await chat.discord.press(shown, "Ask a human"), "asked in the help channel")
        async with running(chat):
            await chat.said_to(await chat.discord.press(shown, "Ask a human"), "asked in the help channel")
        assert len(chat.discord.answers(HELP)) == 1


async def test_a_help_channel_that_takes_nothing_may_be_asked_again(chat: Chat) -> None:
    """Ask a human says so when it didn't work, and works when it is pressed later."""
    chat.core.answers["shoe"] = Answer("", Outcome.NOT_FOUND, "The docs don't say.")
    shown = await chat.answer(await chat.discord.mention("What's the CEO's shoe size?"))
    chat.discord.rest.deny = {"send"}
    await chat.said_to(await chat.discord.press(shown, "Ask a human"), "I may not write in the help channel")
    chat.discord.rest.deny = set()
    await chat.said_to(await chat.discord.press(shown, "Ask a human"), "asked in the help channel")
    assert len(chat.discord.answers(HELP)) == 1


async def test_bad_feedback_asks_why(chat: Chat) -> None:
    """👎 counts, opens a form, and the form's reason is kept."""
    shown = await chat.answer(await chat.discord.mention("How much notice?"))
    form = await chat.form(await chat.discord.press(shown, "👎", user=BOB))
    values = {"complaint": ["outdated"], "comment": "Six weeks now."}
    await chat.said_to(
        await chat.discord.submit(form, values, user=BOB), "goes to the people who keep the docs"
    )
    (given,) = await chat.app.journal.feedback(await only_answer(chat))
    assert (given.verdict, given.complaint, given.comment) == ("down", "outdated", "Six weeks now.")


async def test_only_admins_may_command(chat: Chat) -> None:
    """/docent is refused to others in its handler as well, and works with Manage Server."""
    await chat.said_to(await chat.discord.command("docent sources", user=BOB), "Only admins")
    await chat.said_to(await chat.discord.command("docent sources", user=MOD), "handbook")


async def test_a_forum_post_gets_a_first_answer_and_the_tag(chat: Chat) -> None:
    """A new post in a configured forum is answered in place, once, from its title and text; then it is tagged."""
    thread = await chat.discord.post("Notice", "How much do I have to give?")
    assert (await chat.answer(thread)).text == _ANSWER
    assert chat.core.asked[0].text == "Notice\nHow much do I have to give?"

    async def tagged() -> bool:
        return chat.discord.channels[thread]["applied_tags"] == [TAG]

    await until(tagged)
    assert len(chat.core.asked) == 1


async def test_a_forum_post_with_weak_evidence_is_left_to_people(chat: Chat) -> None:
    """Without strong evidence nothing is said in a post, and it gets no tag."""
    chat.core.answers["weak"] = Answer("", Outcome.ANSWERED, "Maybe [1].", (LEAVE,), strong=False)
    chat.core.answers["none"] = Answer("", Outcome.NOT_FOUND, "The docs don't say.")
    weak = await chat.discord.post("A weak one", "Who knows?")
    none = await chat.discord.post("One with none", "Who knows?")
    await chat.asked(2)
    await chat.answer(await chat.discord.mention("How much notice?"))
    assert chat.discord.answers(weak) == chat.discord.answers(none) == []
    assert chat.discord.channels[weak]["applied_tags"] == []


async def test_a_private_thread_hears_what_all_its_members_may_see(chat: Chat) -> None:
    """In a private thread the answer uses only what each of its members may see."""
    leads = await chat.discord.private_thread(MOD)
    mixed = await chat.discord.private_thread(MOD, BOB)
    await chat.discord.mention("One?", user=MOD, channel=leads)
    await chat.answer(leads)
    assert chat.core.asked[-1].audience == {"everyone", "leads"}
    await chat.discord.mention("Two?", user=MOD, channel=mixed)
    await chat.answer(mixed)
    assert chat.core.asked[-1].audience == {"everyone"}


async def test_a_private_thread_with_a_stranger_hears_nothing_private(chat: Chat) -> None:
    """Somebody who has left the server may see nothing: so nothing is shown where they read along."""
    thread = await chat.discord.private_thread(MOD, "9999")
    await chat.discord.mention("One?", user=MOD, channel=thread)
    await chat.answer(thread)
    assert chat.core.asked[-1].audience == frozenset()


async def test_what_is_not_for_it_is_left_alone(chat: Chat) -> None:
    """Talk among people, other bots and webhooks get nothing."""
    await chat.discord.message("How much notice do I give?")
    bot = {**chat.discord.user(BOB), "bot": True}
    await chat.discord.mention("Loop?", user=BOB, author=bot)
    await chat.discord.mention("Hook?", user=BOB, webhook_id="1")
    await chat.answer(await chat.discord.mention("For you?"))
    assert len(chat.core.asked) == 1


async def test_nothing_pings_and_no_foreign_link_comes_out(chat: Chat) -> None:
    """Whatever an answer holds: no mention counts, and its links show no preview."""
    text = "@everyone <@1> <@&2> @here see [this](https://evil.example/) and https://evil.example/ [1]."
    chat.core.answers["evil"] = Answer("", Outcome.ANSWERED, text, (LEAVE,))
    shown = await chat.answer(await chat.discord.mention("An evil one?"))
    assert "https://evil.example" not in shown.whole.replace("<https://", "")
    assert "@everyone" not in shown.whole
    assert "<@1>" not in shown.whole
    assert "<@&2>" not in shown.whole


async def test_five_at_once_are_three_answers_and_one_word(chat: Chat) -> None:
    """Of five questions in one moment with a limit of three, three are answered and the asker is told once."""
    said = await asyncio.gather(*(chat.discord.mention(f"Question {number}?") for number in range(5)))

    async def told() -> list[Message]:
        return [one for one in chat.discord.said.values() if "3 questions within a minute" in one.text]

    await until(told)
    await chat.asked(3)
    await until(lambda: _all_done(chat))
    assert len(await told()) == 1
    assert sum(bool(chat.discord.answers(one)) for one in said) == 3


async def _all_done(chat: Chat) -> bool:
    return sum(_ANSWER in one.text for one in chat.discord.said.values()) == 3


@pytest.mark.parametrize(
    "fault",
    [
        Fault(r"POST /channels/\d+/messages", 503),
        Fault(r"POST /channels/\d+/messages", 503, applied=True),
        Fault(r"POST /channels/\d+/messages/\d+/threads", 503, applied=True),
        Fault(r"POST /channels/\d+/typing", 503, times=9),
        Fault(
            r"POST /channels/\d+/messages", 429, body={"retry_after": 0.2, "message": "slow", "global": True}
        ),
    ],
    ids=lambda fault: f"{fault.route[-9:]} {fault.status} {fault.applied}",
)
async def test_a_failing_call_still_ends_in_one_whole_answer(chat: Chat, fault: Fault) -> None:
    """Whatever call fails, and also if only its answer is lost: one whole answer."""
    chat.discord.rest.faults.append(fault)
    said = await chat.discord.mention("How much notice?")
    await chat.answer(said)
    (shown,) = chat.discord.answers(said)
    assert shown.text == _ANSWER


async def test_without_a_right_it_answers_where_it_may(chat: Chat) -> None:
    """No thread: a reply. No word in the channel: a direct message."""
    chat.discord.rest.deny = {"threads"}
    said = await chat.discord.mention("One?")
    assert (await chat.answer(GENERAL))["message_reference"]["message_id"] == said
    chat.discord.rest.deny = {"threads", "send"}
    await chat.discord.mention("Two?", user=BOB)
    assert (await chat.answer(chat.discord.dm(BOB)["id"])).text == f"> Two?\n\n{_ANSWER}"


async def test_a_deleted_question_is_left_alone(chat: Chat) -> None:
    """When the asker deletes the question, the answer stops and what was shown goes."""
    chat.core.answers["slow"] = ["One. ", "Two. ", "Three."]
    chat.core.pause, chat.core.hold = 0.5, asyncio.Event()
    said = await chat.discord.mention("A slow one?")

    async def shown() -> list[Message]:
        return chat.discord.answers(said)

    await until(shown)
    await chat.discord.delete(said)

    async def gone() -> bool:
        return not chat.discord.answers(said)

    await until(gone)


async def test_an_expired_token_has_a_way_out(chat: Chat) -> None:
    """A private answer whose interaction has expired comes as a direct message."""
    chat.core.hold = asyncio.Event()
    await chat.discord.command("ask", {"question": "How much notice?"})
    await chat.asked()
    for one in chat.discord.rest.interactions.values():
        one.expired = True
    chat.core.hold.set()
    assert (await chat.answer(chat.discord.dm(ALICE)["id"])).text == _ANSWER


@pytest.mark.parametrize("how", ["reset", "close", "reconnect", "resume", "invalid"])
async def test_a_lost_gateway_does_not_lose_the_answer(chat: Chat, how: str) -> None:
    """The gateway may go away in mid-answer: the answer ends whole, once, and what was said meanwhile is heard."""
    chat.core.hold = asyncio.Event()
    said = await chat.discord.mention("How much notice?")
    await chat.asked()
    await chat.discord.drop(how)
    if how != "invalid":
        later = await chat.discord.mention("Said while it was away?", user=BOB)
    chat.core.hold.set()
    await chat.answer(said)

    async def back() -> bool:
        return chat.discord.identified + chat.discord.resumed >= 2 and chat.discord.connected

    await until(back, seconds=20)
    if how == "invalid":
        later = await chat.discord.mention("Said after it?", user=BOB)
    await chat.answer(later)
    assert (chat.discord.resumed, chat.discord.identified) == ((0, 2) if how == "invalid" else (1, 1))


@pytest.fixture
async def hearing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> AsyncIterator[Chat]:
    """With the Message Content intent; the general channel takes questions without a mention."""
    yaml = YAML.replace("discord:", "discord:\n  message_content: true", 1)
    yaml = yaml.replace("{audience: [everyone, leads]}", "{audience: [everyone, leads], unasked: true}")
    async with open_discord(tmp_path, monkeypatch.setenv, free_port(), yaml) as chat:
        async with running(chat):
            yield chat
        assert chat.discord.rest.wrong == []


async def test_with_the_intent_questions_need_no_mention_where_the_server_says_so(hearing: Chat) -> None:
    """A question in such a channel is answered, talk isn't; in the bot's own thread every message counts."""
    await hearing.discord.message("Thanks, all of you.")
    said = await hearing.discord.message("How much notice do I give?")
    await hearing.answer(said)
    await hearing.discord.message("And for contractors", user=BOB, channel=said)
    await hearing.answer(said, 2)
    await hearing.discord.message("How much notice do I give?", channel=HELP)
    assert [one.text for one in hearing.core.asked] == ["How much notice do I give?", "And for contractors"]


async def test_a_silent_reply_to_the_bot_is_a_follow_up(hearing: Chat) -> None:
    """A reply that doesn't notify the bot is one as well."""
    hearing.discord.rest.deny = {"threads"}
    await hearing.discord.mention("How much notice?", channel=HELP)
    shown = await hearing.answer(HELP)
    await hearing.discord.message("And?", channel=HELP, reply_to=shown["id"], notify=False)
    await hearing.answer(HELP, 2)


async def test_two_shards_have_a_server_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    """Each server's mentions come through its own shard; both are answered."""
    yaml = YAML.replace("discord:", "discord:\n  shards: 2", 1)
    async with open_discord(tmp_path, monkeypatch.setenv, free_port(), yaml) as chat, running(chat):

        async def both() -> bool:  # discord.py lets five seconds go by between them
            return len(chat.discord.sessions) == 2

        await until(both, seconds=15)
        await chat.answer(await chat.discord.mention("Here?"))
        await chat.discord.mention("There?", channel=ELSEWHERE)
        await chat.answer(ELSEWHERE)
        assert {one.shard for one in chat.discord.sessions.values()} == {(0, 2), (1, 2)}


async def test_a_message_without_the_intent_is_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    """Without the Message Content intent it asks for none: mentions and direct messages are all it reads."""
    async with open_discord(tmp_path, monkeypatch.setenv, free_port()) as chat, running(chat):
        (session,) = chat.discord.sessions.values()
        assert session.intents == (1 << 0) | (1 << 9) | (1 << 12)


def _asked_for(settings: DiscordSettings) -> discord.Permissions:
    url = invite(42, settings)
    assert "client_id=42" in url
    return discord.Permissions(int(url.partition("permissions=")[2].partition("&")[0]))


def test_the_invite_asks_for_no_more_than_it_needs() -> None:
    """Six permissions, none of them an administrator's; a forum's tag takes a seventh."""
    plain = _asked_for(DiscordSettings())
    with_forum = _asked_for(DiscordSettings(guilds={GUILD: GuildSettings(forums={FORUM: ForumSettings()})}))
    assert not plain.administrator
    assert plain.value.bit_count() == 6
    assert with_forum.value & ~plain.value == discord.Permissions(manage_threads=True).value
