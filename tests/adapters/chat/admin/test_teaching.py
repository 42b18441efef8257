"""From "Save as example" and "Save as verified answer" to the next answer, on both platforms' simulators."""

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.chat.answer_view import Press
from bot.answering.answerer import Answerer
from bot.model import Answer, Outcome
from tests.bot.style.test_guide import RULES, folder, text_of
from tests.support.chats import open_chat
from tests.support.conversation import Chat, Shown, asked
from tests.support.fakes import (
    FakeRetrieval,
    FakeRetriever,
    FakeWriter,
    Says,
    make_passage,
)
from tests.support.scripted import LEAVE
from tests.support.waiting import patience, until

YAML = """
sources: [{name: handbook, type: folder, path: ./docs, audience: [everyone]}]
style: ./style
slack: {help_channel: C0DOCS, admins: [U0CAROL]}
discord: {admins: ["3000000000000000004"], guilds: {"2000000000000000000": {help_channel: "5000000000000000002"}}}
"""
ASKED = "How much notice do I give?"


@pytest.fixture(params=["slack", "discord"])
async def chat(request, tmp_path, monkeypatch, free_port) -> AsyncIterator[Chat]:
    folder(tmp_path / "style", {}, RULES)
    async with open_chat(request.param, free_port(), tmp_path, monkeypatch.setenv, YAML) as chat:
        yield chat
        assert await chat.violations() == []


def core(chat: Chat) -> Answerer:
    """A real core: the guide and the verified answers of the chat, a writer that is a script."""
    found = FakeRetrieval(passages=(make_passage("Give four weeks' notice."),), strong=True)
    writer = FakeWriter((Says("Four weeks.", on=(0,)),))
    return Answerer(
        retriever=FakeRetriever(found), writer=writer, guide=chat.app.guides, known=chat.app.verified
    )


async def test_a_saved_example_is_used_for_the_next_answer(chat: Chat, tmp_path: Path):
    """Saved, edited, accepted by a button, a file of the guide, and then before the writer's eyes."""
    (shown,) = await chat.answers(await chat.mention("alice", ASKED))
    done = await chat.save(shown, "example", "admin", question=ASKED, answer="Four weeks, in writing. [1]")
    (offered,) = await chat.whispers("admin", done)
    assert "Four weeks, in writing. [1]" in offered.whole
    assert list((tmp_path / "style" / "examples").iterdir()) == []
    pressed = await chat.press(offered, Press.ACCEPT, "admin")
    await until(lambda: told(chat, "admin", pressed, "Accepted"))
    (written,) = (tmp_path / "style" / "examples").iterdir()
    assert "Four weeks, in writing. [1]" in written.read_text()
    chat.core.instead = core(chat)
    await chat.answers(await chat.mention("bob", "And how much notice do I give before a move?"))
    used = await until(lambda: examples(chat))
    assert used == (written.stem,)


async def test_a_proposal_is_edited_before_it_is_accepted(chat: Chat, tmp_path: Path):
    """Edit opens the form with what was saved; what comes out of it is what Accept takes, and Reject ends."""
    (shown,) = await chat.answers(await chat.mention("alice", ASKED))
    done = await chat.save(shown, "example", "admin", question=ASKED, answer="Four weeks. [1]")
    (offered,) = await chat.whispers("admin", done)
    assert offered.buttons == ("Accept", "Edit", "Reject")
    edited = await chat.edit(offered, "admin", question=ASKED, answer="Four weeks, by mail. [1]")
    changed = (await until(lambda: offers(chat, edited, "by mail")))[0]
    pressed = await chat.press(changed, Press.ACCEPT, "admin")
    await until(lambda: told(chat, "admin", pressed, "Accepted"))
    (written,) = (tmp_path / "style" / "examples").iterdir()
    assert "Four weeks, by mail. [1]" in written.read_text()
    late = await chat.press(changed, Press.REJECT, "admin")
    await until(lambda: told(chat, "admin", late, "accepted already"))


