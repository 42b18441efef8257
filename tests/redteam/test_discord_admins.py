"""Admins of one server, and what was asked and saved in another or by people who may see more."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.chat import messages
from bot.model import Answer, Candidate, Failure, Outcome, Passage, Question, SyncReport, Trace
from bot.ports import Asked, Lesson, Place, Scope
from tests.support.discord_chat import YAML, Chat, open_discord, running
from tests.support.discord_world import (
    ALICE,
    ELSEWHERE,
    GENERAL,
    GUILD,
    HELP,
    MOD,
    SECOND,
    Message,
)
from tests.support.scripted import LEAVE
from tests.support.waiting import until

_EVERYONE, _LEADS, _PARTNERS = (
    frozenset({"everyone"}),
    frozenset({"everyone", "leads"}),
    frozenset({"partners"}),
)
_DAY = datetime(2026, 5, 3, tzinfo=UTC)
# What each question, answer and lesson of the journal says, by where it came from and whom it was for.
_SCOPES = {
    "Brontolux": Scope(f"discord:{GUILD}", _EVERYONE),
    "Corvidine": Scope(f"discord:{GUILD}", _LEADS),
    "Damascene": Scope(f"discord:{SECOND}", _PARTNERS),
    "Eglantine": Scope("slack:T0OWN", _EVERYONE),
    "Ferruginous": Scope("", None),
}
_PAGES = {"handbook:open.md": _EVERYONE, "handbook:board.md": frozenset({"board"})}


def _candidate(page: str, title: str) -> Candidate:
    return Candidate(Passage(f"{page}#0", page, "handbook", 0, title, "", "", ""), 1.0, None, 1.0)


@pytest.fixture
async def chat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> AsyncIterator[Chat]:
    """Two servers with an admin each; the moderator of the first is a lead, Alice of the second is not."""
    yaml = YAML.replace("{default_audience", "{manage_server: true, default_audience")
    async with open_discord(tmp_path, monkeypatch.setenv, free_port(), yaml) as chat:
        chat.discord.managers.add((SECOND, ALICE))
        chat.shelf.visible |= _PAGES
        for number, (word, scope) in enumerate(_SCOPES.items()):
            question = Question(f"What is {word}?", frozenset())
            asked = Asked(word, f"k{number}", "discord", Place(), "1", question)
            trace = Trace(
                (word,), (_candidate("handbook:open.md", "Open"), _candidate("handbook:board.md", "Merger"))
            )
            answer = Answer(word, Outcome.NOT_FOUND, "The docs don't say.", trace=trace)
            await chat.app.journal.accept(asked, worker="before")
            await chat.app.journal.finish(word, answer, seconds=1.0, scope=scope)
            lesson = Lesson(
                f"l{number}", "example", "proposed", f"What is {word}?", "It is.", "Dana", _DAY,
                audience=scope.audience or frozenset(), tenant=scope.tenant,
            )  # fmt: skip
            await chat.app.lessons.add(lesson)
        async with running(chat):
            yield chat
        assert chat.discord.rest.wrong == []


async def _said(chat: Chat, command: str, *, user: str, channel: str, **options: str) -> str:
    """All that a command showed."""
    one = await chat.discord.command(command, options, user=user, channel=channel)
    await chat.said_to(one, "")
    await chat.discord.flush()
    await chat.said_to(await chat.discord.command("docent sources", user=user, channel=channel), "handbook")
    return "\n".join(shown.whole for shown in chat.discord.responses(one))


def _named(said: str) -> set[str]:
    return {word for word in _SCOPES if word in said}


@pytest.mark.parametrize("command", ["docent gaps", "docent questions", "docent review"])
@pytest.mark.parametrize(
    ("user", "channel", "theirs"),
    [(MOD, GENERAL, {"Brontolux", "Corvidine"}), (ALICE, ELSEWHERE, {"Damascene"})],
    ids=["the first server", "the second"],
)
async def test_an_admin_reads_what_comes_from_their_server(
    chat: Chat, command: str, user: str, channel: str, theirs: set[str]
) -> None:
    """Gaps, questions and what waits for review are those of the admin's own server."""
    chat.core.answers[""] = Answer("", Outcome.NOT_FOUND, "The docs don't say.")
    assert _named(await _said(chat, command, user=user, channel=channel)) == theirs


@pytest.mark.parametrize("word", sorted(_SCOPES))
@pytest.mark.parametrize(
    ("user", "channel", "theirs"),
    [(MOD, GENERAL, {"Brontolux", "Corvidine"}), (ALICE, ELSEWHERE, {"Damascene"})],
    ids=["the first server", "the second"],
)
async def test_why_is_told_of_their_server(
    chat: Chat, word: str, user: str, channel: str, theirs: set[str]
) -> None:
    """Of an answer elsewhere an admin doesn't even hear that it was given."""
    said = await _said(chat, "docent why", user=user, channel=channel, answer=word)
    assert ("NOT_FOUND" in said) is (word in theirs)
    assert (messages.NO_SUCH_ANSWER in said) is (word not in theirs)


async def test_why_keeps_titles_that_the_admin_may_not_see(chat: Chat) -> None:
    """A page that the admin may not see has no title in `why`."""
    said = await _said(chat, "docent why", user=MOD, channel=GENERAL, answer="Brontolux")
    assert "Open" in said
    assert "Merger" not in said
    assert "(a page that you may not see)" in said


