"""Names what the bot asks of Discord, and reads what it was given in a channel."""

from typing import Final

import discord

# Only what is used.
_PERMISSIONS: Final = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    create_public_threads=True,
    embed_links=True,
    read_message_history=True,
)
SCOPES: Final = ("bot", "applications.commands")


def permissions(*, forums: bool) -> discord.Permissions:
    """Return the permissions that the bot needs.

    Only `forums` need more: tagging somebody else's post takes Manage Threads.
    """
    wanted = discord.Permissions(_PERMISSIONS.value)
    wanted.manage_threads = forums
    return wanted


def intents(*, message_content: bool, reactions: bool = False) -> discord.Intents:
    """Return the fewest intents for mentions, direct messages and threads.

    Message content and reactions are included only if asked for.
    """
    wanted = discord.Intents.none()
    wanted.guilds = True
    wanted.guild_messages = True
    wanted.dm_messages = True
    wanted.message_content = message_content
    wanted.guild_reactions = reactions
    return wanted


def rights(client: discord.Client, channel: int) -> discord.Permissions:
    """Return the bot's permissions in a channel, as far as they are known; all of them in a direct message."""
    found = client.get_channel(channel)
    if isinstance(found, discord.abc.GuildChannel | discord.Thread) and found.guild.me:
        return found.permissions_for(found.guild.me)
    return discord.Permissions.all()
