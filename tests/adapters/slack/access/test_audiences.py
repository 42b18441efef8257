"""Who may see what on Slack, by what Slack says: the real client against a Slack that says what a test wants."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from slack_sdk.web.async_client import AsyncWebClient

from adapters.chat import messages
from adapters.slack.access.origin import Home
from adapters.slack.access.permissions import SlackPermissions
from adapters.slack.connection.rate_limits import RateLimits
from adapters.slack.connection.timeouts import Timeouts
from adapters.slack.connection.web_api import SlackWebApi
from bot.config.live import LiveSettings
from bot.config.loader import load
from bot.ports import Rights, Unavailable
from tests.support.waiting import until

EVERYONE, OWN = frozenset({"everyone"}), Home("T0OWN")


@dataclass
class Told:
    """What Slack says of users, groups and channels, and how often it was asked for each."""

    users: dict[str, Any] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    channels: dict[str, Any] = field(default_factory=dict)
    own: list[dict[str, Any]] = field(default_factory=list)
    members: dict[str, list[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    down: bool = False
    failures: int = 0  # each takes a second of the bot's clock
    held: asyncio.Event | None = None
    lists: str = ""  # why the workspace's people can't be listed: refused, down, silent

    async def api(self, request: web.Request) -> web.Response:
        method, args = request.match_info["method"], {**request.query, **await request.post()}
        key = next((str(args[name]) for name in ("user", "usergroup", "channel") if name in args), "")
        self.asked.append(f"{method} {key}".strip())
        if self.held:
            await self.held.wait()
        if method == "users.list" and self.lists == "silent":
            await asyncio.Event().wait()
        if method in ("users.list", "users.conversations") and self.lists == "refused":
            return web.json_response({"ok": False, "error": "not_allowed"})
        if method == "users.list" and not args.get("cursor"):
            first = next(iter(self.users.values()))
            more = {"next_cursor": "the rest"}
            return web.json_response({"ok": True, "members": [first], "response_metadata": more})
        if self.down:
            self.failures += 1
            return web.Response(status=503)
        found = {
            "users.info": ("user", self.users.get(key)),
            "usergroups.users.list": ("users", self.groups.get(key)),
            "conversations.info": ("channel", self.channels.get(key)),
            "conversations.members": ("members", self.members.get(key)),
            "users.conversations": ("channels", self.own),
            "users.list": ("members", list(self.users.values())[1:]),
        }[method]
        said = (
            {"ok": True, found[0]: found[1]} if found[1] is not None else {"ok": False, "error": "not_found"}
        )
        return web.json_response(said)


@dataclass
class Workspace:
    """A Slack and what the bot makes of it. `now` are the seconds on the bot's clock."""

    told: Told
    people: SlackPermissions
    slack: SlackWebApi
    now: list[float]
    limits: RateLimits

    async def asked_times(self, count: int) -> bool:
        """Whether Slack was asked so often."""
        return len(self.told.asked) >= count


def person(user: str, team: str = "T0OWN", **about: Any) -> dict[str, Any]:
    return {"id": user, "team_id": team, "real_name": user.title(), **about}


def channel(number: str, **about: Any) -> dict[str, Any]:
    return {"id": number, "name": f"name-{number}", "context_team_id": "T0OWN", **about}


Opened = Callable[..., Any]


