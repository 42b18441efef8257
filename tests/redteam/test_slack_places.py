"""Slack's workspaces and channels: what comes from one that isn't opened, and an app of a whole organization."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.chat import messages
from adapters.slack.access.origin import workspace_of
from adapters.slack.doctor import checks
from adapters.slack.manifest import manifest
from bot.config.chat import SlackSettings
from bot.model import Answer, Outcome
from tests.support.slack_chat import YAML, Chat, open_slack
from tests.support.slack_server import (
    CHANNEL,
    GROUP,
    ORGANIZATION,
    SECOND_CHANNEL,
    SECOND_TEAM,
    SECOND_USER,
    TEAM,
    Message,
    SlackServer,
)
from tests.support.waiting import until

_ANSWER = "You give four weeks' notice [1]."
Opened = Callable[..., Any]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]) -> Opened:
    """Opens a Slack, and the bot with these settings on it."""
    return lambda yaml=YAML, prepare=lambda _: None: open_slack(
        tmp_path, monkeypatch.setenv, free_port(), yaml, prepare
    )


def _organization(slack: SlackServer) -> None:
    slack.org_wide = True


@pytest.fixture
async def wide(opened: Opened) -> AsyncIterator[Chat]:
    """The app is installed for an organization of two workspaces; a user group of the second are admins."""
    yaml = YAML.replace("stop_within", f"admin_groups: [{GROUP}], stop_within")
    async with opened(yaml, _organization) as chat:
        yield chat


async def _only(chat: Chat) -> str:
    async def look() -> list[str]:
        return chat.core.ids

    (answer,) = await until(look)
    return str(answer)


@pytest.mark.parametrize(
    ("body", "workspace"),
    [
        ({"team": {"id": "T1"}, "user": {"id": "U1", "team_id": "T2"}}, "T1"),
        ({"team": None, "user": {"id": "U1", "team_id": "T2"}, "enterprise": {"id": "E1"}}, "T2"),
        ({"team": None, "user": {"id": "U1"}, "enterprise": {"id": "E1"}}, "E1"),
        ({"team": None, "user": {"id": "U1"}, "enterprise": None}, ""),
        ({"team_id": "T1", "enterprise_id": "E1"}, "T1"),
        ({"team_id": None, "context_team_id": "T3"}, "T3"),
        ({"team_id": None, "authorizations": [{"team_id": "T4"}]}, "T4"),
        ({"team_id": "", "enterprise_id": "E1", "is_enterprise_install": "true"}, "E1"),
        ({}, ""),
    ],
)
def test_the_workspace_is_found_in_every_form(body: dict[str, Any], workspace: str) -> None:
    """What Slack sends names its workspace in one of several places, and with an organization's app not as `team`."""
    assert workspace_of(body) == workspace


# --- an app of a whole organization ---------------------------------------------------------------


async def test_buttons_work_without_a_team(wide: Chat) -> None:
    """Feedback, more, sources and share do what they do elsewhere when a press names no team."""
    await wide.slack.command("/ask", "How much notice do I give?")
    shown = await wide.whisper("four weeks' notice")
    answer = await _only(wide)
    await wide.slack.press(shown, "docent_sources", value=answer)
    await wide.whisper("Give four weeks' notice.")
    await wide.slack.press(shown, "docent_feedback", value=f"up:{answer}")
    await wide.whisper("Thank")
    await wide.slack.press(shown, "docent_share", value=answer)

    async def shared() -> list[Message]:
        return [one for one in wide.slack.said.values() if "shared this answer" in one.whole]

    assert await until(shared)
    (given,) = await wide.app.journal.feedback(answer)
    assert given.tenant == f"slack:{TEAM}"


@pytest.mark.parametrize("name", ["docent_answer", "docent_answer_private"])
async def test_shortcuts_work_without_a_team(wide: Chat, name: str) -> None:
    """A message is answered from its menu when the shortcut names no team."""
    await wide.slack.shortcut(name, "1700000000.000100", text="How much notice?")
    await _only(wide)
    assert [one.text for one in wide.core.asked] == ["How much notice?"]


async def test_forms_work_without_a_team(wide: Chat) -> None:
    """A saved answer carries the workspace of who saved it when the form names no team."""
    shown = await wide.answer(await wide.slack.mention("How much notice?", channel=SECOND_CHANNEL))
    await wide.slack.shortcut(
        "docent_save_verified", shown["ts"], text="Four weeks.", user=SECOND_USER, channel=SECOND_CHANNEL
    )

    async def views() -> list[dict[str, Any]]:
        return wide.slack.views

    (view,) = await until(views)
    values = {
        "question": {"question": {"value": "How much?"}},
        "answer": {"answer": {"value": "Four weeks."}},
    }
    await wide.slack.submit(view, values, user=SECOND_USER, channel=SECOND_CHANNEL)
    await wide.whisper("Whoever asks this from now on gets it first")
    (lesson,) = await wide.app.lessons.lessons()
    assert lesson.tenant == f"slack:{SECOND_TEAM}"


async def test_workspaces_of_an_organization_are_told_apart(wide: Chat) -> None:
    """Each question carries the workspace that it was asked in, and an admin reads those of theirs."""
    wide.core.answers["creche"] = Answer("", Outcome.NOT_FOUND, "The docs don't say.")
    for channel, text in (
        (CHANNEL, "Is there a creche in Berlin?"),
        (SECOND_CHANNEL, "Or a creche in Lyon?"),
    ):
        await wide.answer(await wide.slack.mention(text, channel=channel))

    async def tenants() -> list[str]:  # written down after an answer is shown
        recorded = [await wide.app.journal.recorded(one) for one in wide.core.ids]
        found = [one.scope.tenant for one in recorded if one and one.answer]
        return found if len(found) == len(wide.core.ids) else []

    assert await until(tenants) == [f"slack:{TEAM}", f"slack:{SECOND_TEAM}"]
    await wide.slack.command("/docent", "gaps", user=SECOND_USER, channel=SECOND_CHANNEL)
    told = await wide.whisper("Questions that the docs don't answer")
    assert "Lyon" in told.whole
    assert "Berlin" not in told.whole


