"""Who may see what on Discord, by what Discord says: the real client, its calls against a Discord of our own."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import discord
import pytest

from adapters.chat import messages
from adapters.discord.access.bot_permissions import rights
from adapters.discord.access.permissions import DiscordPermissions
from bot.config.live import LiveSettings
from bot.config.loader import load
from bot.ports import Rights
from tests.support.discord_rest import TOKEN, Fault
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import (
    ALICE,
    BOB,
    BOT,
    BOTS_ROLE,
    ELSEWHERE,
    FORUM,
    GENERAL,
    GUILD,
    HELP,
    LEADS,
    LOUNGE,
    MALLORY,
    MOD,
    PRIVATE,
    SECOND,
    STRANGE,
    THEIRS,
)

EVERYONE, G, S = frozenset({"everyone"}), int(GUILD), int(SECOND)


@dataclass
class Server:
    """What is there, and what the bot makes of it. `now` are the seconds on the bot's clock."""

    world: DiscordServer
    people: DiscordPermissions
    client: discord.Client
    now: list[float]

    def know(self, *guilds: str) -> None:
        """What Discord tells of a server when the bot connects."""
        for guild in guilds:
            self.client._connection._add_guild_from_data(self.world.guild(guild))  # type: ignore[arg-type]

    def asked(self, words: str) -> int:
        """How many calls had these words."""
        return sum(words in call for _, call in self.world.rest.calls)

    def pressed(self, user: str, channel: str = GENERAL) -> Any:
        """A press of a button, as Discord sends it."""
        place = self.world.channels[channel]
        guild = place.get("guild_id")
        who = (
            {"guild_id": guild, "member": self.world.member(guild, user)}
            if guild
            else {"user": self.world.user(user)}
        )
        data = {
            "id": "1", "application_id": BOT, "type": 3, "token": "t", "version": 1, "entitlements": [], "channel_id": channel,
            "attachment_size_limit": 1, "data": {"custom_id": "x", "component_type": 2}, "channel": place, "locale": "en-GB", **who,
        }  # fmt: skip
        return discord.Interaction(data=data, state=self.client._connection)  # type: ignore[arg-type]