@pytest.fixture
def opened(tmp_path: Path, free_port: Callable[[], int]) -> Opened:
    """Opens a bot with this docent.yaml on a Slack of its own."""

    @asynccontextmanager
    async def open_(yaml: str = "", home: Home = OWN, **pace: float) -> AsyncIterator[Workspace]:
        (tmp_path / "docent.yaml").write_text(yaml)
        told, now, limits = Told(), [1000.0], RateLimits()
        told.users = {
            "U0ANN": person("U0ANN"),
            "U0ADMIN": person("U0ADMIN", is_admin=True),
            "U0GUEST": person("U0GUEST", is_restricted=True),
            "U0BOT": person("U0BOT", is_bot=True),
            "U0OTHER": person("U0OTHER", "T0ELSE"),
        }
        told.channels = {
            "C0OWN": channel("C0OWN"),
            "C0EXT": channel("C0EXT", is_ext_shared=True),
            "C0SOON": channel("C0SOON", is_pending_ext_shared=True),
            "C0GROUP": channel("C0GROUP", is_mpim=True),
        }
        made = web.Application()
        made.router.add_route("*", "/api/{method}", told.api)
        runner, port = web.AppRunner(made, shutdown_timeout=0.1), free_port()
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            async with ClientSession() as session:
                client = AsyncWebClient(
                    "xoxb-own", base_url=f"http://127.0.0.1:{port}/api/", session=session, retry_handlers=[]
                )
                slack = SlackWebApi(
                    client, limits, Timeouts(lost=0.001, again=0.001, person=pace.pop("person", 0.0), **pace)
                )
                slack.me = "U0ME"
                live = LiveSettings(load(tmp_path / "docent.yaml", {}))
                yield Workspace(
                    told,
                    SlackPermissions(slack, live, home, lambda: now[0] + told.failures),
                    slack,
                    now,
                    limits,
                )
        finally:
            await runner.cleanup()

    return open_


@pytest.mark.parametrize(
    ("user", "place", "audience"),
    [
        ("U0ANN", "C0OWN", {"everyone"}),
        ("U0GUEST", "C0OWN", set()),
        ("U0OTHER", "C0OWN", set()),
        ("U0NOBODY", "C0OWN", set()),
        ("U0ANN", "C0EXT", set()),
        ("U0ANN", "C0SOON", set()),
        ("U0ANN", "C0NONE", set()),
    ],
)
async def test_who_and_where(opened: Opened, user: str, place: str, audience: set[str]) -> None:
    """Guests, strangers and channels with another company have nothing; nor has what Slack doesn't know."""
    async with opened() as here:
        assert await here.people.audience(user, place, direct=False) == audience


async def test_alone_the_place_does_not_count(opened: Opened) -> None:
    """What nobody else sees shows what the asker may see."""
    async with opened() as here:
        assert await here.people.audience("U0ANN", "C0EXT", direct=True) == EVERYONE
        assert "conversations.info C0EXT" not in here.told.asked


_WORDS = """
audiences: {everyone: {}, hr: {slack_users: [U0ANN]}, ops: {slack_groups: [S0OPS, S0NONE]}, board: {slack_groups: [S0BOARD]}}
slack:
  allow_bots: [B0FLOW]
  channels: {C0HR: {audience: [everyone, hr, ops]}, C0OFF: {enabled: false}, C0EXT: {audience: [hr]}, C0OWN: {}}
"""


async def test_words_of_a_person(opened: Opened) -> None:
    """Whom docent.yaml names, or who is in a group that it names, has that word; in a place that has it too."""
    async with opened(_WORDS) as here:
        here.told.groups = {"S0OPS": ["U0ANN"], "S0BOARD": ["U0ADMIN"]}
        assert await here.people.audience("U0ANN", "C0HR", direct=False) == {"everyone", "hr", "ops"}
        assert await here.people.audience("U0ADMIN", "C0HR", direct=True) == {"everyone", "board"}
        assert await here.people.audience("U0ADMIN", "C0HR", direct=False) == {"everyone"}
        assert await here.people.audience("U0ANN", "C0OWN", direct=False) == {"everyone"}
        assert await here.people.audience("U0ANN", "C0EXT", direct=False) == {"hr"}
        assert await here.people.audience("U0ANN", "C0OFF", direct=True) == set()
        assert await here.people.audience("B0FLOW", "C0HR", direct=False) == {"everyone"}
        assert "users.info B0FLOW" not in here.told.asked


