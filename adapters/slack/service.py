"""Composes and runs the Slack adapter, over Socket Mode or HTTP."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, TypeVar

import aiohttp
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette

from adapters.chat.admin.admin_news import to_all
from adapters.chat.background_tasks import BackgroundTasks
from adapters.chat.wiring import assemble
from adapters.slack.access.gate import SlackGate
from adapters.slack.access.origin import Home
from adapters.slack.access.permissions import SlackPermissions
from adapters.slack.buttons import SlackButtons
from adapters.slack.connection.http_mode import BOUNDS, web
from adapters.slack.connection.rate_limits import RateLimits
from adapters.slack.connection.socket_mode import check_token, listen
from adapters.slack.connection.timeouts import Timeouts
from adapters.slack.connection.transport import (
    AT_ONCE,
    Failed,
    Gone,
    Lost,
    RefusedPayload,
    SlackError,
)
from adapters.slack.connection.web_api import SlackWebApi
from adapters.slack.handlers import Handlers
from adapters.slack.helping.help_thread import SlackHelpThreads
from adapters.slack.incoming.backfill import missed
from adapters.slack.incoming.inbound import SlackInbound
from adapters.slack.incoming.own_threads import OwnThreads
from adapters.slack.incoming.reactions import SlackReactions
from adapters.slack.interactions import tell
from adapters.slack.reply_address import SlackPlace
from adapters.slack.run_message import SlackProgressMessage
from bot.bootstrap import App
from bot.ports import BackendError, Unauthorized, Unavailable
from bot.runtime.http_server import serve

log = logging.getLogger(__name__)

_START_WITHIN = 60.0
_LOOKED_THROUGH = 200  # questions, for the places where something may have been missed
_PACE = Timeouts()
StartedT = TypeVar("StartedT")


@asynccontextmanager
async def adapter(app: App, pace: Timeouts, stop: asyncio.Event) -> AsyncIterator[AsyncApp]:
    """Yield a Bolt app with everything registered; on exit finish or hand back the running questions.

    Raises _Stopped if `stop` is set before Slack has answered.
    """
    settings = app.settings.slack
    if settings.bot_token is None:
        raise Unauthorized("SlackWebApi", "there is no bot token.", remedy="Set SLACK_BOT_TOKEN.")
    token = settings.bot_token.get_secret_value()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:
        base_url = settings.api_url or AsyncWebClient.BASE_URL
        client = AsyncWebClient(token, base_url=base_url, session=session, timeout=10, retry_handlers=[])
        slack = SlackWebApi(client, RateLimits(), pace)
        me = await _before(stop, _who(slack))
        people = SlackPermissions(slack, app.live, await _home(slack, me))
        inbound = SlackInbound(
            slack,
            people,
            app.live,
            (me["user_id"], me.get("bot_id") or ""),
            OwnThreads(slack, app.journal),
        )

        gate = SlackGate(people)
        parts = assemble(
            "slack",
            app,
            inbound,
            gate,
            can_ask_human=settings.has_help or app.settings.help.has_tickets,
            run_message=partial(SlackProgressMessage.at, slack),
        )
        work = BackgroundTasks("SlackWebApi", Failed)
        threads = SlackHelpThreads(slack, people, parts.helping, app.live)
        handlers = Handlers(
            threads=threads,
            slack=slack,
            inbound=inbound,
            people=people,
            parts=parts,
            live=app.live,
            work=work,
        )
        buttons = SlackButtons(
            slack=slack,
            inbound=inbound,
            people=people,
            parts=parts,
            live=app.live,
            threads=threads,
            work=work,
        )

        async def authorize(**_: object) -> AuthorizeResult:
            return AuthorizeResult(
                enterprise_id=me.get("enterprise_id"),
                team_id=me.get("team_id"),
                bot_token=token,
                bot_user_id=me["user_id"],
                bot_id=me.get("bot_id"),
            )

        secret = settings.signing_secret
        bolt = AsyncApp(
            logger=_quiet(),
            client=client,
            authorize=authorize,
            # Only then is an event acknowledged after the journal has it.
            process_before_response=True,
            signing_secret=secret.get_secret_value() if secret else "socket mode needs none",
        )
        bolt.use(gate.before)
        handlers.register(bolt)
        reactions = SlackReactions(
            slack=slack,
            inbound=inbound,
            people=people,
            question_service=parts.question_service,
            live=app.live,
            work=work,
        )
        bolt.event("reaction_added")(reactions.on_reaction)
        buttons.register(bolt)
        await parts.question_service.open()

        parts.admins.open("slack", to_all(lambda: app.settings.slack.admins, partial(tell, slack), Failed))
        work.later(_catch_up(bolt, slack, inbound, app))
        log.info("Slack: connected as %s in team %s", me.get("user"), me.get("team"))
        try:
            yield bolt
        finally:
            # Cancelled tasks need a moment, too: everything has to end within the grace period.
            await parts.admins.close()
            await work.drain(settings.stop_within * 0.04)
            await parts.question_service.close(grace=settings.stop_within * 0.88)


def _quiet() -> logging.Logger:
    """Return Bolt's logger without its warnings about tokens in the environment, which aren't used."""
    logger = logging.getLogger("slack_bolt")
    logger.setLevel(logging.ERROR)
    return logger


async def _home(slack: SlackWebApi, me: dict[str, Any]) -> Home:
    """Return the bot's workspace and organization.

    With an organization's token, calls about people name each workspace that the app was added to.
    """
    org_wide = bool(me.get("is_enterprise_install"))
    if org_wide:
        try:
            slack.workspaces = tuple(str(one["id"]) for one in await slack.all_workspaces())
        except Failed as error:
            log.warning("the organization's workspaces can't be listed: %s", error)
    return Home(str(me.get("team_id") or ""), str(me.get("enterprise_id") or ""), org_wide)


async def _catch_up(bolt: AsyncApp, slack: SlackWebApi, inbound: SlackInbound, app: App) -> None:
    """Take what was missed while no process listened; questions that are known by now aren't taken twice."""
    try:
        known = await app.journal.places("slack", limit=_LOOKED_THROUGH)
    except BackendError as error:  # without it a question might be answered twice
        log.info("what was missed isn't looked for: %s", error)
        return
    places = [SlackPlace.load(place).address for place in known]
    async for body in missed(slack, inbound, places):
        await bolt.async_dispatch(AsyncBoltRequest(body=body, mode="socket_mode"))


