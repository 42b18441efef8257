"""Audiences by surfaces: whoever asks for whatever page, wherever in chat, is shown what both they and the place may see.

Real index, real search, real adapters, on servers of our own; `pytest -s` prints the figures.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.redteam.hidden_pages import PAGES, Ledger, indexed, question
from tests.support import discord_world as discord
from tests.support import slack_server as slack
from tests.support.discord_chat import Chat, running
from tests.support.discord_rest import TOKEN, Interaction
from tests.support.discord_server import DiscordServer
from tests.support.scripted import Core, Shelf
from tests.support.slack_chat import connected
from tests.support.slack_server import SlackServer
from tests.support.waiting import until

_DISCORD = f"""
audiences: {{everyone: {{}}, leads: {{}}, partners: {{}}, board: {{}}, named: {{discord_users: ["{discord.BOB}"]}}}}
limits: {{questions_per_minute: 1000}}
discord:
  stop_within: 3s
  guilds:
    "{discord.GUILD}":
      help_channel: "{discord.HELP}"
      roles: {{"{discord.LEADS}": [leads]}}
      channels: {{"{discord.GENERAL}": {{audience: [everyone, leads]}}}}
      forums: {{"{discord.FORUM}": {{tag: answered by docs, audience: [everyone]}}}}
    "{discord.SECOND}": {{default_audience: [partners], answer_in: reply}}
"""
_SLACK = f"""
audiences:
  {{everyone: {{}}, leads: {{slack_users: [U0CAROL]}}, partners: {{}}, board: {{}}, named: {{slack_users: [U0BOB, U0GUEST]}}}}
limits: {{questions_per_minute: 1000}}
slack:
  stop_within: 3s
  channels: {{{slack.CHANNEL}: {{audience: [everyone, leads]}}, C0SHUT: {{enabled: false}}, C0NAMED: {{audience: [named]}}}}