async def test_a_rejected_proposal_is_never_used(chat: Chat, tmp_path: Path):
    """No file, and nothing waits any more."""
    (shown,) = await chat.answers(await chat.mention("alice", ASKED))
    done = await chat.save(shown, "example", "admin", question=ASKED, answer="Four weeks. [1]")
    (offered,) = await chat.whispers("admin", done)
    pressed = await chat.press(offered, Press.REJECT, "admin")
    await until(lambda: told(chat, "admin", pressed, "Rejected"))
    assert list((tmp_path / "style" / "examples").iterdir()) == []
    assert await chat.app.lessons.lessons(states=("proposed", "review")) == []


async def test_a_colleagues_answer_in_a_thread_is_saved_with_its_question(chat: Chat):
    """The form holds what they wrote and what the thread began with; it cites nothing."""
    (shown,) = await chat.answers(await chat.mention("alice", ASKED))
    said = await chat.replied("bob", "Four weeks, and tell your team.", shown)
    form = await chat.form(await chat.save(said, "example", "admin"))
    assert ASKED in form["question"]
    assert form["answer"] == "Four weeks, and tell your team."
    await chat.save(said, "example", "admin", **form)
    (saved,) = await until(lambda: chat.app.lessons.lessons(states=("proposed",)))
    assert (saved.answer, saved.citations) == ("Four weeks, and tell your team.", ())


async def test_examples_of_a_channel_are_for_that_channel(chat: Chat, tmp_path: Path):
    """By its name as well as by its id, on both platforms, and in its threads."""
    name = "general"
    mine = text_of(ASKED, "For this channel.", channels=f"['#{name}']")
    folder(tmp_path / "style", {"here.yaml": mine, "there.yaml": text_of(ASKED, channels="[elsewhere]")})
    await chat.app.guides.refresh(now=True)
    chat.core.instead = core(chat)
    (shown,) = await chat.answers(await chat.mention("alice", ASKED))
    assert await until(lambda: examples(chat)) == ("here",)
    assert name in chat.core.asked[-1].places
    await chat.mention("bob", "And how much notice in summer?", after=shown)
    await until(lambda: asked(chat, 2))
    assert name in chat.core.asked[-1].places


async def test_a_verified_answer_comes_first_until_somebody_calls_it_wrong(chat: Chat):
    """Given with the verifier's name; 👎 with wrong withdraws it, and the next answer is made anew."""
    (shown,) = await chat.answers(await chat.mention("alice", ASKED))
    saved = await chat.save(shown, "verified", "admin", question=ASKED, answer="Five weeks. [1]")
    await until(lambda: told(chat, "admin", saved, "Saved"))
    await in_use(chat, "Five weeks. [1]")
    chat.core.instead = core(chat)
    (given,) = await chat.answers(await chat.mention("bob", ASKED))
    assert "Five weeks. [1]" in given.text
    assert "Verified by" in given.text
    await chat.complain(given, "bob", "wrong", "It's six.")
    await until(lambda: withdrawn(chat))
    (again,) = await chat.answers(await chat.mention("bob", f"{ASKED} Please."))
    assert "Verified by" not in again.text
    (told_,) = await chat.whispers("admin", await chat.admin("admin", "review"))
    assert "somebody says it is wrong" in told_.whole


async def test_a_verified_answer_needs_a_page(chat: Chat):
    """Under what the docs didn't answer the form asks for one and suggests the nearest; what is wrong loses nothing."""
    chat.core.answers["cat"] = Answer("", Outcome.NOT_FOUND, "The docs don't say.")
    (shown,) = await chat.answers(await chat.mention("alice", "May I bring my cat?"))
    form = await chat.form(await chat.save(shown, "verified", "admin"))
    assert form == {"question": "May I bring my cat?", "answer": "", "page": LEAVE.title}
    words = {"question": "May I bring my cat?", "answer": "Ask first. [1]"}
    done = await chat.save(shown, "verified", "admin", **words, page="Cats and dogs")
    (offered,) = await until(lambda: offers(chat, done, "Ask first."))
    assert "I know no page “Cats and dogs” that you may see" in offered.whole
    assert f"The closest are: {LEAVE.title}." in offered.whole
    pressed = await chat.press(offered, Press.ACCEPT, "admin")
    await until(lambda: told(chat, "admin", pressed, "It can't be used yet"))
    edited = await chat.edit(offered, "admin", **words, page=LEAVE.doc_id.partition(":")[2])
    (changed,) = await until(lambda: offers(chat, edited, "It is used once"))
    pressed = await chat.press(changed, Press.ACCEPT, "admin")
    await until(lambda: told(chat, "admin", pressed, "Accepted"))
    chat.core.instead = core(chat)
    (given,) = await chat.answers(await chat.mention("bob", "May I bring my cat?"))
    assert "Ask first. [1]" in given.text
    assert LEAVE.title in given.whole


