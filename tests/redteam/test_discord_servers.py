"""A server that docent.yaml doesn't list, and people who are in no other: whatever they try, they get nothing."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.chat import messages
from adapters.chat.answer_view import Press
from adapters.discord.doctor import checks
from bot.model import Answer, Outcome, Question
from bot.ports import Asked, Place
from tests.support.discord_chat import YAML, Chat, open_discord, running
from tests.support.discord_rest import Interaction
from tests.support.discord_world import (
    ALICE,
    ELSEWHERE,
    GENERAL,
    GUILD,
    HELP,
    MALLORY,
    MOD,
    THEIR_FORUM,
    THEIRS,
    Message,
)
from tests.support.scripted import LEAVE
from tests.support.waiting import until

_CONFIDENTIAL = Answer("known", Outcome.ANSWERED, "You give four weeks' notice [1].", (LEAVE,))

_COMMANDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("ask", {"question": "How much notice?"}),
    ("ask", {"question": "How much notice?", "private": False}),
    ("docent status", {}),
    ("docent sources", {}),
    ("docent gaps", {}),
    ("docent review", {}),
    ("docent why", {"answer": "known"}),
    ("docent reindex", {"full": True, "confirm_deletes": True}),
)
_MENUS = ("Answer from the docs", "Save as example", "Save as verified answer")


@pytest.fixture
async def chat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> AsyncIterator[Chat]:
    """The bot is in two servers of ours and in one of strangers; the journal knows an answer."""
    async with open_discord(tmp_path, monkeypatch.setenv, free_port()) as chat:
        chat.discord.add_strangers()
        question = Question("How much notice?", frozenset({"everyone"}))
        asked = Asked("known", "discord:1", "discord", Place(), MALLORY, question)
        await chat.app.journal.accept(asked, worker="before")
        await chat.app.journal.finish("known", _CONFIDENTIAL, seconds=1.0)
        async with running(chat):
            yield chat
        assert chat.discord.rest.wrong == []


async def refused(chat: Chat, one: Interaction) -> None:
    """The presser alone was told that nothing happens here, and nothing else was shown."""
    shown = await chat.said_to(one, messages.NOT_HERE)
    assert shown["user"] == one.user
    assert shown["content"] == messages.NOT_HERE
    assert chat.discord.responses(one) == [shown]
    await unmoved(chat)


async def unmoved(chat: Chat) -> None:
    """Nothing was asked, run, saved, judged or said in public."""
    assert chat.core.asked == []
    assert await chat.app.runs.latest() == []
    assert await chat.app.lessons.lessons() == []
    assert await chat.app.journal.feedback("known") == []
    assert chat.discord.said == {}


@pytest.mark.parametrize(
    ("command", "options"), _COMMANDS, ids=[f"{name} {len(options)}" for name, options in _COMMANDS]
)
async def test_a_command_of_another_server_is_refused(
    chat: Chat, command: str, options: dict[str, Any]
) -> None:
    """Whoever manages a server that isn't listed gets neither an answer nor an admin's word there."""
    await refused(chat, await chat.discord.command(command, options, user=MALLORY, channel=THEIRS))


@pytest.mark.parametrize("name", _MENUS)
async def test_a_menu_of_another_server_is_refused(chat: Chat, name: str) -> None:
    """A message's menu does nothing in a server that isn't listed."""
    said = await chat.discord.message("How much notice?", user=MALLORY, channel=THEIRS)
    await refused(chat, await chat.discord.menu(name, said, user=MALLORY))


@pytest.mark.parametrize("press", list(Press))
async def test_a_button_of_another_server_is_refused(chat: Chat, press: str) -> None:
    """A button does nothing in a server that isn't listed, whoever put it there."""
    said = await chat.discord.message("look", user=MALLORY, channel=THEIRS)
    forged = chat.discord.messages[said]
    await refused(chat, await chat.discord.press_id(forged, f"docent:{press}:known", user=MALLORY))


async def test_a_form_of_another_server_is_refused(chat: Chat) -> None:
    """A form that was opened here counts for nothing when it is sent from a server that isn't listed."""
    said = await chat.discord.message("Four weeks.", user=MOD)
    form = await chat.form(await chat.discord.menu("Save as verified answer", said, user=MOD))
    values = {"question": "How much notice?", "answer": "None at all."}
    await refused(chat, await chat.discord.submit(form, values, user=MOD, channel=THEIRS))


async def test_sources_are_not_suggested_in_another_server(chat: Chat) -> None:
    """What is typed in a server that isn't listed gets no names of sources."""
    one = await chat.discord.typing("docent reindex", "source", "", user=MALLORY, channel=THEIRS)
    assert await until(lambda: _choices(one)) == "none"


async def _choices(one: Interaction) -> str:
    return "" if one.choices is None else ",".join(one.choices) or "none"


async def test_talk_in_another_server_is_not_heard(chat: Chat) -> None:
    """Mentions and posts in a server that isn't listed get silence."""
    await chat.discord.mention("How much notice?", user=MALLORY, channel=THEIRS)
    await chat.discord.mention("How much notice?", user=ALICE, channel=THEIRS)
    await chat.discord.post("Notice", "How much?", user=MALLORY, forum=THEIR_FORUM)
    await chat.answer(await chat.discord.mention("Is somebody there?"))
    assert [one.text for one in chat.core.asked] == ["Is somebody there?"]
    assert chat.discord.answers(THEIRS) == []