async def test_workspace_admins_of_an_organization_are_none_of_ours(wide: Chat) -> None:
    """In an organization of several workspaces the admins of one are no admins unless docent.yaml says so."""
    await wide.slack.command("/docent", "sources", user="U0CAROL")
    await wide.whisper("Only admins")


async def test_a_workspace_that_is_not_listed_gets_nothing(opened: Opened) -> None:
    """With `workspaces`, what comes from others is acknowledged and no more; a command is told so."""
    yaml = YAML.replace("stop_within", f"workspaces: [{TEAM}], admins: [{SECOND_USER}], stop_within")
    async with opened(yaml, _organization) as chat:
        where = {"user": SECOND_USER, "channel": SECOND_CHANNEL}
        await chat.slack.mention("How much notice?", **where)
        for command, text in (("/ask", "How much notice?"), ("/docent", "status"), ("/docent", "gaps")):
            told = await chat.slack.command(command, text, **where)
            assert told["text"] == messages.NOT_HERE
        shown = Message(ts="1.1")
        for action in (
            "feedback",
            "more",
            "sources",
            "share",
            "human",
            "cancel",
            "confirm",
            "accept",
            "reject",
        ):
            await chat.slack.press(shown, f"docent_{action}", value="up:x", **where)
        for name in ("answer", "answer_private", "save_example", "save_verified"):
            await chat.slack.shortcut(f"docent_{name}", "1.1", text="How much notice?", **where)
        await chat.answer(await chat.slack.mention("Is somebody there?"))
        assert [one.text for one in chat.core.asked] == ["Is somebody there?"]
        assert {one["channel"] for one in chat.slack.said.values()} == {CHANNEL}
        assert chat.slack.whispered == []
        assert chat.slack.views == []


def test_the_manifest_allows_an_organization_where_it_is_set() -> None:
    """`org_deploy_enabled` of docent.yaml is the manifest's."""
    assert manifest(SlackSettings())["settings"]["org_deploy_enabled"] is False
    wanted = SlackSettings.model_validate({"org_deploy_enabled": True})
    assert manifest(wanted)["settings"]["org_deploy_enabled"] is True


# --- channels that aren't opened ------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        f"listed_only: true, channels: {{{CHANNEL}: {{}}}}",
        f"channels: {{{SECOND_CHANNEL}: {{enabled: false}}}}",
    ],
    ids=["not listed", "not enabled"],
)
async def test_a_channel_that_is_not_opened_gets_nothing(opened: Opened, settings: str) -> None:
    """Neither a mention nor a command nor a shortcut is answered there; who asked by name is told so."""
    async with opened(YAML.replace("stop_within", f"{settings}, stop_within")) as chat:
        await chat.slack.mention("How much notice?", channel=SECOND_CHANNEL)
        await chat.slack.command("/ask", "How much notice?", channel=SECOND_CHANNEL)
        await chat.whisper("not set up to answer here")
        for name in ("docent_answer", "docent_answer_private"):
            await chat.slack.shortcut(name, "1.1", text="How much notice?", channel=SECOND_CHANNEL)
        await chat.answer(await chat.slack.mention("Is somebody there?", user="U0BOB"))
        assert [one.text for one in chat.core.asked] == ["Is somebody there?"]
        assert {one["channel"] for one in chat.slack.said.values()} == {CHANNEL}


@pytest.mark.parametrize(
    ("channel", "said"), [(CHANNEL, True), (SECOND_CHANNEL, False)], ids=["opened", "not opened"]
)
async def test_sharing_asks_what_the_channel_may_see(opened: Opened, channel: str, *, said: bool) -> None:
    """An answer that was given elsewhere is not shared where nothing may be shown."""
    yaml = YAML.replace("stop_within", f"channels: {{{SECOND_CHANNEL}: {{enabled: false}}}}, stop_within")
    async with opened(yaml) as chat:
        await chat.slack.command("/ask", "How much notice do I give?")
        shown = await chat.whisper("four weeks' notice")
        answer = await _only(chat)
        await chat.slack.press(shown, "docent_share", value=answer, channel=channel)
        if not said:
            await chat.whisper(messages.NOT_FOR_ALL[:40])
        await chat.slack.press(shown, "docent_feedback", value=f"up:{answer}")
        await chat.whisper("Thank")

        async def shared() -> list[Message]:
            return [one for one in chat.slack.said.values() if "shared this answer" in one.whole]

        assert bool(await (until(shared) if said else shared())) is said


def test_the_organization_is_named_where_no_workspace_is() -> None:
    """What names neither a team nor a person's team is of the organization, which no admin of a workspace reads."""
    assert workspace_of({"team": None, "enterprise": {"id": ORGANIZATION}}) == ORGANIZATION


async def test_doctor_names_workspaces_that_are_not_listed(opened: Opened) -> None:
    """`docent doctor` names a workspace that the app was added to and that isn't served."""
    async with opened(
        YAML.replace("stop_within", f"workspaces: [{TEAM}], stop_within"), _organization
    ) as chat:
        found = [one.finding async for one in checks(chat.app.settings) if one.verdict == "warning"]
        assert found == [
            "it was added to two (T0TWO), which slack.workspaces doesn't list: people there get nothing."
        ]
