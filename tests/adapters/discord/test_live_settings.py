"""Servers, roles and admins of docent.yaml count as it is now."""

from pathlib import Path
from typing import Any

from adapters.discord.access.permissions import DiscordPermissions
from bot.config.live import LiveSettings
from bot.config.loader import load


async def test_servers_and_their_settings_change_while_it_runs(tmp_path: Path) -> None:
    """A server that isn't listed any more gets nothing from the next event on."""
    config = tmp_path / "docent.yaml"
    config.write_text('discord: {guilds: {"1": {help_channel: "7"}, "2": {}}}\n')
    live = LiveSettings(load(config, {}))
    nobody: Any = None  # Discord is asked for nothing of this
    people = DiscordPermissions(nobody, live)
    assert (people.serves(1), people.serves(2), people.serves(3)) == (True, True, False)
    assert people.help_channel(1) == "7"
    config.write_text('discord: {guilds: {"2": {help_channel: "8"}}}\n')
    await live.look()
    assert await live.look()
    assert (people.serves(1), people.serves(2)) == (False, True)
    assert people.help_channel(2) == "8"
    assert live.restart_for == ()
