"""Discord when it is broken: in one place, or altogether."""

import pytest

from adapters.discord.connection.timeouts import Timeouts
from bot.model import Answer, Outcome, Progress, SyncReport
from tests.support.discord_chat import Chat, chatting
from tests.support.discord_rest import Fault
from tests.support.discord_world import ALICE, ELSEWHERE, GENERAL, MOD, Message
from tests.support.scripted import LEAVE
from tests.support.waiting import until

_ANSWER = "You give four weeks' notice [1]."
_ALWAYS = 10**6
_REFUSED = {"code": 50035, "message": "Invalid Form Body"}
_HURRIED = Timeouts(here=1.5, elsewhere=0.5, again=0.2)

chat = chatting(patience=_HURRIED)  # a bot in a hurry


def break_down(chat: Chat, route: str, status: int, *, times: int = _ALWAYS, applied: bool = False) -> Fault:
    fault = Fault(route, status, times=times, applied=applied)
    chat.discord.rest.faults.append(fault)
    return fault


async def shown_in(chat: Chat, channel: str) -> Message:
    async def look() -> list[Message]:
        return [one for one in chat.discord.answers(channel) if one.get("components")]

    return (await until(look, seconds=12))[-1]


@pytest.mark.parametrize("status", [500, 503])
async def test_where_a_place_stays_broken_its_asker_is_told_alone(chat: Chat, status: int) -> None:
    """A channel and its threads that fail for good: within moments the answer is a direct message."""
    direct = chat.discord.dm(ALICE)["id"]
    break_down(chat, rf"(POST|PATCH|GET) /channels/(?!{direct}).*/messages.*", status)
    await chat.discord.mention("How much notice?")
    assert (await shown_in(chat, direct)).text == f"> How much notice?\n\n{_ANSWER}"


async def test_where_nothing_answers_its_asker_is_told_alone(chat: Chat) -> None:
    """A place whose calls are accepted and never answered is given up in time, too."""
    direct = chat.discord.dm(ALICE)["id"]
    break_down(chat, rf"(POST|PATCH) /channels/(?!{direct}).*/messages.*", 0).silent = True
    await chat.discord.mention("How much notice?", channel=ELSEWHERE)
    assert (await shown_in(chat, direct)).text == f"> How much notice?\n\n{_ANSWER}"


@pytest.mark.parametrize("status", [500, 503])
async def test_a_thread_that_stays_broken_has_its_answer_above(chat: Chat, status: int) -> None:
    """Where only the thread fails, the answer is a reply to the question."""
    said = chat.discord.snowflake()
    break_down(chat, rf".* /channels/(?!{GENERAL}).*/messages.*", status)
    said = await chat.discord.mention("How much notice?")
    assert (await shown_in(chat, GENERAL))["message_reference"]["message_id"] == said


@pytest.mark.parametrize("status", [500, 503])
async def test_a_private_answer_that_cannot_be_shown_is_a_direct_message(chat: Chat, status: int) -> None:
    """Also a command's answer finds its asker."""
    break_down(chat, r".* /webhooks/.*", status)
    await chat.discord.command("ask", {"question": "How much notice?"})
    assert (await shown_in(chat, chat.discord.dm(ALICE)["id"])).text == _ANSWER


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_an_answer_outlasts_an_outage(chat: Chat, status: int) -> None:
    """While nothing works anywhere the answer waits, and comes where it belongs once Discord is back."""
    fault = break_down(chat, r"(POST|PATCH|GET) /(channels|users)/.*", status)
    said = await chat.discord.mention("How much notice?", channel=ELSEWHERE)
    await until(lambda: _tried(fault, 20))
    chat.discord.rest.faults.clear()
    shown = await chat.answer(ELSEWHERE)
    assert (shown.text, shown["message_reference"]["message_id"]) == (_ANSWER, said)


async def test_who_takes_no_direct_messages_gets_the_answer_later(chat: Chat) -> None:
    """Where a place is broken and its asker has closed their direct messages, the answer waits for the place."""
    broken = break_down(chat, rf"(POST|PATCH) /channels/{ELSEWHERE}/messages.*", 503)
    closed = {"code": 50007, "message": "Cannot send messages to this user"}
    direct = chat.discord.dm(ALICE)["id"]
    chat.discord.rest.faults.append(
        Fault(rf"POST /channels/{direct}/messages", 403, times=_ALWAYS, body=closed)
    )
    await chat.discord.mention("How much notice?", channel=ELSEWHERE)
    await until(lambda: _tried(broken, 8))
    chat.discord.rest.faults.remove(broken)
    assert (await chat.answer(ELSEWHERE)).text == _ANSWER


async def test_a_private_answer_outlasts_an_outage(chat: Chat) -> None:
    """Also a command's answer comes once Discord is back: in its place or as a direct message."""
    fault = break_down(chat, r"(POST|PATCH) /(channels|users|webhooks)/.*", 500)
    one = await chat.discord.command("ask", {"question": "How much notice?"})
    await until(lambda: _tried(fault, 20))
    chat.discord.rest.faults.clear()

    async def shown() -> list[Message]:
        found = [*chat.discord.responses(one), *chat.discord.answers(chat.discord.dm(ALICE)["id"])]
        return [each for each in found if each.text == _ANSWER]

    assert len(await until(shown)) == 1


async def _tried(fault: Fault, count: int) -> bool:
    return fault.times <= _ALWAYS - count