@pytest.fixture
def opened(
    tmp_path: Path, free_port: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Opens a bot with this docent.yaml on a Discord of its own, which it knows these servers of."""

    @asynccontextmanager
    async def open_(yaml: str = "", *guilds: str) -> AsyncIterator[Server]:
        (tmp_path / "docent.yaml").write_text(yaml)
        async with DiscordServer.running(free_port()) as world:
            world.add_strangers()
            monkeypatch.setattr(discord.http.Route, "BASE", f"{world.rest.url}/api/v10")
            client = discord.AutoShardedClient(
                intents=discord.Intents.none(),
                member_cache_flags=discord.MemberCacheFlags.none(),
                max_messages=None,
            )
            now = [1000.0]
            live = LiveSettings(load(tmp_path / "docent.yaml", {}))
            async with client:
                await client.login(TOKEN)
                here = Server(world, DiscordPermissions(client, live, lambda: now[0]), client, now)
                here.know(*(guilds or (GUILD, SECOND)))
                yield here

    return open_


_YAML = f"""
audiences: {{everyone: {{}}, leads: {{}}, partners: {{}}, alice: {{discord_users: ["{ALICE}"]}}, bots: {{discord_roles: ["{BOTS_ROLE}"]}}, second: {{discord_roles: ["{SECOND}"]}}, flow: {{discord_users: ["77"]}}}}
discord:
  allow_bots: ["77"]
  guilds:
    "{GUILD}":
      help_channel: "{HELP}"
      roles: {{"{LEADS}": [leads]}}
      channels: {{"{GENERAL}": {{audience: [everyone, leads]}}, "{HELP}": {{enabled: false}}, "{LOUNGE}": {{audience: [partners]}}}}
      forums: {{"{FORUM}": {{audience: [leads]}}}}
    "{SECOND}": {{default_audience: [partners]}}
"""


@pytest.mark.parametrize(
    ("user", "guild", "channel", "audience"),
    [
        (ALICE, GUILD, GENERAL, {"everyone"}),
        (MOD, GUILD, GENERAL, {"everyone", "leads"}),
        (BOT, GUILD, LOUNGE, set()),
        (MALLORY, GUILD, GENERAL, set()),
        (ALICE, SECOND, ELSEWHERE, {"partners"}),
        (BOB, SECOND, ELSEWHERE, set()),
        (MOD, GUILD, HELP, set()),
        (MOD, GUILD, "599", set()),
        (ALICE, STRANGE, THEIRS, set()),
        ("77", GUILD, GENERAL, {"everyone"}),
    ],
)
async def test_who_and_where(opened: Any, user: str, guild: str, channel: str, audience: set[str]) -> None:
    """Who isn't a member has nothing, nor what isn't ours, isn't open or isn't known."""
    async with opened(_YAML) as here:
        assert await here.people.audience(int(user), int(guild), int(channel)) == audience


async def test_alone_the_place_does_not_count(opened: Any) -> None:
    """What nobody else sees shows what the asker may see on that server; in a direct message on any of ours."""
    async with opened(_YAML, STRANGE, GUILD, SECOND) as here:
        ask = here.people.audience
        assert await ask(77, S, int(ELSEWHERE), alone=True) == {"partners", "second", "flow"}
        assert await ask(int(MOD), G, int(LOUNGE), alone=True) == {"everyone", "leads"}
        assert await ask(int(MOD), G, int(HELP), alone=True) == set()
        assert await ask(int(BOT), G, int(GENERAL), alone=True) == {"everyone", "bots"}
        assert await ask(int(ALICE), G, int(GENERAL), alone=True) == {"everyone", "alice"}
        assert await ask(int(ALICE), 0, 5) == {"everyone", "alice", "partners", "second"}
        assert await ask(int(BOB), 0, 5) == {"everyone"}
        assert await ask(int(MALLORY), 0, 5) == set()
        assert here.asked(STRANGE) == 0


@pytest.mark.parametrize(
    ("guild", "channel", "alone", "said"),
    [
        (GUILD, GENERAL, False, ""),
        (GUILD, LOUNGE, False, messages.ONLY_THIS_PLACE),
        (GUILD, LOUNGE, True, ""),
        (GUILD, HELP, False, ""),
        (SECOND, ELSEWHERE, False, ""),
        ("0", "5", False, ""),
    ],
)
async def test_why_nothing_is_found(opened: Any, guild: str, channel: str, alone: bool, said: str) -> None:  # noqa: FBT001 - a parameter
    """A place that sees less than everybody on its server says so."""
    async with opened(_YAML) as here:
        assert (await here.people.admitted(int(ALICE), int(guild), int(channel), alone=alone))[1] == said


async def test_what_a_place_may_see(opened: Any) -> None:
    """A thread what its channel may, a forum's post what the forum may, a private thread what all in it may."""
    async with opened(_YAML) as here:
        world, of = here.world, here.people.of_place
        thread = world.thread(GENERAL, ALICE, "open")
        post = world.thread(FORUM, ALICE, "post")
        private = world.thread(LOUNGE, ALICE, "us", kind=PRIVATE, people=(BOT, ALICE))
        leads = world.thread(GENERAL, MOD, "leads", kind=PRIVATE, people=(BOT, MOD))
        both = world.thread(GENERAL, MOD, "both", kind=PRIVATE, people=(BOB, MOD, BOT))
        nobody = world.thread(GENERAL, MOD, "nobody", kind=PRIVATE, people=(BOT,))
        left = world.thread(GENERAL, MOD, "left", kind=PRIVATE, people=(MOD, MALLORY, BOT))
        here.know(GUILD)
        found = [await of(G, int(one["id"])) for one in (thread, post, private, leads, both, nobody, left)]
        assert found == [
            {"everyone", "leads"}, {"leads"}, set(), {"everyone", "leads"}, {"everyone"}, set(), set()
        ]  # fmt: skip
        assert await of(S, int(ELSEWHERE)) == {"partners"}
        assert await of(G, int(LOUNGE)) == {"partners"}
        assert await of(G, 599) == set()
        assert await of(0, 5) == EVERYONE
        world.rest.faults.append(Fault(r"GET /channels/\d+/thread-members", status=403))
        assert await of(G, int(leads["id"])) == set()


async def test_where_the_bot_listens(opened: Any) -> None:
    """In what docent.yaml opens; elsewhere unless only what is listed counts. A thread is as its channel."""
    async with opened(_YAML) as here:
        thread = here.world.thread(HELP, ALICE, "closed")
        here.know(GUILD)
        open_ = [
            await here.people.is_open(G, int(one)) for one in (GENERAL, HELP, thread["id"], LOUNGE, FORUM)
        ]
        assert open_ == [True, False, False, True, True]
        assert await here.people.is_open(0, 5)
        assert not await here.people.is_open(int(STRANGE), int(THEIRS))
        assert not here.people.listens(int(STRANGE), int(THEIRS), 0)
    listed = f'discord: {{guilds: {{"{GUILD}": {{listed_only: true, channels: {{"{GENERAL}": {{}}}}, forums: {{"{FORUM}": {{}}}}}}}}}}'
    async with opened(listed) as here:
        listens = [
            here.people.listens(G, int(one), int(parent))
            for one, parent in ((GENERAL, 0), (1, GENERAL), (2, FORUM), (HELP, 0))
        ]
        assert listens == [True, True, True, False]
        assert here.people.forum(G, int(FORUM)) is not None
        assert here.people.forum(G, int(GENERAL)) is None


async def test_a_place_that_is_known_costs_no_call(opened: Any) -> None:
    """One that isn't is asked for."""
    async with opened(_YAML) as here:
        assert await here.people.of_place(G, int(GENERAL)) == {"everyone", "leads"}
        assert here.asked("GET /channels") == 0
        untold = here.world.thread(LOUNGE, ALICE, "untold")
        assert await here.people.of_place(G, int(untold["id"])) == {"partners"}
        assert here.asked("GET /channels") == 1


async def test_settings_of_a_place(opened: Any) -> None:
    """A thread's own, its channel's, or none."""
    async with opened(_YAML) as here:
        place = here.people.place
        assert (
            place(G, int(GENERAL), 0).audience == place(G, 1, int(GENERAL)).audience == {"everyone", "leads"}
        )
        assert place(G, int(LOUNGE), int(GENERAL)).audience == {"partners"}
        assert place(G, 1, 2).audience is None


async def test_help_channels(opened: Any) -> None:
    """A server's own; in a direct message the only one that there is."""
    async with opened(_YAML) as here:
        assert [here.people.help_channel(one) for one in (G, S, 0)] == [HELP, None, HELP]
        assert [here.people.offers_help(one) for one in (G, S)] == [True, False]
    async with opened(
        f'discord: {{guilds: {{"{GUILD}": {{help_channel: "1"}}, "{SECOND}": {{help_channel: "2"}}}}}}'
    ) as here:
        assert here.people.help_channel(0) is None


async def test_names_of_places(opened: Any) -> None:
    """Ids and names of a channel, and of its parent if it is a thread."""
    async with opened(_YAML) as here:
        thread = here.world.thread(GENERAL, ALICE, "open")
        here.know(GUILD)
        assert await here.people.places(G, int(thread["id"])) == {
            thread["id"],
            GENERAL,
            "open",
            f"c{GENERAL[-1]}",
        }
        assert await here.people.places(G, int(GENERAL)) == {GENERAL, f"c{GENERAL[-1]}"}
        assert await here.people.places(0, 5) == {"5"}
        assert await here.people.places(G, 599) == {"599"}


# --- roles ----------------------------------------------------------------------------------------


async def test_roles_are_remembered_for_five_minutes(opened: Any) -> None:
    """Unless less is wanted, or an event brings newer ones."""
    async with opened(_YAML) as here:
        roles, world = here.people.roles, here.world
        assert await roles(G, int(MOD)) == {GUILD, LEADS}
        world.members[GUILD][MOD] = set()
        here.now[0] += 300
        assert await roles(G, int(MOD)) == {GUILD, LEADS}
        assert await roles(G, int(MOD), within=299) == {GUILD}
        assert here.people.learn(G, int(MOD), [int(LEADS)]) == {GUILD, LEADS}
        assert await roles(G, int(MOD)) == {GUILD, LEADS}
        here.now[0] += 301
        assert await roles(G, int(MOD)) == {GUILD}
        assert await roles(G, int(MALLORY)) == set()
        assert await roles(S, int(MOD)) == set()
        assert here.asked(f"GET /guilds/{GUILD}/members/{MOD}") == 3


# --- admins ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("guilds", "user", "channel", "granted"),
    [
        (f'"{GUILD}": {{manage_server: true}}', MOD, GENERAL, True),
        (f'"{GUILD}": {{manage_server: true}}', ALICE, GENERAL, False),
        (f'"{GUILD}": {{manage_server: false}}', MOD, GENERAL, False),
        (f'"{GUILD}": {{}}', MOD, GENERAL, False),  # of two servers
        (f'"{GUILD}": {{admin_roles: ["{LEADS}"]}}', MOD, GENERAL, True),
        (f'"{GUILD}": {{admin_roles: ["{LEADS}"]}}', BOB, GENERAL, False),
        (f'"{GUILD}": {{}}', BOB, GENERAL, False),
        (f'"{SECOND}": {{manage_server: true}}', MOD, GENERAL, False),  # a server that isn't ours
    ],
)
async def test_who_is_an_admin(opened: Any, guilds: str, user: str, channel: str, granted: bool) -> None:  # noqa: FBT001 - a parameter
    """Whose roles docent.yaml names, or who may manage the server where that is enough."""
    async with opened(f"discord: {{guilds: {{{guilds}}}}}") as here:
        pressed = here.pressed(user, channel)
        assert here.people.is_admin(pressed) is granted
        expected = Rights(frozenset({f"discord:{GUILD}"}), EVERYONE) if granted else None
        assert await here.people.rights(pressed) == expected


