"""Builds the Slack app's manifest: exactly the scopes, events and commands that the code uses."""

from typing import Any, Final

import yaml

from adapters.chat import messages
from adapters.slack.buttons import SAVE_EXAMPLE, SAVE_VERIFIED
from adapters.slack.handlers import ADMIN, ASK, SHORTCUT, SHORTCUT_PRIVATE, SHORTCUT_SUMMARY
from bot.config.chat import SlackSettings

# Each scope and its purpose, for whoever reviews the app.
SCOPES: Final = {
    "app_mentions:read": "hear mentions",
    "assistant:write": "show that it works on an answer; suggest prompts",
    "channels:history": "read the thread that a question is asked in",
    "channels:read": "tell a channel shared with another company from your own",
    "chat:write": "answer",
    "commands": "/ask and /docent",
    "files:read": "read the files that a question comes with",
    "groups:history": "the same in private channels it was invited to",
    "groups:read": "the same in private channels it was invited to",
    "im:history": "read direct messages to it",
    "im:read": "know a direct message from a channel",
    "im:write": "answer in a direct message where it can't answer in the channel",
    "metadata.message:read": "find its own message again after a crash",
    "mpim:history": "the same in group direct messages it was invited to",
    "mpim:read": "know who reads along in a group direct message",
    "usergroups:read": "know admins and audiences by user group",
    "users:read": "know guests and workspace admins",
}
BOT_EVENTS: Final = (
    "agent_session_stopped",
    "app_home_opened",
    "app_mention",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
)


# With `ask_with` alone.
REACTIONS: Final = {"reactions:read": "hear the emoji that asks (ask_with)"}


def scopes(settings: SlackSettings) -> dict[str, str]:
    """Return the scopes that these settings need, each with its purpose."""
    return SCOPES | REACTIONS if settings.ask_with else SCOPES


def events(settings: SlackSettings) -> tuple[str, ...]:
    """Return the events that these settings subscribe to."""
    return (*BOT_EVENTS, "reaction_added") if settings.ask_with else BOT_EVENTS


def manifest(settings: SlackSettings, *, url: str = "") -> dict[str, Any]:
    """Return the manifest for Socket Mode, or with `url` (https://docent.example.com) for HTTP."""
    endpoint = {"url": f"{url}/slack/events"} if url else {}
    request_url = {"request_url": f"{url}/slack/events"} if url else {}
    prompts = [{"title": prompt.title, "message": prompt.message} for prompt in settings.prompts]
    return {
        "display_information": {
            "name": settings.name,
            "description": "Answers questions from our docs, with sources.",
            "background_color": "#1f4e5f",
        },
        "features": {
            "agent_view": {
                "agent_description": "Ask me anything about our docs. I answer with sources, and say so when they don't say.",
                **({"suggested_prompts": prompts} if prompts else {}),
            },
            "app_home": {
                "home_tab_enabled": False,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": settings.name.lower(), "always_online": True},
            "shortcuts": [
                {
                    "name": "Answer from the docs",
                    "type": "message",
                    "callback_id": SHORTCUT,
                    "description": "Answers this message in its thread",
                },
                {
                    "name": "Answer only for me",
                    "type": "message",
                    "callback_id": SHORTCUT_PRIVATE,
                    "description": "Answers this message so that only you see it",
                },
                {
                    "name": messages.SUMMARIZE,
                    "type": "message",
                    "callback_id": SHORTCUT_SUMMARY,
                    "description": "Sums up the thread, or the channel's last day, for you alone",
                },
                {
                    "name": messages.SAVE_EXAMPLE,
                    "type": "message",
                    "callback_id": SAVE_EXAMPLE,
                    "description": "For admins: teaches me how answers should sound",
                },
                {
                    "name": messages.SAVE_VERIFIED,
                    "type": "message",
                    "callback_id": SAVE_VERIFIED,
                    "description": "For admins: I give this answer first from now on",
                },
            ],
            "slash_commands": [
                {
                    "command": ASK,
                    "description": "Ask the docs; only you see the answer",
                    "usage_hint": "how many days of annual leave do I get?",
                    "should_escape": False,
                    **endpoint,
                },
                {
                    "command": ADMIN,
                    "description": "Summarize the last day; for admins: reindex, status, sources, gaps, why, review",
                    "usage_hint": "summarize | reindex [source] [--full] | status | sources | gaps | why ANSWER | review",
                    "should_escape": False,
                    **endpoint,
                },
            ],
        },
        "oauth_config": {"scopes": {"bot": sorted(scopes(settings))}},
        "settings": {
            "event_subscriptions": {"bot_events": list(events(settings)), **request_url},
            "interactivity": {"is_enabled": True, **request_url},
            "org_deploy_enabled": settings.org_deploy_enabled,
            "socket_mode_enabled": not url,
            "token_rotation_enabled": False,
        },
    }


def as_yaml(settings: SlackSettings, *, url: str = "") -> str:
    """Return the manifest as `docent slack manifest` prints it."""
    return yaml.safe_dump(manifest(settings, url=url), sort_keys=False, allow_unicode=True, width=100)
