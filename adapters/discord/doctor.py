"""What could keep the bot from answering in Discord: the token, intents, servers, permissions by channel."""

from collections.abc import AsyncIterator, Iterator

import aiohttp
import discord

from adapters.discord.client import intents, permissions
from adapters.discord.gateway import set_up
from adapters.discord.run import invite
from bot.config import Settings
from bot.doctor import Check, error, ok, warning
from bot.settings.chat import GuildSettings

_PART = "discord"
_DOWN = (discord.HTTPException, aiohttp.ClientError, TimeoutError, OSError)


async def checks(settings: Settings) -> AsyncIterator[Check]:
    """Each finding; asks Discord's HTTP API and opens no gateway."""
    token = settings.discord.token
    if token is None:
        yield error(_PART, "there is no token.", "Set DISCORD_TOKEN (developer portal, Bot).")
        return
    set_up(settings.discord)
    async with discord.Client(intents=intents(message_content=False)) as client:
        try:
            await client.login(token.get_secret_value())
            yield ok(_PART, f"the token is {client.user}'s")
            yield await _intents(client, settings)
            async for check in _guilds(client, settings):
                yield check
        except discord.LoginFailure:
            yield error(_PART, "it refused the token.", "Check DISCORD_TOKEN (developer portal, Bot).")
        except _DOWN as down:
            yield error(_PART, f"it can't be reached ({type(down).__name__}).", "Check the connection.")


async def _intents(client: discord.Client, settings: Settings) -> Check:
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
    there = {str(guild.id): guild async for guild in client.fetch_guilds(limit=None)}
    remedy = f"Invite it: {invite(client.application_id or 0, settings.discord)}"
    if not there:
        yield warning(_PART, "it is in no server.", remedy)
    for number, wanted in settings.discord.guilds.items():
        if number not in there:
            yield error(_PART, f"it is not in the server {number}.", remedy)
            continue
        async for check in _channels(client, int(number), wanted):
            yield check
    if settings.discord.listed_only:
        return
    for number in there.keys() - settings.discord.guilds.keys():
        async for check in _channels(client, int(number), GuildSettings()):
            yield check


async def _channels(client: discord.Client, number: int, wanted: GuildSettings) -> AsyncIterator[Check]:
    guild = await client.fetch_guild(number, with_counts=False)
    member = await guild.fetch_member(client.user.id if client.user else 0)
    channels = {str(channel.id): channel for channel in await guild.fetch_channels()}
    helping = [wanted.help_channel] if wanted.help_channel else []
    for channel_id in dict.fromkeys([*wanted.channels, *wanted.forums, *helping]):
        channel = channels.pop(channel_id, None)
        if channel is None:
            yield error(_PART, f"{guild.name} has no channel {channel_id}.", "Check its id in docent.yaml.")
            continue
        missing = _missing(channel, member, forums=channel_id in wanted.forums)
        if missing:
            yield error(
                _PART, f"#{channel.name} in {guild.name}: it may not {missing}.", "Give its role the right."
            )
        else:
            yield ok(_PART, f"#{channel.name} in {guild.name}: all permissions")
    if not wanted.listed_only:
        others = [one for one in channels.values() if isinstance(one, discord.TextChannel)]
        for check in _others(guild, member, others):
            yield check


def _others(
    guild: discord.Guild, member: discord.Member, channels: list[discord.TextChannel]
) -> Iterator[Check]:
    """Channels that no setting names: it answers there as well, as far as it may."""
    seen = [one for one in channels if one.permissions_for(member).view_channel]
    lacking = {one.name: missing for one in seen if (missing := _missing(one, member))}
    for name, missing in lacking.items():
        remedy = "Give its role the right; until then answers there take another way, at worst a DM."
        yield warning(_PART, f"#{name} in {guild.name}: it may not {missing}.", remedy)
    if channels:
        text = f"{guild.name}: all permissions in {len(seen) - len(lacking)} of {len(channels)} channels"
        unseen = len(channels) - len(seen)
        yield ok(_PART, text + (f", {unseen} it doesn't see" if unseen else ""))


def _missing(channel: discord.abc.GuildChannel, member: discord.Member, *, forums: bool = False) -> str:
    """What it may not do there, in words; "" if it may do all it needs."""
    granted = channel.permissions_for(member)
    lacking = [name for name, needed in permissions(forums=forums) if needed and not getattr(granted, name)]
    return ", ".join(name.replace("_", " ") for name in lacking)