async def test_who_manages_the_only_server_is_an_admin(opened: Any) -> None:
    """Where docent.yaml doesn't say."""
    async with opened("", GUILD) as here:
        assert here.people.is_admin(here.pressed(MOD))
        assert not here.people.is_admin(here.pressed(ALICE))


async def test_an_admin_reads_of_the_server_where_they_ask(opened: Any) -> None:
    """With what they may see there."""
    yaml = f'audiences: {{everyone: {{}}, partners: {{}}}}\ndiscord: {{guilds: {{"{GUILD}": {{}}, "{SECOND}": {{default_audience: [partners], manage_server: true}}}}}}'
    async with opened(yaml) as here:
        here.world.managers.add((SECOND, ALICE))
        expected = Rights(frozenset({f"discord:{SECOND}"}), frozenset({"partners"}))
        assert await here.people.rights(here.pressed(ALICE, ELSEWHERE)) == expected


async def test_whom_docent_yaml_names_may_read_all(opened: Any) -> None:
    """Also from a direct message, and nowhere that isn't ours."""
    yaml = f'discord: {{admins: ["{BOB}"], guilds: {{"{GUILD}": {{}}, "{SECOND}": {{default_audience: [partners]}}}}}}\naudiences: {{everyone: {{}}, partners: {{}}}}'
    async with opened(yaml) as here:
        assert await here.people.rights(here.pressed(BOB)) == Rights(None, EVERYONE)
        dm = here.world.dm(BOB)["id"]
        assert await here.people.rights(here.pressed(BOB, dm)) == Rights(None, EVERYONE)
        assert await here.people.rights(here.pressed(MOD, here.world.dm(MOD)["id"])) is None
        here.world.members[STRANGE][BOB] = set()
        assert not here.people.is_admin(here.pressed(BOB, THEIRS))


