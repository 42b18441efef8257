"""Checks what could keep the bot from answering in Discord: the token, intents, servers, permissions by channel."""

from collections.abc import AsyncIterator, Collection, Iterator

import aiohttp
import discord

from adapters.discord.access.bot_permissions import intents, permissions
from adapters.discord.connection.gateway_patches import set_up
from adapters.discord.service import invite
from bot.config.chat import GuildSettings
from bot.config.loader import Settings
from bot.config.proxies import proxy_for
from bot.diagnostics.findings import Check, error, ok, warning

_PART = "discord"
_CHECK_ROLE = "Check its id in docent.yaml."
_NAMED = 10  # channels by name, of a server that may have five hundred
_LACKING = "Give its role the right; until then answers there take another way, at worst a DM."
_UNLISTED = "it is in {name} ({number}), which docent.yaml doesn't list: people there get nothing."
_LEAVE = "List it under discord.guilds, or remove the bot there: Server Settings, Integrations."
_PUBLIC = "anybody may add the bot to a server of theirs."
_PRIVATE = "Switch Public Bot off in the developer portal (Bot; before that set Installation, Install Link, to None)."
_USER_INSTALL = (
    "Tick User Install in the developer portal (Installation), or set discord.user_install: false."
)
_TALK = (discord.TextChannel, discord.VoiceChannel, discord.StageChannel)
_DOWN = (discord.HTTPException, aiohttp.ClientError, TimeoutError, OSError)


async def checks(settings: Settings) -> AsyncIterator[Check]:
    """Yield each finding; asks Discord's HTTP API and opens no gateway connection."""
    token = settings.discord.token
    if token is None:
        yield error(_PART, "there is no token.", "Set DISCORD_TOKEN (developer portal, Bot).")
        return
    set_up(settings.discord)
    proxy = proxy_for(discord.http.Route.BASE)
    async with discord.Client(intents=intents(message_content=False), proxy=proxy) as client:
        try:
            await client.login(token.get_secret_value())
            yield ok(_PART, f"the token is {client.user}'s")
            yield await _intents(client, settings)
            info = await client.application_info()
            if settings.discord.user_install and info.user_integration_config is None:
                yield error(_PART, "people can't have the app for themselves yet.", _USER_INSTALL)
            if info.bot_public:
                yield warning(_PART, _PUBLIC, _PRIVATE)
            async for check in _guilds(client, settings):
                yield check
        except discord.LoginFailure:
            yield error(_PART, "it refused the token.", "Check DISCORD_TOKEN (developer portal, Bot).")
        except _DOWN as down:
            yield error(_PART, f"it can't be reached ({type(down).__name__}).", "Check the connection.")


async def _intents(client: discord.Client, settings: Settings) -> Check:
    if settings.discord.ask_with and not settings.discord.message_content:
        remedy = "Set discord.message_content: true, and switch the intent on in the developer portal (Bot)."
        return warning(
            _PART, "ask_with asks what a message says, which takes the Message Content intent.", remedy
        )
    if not settings.discord.message_content:
        return ok(_PART, "no privileged intent is wanted: follow-ups need a mention or a reply")
    flags = (await client.application_info()).flags
    if flags.gateway_message_content or flags.gateway_message_content_limited:
        return ok(_PART, "the Message Content intent is granted")
    return error(
        _PART,
        "the Message Content intent isn't granted.",
        "Switch it on in the developer portal (Bot), or set discord.message_content: false.",
    )


async def _guilds(client: discord.Client, settings: Settings) -> AsyncIterator[Check]:
    there = {
        str(guild.id): await client.fetch_guild(guild.id, with_counts=False)
        async for guild in client.fetch_guilds(limit=None)
    }
    remedy = f"Invite it: {invite(client.application_id or 0, settings.discord)}"
    if not there:
        yield warning(_PART, "it is in no server.", remedy)
    for number, wanted in settings.discord.guilds.items():
        if number not in there:
            yield error(_PART, f"it is not in the server {number}.", remedy)
            continue
        for check in _roles(there[number], wanted):
            yield check
        async for check in _channels(client, there[number], wanted):
            yield check
    for number in sorted(there.keys() - settings.discord.guilds.keys()):
        if settings.discord.serves(number):
            async for check in _channels(client, there[number], GuildSettings()):
                yield check
        else:
            yield warning(_PART, _UNLISTED.format(name=there[number].name, number=number), _LEAVE)
    for check in _audiences(settings, there.values()):
        yield check


