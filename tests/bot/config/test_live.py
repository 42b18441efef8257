"""docent.yaml changes while something goes by it."""

from pathlib import Path

import pytest

from bot.config.live import LiveSettings
from bot.config.loader import ConfigError, Settings, load
from tests.support.waiting import given_up

_YAML = "sources: [{name: docs, type: folder, path: ./docs, audience: [everyone]}]\n"


def live(folder: Path, text: str = _YAML) -> LiveSettings:
    (folder / "docent.yaml").write_text(text)
    return LiveSettings(load(folder / "docent.yaml", {}))


async def changed(live: LiveSettings, text: str, file: str = "docent.yaml") -> bool:
    """Written, and looked at until it stands still."""
    (live.now.folder / file).write_text(text)
    assert not await live.look()  # whoever writes may not be done
    return await live.look()


async def test_audiences_are_taken_over_at_once(tmp_path: Path) -> None:
    now = live(tmp_path)
    before = now.version
    text = _YAML.replace("[everyone]}]", '[everyone], audience_of: {"pay/**": [managers]}}]')
    assert await changed(now, f"{text}audiences: {{managers: {{slack_users: [U1]}}}}\n")
    assert now.now.sources[0].audience_of == {"pay/**": {"managers"}}
    assert now.now.audiences["managers"].slack_users == {"U1"}
    assert (now.problem, now.restart_for, now.news) == ("", (), "")
    assert now.version != before
    assert not await now.look()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sources: [", "docent.yaml:"),
        ("sorces: []\n", "did you mean sources"),
        (_YAML + "audiences: {a: {}}\ndefault_audience: [a]\n", "everyone is not one of the audiences"),
        ("\x00", "is not YAML"),
    ],
)
async def test_a_broken_one_leaves_the_old_in_force(tmp_path: Path, text: str, told: str) -> None:
    now = live(tmp_path)
    assert await changed(now, text)
    assert now.now.source("docs") is not None
    assert told in now.problem
    assert told in now.news
    assert await changed(now, _YAML + "slack: {admins: [U9]}\n")
    assert (now.problem, now.now.slack.admins) == ("", {"U9"})


async def test_what_parts_can_judge_is_judged_first(tmp_path: Path) -> None:
    now = live(tmp_path)

    async def check(settings: Settings) -> None:
        raise settings.sources[0].wrong("type", "there is none")

    (tmp_path / "docent.yaml").write_text(_YAML.replace("docs,", "other,"))
    assert not await now.look(check)
    assert await now.look(check)
    assert now.problem.endswith("docent.yaml:1: sources[0].type: there is none")
    assert now.now.source("docs") is not None


async def test_what_cannot_change_is_named_and_stays(tmp_path: Path) -> None:
    now = live(tmp_path)
    more = (
        "data: ./other\nembedder: none\nlimits: {answer_characters: 500}\nslack: {port: 4000, admins: [U1]}\n"
    )
    assert await changed(now, _YAML + more)
    assert now.restart_for == ("data", "embedder", "limits.answer_characters", "slack.port")
    assert (now.now.data, now.now.slack.port) == (tmp_path / ".docent", 3000)
    assert now.now.slack.admins == {"U1"}
    assert await changed(now, "SLACK_BOT_TOKEN=xoxb-1\nDISCORD_TOKEN=t\n", ".env")
    assert {"SLACK_BOT_TOKEN", "DISCORD_TOKEN"} < set(now.restart_for)
    assert now.now.slack.bot_token is None
    assert "xoxb-1" not in now.news
    assert await changed(now, "", ".env")
    assert await changed(now, _YAML)
    assert now.restart_for == ()


async def test_lines_alone_change_nothing(tmp_path: Path) -> None:
    now = live(tmp_path)
    before = now.now.sources[0].model_dump()
    assert await changed(now, f"# a remark\n\n{_YAML}")
    assert now.now.sources[0].model_dump() == before
    assert now.restart_for == ()


async def test_a_file_that_is_gone_for_a_moment(tmp_path: Path) -> None:
    now = live(tmp_path)
    (tmp_path / "docent.yaml").unlink()
    for _ in range(3):
        await now.look()
    assert "there is no such file" in now.problem
    assert now.now.source("docs") is not None


def test_the_environment_goes_before_the_file_also_when_read_again(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DISCORD_TOKEN=file\nHOOK=h\n")
    (tmp_path / "docent.yaml").write_text(_YAML.replace("[everyone]}", '[everyone], webhook: "${HOOK}"}'))
    settings = load(tmp_path / "docent.yaml", {"DISCORD_TOKEN": "real"})
    for each in (settings, settings.read_again()):
        assert each.discord.token is not None
        assert each.discord.token.get_secret_value() == "real"
        assert each.sources[0].webhook is not None
    assert {"real", "h"} <= set(settings.secrets())
    (tmp_path / ".env").unlink()
    with pytest.raises(ConfigError, match="HOOK is not set"):
        settings.read_again()


async def test_a_change_between_reading_and_watching_is_not_missed(tmp_path: Path) -> None:
    """A start takes a second, in which somebody may save."""
    (tmp_path / "docent.yaml").write_text(_YAML)
    settings = load(tmp_path / "docent.yaml", {})
    (tmp_path / "docent.yaml").write_text(_YAML + "slack: {admins: [U9]}\n")
    now = LiveSettings(settings)
    await now.look()
    assert await now.look()
    assert now.now.slack.admins == {"U9"}


async def test_who_waits_hears_of_what_is_taken_over_from_the_call_on(tmp_path: Path) -> None:
    """Also where it is taken over before the wait itself begins."""
    now = live(tmp_path)
    waiting = now.changed()
    assert await changed(now, _YAML + "slack: {admins: [U9]}\n")
    async with given_up():
        await waiting


async def test_what_fails_by_itself_is_tried_again(tmp_path: Path) -> None:
    """A check that can't be made says nothing of the file."""
    now = live(tmp_path)

    async def check(_: Settings) -> None:
        raise OSError("no more files")

    (tmp_path / "docent.yaml").write_text(_YAML + "slack: {admins: [U9]}\n")
    await now.look(check)
    for _ in range(2):
        with pytest.raises(OSError, match="no more files"):
            await now.look(check)
    assert await now.look()
    assert now.now.slack.admins == {"U9"}