async def in_use(chat: Chat, words: str) -> Shown:
    """What `review --all` shows of it, with its button; nothing else is in use."""
    (shown,) = await chat.whispers("admin", await chat.admin("admin", "review --all"))
    assert words in shown.whole
    assert shown.buttons == ("Withdraw",)
    return shown


@pytest.mark.slow
async def test_what_is_in_use_is_withdrawn(chat: Chat):
    """With a button, by an admin: it isn't given any more, waits for review, and can be accepted again."""
    (shown,) = await chat.answers(await chat.mention("alice", ASKED))
    saved = await chat.save(shown, "verified", "admin", question=ASKED, answer="Five weeks. [1]")
    await until(lambda: told(chat, "admin", saved, "Saved"))
    pressed = await chat.press(await in_use(chat, "Five weeks. [1]"), Press.WITHDRAW, "admin")
    await until(lambda: told(chat, "admin", pressed, "Withdrawn"))
    chat.core.instead = core(chat)
    (given,) = await chat.answers(await chat.mention("bob", ASKED))
    assert "Five weeks" not in given.text
    (waits,) = await chat.whispers("admin", await chat.admin("admin", "review"))
    assert "withdrew it" in waits.whole
    pressed = await chat.press(waits, Press.ACCEPT, "admin")
    await until(lambda: told(chat, "admin", pressed, "Accepted"))
    (given,) = await chat.answers(await chat.mention("bob", f"{ASKED} Please."))
    assert "Five weeks" in given.text


async def test_admins_hear_of_a_broken_edit_of_the_guide(chat: Chat, tmp_path: Path, caplog):
    """Within 5 seconds and once: by direct message, in the log and in status; answers keep the last good guide."""
    chat.core.instead = core(chat)
    await chat.answers(await chat.mention("alice", ASKED))
    (tmp_path / "style" / "guide.yaml").write_text("length: {characters: many}\n")
    broken = time.monotonic()
    await until(lambda: posted(chat, "An edit of the style guide can't be read"))
    assert time.monotonic() - broken < 5 * patience()
    assert "guide.yaml:1: length.characters" in caplog.text
    told_ = await chat.whispers("admin", await chat.admin("admin", "status"))
    assert "expected a whole number" in told_[0].whole
    await chat.answers(await chat.mention("bob", ASKED))
    assert chat.app.guides.base.rules.length.characters == 300
    assert len(await posted(chat, "An edit of the style guide can't be read")) == 1


async def test_saving_is_for_admins(chat: Chat):
    """Anybody else is told so, and nothing is saved."""
    (shown,) = await chat.answers(await chat.mention("alice", ASKED))
    done = await chat.save(shown, "example", "alice")
    (told_,) = await chat.whispers("alice", done)
    assert "Only admins" in told_.text
    assert await chat.app.lessons.lessons() == []


async def offers(chat: Chat, since: str, words: str) -> list:
    return [one for one in await chat.whispers("admin", since) if words in one.whole and one.buttons]


async def posted(chat: Chat, words: str) -> list:
    return [one for one in (await chat.sim.see("posted"))["posted"] if words in json.dumps(one)]


async def told(chat: Chat, user: str, since: str, words: str) -> bool:
    return any(words in one.whole for one in await chat.whispers(user, since))


async def withdrawn(chat: Chat) -> list:
    return await chat.app.lessons.lessons(states=("review",))


async def examples(chat: Chat) -> tuple[str, ...]:
    async with chat.app.journal._database.reading() as connection:
        from sqlalchemy import text  # noqa: PLC0415

        ids = list((await connection.execute(text("select id from questions order by asked_at"))).scalars())
    recorded = await chat.app.journal.recorded(ids[-1])
    return recorded.answer.trace.examples if recorded and recorded.answer else ()