def _roles(guild: discord.Guild, wanted: GuildSettings) -> Iterator[Check]:
    """Yield a finding for each role in docent.yaml that the server doesn't have: it gives nobody any rights."""
    for setting, roles in (("admin_roles", wanted.admin_roles), ("roles", wanted.roles)):
        for role in sorted(role for role in roles if not _has(guild, role)):
            yield error(_PART, f"{guild.name} has no role {role} ({setting}).", _CHECK_ROLE)


def _audiences(settings: Settings, there: Collection[discord.Guild]) -> Iterator[Check]:
    """Yield a finding for roles of `audiences` that no server has."""
    for name, audience in settings.audiences.items():
        for role in sorted(audience.discord_roles):
            if there and not any(_has(guild, role) for guild in there):
                yield error(
                    _PART, f"none of its servers has the role {role} (audiences.{name}).", _CHECK_ROLE
                )


def _has(guild: discord.Guild, role: str) -> bool:
    return any(str(one.id) == role for one in guild.roles)


async def _channels(
    client: discord.Client, guild: discord.Guild, wanted: GuildSettings
) -> AsyncIterator[Check]:
    member = await guild.fetch_member(client.user.id if client.user else 0)
    channels = {str(channel.id): channel for channel in await guild.fetch_channels()}
    helping = [wanted.help_channel] if wanted.help_channel else []
    for channel_id in dict.fromkeys([*wanted.channels, *wanted.forums, *helping]):
        channel = channels.pop(channel_id, None)
        if channel is None:
            yield error(_PART, f"{guild.name} has no channel {channel_id}.", "Check its id in docent.yaml.")
            continue
        is_forum = isinstance(channel, discord.ForumChannel)
        missing = _missing(channel, member, forums=is_forum and channel_id in wanted.forums)
        if channel_id in wanted.forums and not is_forum:
            yield error(
                _PART, f"#{channel.name} in {guild.name} is no forum.", "Put it under `channels` instead."
            )
        elif missing:
            yield error(
                _PART, f"#{channel.name} in {guild.name}: it may not {missing}.", "Give its role the right."
            )
        else:
            yield ok(_PART, f"#{channel.name} in {guild.name}: all permissions")
    if not wanted.listed_only:
        others = [one for one in channels.values() if isinstance(one, _TALK)]
        for check in _others(guild, member, others):
            yield check


def _others(
    guild: discord.Guild,
    member: discord.Member,
    channels: list[discord.TextChannel | discord.VoiceChannel | discord.StageChannel],
) -> Iterator[Check]:
    """Yield findings on channels that no setting names: the bot answers there, too, as far as it may."""
    seen = [one for one in channels if one.permissions_for(member).view_channel]
    lacking = {one.name: missing for one in seen if (missing := _missing(one, member))}
    for name, missing in list(lacking.items())[:_NAMED]:
        yield warning(_PART, f"#{name} in {guild.name}: it may not {missing}.", _LACKING)
    if len(lacking) > _NAMED:
        yield warning(_PART, f"{guild.name}: so in {len(lacking) - _NAMED} more channels.", _LACKING)
    if channels:
        text = f"{guild.name}: all permissions in {len(seen) - len(lacking)} of {len(channels)} channels"
        unseen = len(channels) - len(seen)
        yield ok(_PART, text + (f", {unseen} it doesn't see" if unseen else ""))


def _missing(channel: discord.abc.GuildChannel, member: discord.Member, *, forums: bool = False) -> str:
    """Return the permissions that the bot lacks in a channel, in words; "" if it has all it needs."""
    granted = channel.permissions_for(member)
    lacking = [name for name, needed in permissions(forums=forums) if needed and not getattr(granted, name)]
    return ", ".join(name.replace("_", " ") for name in lacking)
