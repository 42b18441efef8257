"""What admins say and press, the same on every platform, on the platforms' simulators."""

import asyncio

import pytest

from adapters.chat.answer_view import Press
from bot.model import Answer, Outcome, Progress, SyncReport
from tests.support.chats import chatting, opening
from tests.support.conversation import Chat, Shown, only_answer, says
from tests.support.scripted import LEAVE
from tests.support.waiting import until

NOT_FOUND = Answer("", Outcome.NOT_FOUND, "The docs don't say.", nearest=(LEAVE,))


opened = opening("slack", "discord")
chat = chatting(lawful=True)


async def test_an_admin_asks_for_help(chat: Chat):
    """Asking for help tells the commands, without a reproach."""
    if chat.platform == "discord":
        pytest.skip("Discord lists the commands itself")
    (told,) = await chat.whispers("admin", await chat.admin("admin", "help"))
    assert told.text.startswith("`reindex [source] [--full]`")


async def test_admin_commands_are_for_admins(chat: Chat, caplog):
    """Anybody else is refused in a friendly way, and the attempt is logged."""
    (told,) = await chat.whispers("alice", await chat.admin("alice", "status"))
    assert "Only admins" in told.text
    assert "refused" in caplog.text


async def test_status_and_sources(chat: Chat):
    """Admins see the index and its sources."""
    (told,) = await chat.whispers("admin", await chat.admin("admin", "status"))
    assert "handbook" in told.text
    (told,) = await chat.whispers("admin", await chat.admin("admin", "sources"))
    assert "folder" in told.text


async def test_gaps_lists_what_the_docs_do_not_say(chat: Chat):
    """Gaps lists unanswered questions."""
    chat.core.answers["shoe"] = NOT_FOUND
    await chat.answers(await chat.mention("alice", "What's the CEO's shoe size?"))
    (told,) = await chat.whispers("admin", await chat.admin("admin", "gaps"))
    assert "shoe size" in told.text


async def test_why_tells_how_an_answer_came_about(chat: Chat):
    """Why explains an answer by its id."""
    await chat.answers(await chat.mention("alice", "How much notice?"))
    (told,) = await chat.whispers("admin", await chat.admin("admin", f"why {await only_answer(chat)}"))
    assert "ANSWERED" in told.text


@pytest.mark.slow
async def test_reindex_shows_its_progress_and_its_report(chat: Chat):
    """Reindex keeps one message current and ends with the report."""
    since = await chat.admin("admin", "reindex handbook")
    (first,) = [one for one in await chat.channel(since) if "waiting" in one.text]
    runs = chat.app.runs
    run = await runs.take("indexer")
    assert run is not None
    await runs.report_progress(run.id, Progress("handbook", "indexing", 50, 200, 5.0))
    await until(lambda: says(chat, since, "50/200 pages, 10/s, 15 s left"))
    await runs.end(run.id, "done", [SyncReport("handbook", added=2, unchanged=198, seconds=9.0)])
    (last,) = await until(lambda: says(chat, since, "2 added, 198 unchanged"))
    assert last.raw.get("ts", last.raw.get("id")) == first.raw.get("ts", first.raw.get("id"))
    assert last.buttons == ()


async def test_a_second_reindex_shows_the_first(chat: Chat):
    """A reindex while one runs says so and starts none."""
    await chat.admin("admin", "reindex handbook")
    await until(lambda: latest(chat))
    await chat.admin("admin", "reindex handbook")
    await asyncio.sleep(0)
    assert len(await chat.app.runs.latest()) == 1


async def test_cancel_stops_a_reindex(chat: Chat):
    """The Cancel button asks the run to stop; others may not press it."""
    since = await chat.admin("admin", "reindex handbook")
    shown = next(one for one in await chat.channel(since) if "waiting" in one.text)
    await chat.whispers("alice", await chat.press(shown, Press.CANCEL, "alice"))
    assert not (await chat.app.runs.latest())[0].cancel_wanted
    await chat.press(shown, Press.CANCEL, "admin")
    await until(lambda: cancelled(chat))