async def test_where_the_bot_listens(opened: Opened) -> None:
    """In the channels that docent.yaml opens, else everywhere; and in direct messages."""
    async with opened(_WORDS) as here:
        assert [here.people.listens(one) for one in ("C0OWN", "C0OFF", "C0ELSE", "D0ANN")] == [
            True,
            False,
            True,
            True,
        ]
    async with opened("slack: {listed_only: true, channels: {C0OWN: {}}}") as here:
        assert [here.people.listens(one) for one in ("C0OWN", "C0ELSE", "D0ANN")] == [True, False, True]


async def test_a_group_of_direct_messages_sees_what_all_of_it_may(opened: Opened) -> None:
    """The bot itself isn't one of them; where nobody is, there is nothing."""
    async with opened(_WORDS) as here:
        here.told.groups = {"S0OPS": ["U0ANN", "U0ADMIN"], "S0BOARD": []}
        for people, audience in (
            (["U0ANN", "U0ADMIN", "U0ME"], {"everyone", "ops"}),
            (["U0ANN", "U0ME"], {"everyone", "hr", "ops"}),
            (["U0ANN", "U0GUEST"], set()),
            (["U0ME"], set()),
        ):
            here.now[0] += 1000
            here.told.members["C0GROUP"] = people
            assert await here.people.of_channel("C0GROUP") == audience


_ORGANIZATION = """
audiences: {everyone: {}, plant: {}}
slack: {workspaces: {T0OWN: {}, T0TWO: {default_audience: [everyone, plant], admins: [U0DAVE], admin_groups: [S0TWO]}}}
"""


@pytest.mark.parametrize(
    ("about", "audience"),
    [
        ({"shared_team_ids": ["T0OWN", "T0TWO"]}, {"everyone"}),
        ({"shared_team_ids": ["T0TWO"], "context_team_id": "T0TWO"}, {"everyone", "plant"}),
        ({"internal_team_ids": ["T0TWO"], "context_team_id": ""}, {"everyone", "plant"}),
        (
            {"shared_team_ids": ["T0TWO"], "internal_team_ids": ["T0THREE"], "context_team_id": ""},
            {"everyone", "plant"},
        ),
        ({"shared_team_ids": ["T0TWO", "T0THREE"], "context_team_id": "T0TWO"}, set()),
        ({"shared_team_ids": ["E0ORG"], "context_team_id": None}, {"everyone"}),
        ({"context_team_id": "T0TWO"}, {"everyone", "plant"}),
    ],
)
async def test_a_channel_of_several_workspaces(
    opened: Opened, about: dict[str, Any], audience: set[str]
) -> None:
    """It sees what all of these have, and nothing where one isn't listed; the bot's own where Slack names none."""
    async with opened(_ORGANIZATION, Home("T0OWN", "E0ORG", org_wide=True)) as here:
        here.told.channels["C0BOTH"] = channel("C0BOTH", **about)
        assert await here.people.of_channel("C0BOTH") == audience


async def test_words_of_the_workspaces_that_somebody_is_in(opened: Opened) -> None:
    """A person's own; a bot's that docent.yaml names is the bot's own."""
    bots = _ORGANIZATION.replace("slack: {", "slack: {allow_bots: [B0FLOW], ")
    async with opened(bots, Home("T0TWO", "E0ORG")) as here:
        here.told.users["U0DAVE"] = person("U0DAVE", "T0TWO")
        here.told.users["U0ERIN"] = person(
            "U0ERIN", enterprise_user={"enterprise_id": "E0ORG", "teams": ["T0OWN"]}
        )
        ask = here.people.audience
        assert await ask("U0DAVE", "C0EXT", direct=True) == {"everyone", "plant"}
        assert await ask("U0ERIN", "C0EXT", direct=True) == {"everyone"}
        assert await ask("B0FLOW", "C0EXT", direct=True) == {"everyone", "plant"}