"""

# Where, who, and the audiences whose pages they are shown: a public surface by the place's, too.
_DISCORD_PLACES = (
    (discord.GENERAL, discord.ALICE, "everyone", "everyone"),
    (discord.GENERAL, discord.BOB, "everyone", "everyone named"),
    (discord.GENERAL, discord.MOD, "everyone leads", "everyone leads"),
    (discord.HELP, discord.BOB, "everyone", "everyone named"),
    (discord.HELP, discord.MOD, "everyone", "everyone leads"),
    (discord.ELSEWHERE, discord.ALICE, "partners", "partners"),
    (discord.THEIRS, discord.MALLORY, "", ""),
    (discord.THEIRS, discord.MOD, "", ""),
)
_SLACK_PLACES = (
    (slack.CHANNEL, "U0ALICE", "everyone", "everyone"),
    (slack.CHANNEL, "U0BOB", "everyone", "everyone named"),
    (slack.CHANNEL, "U0CAROL", "everyone leads", "everyone leads"),
    (slack.SECOND_CHANNEL, "U0BOB", "everyone", "everyone named"),
    (slack.SECOND_CHANNEL, "U0CAROL", "everyone", "everyone leads"),
    (slack.SECOND_CHANNEL, "U0GUEST", "", "named"),
    ("C0NAMED", "U0BOB", "named", "everyone named"),
    ("C0NAMED", "U0ALICE", "", "everyone"),
    ("C0SHUT", "U0CAROL", "", ""),
)


def _saying(said: Callable[[], Iterable["discord.Message | slack.Message"]]) -> Callable[[], str]:
    """What was said since it was asked last. An edited message is said again."""
    known: set[tuple[int, str]] = set()

    def since() -> str:
        new = [(id(one), one.whole) for one in said()]
        new = [one for one in new if one not in known]
        known.update(new)
        return "\n".join(text for _, text in new)

    return since


@pytest.mark.slow
async def test_discord_shows_what_asker_and_place_may_see(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int], record_property
) -> None:
    """No surface of Discord shows a word of a page that its reader may not see, and each shows what they may."""
    async with DiscordServer.running(free_port()) as server:
        server.add_strangers()
        monkeypatch.setenv("DISCORD_API_URL", f"{server.rest.url}/api/v10")
        monkeypatch.setenv("DISCORD_GATEWAY_URL", server.rest.url.replace("http", "ws") + "/gateway")
        monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
        async with indexed(tmp_path, _DISCORD) as app, running(Chat(server, app, Core(), Shelf())):
            said = _saying(lambda: (*server.said.values(), *server.whispered.values()))
            ledger = Ledger(app, said)
            for channel, user, public, private in _DISCORD_PLACES:
                await _discord_place(server, ledger, (channel, user), public, private)
            await _discord_apart(server, ledger)
            await _discord_buttons(server, ledger)
            print(ledger.told("Discord"))  # noqa: T201 - the figures
            record_property("surfaces", len(ledger.surfaces))
            assert (ledger.leaks, ledger.misses) == ([], [])
            assert (len(ledger.surfaces), ledger.asked) == (42, 203)
        assert server.rest.wrong == []


async def _discord_place(
    server: DiscordServer, ledger: Ledger, who: tuple[str, str], public: str, private: str
) -> None:
    """What is asked in a channel: for all there, or for the asker alone."""
    channel, user = who
    where = f"{channel[-1]}, {user[-1]}"
    shut = channel == discord.THEIRS

    async def menu(text: str) -> None:
        said = await server.message(text, user=user, channel=channel)
        await server.menu("Answer from the docs", said, user=user)

    async def ask(text: str, *, alone: bool) -> None:
        await server.command("ask", {"question": text, "private": alone}, user=user, channel=channel)

    surfaces = (
        ("mention", lambda text: server.mention(text, user=user, channel=channel), public),
        ("/ask for all", lambda text: ask(text, alone=False), public),
        ("/ask", lambda text: ask(text, alone=True), private),
        ("menu", menu, public),
    )
    for name, act, visible in surfaces:
        await ledger.tried(f"{name} in {where}", act, visible, silent=shut)


async def _discord_apart(server: DiscordServer, ledger: Ledger) -> None:
    """Direct messages, private threads, posts."""
    for user, visible in (
        (discord.ALICE, "everyone partners"),
        (discord.BOB, "everyone named"),
        (discord.MOD, "everyone leads"),
        (discord.MALLORY, ""),
    ):
        await ledger.tried(
            f"direct {user[-1]}", lambda text, user=user: server.direct(text, user=user), visible
        )
    for people, visible in (
        ((discord.MOD,), "everyone leads"),
        ((discord.MOD, discord.BOB), "everyone"),
    ):
        thread = await server.private_thread(*people)
        await ledger.tried(
            f"private thread of {len(people)}",
            lambda text, thread=thread: server.mention(text, user=discord.MOD, channel=thread),
            visible,
        )
    # What keywords alone find is too weak an evidence to speak without having been asked.
    await ledger.tried("post", lambda text: server.post(text, "Who knows?", user=discord.MOD), "")


async def _discord_buttons(server: DiscordServer, ledger: Ledger) -> None:
    """What others do with an answer that they may not see, and its asker where others may not."""
    leads = question("leads")
    one = await server.command("ask", {"question": leads, "private": False}, user=discord.MOD)
    shown = await _answered(server, one)
    ledger.look("a lead's answer", {"leads", "everyone"}, asked="leads")
    for press in ("sources", "more"):
        await _pressed(server, shown, press, discord.BOB)
        ledger.look(f"{press} of somebody else", {"everyone"}, asked="leads")
    await _pressed(server, shown, "sources", discord.MOD)
    ledger.look("Show sources of the asker", {"leads", "everyone"}, asked="leads")
    one = await server.command("ask", {"question": leads}, user=discord.MOD, channel=discord.HELP)
    private = await _answered(server, one)
    ledger.look("a private answer", {"leads", "everyone"}, asked="leads")
    await _pressed(server, private, "share", discord.MOD)
    ledger.look("Share in a channel that may not see it", {"everyone"}, asked="leads")
    everybodys = await server.command("ask", {"question": question("everyone")}, user=discord.MOD)
    own = await _answered(server, everybodys)
    ledger.look("a private answer for all", {"everyone", "leads"}, asked="everyone")
    await _pressed(server, own, "share", discord.BOB)
    ledger.look("Share of somebody else", set(), asked="leads")
    ledger.surfaces |= {"Longer answer", "Show sources", "Share in channel"}


async def _answered(server: DiscordServer, one: Interaction) -> discord.Message:
    """The whole answer to a command."""

    async def look() -> list[discord.Message]:
        return [shown for shown in server.responses(one) if "👍" in shown.buttons]

    return (await until(look))[-1]


async def _pressed(server: DiscordServer, shown: discord.Message, press: str, user: str) -> None:
    """A button, offered or not, and until it was answered."""
    before = {*server.said, *server.whispered}
    one = await server.press_id(shown, shown.buttons["👍"].replace(":good:", f":{press}:"), user=user)

    async def said() -> bool:
        new = {*server.said, *server.whispered} - before
        whole = [
            m for n in new if (m := server.said.get(n) or server.whispered.get(n)) and not m.get("loading")
        ]
        return any(m.whole.strip() for m in whole) or bool(server.responses(one))

    await until(said)


@pytest.mark.slow
async def test_slack_shows_what_asker_and_place_may_see(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int], record_property
) -> None:
    """No surface of Slack shows a word of a page that its reader may not see, and each shows what they may."""
    async with SlackServer.running(free_port()) as server:
        for name, value in (
            ("API_URL", f"{server.url}/api/"),
            ("BOT_TOKEN", "xoxb-own"),
            ("APP_TOKEN", "xapp-own"),
        ):
            monkeypatch.setenv(f"SLACK_{name}", value)
        async with indexed(tmp_path, _SLACK) as app, connected(server, app):
            said = _saying(lambda: (*server.said.values(), *server.whispered))
            ledger = Ledger(app, said)
            for channel, user, public, private in _SLACK_PLACES:
                await _slack_place(server, ledger, (channel, user), public, private)
            for user, visible in (
                ("U0ALICE", "everyone"),
                ("U0BOB", "everyone named"),
                ("U0CAROL", "everyone leads"),
                ("U0GUEST", "named"),
            ):
                await ledger.tried(
                    f"direct {user}", lambda text, user=user: server.direct(text, user=user), visible
                )
            print(ledger.told("Slack"))  # noqa: T201 - the figures
            record_property("surfaces", len(ledger.surfaces))
            assert (ledger.leaks, ledger.misses) == ([], [])
            assert (len(ledger.surfaces), ledger.asked) == (40, 200)
        assert server.wrong == []


async def _slack_place(
    server: SlackServer, ledger: Ledger, who: tuple[str, str], public: str, private: str
) -> None:
    """What is asked in a channel: for all there, or for the asker alone."""
    channel, user = who
    about = {"user": user, "channel": channel}
    numbers = iter(range(1000, 9999))

    async def shortcut(name: str, text: str) -> None:
        await server.shortcut(name, f"17{next(numbers)}.{user[2:4]}{channel[2:4]}", text=text, **about)

    surfaces = (
        ("mention", lambda text: server.mention(text, **about), public, channel == "C0SHUT"),
        ("/ask", lambda text: server.command("/ask", text, **about), private, False),
        ("shortcut", lambda text: shortcut("docent_answer", text), public, False),
        ("private shortcut", lambda text: shortcut("docent_answer_private", text), private, False),
    )
    for name, act, visible, silent in surfaces:
        await ledger.tried(f"{name} in {channel}, {user}", act, visible, silent=silent)


def test_the_question_gives_nothing_away() -> None:
    """What is looked for in answers stands in no question."""
    for audience, (_, *secrets) in PAGES.items():
        assert not any(secret in question(audience) for secret in secrets)
