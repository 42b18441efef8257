"""`docent doctor --slack --discord`, against the simulators of ../shared, where they are."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from adapters.discord.doctor import checks as discord_checks
from adapters.slack.doctor import checks as slack_checks
from bot.config.loader import Settings, load
from bot.diagnostics.findings import Check
from tests.support import simulators
from tests.support.simulators import Simulator


@pytest.fixture
async def slack(free_port: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Simulator]:
    port = free_port()
    monkeypatch.setenv("SLACK_API_URL", f"http://127.0.0.1:{port}/api/")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-sim-token")
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-sim-token")
    async with simulators.running("slack", port) as sim:
        yield sim


@pytest.fixture
async def discord(free_port: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Simulator]:
    port = free_port()
    monkeypatch.setenv("DISCORD_API_URL", f"http://127.0.0.1:{port}/api/v10")
    monkeypatch.setenv("DISCORD_GATEWAY_URL", f"ws://127.0.0.1:{port}/gateway")
    monkeypatch.setenv("DISCORD_TOKEN", "sim.discord.token")
    async with simulators.running("discord", port) as sim:
        yield sim


def settings(folder: Path, text: str = "") -> Settings:
    path = folder / "docent.yaml"
    path.write_text(text)
    return load(path)


def errors(found: list[Check]) -> list[str]:
    return [check.finding for check in found if check.verdict == "error"]


async def test_slack_is_found_sound(slack: Simulator, tmp_path: Path):
    """Token, scopes, Socket Mode and the channels of docent.yaml."""
    chosen = settings(tmp_path, "slack: {channels: {C0DOCS: {}, C0NOBOT: {}, C0ARCHIVED: {}, C0NONE: {}}}")
    found = [check async for check in slack_checks(chosen)]
    assert any("Socket Mode: a connection is granted" in check.finding for check in found)
    assert any("the bot token is" in check.finding for check in found)
    said = errors(found)
    assert any(finding.startswith("the bot is not in #") for finding in said)
    assert "channel C0NONE: channel_not_found." in said
    assert next(check.finding for check in found if check.verdict == "warning").endswith("is archived.")


async def test_slack_names_what_is_missing(slack: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A scope that was not granted, and tokens that are not set or refused."""
    await slack.do("options", scopes="chat:write,app_mentions:read")
    found = [check async for check in slack_checks(settings(tmp_path))]
    assert any(
        "the scope commands is missing: it serves to /ask and /docent." in each for each in errors(found)
    )
    monkeypatch.delenv("SLACK_APP_TOKEN")
    found = [check async for check in slack_checks(settings(tmp_path))]
    assert "there is no app token for Socket Mode." in errors(found)
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-wrong")
    (wrong,) = [check async for check in slack_checks(settings(tmp_path))]
    assert wrong.finding == "it refused: invalid_auth."
    assert "xoxb-wrong" not in str(wrong)


async def test_discord_is_found_sound(discord: Simulator, tmp_path: Path):
    """Token, intents, servers, and permissions by channel."""
    state = await discord.see("state")
    (guild,) = state["guilds"]
    ids = {name: number for number, name in state["channels"].items()}
    channels = f"{{{ids['docs']}: {{}}, {ids['readonly']}: {{}}, 99: {{}}}}"
    text = f"discord: {{guilds: {{{guild}: {{channels: {channels}}}, 77: {{}}}}}}"
    found = [check async for check in discord_checks(settings(tmp_path, text))]
    assert any(check.finding.startswith("#docs in ") and check.verdict == "ok" for check in found)
    said = errors(found)
    assert any(each.startswith("#readonly in ") and "send messages" in each for each in said)
    assert any(each.endswith("has no channel 99.") for each in said)
    assert "it is not in the server 77." in said


async def test_discord_names_roles_and_forums_that_are_none(discord: Simulator, tmp_path: Path):
    """Ids that would do nothing: a role that no server has, and a forum that is an ordinary channel."""
    state = await discord.see("state")
    (guild,) = state["guilds"]
    ids = {name: number for number, name in state["channels"].items()}
    there = "4100000000000000004"
    text = f"""
audiences: {{managers: {{discord_roles: ["{there}", "41"]}}}}
discord:
  guilds:
    "{guild}":
      admin_roles: ["{there}", "42"]
      roles: {{"{there}": [managers], "43": [managers]}}
      forums: {{"{ids["docs"]}": {{}}}}
"""
    found = [check async for check in discord_checks(settings(tmp_path, text))]
    assert errors(found) == [
        "Docs Guild has no role 42 (admin_roles).",
        "Docs Guild has no role 43 (roles).",
        "#docs in Docs Guild is no forum.",
        "none of its servers has the role 41 (audiences.managers).",
    ]


async def test_discord_names_a_wrong_token(
    discord: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Without showing it."""
    monkeypatch.setenv("DISCORD_TOKEN", "wrong")
    (found,) = [check async for check in discord_checks(settings(tmp_path))]
    assert found.finding == "it refused the token."


async def test_discord_looks_at_channels_that_no_setting_names(discord: Simulator, tmp_path: Path):
    """The bot answers there as well: what it may not do there is a warning, what it doesn't see a number."""
    found = [check async for check in discord_checks(settings(tmp_path))]
    (warned,) = [one.finding for one in found if one.verdict == "warning" and "may not" in one.finding]
    assert warned.startswith("#readonly in Docs Guild: it may not send messages")
    assert found[-1].finding == "Docs Guild: all permissions in 2 of 4 channels, 1 it doesn't see"
