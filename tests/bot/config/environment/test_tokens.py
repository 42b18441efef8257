"""Tokens are looked at before anybody is asked."""

from pathlib import Path

import pytest

from bot.config.environment.tokens import token_faults
from bot.config.loader import load

# No such token was ever given out.
BOT, APP = "xoxb-" + "1" * 12 + "-abc", "xapp-1-A0-1-" + "a" * 20
SECRET = "0123456789abcdef" * 2
DISCORD = ".".join(("M" * 24, "a-b_cd", "x" * 38))
RIGHT = {"SLACK_BOT_TOKEN": BOT, "SLACK_APP_TOKEN": APP, "DISCORD_TOKEN": DISCORD}


def told(tmp_path: Path, environ: dict[str, str], config: str = "sources: []\n") -> list[str]:
    (tmp_path / "docent.yaml").write_text(config)
    found = [str(each) for each in token_faults(load(tmp_path / "docent.yaml", environ))]
    for value in environ.values():
        assert len(value) < 8 or value not in "".join(found)
    return found


def test_right_ones_are_nothing_to_speak_of(tmp_path: Path) -> None:
    assert told(tmp_path, RIGHT) == []
    assert told(tmp_path, {}) == []
    assert told(tmp_path, {name: f" {value}\n" for name, value in RIGHT.items()}) == []
    http = {"SLACK_BOT_TOKEN": BOT, "SLACK_SIGNING_SECRET": SECRET}
    assert told(tmp_path, http, "slack: {mode: http}\n") == []
    assert told(tmp_path, RIGHT | {"SLACK_BOT_TOKEN": "xoxe.xoxb-1-abcdef"}) == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SLACK_BOT_TOKEN", "xoxp-1-2-3", "holds a Slack user token (xoxp-)."),
        ("SLACK_BOT_TOKEN", "xoxe-1-abc", "holds a Slack refresh token"),
        ("SLACK_BOT_TOKEN", "xoxc-1-abc", "holds a token of a browser's session"),
        (
            "SLACK_BOT_TOKEN",
            APP,
            "holds a Slack app-level token (xapp-), which belongs into SLACK_APP_TOKEN.",
        ),
        ("SLACK_BOT_TOKEN", DISCORD, "holds a Discord bot token, which belongs into DISCORD_TOKEN."),
        ("SLACK_BOT_TOKEN", f'"{BOT}"', "stands in quotes"),
        ("SLACK_BOT_TOKEN", f"“{BOT}”", "stands in quotes"),
        ("SLACK_BOT_TOKEN", f"<{BOT}>", "stands in quotes or brackets"),
        ("SLACK_BOT_TOKEN", f"Bearer {BOT}", "begins with 'Bearer'"),
        ("SLACK_BOT_TOKEN", "xoxb-…", "holds an example's value"),
        ("SLACK_BOT_TOKEN", "xoxb-...", "holds an example's value"),
        ("SLACK_BOT_TOKEN", "xoxb-xxxxxxxx", "holds an example's value"),
        ("SLACK_BOT_TOKEN", "what is this", "holds a blank"),
        ("SLACK_BOT_TOKEN", "whatever", "holds no Slack bot token (xoxb-)."),
        ("SLACK_BOT_TOKEN", "https://hooks.slack.com/services/T/B/x", "holds the address of a webhook."),
        ("SLACK_APP_TOKEN", BOT, "holds a Slack bot token (xoxb-), which belongs into SLACK_BOT_TOKEN."),
        ("SLACK_SIGNING_SECRET", BOT, "holds a Slack bot token"),
        ("DISCORD_TOKEN", f"Bot {DISCORD}", "begins with 'Bot'"),
        ("DISCORD_TOKEN", BOT, "holds a Slack bot token (xoxb-), which belongs into SLACK_BOT_TOKEN."),
        ("DISCORD_TOKEN", "123456789012345678", "holds an application's id."),
        ("DISCORD_TOKEN", "ab" * 32, "holds an application's public key."),
        ("DISCORD_TOKEN", f"'{DISCORD}'", "stands in quotes"),
    ],
)
def test_each_wrong_kind_by_its_name(tmp_path: Path, name: str, value: str, said: str) -> None:
    (fault,) = told(tmp_path, RIGHT | {name: value})
    assert fault.startswith(f"{name} {said}")
    assert "Take it from " in fault


def test_swapped_is_one_cause(tmp_path: Path) -> None:
    (fault,) = told(tmp_path, {"SLACK_BOT_TOKEN": APP, "SLACK_APP_TOKEN": BOT})
    assert fault.startswith("SLACK_BOT_TOKEN and SLACK_APP_TOKEN are swapped.")


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"SLACK_APP_TOKEN": APP}, "SLACK_BOT_TOKEN isn't set, though SLACK_APP_TOKEN is."),
        ({"SLACK_BOT_TOKEN": BOT}, "SLACK_APP_TOKEN isn't set, though SLACK_BOT_TOKEN is."),
        ({"SLACK_SIGNING_SECRET": SECRET}, "SLACK_BOT_TOKEN isn't set, though SLACK_SIGNING_SECRET is."),
    ],
)
def test_one_of_a_pair(tmp_path: Path, given: dict[str, str], missing: str) -> None:
    (fault,) = told(tmp_path, given)
    assert fault.startswith(missing)
    if "SLACK_BOT_TOKEN" in given:
        (fault,) = told(tmp_path, given, "slack: {mode: http}\n")
        assert fault.startswith("SLACK_SIGNING_SECRET isn't set")


@pytest.mark.parametrize(
    ("slip", "right"),
    [
        ("SLACK_BOTTOKEN", "SLACK_BOT_TOKEN"),
        ("SLACK_BOT_TOKN", "SLACK_BOT_TOKEN"),
        ("SLACKBOT_TOKEN", "SLACK_BOT_TOKEN"),
        ("DISCORD_BOT_TOKEN", "DISCORD_TOKEN"),
        ("COHERE_APIKEY", "COHERE_API_KEY"),
        ("DOCENT_CONFG", "DOCENT_CONFIG"),
        ("ANTHROPIC_KEY", "ANTHROPIC_API_KEY"),
    ],
)
def test_slips_in_names(tmp_path: Path, slip: str, right: str) -> None:
    environ = RIGHT | {slip: BOT if "SLACK" in slip else "value-of-it"}
    environ.pop(right, None)
    (fault,) = told(tmp_path, environ)
    assert fault.startswith(f"{slip} is a name that Docent doesn't read; did you mean {right}")


def test_names_that_mean_something_else(tmp_path: Path) -> None:
    """What docent.yaml takes itself, what stands beside the right one, and what is far from all."""
    taken = 'sources: [{name: a, type: folder, path: ., audience: [e], webhook: "${SLACK_BOT_TOKEN2}"}]\n'
    assert told(tmp_path, RIGHT | {"SLACK_BOT_TOKEN2": "secret-of-a-hook"}, taken) == []
    others = {
        "SLACK_WEBHOOK_URL": "https://hooks.slack.com/x",
        "DISCORD_BOT_TOKEN": "also-set",
        "HOME": "/root",
    }
    assert told(tmp_path, RIGHT | others) == []


def test_the_line_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"# tokens\nSLACK_BOT_TOKEN={APP}\nSLACK_APP_TOKEN={APP}\n")
    (fault,) = told(tmp_path, {})
    assert fault.startswith("SLACK_BOT_TOKEN (.env, line 2) holds a Slack app-level token")