async def test_a_group_that_slack_says_nothing_of_sees_nothing(opened: Opened) -> None:
    """Who reads there isn't known."""
    async with opened() as here:
        assert await here.people.of_channel("C0GROUP") == set()


async def test_workspaces_that_are_served(opened: Opened) -> None:
    """Those that docent.yaml lists, or all where it lists none; without an organization the only one there is."""
    async with opened(_ORGANIZATION, Home("T0OWN", "E0ORG")) as here:
        assert [here.people.serves(one) for one in ("T0OWN", "T0TWO", "T0THREE")] == [True, True, False]
    async with opened("slack: {workspaces: {T0TWO: {}}}") as here:
        assert await here.people.of_channel("C0OWN") == EVERYONE
    async with opened() as here:
        assert here.people.serves("T0ANY")


@pytest.mark.parametrize(
    ("user", "place", "direct", "said"),
    [
        ("U0ANN", "C0OWN", False, ""),
        ("U0GUEST", "C0OWN", False, messages.ONLY_FOR_GUESTS),
        ("B0FLOW", "C0OWN", False, ""),
        ("U0ANN", "C0EXT", False, messages.ONLY_THIS_PLACE),
        ("U0ANN", "C0EXT", True, ""),
        ("U0ANN", "C0HR", False, ""),
    ],
)
async def test_why_nothing_is_found(opened: Opened, user: str, place: str, direct: bool, said: str) -> None:  # noqa: FBT001 - a parameter
    """A guest is told that it is for insiders, others that the place sees less than everybody."""
    async with opened(_WORDS) as here:
        here.told.groups = {"S0OPS": [], "S0BOARD": []}
        assert await here.people.not_found(user, place, direct=direct) == said


# --- admins ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("yaml", "home", "user", "workspace", "rights"),
    [
        ("", Home("T0OWN"), "U0ADMIN", "T0OWN", Rights(frozenset({"slack:T0OWN"}), EVERYONE)),
        ("", Home("T0OWN"), "U0ANN", "T0OWN", None),
        ("slack: {workspace_admins: false}", Home("T0OWN"), "U0ADMIN", "T0OWN", None),
        ("", Home("T0OWN", "E0ORG", org_wide=True), "U0ADMIN", "T0OWN", None),
        ("slack: {workspace_admins: true}", Home("T0OWN", "E0ORG", org_wide=True), "U0ADMIN", "T0OWN", Rights(frozenset({"slack:T0OWN"}), EVERYONE)),
        ("slack: {admins: [U0ANN]}", Home("T0OWN"), "U0ANN", "T0OWN", Rights(None, EVERYONE)),
        ("slack: {admin_groups: [S0OPS]}", Home("T0OWN"), "U0ANN", "T0OWN", Rights(frozenset({"slack:T0OWN"}), EVERYONE)),
        ("slack: {admin_groups: [S0NONE]}", Home("T0OWN"), "U0ANN", "T0OWN", None),
        (_ORGANIZATION, Home("T0OWN", "E0ORG"), "U0DAVE", "T0TWO", Rights(frozenset({"slack:T0TWO"}), frozenset())),
        (_ORGANIZATION, Home("T0OWN", "E0ORG"), "U0DAVE", "T0OWN", None),
        (_ORGANIZATION, Home("T0OWN", "E0ORG"), "U0ERIN", "T0TWO", Rights(frozenset({"slack:T0TWO"}), frozenset())),
        (_ORGANIZATION, Home("T0OWN", "E0ORG"), "U0ERIN", "T0OWN", None),
    ],
)  # fmt: skip
async def test_who_is_an_admin(  # noqa: PLR0917 - parameters
    opened: Opened, yaml: str, home: Home, user: str, workspace: str, rights: Rights | None
) -> None:
    """Whom docent.yaml names for all or for a workspace, its groups, and Slack's own admins where that is enough."""
    async with opened(yaml, home) as here:
        here.told.groups = {"S0OPS": ["U0ANN"], "S0TWO": ["U0ERIN"]}
        for _ in range(2):
            assert await here.people.rights(user, workspace) == rights