class _Stopped(Exception):
    """Raised when the process is told to stop before it has started."""


async def _before(stop: asyncio.Event, starting: Coroutine[Any, Any, StartedT]) -> StartedT:
    """Return the result of `starting`, unless `stop` is set first: a start that waits for Slack can be stopped."""
    waiting, ending = asyncio.create_task(starting), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([waiting, ending], return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            raise _Stopped
        return await waiting
    finally:
        ending.cancel()
        waiting.cancel()
        await asyncio.wait([waiting, ending])


async def _who(slack: SlackWebApi) -> dict[str, Any]:
    """Return the answer of auth.test, with retries: Bolt's own single call drops events if it fails."""
    problem: Exception | None = None
    for attempt in range(6):
        try:
            async with asyncio.timeout(_START_WITHIN):
                return await slack.who_am_i()
        except (SlackError, Gone, RefusedPayload) as error:
            raise Unauthorized(
                "SlackWebApi",
                "it refused the bot token.",
                remedy="Check SLACK_BOT_TOKEN: docent doctor --slack.",
            ) from error
        except (Lost, TimeoutError) as error:
            problem = error
            log.warning("Slack can't be reached: %s", error)
            await asyncio.sleep(min(2.0**attempt, 15))
    raise Unavailable("SlackWebApi", "it can't be reached.") from problem


async def socket_mode(app: App, stop: asyncio.Event, pace: Timeouts) -> None:
    """Answer until `stop`, over several connections: Slack closes each before its successor is open."""
    settings = app.settings.slack
    if settings.app_token is None:
        raise Unauthorized("SlackWebApi", "there is no app token.", remedy="Set SLACK_APP_TOKEN (xapp-…).")
    token = settings.app_token.get_secret_value()
    async with adapter(app, pace, stop) as bolt:
        await _before(stop, check_token(bolt.client, token))
        up = partial(app.connections.open, "slack")
        links = [
            asyncio.create_task(listen(bolt, token, stop, pace, up)) for _ in range(settings.connections)
        ]
        try:
            await stop.wait()
        finally:
            for link in links:
                link.cancel()
            await asyncio.gather(*links, return_exceptions=True)


@asynccontextmanager
async def http_app(
    app: App, pace: Timeouts = _PACE, stop: asyncio.Event | None = None
) -> AsyncIterator[Starlette]:
    """Yield the web app: `/slack/events`, signatures checked, and `/health`."""
    if app.settings.slack.signing_secret is None:
        raise Unauthorized(
            "SlackWebApi", "HTTP needs a signing secret.", remedy="Set SLACK_SIGNING_SECRET or mode: socket."
        )
    async with adapter(app, pace, stop or asyncio.Event()) as bolt:
        yield web(bolt)


async def http_mode(app: App, stop: asyncio.Event, pace: Timeouts) -> None:
    """Serve `/slack/events` until `stop`."""
    settings = app.settings.slack
    async with http_app(app, pace, stop) as served:
        with app.connections.open("slack"):
            await serve(served, host=settings.host, port=settings.port, stop=stop, bounds=BOUNDS)


async def run(app: App, stop: asyncio.Event, pace: Timeouts = _PACE) -> None:
    """Run Slack in the configured mode until `stop`."""
    with suppress(_Stopped):
        await (http_mode if app.settings.slack.mode == "http" else socket_mode)(app, stop, pace)
