"""Slack's places with people of several kinds: an organization's workspaces, strangers, groups of direct messages."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.slack.doctor import checks
from bot.config.loader import load
from tests.support.slack_chat import Chat, open_slack
from tests.support.slack_server import (
    BOT,
    BOTH,
    CHANNEL,
    GROUP_MESSAGES,
    SECOND_CHANNEL,
    SECOND_TEAM,
    SECOND_USER,
    SHARED,
    STRANGER,
    TEAM,
    THIRD_USER,
    SlackServer,
)

_SOURCES = """
sources: [{name: handbook, type: folder, path: ./docs, audience: [everyone]}]
audiences: {everyone: {}, plant: {}, board: {slack_users: [U0ALICE]}}
"""
_WIDE = f"""{_SOURCES}
slack:
  stop_within: 3s
  help_channel: C0HELP
  workspaces:
    {TEAM}: {{}}
    {SECOND_TEAM}:
      default_audience: [everyone, plant]
      help_channel: C0PLANT
      admins: [{SECOND_USER}]
      language: de
"""
_OWN = f"{_SOURCES}\nslack: {{stop_within: 3s}}\n"


@pytest.fixture
def opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> Callable[..., Any]:
    return lambda yaml, prepare=lambda _: None: open_slack(
        tmp_path, monkeypatch.setenv, free_port(), yaml, prepare
    )


def _organization(slack: SlackServer) -> None:
    slack.org_wide = True


@pytest.fixture
async def wide(opened: Callable[..., Any]) -> AsyncIterator[Chat]:
    """The app is installed for an organization, of which two workspaces are served."""
    async with opened(_WIDE, _organization) as chat:
        yield chat


async def test_each_workspace_has_its_settings(wide: Chat) -> None:
    """Its audience and language are those of the workspace where somebody asks, and whom they are in."""
    await wide.slack.mention("How much notice?", user=SECOND_USER, channel=SECOND_CHANNEL)
    second = await wide.asked()
    assert (second.audience, second.language) == ({"everyone", "plant"}, "de")
    await wide.slack.mention("How much notice?")
    first = await wide.asked(2)
    assert (first.audience, first.language) == ({"everyone"}, None)


@pytest.mark.parametrize(
    ("user", "channel", "audience"),
    [
        (SECOND_USER, BOTH, {"everyone"}),  # what both workspaces have
        (SECOND_USER, CHANNEL, {"everyone"}),
        ("U0BOB", SECOND_CHANNEL, {"everyone"}),  # who isn't of it brings only what is theirs
        (THIRD_USER, BOTH, set()),  # of the organization, but of no workspace that is served
        (STRANGER, BOTH, set()),  # of another organization
        ("U0GUEST", BOTH, set()),
        (SECOND_USER, SHARED, set()),
    ],
)
async def test_who_and_where_decide(wide: Chat, user: str, channel: str, audience: set[str]) -> None:
    """People of other workspaces of the organization are told from strangers, and from those that aren't served."""
    await wide.slack.mention("How much notice?", user=user, channel=channel)
    assert (await wide.asked()).audience == audience


async def test_admins_of_a_workspace_are_none_elsewhere(wide: Chat) -> None:
    """Whom a workspace's settings name may do there what admins may."""
    await wide.slack.command("/docent", "gaps", user=SECOND_USER)
    await wide.whisper("Only admins may do this")
    await wide.slack.command("/docent", "gaps", user=SECOND_USER, channel=SECOND_CHANNEL)
    await wide.whisper("No gaps")


async def test_people_of_another_organization_are_strangers_to_one_workspace(
    opened: Callable[..., Any],
) -> None:
    """Without an organization only the bot's own workspace is home."""
    async with opened(_OWN) as chat:
        await chat.slack.mention("How much notice?", user=SECOND_USER)
        assert (await chat.asked()).audience == set()
        await chat.slack.mention("How much notice?", user="U0BOB")
        assert (await chat.asked(2)).audience == {"everyone"}


async def test_doctor_looks_at_each_workspaces_help_channel(wide: Chat) -> None:
    """`docent doctor` says of a workspace's help channel whether the bot is in it."""
    found = [check.finding async for check in checks(wide.app.settings)]
    assert "the bot is in #C0PLANT" in found


# --- groups of direct messages --------------------------------------------------------------------


async def test_a_group_of_direct_messages_sees_what_all_in_it_may(opened: Callable[..., Any]) -> None:
    """A mention there is answered in its thread, once, from what everybody in the group may see."""
    async with opened(_OWN) as chat:
        chat.slack.group = [BOT, "U0ALICE"]
        thread = await chat.slack.mention("How much notice?", channel=GROUP_MESSAGES)
        await chat.answer(thread)
        assert (await chat.asked()).audience == {"everyone", "board"}
        assert len(chat.core.asked) == 1


@pytest.mark.parametrize(
    ("others", "audience"), [(["U0BOB"], {"everyone"}), (["U0BOB", "U0GUEST"], set()), ([STRANGER], set())]
)
async def test_who_reads_along_in_a_group_counts(
    opened: Callable[..., Any], others: list[str], audience: set[str]
) -> None:
    """One guest or stranger in the group, and nothing is shown there that isn't for them."""
    async with opened(_OWN) as chat:
        chat.slack.group = [BOT, "U0ALICE", *others]
        await chat.slack.mention("How much notice?", channel=GROUP_MESSAGES)
        assert (await chat.asked()).audience == audience


def test_workspaces_may_be_a_list(tmp_path: Path) -> None:
    """`workspaces: [T1]` serves it with the settings that all have."""
    (tmp_path / "docent.yaml").write_text(f"{_SOURCES}\nslack: {{help_channel: C1, workspaces: [T1]}}\n")
    slack = load(tmp_path / "docent.yaml").slack
    assert set(slack.workspaces) == {"T1"}
    assert slack.help_channel_of("T1") == "C1"