async def test_an_admin_who_is_none_any_more(opened: Opened) -> None:
    """Is one for as many seconds as may be trusted, while reading goes by what was said before."""
    async with opened(trust=5.0) as here:
        assert await here.people.rights("U0ADMIN", "T0OWN")
        here.told.users["U0ADMIN"] = person("U0ADMIN", is_restricted=True)
        here.now[0] += 5
        assert await here.people.rights("U0ADMIN", "T0OWN")
        here.now[0] += 0.1
        assert await here.people.rights("U0ADMIN", "T0OWN") is None
        assert await here.people.audience("U0ADMIN", "C0OWN", direct=True) == EVERYONE


async def test_who_left_the_admins_group_is_none_any_more(opened: Opened) -> None:
    """After as many seconds as may be trusted."""
    async with opened("slack: {admin_groups: [S0OPS]}", trust=5.0) as here:
        here.told.groups = {"S0OPS": ["U0ANN"]}
        assert await here.people.rights("U0ANN", "T0OWN")
        here.told.groups = {"S0OPS": []}
        here.now[0] += 5.1
        assert await here.people.rights("U0ANN", "T0OWN") is None


async def test_channels_that_can_not_be_listed_are_looked_up(opened: Opened) -> None:
    """One by one."""
    async with opened() as here:
        here.told.lists = "refused"
        assert await here.people.of_channel("C0OWN") == EVERYONE


# --- what is remembered ---------------------------------------------------------------------------


async def test_slack_is_asked_again_after_five_minutes(opened: Opened) -> None:
    """Until then nobody waits for it."""
    async with opened() as here:
        assert await here.people.audience("U0ANN", "C0OWN", direct=True) == EVERYONE
        here.told.users["U0ANN"] = person("U0ANN", deleted=True)
        here.now[0] += 300
        assert await here.people.audience("U0ANN", "C0OWN", direct=True) == EVERYONE
        here.now[0] += 1
        assert await here.people.audience("U0ANN", "C0OWN", direct=True) == set()
        assert here.told.asked.count("users.info U0ANN") == 2


async def test_what_slack_refuses_to_tell_is_asked_again_soon(opened: Opened) -> None:
    """After half a minute, not sooner."""
    async with opened() as here:
        assert await here.people.audience("U0NEW", "C0OWN", direct=True) == set()
        here.told.users["U0NEW"] = person("U0NEW")
        here.now[0] += 30
        assert await here.people.audience("U0NEW", "C0OWN", direct=True) == set()
        here.now[0] += 1
        assert await here.people.audience("U0NEW", "C0OWN", direct=True) == EVERYONE


async def test_while_slack_is_down_what_is_known_will_do_for_reading(opened: Opened) -> None:
    """Who isn't known yet can't be answered; nobody becomes an admin by what was said before."""
    async with opened(trust=5.0) as here:
        assert await here.people.audience("U0ANN", "C0OWN", direct=True) == EVERYONE
        assert await here.people.rights("U0ADMIN", "T0OWN")
        here.told.down = True
        here.now[0] += 1000
        assert await here.people.audience("U0ANN", "C0OWN", direct=True) == EVERYONE
        with pytest.raises(Unavailable, match=r"SlackWebApi.*it says nothing about U0GUEST"):
            await here.people.audience("U0GUEST", "C0OWN", direct=True)
        with pytest.raises(Unavailable):
            await here.people.rights("U0ADMIN", "T0OWN")
        assert await here.people.name("U0GUEST") == "someone"
        assert not await here.people.is_bot("U0GUEST")
        assert await here.people.places("C0EXT") == {"C0EXT"}


