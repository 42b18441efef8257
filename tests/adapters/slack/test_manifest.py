"""The Slack app's manifest holds exactly what the code registers and calls."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.chat.answer_view import Press
from adapters.slack import handlers
from adapters.slack.buttons import SlackButtons
from adapters.slack.handlers import Handlers
from adapters.slack.manifest import BOT_EVENTS, SCOPES, as_yaml, manifest
from bot.config.chat import Prompt, SlackSettings
from tests.support.command_line import CommandLine

ROOT = Path(__file__).resolve().parents[3]

# What each call needs, by https://docs.slack.dev/reference/methods. Empty: every token may.
CALLS = {
    "assistant.threads.setStatus": ["assistant:write"],
    "assistant.threads.setSuggestedPrompts": ["assistant:write"],
    "auth.teams.list": [],
    "auth.test": [],
    "chat.appendStream": ["chat:write"],
    "chat.delete": ["chat:write"],
    "chat.getPermalink": [],
    "chat.postEphemeral": ["chat:write"],
    "chat.postMessage": ["chat:write"],
    "chat.startStream": ["chat:write"],
    "chat.stopStream": ["chat:write"],
    "chat.update": ["chat:write"],
    "conversations.history": ["channels:history", "groups:history", "im:history", "mpim:history"],
    "conversations.info": ["channels:read", "groups:read", "im:read", "mpim:read"],
    "conversations.members": ["channels:read", "groups:read", "im:read", "mpim:read"],
    "conversations.open": ["im:write"],
    "conversations.replies": ["channels:history", "groups:history", "im:history", "mpim:history"],
    "files.info": ["files:read"],
    "usergroups.users.list": ["usergroups:read"],
    "users.conversations": ["channels:read", "groups:read", "mpim:read"],
    "users.info": ["users:read"],
    "users.list": ["users:read"],
    "views.open": [],
}
# What no call needs, but what calls return: https://docs.slack.dev/reference/scopes/metadata.message.read
RETURNS = {"commands", "metadata.message:read"}
EVENTS = {
    "agent_session_stopped": ["chat:write"],
    "app_home_opened": [],
    "app_mention": ["app_mentions:read"],
    "message.channels": ["channels:history"],
    "message.groups": ["groups:history"],
    "message.im": ["im:history"],
    "message.mpim": ["mpim:history"],
}


class Recorder:
    """Takes the place of a Bolt app: writes down what is registered."""

    def __init__(self) -> None:
        self.seen: dict[str, list[str]] = {}

    def __getattr__(self, kind: str) -> Any:
        def register(name: str) -> Any:
            self.seen.setdefault(kind, []).append(name)
            return lambda handler: handler

        return register


@pytest.fixture
def registered() -> dict[str, list[str]]:
    app: Any = Recorder()
    Handlers.register(object.__new__(Handlers), app)
    SlackButtons.register(object.__new__(SlackButtons), app)
    seen: dict[str, list[str]] = app.seen
    return seen


def test_the_file_is_what_the_code_makes() -> None:
    """deploy/slack-manifest.yaml is what `docent slack manifest` prints without settings."""
    assert (ROOT / "deploy/slack-manifest.yaml").read_text(encoding="utf-8") == as_yaml(SlackSettings())


def test_the_command_needs_no_configuration(tmp_path: Path) -> None:
    """`docent slack manifest` comes before docent.yaml, and knows it once it is there."""
    docent = CommandLine(tmp_path)
    docent.config.write_text("slack: {name: Clerk}")
    assert "name: Clerk" in docent("slack", "manifest").stdout
    docent.config.unlink()
    assert docent("slack", "manifest").stdout == as_yaml(SlackSettings())
    assert docent("--config", "none.yaml", "slack", "manifest").returncode == 2


def test_events_are_those_that_have_a_handler(registered: dict[str, list[str]]) -> None:
    """Each event of the manifest has a handler, and each handler an event."""
    events = manifest(SlackSettings())["settings"]["event_subscriptions"]["bot_events"]
    assert events == list(BOT_EVENTS)
    assert {name.partition(".")[0] for name in events} == set(registered["event"])


def test_commands_and_shortcuts_are_those_that_have_a_handler(registered: dict[str, list[str]]) -> None:
    """The same goes for commands and shortcuts."""
    features = manifest(SlackSettings())["features"]
    assert [one["command"] for one in features["slash_commands"]] == registered["command"]
    assert [one["callback_id"] for one in features["shortcuts"]] == registered["shortcut"]


def test_scopes_are_those_that_the_calls_need() -> None:
    """The scopes are what the methods called and the events need, and no more."""
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "adapters/slack").rglob("*.py"))
    called = set(
        re.findall(r'"((?:assistant|auth|chat|conversations|files|usergroups|users|views)\.[\w.]+)"', code)
    )
    assert called == CALLS.keys()
    needed = {scope for scopes in [*CALLS.values(), *EVENTS.values()] for scope in scopes}
    assert needed | RETURNS == SCOPES.keys()
    assert EVENTS.keys() == set(BOT_EVENTS)


def test_http_has_addresses_instead_of_socket_mode() -> None:
    """With an address events, commands and buttons go there, and Socket Mode is off."""
    made = manifest(SlackSettings(), url="https://docent.example.com")
    text = yaml.safe_dump(made)
    assert made["settings"]["socket_mode_enabled"] is False
    assert text.count("https://docent.example.com/slack/events") == 4


def test_prompts_are_those_of_the_settings() -> None:
    """Suggested prompts come from docent.yaml."""
    settings = SlackSettings(prompts=(Prompt(title="Leave", message="How many days off do I get?"),))
    view = manifest(settings)["features"]["agent_view"]
    assert view["suggested_prompts"] == [{"title": "Leave", "message": "How many days off do I get?"}]
    assert len(view["agent_description"]) <= 300


def test_every_button_has_a_handler(registered: dict[str, list[str]]) -> None:
    """Whatever stands under a message can be pressed."""
    assert set(registered["action"]) == {
        "docent_feedback",
        *(f"docent_{press}" for press in Press),
    }
    assert tuple(registered["event"]) == handlers.EVENTS