@pytest.mark.parametrize("press", ["accept", "reject", "edit"])
async def test_what_was_saved_elsewhere_cannot_be_decided(chat: Chat, press: str) -> None:
    """A button for what another server saved does nothing, wherever it was found."""
    said = await chat.discord.message("look", user=MOD)
    for number in (2, 3, 4):
        one = await chat.discord.press_id(chat.discord.messages[said], f"docent:{press}:l{number}", user=MOD)
        await chat.said_to(one, messages.ANSWER_GONE)
        assert one.forms == []
    assert [lesson.state for lesson in await chat.app.lessons.lessons()] == ["proposed"] * 5


async def test_saved_answers_and_feedback_say_where_they_come_from(chat: Chat) -> None:
    """What is saved and judged in a server carries that server."""
    shown = await chat.answer(await chat.discord.mention("How much notice?", user=MOD))
    await chat.said_to(await chat.discord.press(shown, "👍", user=MOD), messages.THANKS_UP)
    (answer,) = chat.core.ids
    (given,) = await chat.app.journal.feedback(answer)
    assert given.tenant == f"discord:{GUILD}"
    form = await chat.form(await chat.discord.menu("Save as verified answer", shown["id"], user=MOD))
    values = {"question": "How much notice?", "answer": "Four weeks [1]."}
    await chat.said_to(await chat.discord.submit(form, values, user=MOD), messages.SAVED_VERIFIED)
    (lesson,) = await chat.app.lessons.lessons(kind="verified")
    assert (lesson.tenant, lesson.audience) == (f"discord:{GUILD}", _LEADS)


# --- what names no page ---------------------------------------------------------------------------

_NOTED = "Dana earns 80,000."


@pytest.mark.parametrize(
    ("channel", "audience", "shared"),
    [
        (HELP, _EVERYONE, True),
        (HELP, _LEADS, False),
        (HELP, None, False),
        (GENERAL, _LEADS, True),
        (GENERAL, None, True),
        (GENERAL, frozenset({"board"}), False),
    ],
)
async def test_an_answer_that_cites_nothing_is_shared_with_whom_it_was_for(
    chat: Chat, channel: str, audience: frozenset[str] | None, *, shared: bool
) -> None:
    """No citations don't make an answer everybody's: a channel reads it if it may see all that its author's could."""
    chat.core.answers["earn"] = Answer("", Outcome.ANSWERED, _NOTED, verified="l", audience=audience)
    one = await chat.discord.command("ask", {"question": "What does Dana earn?"}, user=MOD, channel=channel)
    shown = await chat.said_to(one, _NOTED)
    pressed = await chat.discord.press(shown, "Share in channel", user=MOD)

    async def public() -> list[Message]:
        return [said for said in chat.discord.answers(channel) if _NOTED in said.text]

    if shared:
        await until(public)
    else:
        await chat.said_to(pressed, messages.NOT_FOR_ALL)
        assert await public() == []


async def test_the_nearest_pages_are_shared_with_who_may_see_them(chat: Chat) -> None:
    """An answer that names pages in place of citing them is shared only with those who may see these."""
    near = Answer("", Outcome.NOT_FOUND, "The docs don't say.", nearest=(LEAVE,))
    chat.core.answers["shoe"] = near
    chat.shelf.visible["handbook:leave.md"] = frozenset({"leads"})
    one = await chat.discord.command("ask", {"question": "Whose shoe?"}, user=MOD, channel=HELP)
    shown: Message = await chat.said_to(one, "The docs don't say.")
    (answer,) = chat.core.ids
    pressed = await chat.discord.press_id(shown, f"docent:share:{answer}", user=MOD)
    await chat.said_to(pressed, messages.NOT_FOR_ALL)
    assert chat.discord.answers(HELP) == []


async def test_what_is_named_beside_an_answer_is_not_shared(chat: Chat) -> None:
    """Pages under "See also" are those that the asker may see: a shared answer goes without them."""
    board = replace(LEAVE, doc_id="handbook:board.md", title="Merger")
    said = "Four weeks' notice. [1]"
    chat.core.answers["notice"] = Answer("", Outcome.ANSWERED, said, citations=(LEAVE,), nearest=(board,))
    one = await chat.discord.command("ask", {"question": "How much notice?"}, user=MOD, channel=HELP)
    shown: Message = await chat.said_to(one, "Four weeks' notice.")
    assert "Merger" in shown.sources
    await chat.discord.press(shown, "Share in channel", user=MOD)
    (shared,) = await until(lambda: _found(chat.discord.answers(HELP)))
    assert "Four weeks' notice." in shared.text
    assert "Merger" not in f"{shared.text} {shared.sources}"


async def _found(messages: list[Message]) -> list[Message]:
    return messages


@pytest.mark.parametrize(
    ("user", "channel", "named"), [(MOD, GENERAL, True), (ALICE, ELSEWHERE, False)], ids=["all", "partners"]
)
async def test_a_report_names_pages_where_all_may_know_of_them(
    chat: Chat, user: str, channel: str, *, named: bool
) -> None:
    """A reindex's report, which a whole channel reads, names a page only where everybody's pages may be shown."""
    one = await chat.discord.command("docent reindex", user=user, channel=channel)
    await chat.said_to(one, "waiting")
    run = await chat.app.runs.take("indexer")
    assert run is not None
    failed = (Failure("merger.pdf", "encrypted", for_all=True),)
    await chat.app.runs.end(run.id, "done", [SyncReport("handbook", failed=failed)])
    shown = await chat.said_to(one, "1 failed")
    assert ("merger.pdf" in shown.text) is named