async def held_back(chat: Chat) -> Shown:
    """A reindex that an admin asked for has ended and asks whether to delete."""
    since = await chat.admin("admin", "reindex handbook")
    await until(lambda: latest(chat))
    run = await chat.app.runs.take("indexer")
    assert run is not None
    await chat.app.runs.end(run.id, "done", [SyncReport("handbook", held_back=30, seconds=1.0)])
    (shown,) = await until(lambda: says(chat, since, "30 pages are gone at their source"))
    return shown


async def test_a_button_confirms_deletions(chat: Chat):
    """Under a run that held deletions back stands a button that does them, for admins alone."""
    shown = await held_back(chat)
    await chat.whispers("alice", await chat.press(shown, Press.CONFIRM, "alice"))
    assert len(await chat.app.runs.latest()) == 1
    await chat.press(shown, Press.CONFIRM, "admin")
    (asked, _) = await until(lambda: latest(chat, 2))
    assert (asked.request.source, asked.request.confirm_deletes) == ("handbook", True)


async def test_deletions_are_confirmed_once(chat: Chat):
    """A second press of the button does nothing: what has gone since was not looked at."""
    shown = await held_back(chat)
    await chat.press(shown, Press.CONFIRM, "admin")
    await until(lambda: latest(chat, 2))
    (told,) = await chat.whispers("admin", await chat.press(shown, Press.CONFIRM, "admin"))
    assert "confirmed this already" in told.text


async def test_what_is_answered_by_now_is_no_gap(chat: Chat):
    """Gaps asks again before it lists: what has an answer drops out, what has none can be dismissed."""
    chat.core.answers["shoe"] = NOT_FOUND
    chat.core.answers["dog"] = NOT_FOUND
    await chat.answers(await chat.mention("alice", "What's the CEO's shoe size?"))
    await chat.answers(await chat.mention("alice", "May I bring my dog?"))
    del chat.core.answers["dog"]
    (told,) = await chat.whispers("admin", await chat.admin("admin", "gaps"))
    assert "shoe size" in told.text
    assert "my dog" not in told.text
    assert "1 has an answer by now" in told.text
    (gap,) = await chat.app.records.lookback.gaps()
    dismissed = await chat.admin("admin", f"gaps {gap.id} --dismiss")
    (told,) = await chat.whispers("admin", dismissed)
    assert "won't be listed again" in told.text
    (told,) = await chat.whispers("admin", await chat.admin("admin", "gaps"))
    assert told.text.startswith("No gaps")


async def test_questions_lists_what_was_asked(chat: Chat):
    """Questions has what was asked with the ids for why; with a flag only what got a thumb down."""
    await chat.answers(await chat.mention("alice", "How much notice?"))
    answer_id = await only_answer(chat)
    (told,) = await chat.whispers("admin", await chat.admin("admin", "questions"))
    assert "How much notice?" in told.text
    assert answer_id in told.text


async def test_reindex_is_cancelled_by_its_command(chat: Chat):
    """The word of the command line does what the button does; with nothing to stop it says so."""
    (told,) = await chat.whispers("admin", await chat.admin("admin", "reindex --cancel"))
    assert "No reindex is running" in told.text
    await chat.admin("admin", "reindex handbook")
    await until(lambda: latest(chat))
    (told,) = await chat.whispers("admin", await chat.admin("admin", "reindex handbook --cancel"))
    assert "Cancelling `handbook`" in told.text
    await until(lambda: cancelled(chat))


async def test_why_knows_only_answers(chat: Chat):
    """Why with something else says what it takes."""
    (told,) = await chat.whispers("admin", await chat.admin("admin", "why nonsense"))
    assert "no answer by that id or link" in told.text


async def latest(chat: Chat, count: int = 1) -> list:
    found = await chat.app.runs.latest()
    return found if len(found) >= count else []


async def cancelled(chat: Chat) -> bool:
    run = (await chat.app.runs.latest())[0]
    return run.cancel_wanted or run.state == "cancelled"