async def test_a_stranger_is_told_nothing_in_a_direct_message(chat: Chat) -> None:
    """Somebody who is in none of our servers has no audience in a direct message."""
    await chat.discord.direct("How much notice?", user=MALLORY)
    await chat.asked()
    assert chat.core.asked[0].audience == frozenset()


async def test_a_direct_message_knows_our_servers_alone(chat: Chat) -> None:
    """What somebody may see in a direct message comes from the listed servers that they are in."""
    await chat.discord.direct("How much notice?", user=ALICE)
    await chat.asked()
    assert chat.core.asked[0].audience == {"everyone", "partners"}


# --- who is an admin ------------------------------------------------------------------------------


async def _sources(chat: Chat, user: str, channel: str = GENERAL) -> Message:
    one = await chat.discord.command("docent sources", user=user, channel=channel)
    return await chat.said_to(one, "")


Opened = Callable[[str], Any]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]) -> Opened:
    """Opens the server for a bot with these settings."""
    return lambda yaml: open_discord(tmp_path, monkeypatch.setenv, free_port(), yaml)


@pytest.mark.parametrize(("said", "admitted"), [("", False), ("true", True), ("false", False)])
async def test_manage_server_is_enough_where_docent_yaml_says_so(
    opened: Opened, said: str, *, admitted: bool
) -> None:
    """With several servers, who may manage one is an admin only where its settings say so."""
    setting = f"manage_server: {said}" if said else ""
    async with opened(YAML.replace("manage_server: true", setting)) as chat, running(chat):
        assert (messages.NOT_ADMIN not in (await _sources(chat, MOD)).text) is admitted


async def test_manage_server_is_enough_in_the_only_server(opened: Opened) -> None:
    """While the bot is in exactly one server, who may manage that is an admin."""
    async with opened(YAML.replace("      manage_server: true\n", "")) as chat:
        chat.discord.members = {GUILD: chat.discord.members[GUILD]}
        async with running(chat):
            assert "handbook" in (await _sources(chat, MOD)).text


async def test_a_server_that_is_served_by_default_has_no_admins(opened: Opened) -> None:
    """Without a list of servers each is served, but nobody who merely manages one of several is an admin."""
    yaml = "sources: [{name: handbook, type: folder, path: ./docs, audience: [everyone]}]\n"
    async with opened(yaml) as chat:
        chat.discord.add_strangers()
        async with running(chat):
            assert messages.NOT_ADMIN in (await _sources(chat, MALLORY, THEIRS)).text
            assert messages.NOT_ADMIN in (await _sources(chat, MOD)).text


async def test_a_named_admin_is_none_in_another_server(opened: Opened) -> None:
    """Whom docent.yaml names as an admin is one in the listed servers, and only there."""
    async with opened(YAML.replace("discord:\n", f'discord:\n  admins: ["{ALICE}"]\n')) as chat:
        chat.discord.add_strangers()
        async with running(chat):
            assert "handbook" in (await _sources(chat, ALICE)).text
            assert "handbook" in (await _sources(chat, ALICE, ELSEWHERE)).text
            await refused(chat, await chat.discord.command("docent sources", user=ALICE, channel=THEIRS))


async def test_doctor_names_servers_that_are_not_listed(opened: Opened) -> None:
    """`docent doctor` names a server that the bot was added to, and that anybody may add it to one."""
    async with opened(YAML) as chat:
        chat.discord.add_strangers()
        found = [one.finding async for one in checks(chat.app.settings) if one.verdict == "warning"]
        assert found == [
            "anybody may add the bot to a server of theirs.",
            "it is in server 08 (2000000000008388608), which docent.yaml doesn't list: people there get nothing.",
        ]


@pytest.mark.parametrize("shut", ["listed_only: true", f'channels: {{"{HELP}": {{enabled: false}}}}'])
async def test_a_channel_that_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int], shut: str
) -> None:
    """In a server of ours, a channel that docent.yaml doesn't open gets silence, and who asks by command a refusal."""
    shown = f'channels: {{"{GENERAL}": {{audience: [everyone, leads]}}}}'
    yaml = YAML.replace("manage_server: true", f"manage_server: true\n      {shut}")
    if shut.startswith("channels"):
        yaml = yaml.replace(f"      {shown}\n", "")
    async with open_discord(tmp_path, monkeypatch.setenv, free_port(), yaml) as chat, running(chat):
        await chat.discord.mention("How much notice?", channel=HELP)
        await chat.answer(await chat.discord.mention("Is somebody there?"))
        assert [one.text for one in chat.core.asked] == ["Is somebody there?"]
        one = await chat.discord.command("ask", {"question": "How much notice?"}, channel=HELP)
        assert (await chat.said_to(one, messages.NOT_HERE))["content"] == messages.NOT_HERE
        assert len(chat.core.asked) == 1
        assert chat.discord.answers(HELP) == []
