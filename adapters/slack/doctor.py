"""Checks what could keep the bot from answering in Slack: tokens, scopes, delivery of events, channels."""

from collections.abc import AsyncIterator

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.manifest import events, scopes
from bot.config.chat import SlackSettings
from bot.config.loader import Settings
from bot.diagnostics.findings import Check, error, ok, warning

_PART = "slack"
_REINSTALL = "Bring the app in step with `docent slack manifest` (api.slack.com/apps), and install it again."
_DOWN = (aiohttp.ClientError, TimeoutError, OSError)


async def checks(settings: Settings) -> AsyncIterator[Check]:
    """Yield each finding; calls Slack a few times.

    Which events the app is subscribed to can't be read with its tokens.
    """
    slack = settings.slack
    if slack.bot_token is None:
        yield error(_PART, "there is no bot token.", "Set SLACK_BOT_TOKEN (xoxb-…, OAuth & Permissions).")
        return
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(
            slack.bot_token.get_secret_value(),
            base_url=slack.api_url or AsyncWebClient.BASE_URL,
            session=session,
            timeout=10,
            retry_handlers=[],
        )
        try:
            async for check in _identity(client, slack):
                yield check
            yield await _way(client, slack)
            async for check in _channels(client, slack):
                yield check
        except SlackApiError as refused:
            yield error(_PART, f"it refused: {_code(refused)}.", _remedy(_code(refused)))
        except _DOWN as down:
            yield error(_PART, f"it can't be reached ({type(down).__name__}).", "Check the connection.")


async def _identity(client: AsyncWebClient, slack: SlackSettings) -> AsyncIterator[Check]:
    me = await client.auth_test()
    yield ok(_PART, f"the bot token is {me.get('user')}'s in {me.get('team')}")
    if me.get("is_enterprise_install"):
        yield await _organization(client, slack)
    granted = {scope.strip() for scope in me.headers.get("X-OAuth-Scopes", "").split(",") if scope.strip()}
    wanted = scopes(slack)
    missing = sorted(wanted.keys() - granted) if granted else []
    for scope in missing:
        yield error(_PART, f"the scope {scope} is missing: it serves to {wanted[scope]}.", _REINSTALL)
    if not missing:
        yield ok(
            _PART, "all scopes are granted" if granted else "Slack doesn't tell which scopes are granted"
        )
    yield ok(
        _PART,
        f"its events can't be read from here; the manifest has them all ({', '.join(events(slack))}): an app that was"
        " made from it is right",
    )


async def _organization(client: AsyncWebClient, slack: SlackSettings) -> Check:
    """Return which workspaces of an organization are served."""
    teams = (await client.auth_teams_list(limit=999)).get("teams") or []
    others = [f"{one.get('name')} ({one['id']})" for one in teams if one["id"] not in slack.workspaces]
    if slack.workspaces and others:
        said = f"it was added to {', '.join(others)}, which slack.workspaces doesn't list: people there get nothing."
        return warning(_PART, said, "List them, or remove the app there.")
    return ok(_PART, f"installed for an organization, in {len(teams)} workspaces")


async def _way(client: AsyncWebClient, slack: SlackSettings) -> Check:
    """Return how events are delivered."""
    if slack.mode == "http":
        if slack.signing_secret is None:
            return error(
                _PART, "there is no signing secret.", "Set SLACK_SIGNING_SECRET (Basic Information)."
            )
        return ok(_PART, f"events come by HTTP to {slack.host}:{slack.port}/slack/events, with a signature")
    if slack.app_token is None:
        remedy = "Set SLACK_APP_TOKEN (xapp-…, Basic Information, scope connections:write)."
        return error(_PART, "there is no app token for Socket Mode.", remedy)
    try:
        await client.apps_connections_open(app_token=slack.app_token.get_secret_value())
    except SlackApiError as refused:
        remedy = "Check SLACK_APP_TOKEN, its scope connections:write, and that Socket Mode is on."
        return error(_PART, f"Socket Mode is refused: {_code(refused)}.", remedy)
    return ok(_PART, "Socket Mode: a connection is granted")


async def _channels(client: AsyncWebClient, slack: SlackSettings) -> AsyncIterator[Check]:
    helping = [slack.help_channel, *(one.help_channel for one in slack.workspaces.values())]
    wanted = dict.fromkeys([*slack.channels, *(one for one in helping if one)])
    for channel in wanted:
        try:
            found = (await client.conversations_info(channel=channel)).get("channel") or {}
        except SlackApiError as refused:
            yield error(
                _PART,
                f"channel {channel}: {_code(refused)}.",
                "Check its id in docent.yaml; a private channel is seen only after an invite.",
            )
            continue
        name = f"#{found.get('name') or channel}"
        if found.get("is_archived"):
            yield warning(_PART, f"{name} is archived.", "Take it out of docent.yaml.")
        elif not found.get("is_member"):
            yield error(_PART, f"the bot is not in {name}.", f"In Slack: /invite it to {name}.")
        else:
            yield ok(_PART, f"the bot is in {name}")


def _code(refused: SlackApiError) -> str:
    """Return Slack's error code, never the whole response."""
    data = refused.response.data if hasattr(refused.response, "data") else None
    return str(data.get("error", "no reason given")) if isinstance(data, dict) else "no reason given"


def _remedy(code: str) -> str:
    return _REINSTALL if code == "missing_scope" else "Check SLACK_BOT_TOKEN (xoxb-…)."