async def test_whose_a_direct_message_is(opened: Any) -> None:
    """Of the only server of ours that the person is in; else nobody's."""
    async with opened(_YAML, GUILD, SECOND, STRANGE) as here:
        assert await here.people.tenant(int(ALICE), G) == f"discord:{GUILD}"
        assert await here.people.tenant(int(ALICE), 0) == "discord:@me"
        assert await here.people.tenant(int(BOB), 0) == f"discord:{GUILD}"
        assert await here.people.tenant(int(MALLORY), 0) == "discord:@me"


# --- what somebody may do -------------------------------------------------------------------------


async def test_who_may_write(opened: Any) -> None:
    """A member who sees the place and may write there; in a thread, in threads. Who can't be told of may not."""
    async with opened(_YAML) as here:
        thread = here.world.thread(GENERAL, ALICE, "open")
        here.world.channels[HELP]["permission_overwrites"] = [
            {"id": GUILD, "type": 0, "allow": "0", "deny": str(1 << 11)}
        ]
        here.world.channels[LOUNGE]["permission_overwrites"] = [
            {"id": GUILD, "type": 0, "allow": "0", "deny": str(1 << 10)}
        ]
        here.know(GUILD)
        may = here.people.may_write
        assert await may(int(ALICE), G, int(GENERAL))
        assert await may(int(ALICE), G, int(thread["id"]))
        assert not await may(int(ALICE), G, int(HELP))
        assert not await may(int(ALICE), G, int(LOUNGE))
        assert not await may(int(MALLORY), G, int(GENERAL))
        assert not await may(int(ALICE), G, 599)
        assert not await may(int(ALICE), int(STRANGE), int(GENERAL))
        silent = here.world.thread(HELP, ALICE, "threads only")
        here.world.channels[GENERAL]["permission_overwrites"] = [
            {"id": GUILD, "type": 0, "allow": "0", "deny": str(1 << 38)}
        ]
        here.know(GUILD)
        assert await may(int(ALICE), G, int(silent["id"]))
        assert not await may(int(ALICE), G, int(thread["id"]))
        assert await may(int(ALICE), G, int(GENERAL))


async def test_what_the_bot_may_do(opened: Any) -> None:
    """As the server says; where nothing is known, all."""
    async with opened(_YAML) as here:
        assert not rights(here.client, int(GENERAL)).manage_guild
        assert rights(here.client, int(GENERAL)).send_messages
        assert rights(here.client, 599) == discord.Permissions.all()


@pytest.mark.parametrize(("yaml", "reads", "carried"), [("", False, False), ("discord: {message_content: true}", True, False), ("discord: {user_install: true}", False, True)])  # fmt: skip
async def test_what_docent_yaml_says_of_the_app(opened: Any, yaml: str, reads: bool, carried: bool) -> None:  # noqa: FBT001 - parameters
    """Whether it reads messages that don't name it, and whether people may have it for themselves."""
    async with opened(yaml) as here:
        assert (here.people.reads_messages, here.people.for_users) == (reads, carried)
        assert here.people.serves(0)
        assert here.people.serves(int(STRANGE))