async def test_a_group_that_slack_does_not_tell_of_is_empty(opened: Opened) -> None:
    """Who is in another one has that one's word all the same."""
    async with opened(_WORDS) as here:
        here.told.groups = {"S0BOARD": ["U0ADMIN"]}
        assert await here.people.audience("U0ADMIN", "C0OWN", direct=True) == {"everyone", "board"}


async def test_failures_are_waited_for_a_while(opened: Opened) -> None:
    """A Slack that comes back while somebody waits is asked again."""
    async with opened(person=30.0) as here:
        here.told.down = True
        asking = asyncio.create_task(here.people.audience("U0ANN", "C0OWN", direct=True))
        await until(lambda: here.asked_times(20))
        here.told.down = False
        assert await asking == EVERYONE


async def test_many_at_once_ask_once(opened: Opened) -> None:
    """A burst of questions is one call for each person, and one for the bot's channels."""
    async with opened() as here:
        here.told.own = [channel("C0OWN"), channel("C0LISTED", is_ext_shared=True)]
        here.told.held = asyncio.Event()
        asking = [
            asyncio.create_task(here.people.audience("U0ANN", "C0OWN", direct=False)) for _ in range(20)
        ]
        await until(lambda: here.asked_times(1))
        here.told.held.set()
        assert await asyncio.gather(*asking) == [EVERYONE] * 20
        assert sorted(here.told.asked) == ["users.conversations", "users.info U0ANN"]
        assert await here.people.of_channel("C0LISTED") == set()
        assert sorted(here.told.asked) == ["users.conversations", "users.info U0ANN"]


async def test_a_channel_is_listed_with_others_but_once(opened: Opened) -> None:
    """What the list said counts as long as what Slack says of one channel."""
    async with opened() as here:
        here.told.own = [channel("C0OWN", name="listed")]
        assert await here.people.places("C0OWN") == {"C0OWN", "listed"}
        here.now[0] += 301
        here.told.own = [channel("C0OWN", name="renamed")]
        assert await here.people.places("C0OWN") == {"C0OWN", "renamed"}
        here.now[0] += 250
        assert await here.people.places("C0EXT") == {"C0EXT", "name-C0EXT"}
        assert here.told.asked.count("users.conversations") == 2


async def test_when_persons_are_many_the_workspace_is_listed(opened: Opened) -> None:
    """Slack lets a bot look up so many a minute, and list all of them in a few calls."""
    async with opened(person=30.0) as here:
        while here.slack.may_look_up():
            here.limits.spare("users.info")
        assert await here.people.audience("U0ANN", "C0OWN", direct=True) == EVERYONE
        assert await here.people.audience("U0GUEST", "C0OWN", direct=True) == set()
        assert here.told.asked == ["users.list", "users.list"]
        here.now[0] += 301
        here.told.users["U0ANN"] = person("U0ANN", deleted=True)
        assert await here.people.audience("U0ANN", "C0OWN", direct=True) == set()
        assert here.told.asked == ["users.list"] * 4


@pytest.mark.parametrize("why", ["refused", "silent"])
async def test_a_list_that_does_not_come_is_done_without(opened: Opened, why: str) -> None:
    """Then each is looked up."""
    async with opened(person=0.05) as here:
        here.told.lists = why
        while here.slack.may_look_up():
            here.limits.spare("users.info")
        assert await here.people.audience("U0ANN", "C0OWN", direct=True) == EVERYONE
        assert here.told.asked == ["users.list", "users.info U0ANN"]


async def test_names_and_bots(opened: Opened) -> None:
    """A person has a name for others to read, a bot is one, and a direct message has no name."""
    async with opened() as here:
        assert await here.people.name("U0ANN") == "U0Ann"
        assert not await here.people.is_bot("U0ANN")
        assert await here.people.is_bot("U0BOT")
        assert await here.people.places("D0ANN") == {"D0ANN"}
        assert "conversations.info D0ANN" not in here.told.asked
        assert await here.people.places("C0OWN") == {"C0OWN", "name-C0OWN"}