async def test_an_outage_of_a_long_answer_repeats_no_page(chat: Chat) -> None:
    """What was shown before everything failed isn't shown again after it."""
    pages = "\n\n".join(f"Paragraph {number}. " + "Words and words. " * 60 for number in range(6))
    chat.core.answers["long"] = Answer("", Outcome.ANSWERED, pages, (LEAVE,))
    direct = chat.discord.dm(ALICE)["id"]
    fault = break_down(chat, rf"POST /channels/{ELSEWHERE}/messages", 503)
    fault.skip = 2
    break_down(chat, rf".* /(channels/{direct}|users)/.*", 503)
    await chat.discord.mention("A long one?", channel=ELSEWHERE)
    await until(lambda: _tried(fault, 8))
    chat.discord.rest.faults.clear()
    await finished(chat)
    texts = [one.text for one in chat.discord.answers(ELSEWHERE)]
    assert len(texts) == len(set(texts)) == 6
    assert chat.discord.answers(direct) == []


async def test_an_outage_of_a_long_private_answer_repeats_no_page(chat: Chat) -> None:
    """The same for one that only its asker sees."""
    pages = "\n\n".join(f"Paragraph {number}. " + "Words and words. " * 60 for number in range(6))
    chat.core.answers["long"] = Answer("", Outcome.ANSWERED, pages, (LEAVE,))
    fault = break_down(chat, r"POST /webhooks/.*", 503)
    fault.skip = 2
    break_down(chat, r"POST /users/.*", 503)
    one = await chat.discord.command("ask", {"question": "A long one?"})
    await until(lambda: _tried(fault, 6))
    chat.discord.rest.faults.remove(fault)
    await finished(chat)
    texts = [each.text for each in chat.discord.responses(one)]
    assert len(texts) == len(set(texts)) == 6


async def test_an_answer_that_was_shown_after_all_is_found(chat: Chat) -> None:
    """Where only Discord's word that it took the answer was lost, it stands there once."""
    fault = break_down(chat, rf"POST /channels/{ELSEWHERE}/messages", 500, applied=True)
    break_down(chat, r"POST /users/.*", 503)
    await chat.discord.mention("How much notice?", channel=ELSEWHERE)
    await until(lambda: _tried(fault, 3))
    chat.discord.rest.faults.clear()
    await finished(chat)
    assert [one.text for one in chat.discord.said.values()] == [_ANSWER]


async def finished(chat: Chat) -> None:
    """Until nothing more comes of the question."""

    async def recorded() -> bool:
        found = await chat.app.journal.recorded(chat.core.ids[0]) if chat.core.ids else None
        return found is not None and found.answer is not None

    await until(recorded)


async def test_an_answer_does_not_wait_for_a_limit_that_its_thread_used_up(chat: Chat) -> None:
    """Whose thread is the last for a while has it, and so the answer in it at once."""
    chat.discord.rest.used_up[r"POST /channels/\d+/messages/\d+/threads"] = 50.0
    said = await chat.discord.mention("How much notice?")
    assert (await shown_in(chat, said)).text == _ANSWER


async def test_a_limit_that_lasts_too_long_is_no_bug(chat: Chat) -> None:
    """Where no thread may be opened for minutes, the answer is a reply."""
    slow = {"retry_after": 300.0, "message": "slow", "global": False}
    chat.discord.rest.faults.append(
        Fault(r"POST /channels/\d+/messages/\d+/threads", 429, times=_ALWAYS, body=slow)
    )
    said = await chat.discord.mention("How much notice?")
    shown = await shown_in(chat, GENERAL)
    assert (shown.text, shown["message_reference"]["message_id"]) == (_ANSWER, said)


async def test_a_reindex_is_reported_after_an_outage(chat: Chat) -> None:
    """Progress that can't be shown for a while is left out; how it ended isn't."""
    one = await chat.discord.command("docent reindex", user=MOD)
    shown = await chat.said_to(one, "waiting")
    run = await chat.app.runs.take("indexer")
    assert run is not None
    fault = break_down(chat, r"(POST|PATCH) /(channels|users|webhooks)/.*", 503)
    await chat.app.runs.report_progress(run.id, Progress("handbook", "indexing", 50, 200, 5.0))
    await until(lambda: _tried(fault, 1))
    await chat.app.runs.end(run.id, "done", [SyncReport("handbook", added=200)])
    await until(lambda: _tried(fault, 3))
    chat.discord.rest.faults.clear()
    assert (await chat.said_to(one, "200 added"))["id"] == shown["id"]


async def test_an_answer_whose_form_is_refused_is_text_in_its_place(chat: Chat) -> None:
    """Where Discord takes neither embed nor buttons, the answer with its sources is plain text."""
    chat.discord.rest.faults.append(
        Fault(r"POST /channels/\d+/messages", 400, holds="components", body=_REFUSED)
    )
    said = await chat.discord.mention("How much notice?", channel=ELSEWHERE)

    async def look() -> list[Message]:
        return chat.discord.answers(ELSEWHERE)

    (shown,) = await until(look)
    assert shown["message_reference"]["message_id"] == said
    assert shown.text.startswith(f"{_ANSWER}\n\n`[1]` [Annual leave")
    assert (shown.sources, shown.buttons) == ("", {})


async def test_a_private_answer_whose_form_is_refused_is_text_in_its_place(chat: Chat) -> None:
    """The same for one that only its asker sees."""
    chat.discord.rest.faults.append(Fault(r"PATCH /webhooks/.*", 400, holds="components", body=_REFUSED))
    shown = await chat.said_to(await chat.discord.command("ask", {"question": "How much?"}), "Annual leave")
    assert shown["user"] == ALICE
    assert shown.text.startswith(f"{_ANSWER}\n\n`[1]` [Annual leave")
    assert (shown.sources, shown.buttons) == ("", {})
