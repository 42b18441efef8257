"""The real `docent slack`, `docent discord` and `docent run` as processes, on the platforms' simulators."""

import asyncio
import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.slack.manifest import as_yaml
from bot.config.chat import SlackSettings
from tests.support import postgres, simulators
from tests.support.command_line import HANDBOOK, CommandLine
from tests.support.simulators import Simulator, connected, environment
from tests.support.waiting import until

pytestmark = pytest.mark.slow

_ROOT = Path(__file__).resolve().parents[3]
_YAML = (
    "sources: [{name: handbook, type: folder, path: ./docs, include: ['**/*.md'], audience: [everyone]}]\n"
    "slack: {mode: MODE, port: PORT, stop_within: 5s}\n"
    "discord: {stop_within: 5s}\n"
)
_QUESTION = "How many days of annual leave do we get?"
_ANSWER = "27 days"
_SOURCE = "Annual leave"  # stands under a whole answer


@pytest.fixture
def docent(tmp_path: Path, free_port: Callable[[], int]) -> CommandLine:
    """A folder with an indexed handbook."""
    made = CommandLine(tmp_path, _YAML.replace("MODE", "socket").replace("PORT", str(free_port())))
    made.write(HANDBOOK)
    assert made("index").returncode == 0
    return made


@asynccontextmanager
async def slack(docent: CommandLine, port: int, *options: str) -> AsyncIterator[Simulator]:
    manifest = docent.folder / "manifest.yaml"
    manifest.write_text(as_yaml(SlackSettings()))
    async with simulators.running("slack", port, "--manifest", str(manifest), *options) as sim:
        yield sim
        assert (await sim.see("violations"))["violations"] == []
        assert (await sim.see("statuses"))["active"] == []


@asynccontextmanager
async def running(
    docent: CommandLine, command: str, env: dict[str, str]
) -> AsyncIterator["subprocess.Popen[bytes]"]:
    """The command beside the test, ended by SIGTERM. What it says goes to `<command>.log`."""
    with (docent.folder / f"{command}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "adapters.cli", command],
            cwd=docent.folder,
            env={**os.environ, "PYTHONPATH": str(_ROOT), **env},
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await asyncio.to_thread(process.wait, 30)


async def answers(sim: Simulator, **where: str) -> list[str]:
    found = (await sim.see("posted", **where))["posted"]
    shown = [one["rendered"] or "" for one in found if not one["deleted"]]
    return [text for text in shown if _ANSWER in text and _SOURCE in text]


async def test_slack_answers_and_ends_at_sigterm(docent: CommandLine, free_port: Callable[[], int]) -> None:
    """`docent slack` answers a mention from the docs, with its page, and ends with 0 at SIGTERM."""
    port = free_port()
    async with slack(docent, port) as sim, running(docent, "slack", environment("slack", port)) as process:
        await connected("slack", sim)
        said = await sim.do("mention", channel="C0GENERAL", user="U0ALICE", text=_QUESTION)
        where = {"channel": "C0GENERAL", "thread_ts": said["thread_ts"]}
        assert len(await until(lambda: answers(sim, **where), seconds=15)) == 1
        process.terminate()
        assert await asyncio.to_thread(process.wait, 20) == 0


async def test_slack_killed_in_mid_answer(docent: CommandLine, free_port: Callable[[], int]) -> None:
    """After kill -9 in mid-answer the next start finishes the answer, once."""
    port = free_port()
    async with slack(docent, port) as sim:
        await sim.do("faults", method="chat.*", delay=30, times=1)
        async with running(docent, "slack", environment("slack", port)) as process:
            await connected("slack", sim)
            said = await sim.do("mention", channel="C0GENERAL", user="U0ALICE", text=_QUESTION)
            await until(lambda: called(sim, "chat."), seconds=15)
            process.send_signal(signal.SIGKILL)
        async with running(docent, "slack", environment("slack", port)):
            where = {"channel": "C0GENERAL", "thread_ts": said["thread_ts"]}
            await until(lambda: answers(sim, **where), seconds=45)
            assert len((await sim.see("wait", **where, quiet=1))["posted"]) == 1


async def called(sim: Simulator, method: str) -> list[Any]:
    return [one for one in (await sim.see("calls"))["calls"] if one["method"].startswith(method)]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def journal(request: pytest.FixtureRequest, free_port: Callable[[], int]) -> Iterator[dict[str, str]]:
    """The variables that lead to a journal which several processes share."""
    if request.param == "sqlite":
        yield {}
        return
    if postgres.program("initdb") is None or postgres.program("postgres") is None:
        pytest.skip("there is no PostgreSQL on this machine (initdb, postgres)")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with postgres.running(Path(folder), free_port()) as address:
            yield {"DATABASE_URL": address}


async def test_two_processes_share_the_work(
    docent: CommandLine, free_port: Callable[[], int], journal: dict[str, str]
) -> None:
    """Whichever process gets an event, and however often, it is answered once."""
    port = free_port()
    env = environment("slack", port) | journal
    async with slack(docent, port) as sim, running(docent, "slack", env), running(docent, "slack", env):
        await until(lambda: links(sim, 4), seconds=30)
        said = [
            await sim.do("mention", channel="C0GENERAL", user=user, text=_QUESTION, duplicate=3)
            for user in ("U0ALICE", "U0BOB", "U0CAROL")
        ]
        for one in said:
            where = {"channel": "C0GENERAL", "thread_ts": one["thread_ts"]}
            assert len(await until(lambda where=where: answers(sim, **where), seconds=15)) == 1
        assert len((await sim.see("wait", channel="C0GENERAL", min=3, quiet=1))["posted"]) == 3


async def links(sim: Simulator, count: int) -> bool:
    return len([one for one in (await sim.see("connections"))["connections"] if one["alive"]]) >= count


async def test_slack_over_http(docent: CommandLine, free_port: Callable[[], int]) -> None:
    """Over HTTP a signed event is answered, and forged, stale or unsigned ones are refused with one line in the log."""
    port, ours = free_port(), free_port()
    docent.config.write_text(_YAML.replace("MODE", "http").replace("PORT", str(ours)))
    events = ("--mode", "http", "--events-url", f"http://127.0.0.1:{ours}/slack/events")
    async with (
        slack(docent, port, *events) as sim,
        running(docent, "slack", environment("slack", port)) as process,
    ):

        async def listens() -> bool:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", ours)
            except OSError:
                return False
            writer.close()
            return True

        await until(listens, seconds=20)
        for tamper in ("signature", "timestamp", "missing", "secret", "body"):
            assert (await sim.do("http_raw", tamper=tamper))["status"] == 401, tamper
        greeted = await sim.do("http_raw", tamper="url_verification")
        assert (greeted["status"], "sim-challenge" in greeted["body"]) == (200, True)
        said = await sim.do("mention", channel="C0GENERAL", user="U0ALICE", text=_QUESTION, duplicate=2)
        where = {"channel": "C0GENERAL", "thread_ts": said["thread_ts"]}
        assert len(await until(lambda: answers(sim, **where), seconds=15)) == 1
        done = await sim.do("command", command="/ask", text=_QUESTION, user="U0BOB", channel="C0GENERAL")
        assert done["state"] == "acked"
        await until(lambda: answers(sim, user="U0BOB"), seconds=15)
        process.terminate()
        assert await asyncio.to_thread(process.wait, 20) == 0
    assert (docent.folder / "slack.log").read_text().count("check SLACK_SIGNING_SECRET") == 1


async def test_a_refused_app_token_ends_the_start(docent: CommandLine, free_port: Callable[[], int]) -> None:
    """Without a good app token no event would ever come: `docent slack` ends with what to check."""
    port = free_port()
    env = environment("slack", port) | {"SLACK_APP_TOKEN": "xapp-wrong"}
    async with slack(docent, port), running(docent, "slack", env) as process:
        assert await asyncio.to_thread(process.wait, 20) == 1
    assert "Check SLACK_APP_TOKEN" in (docent.folder / "slack.log").read_text()


async def test_run_serves_both_and_indexes(docent: CommandLine, free_port: Callable[[], int]) -> None:
    """`docent run` answers in Slack and Discord in one process, with pages that its indexer found."""
    slack_port, discord_port = free_port(), free_port()
    env = environment("slack", slack_port) | environment("discord", discord_port)
    docent.write({"tea.md": "# Tea\n\nThe tea budget is 40 pounds a month.\n"})
    async with (
        slack(docent, slack_port) as in_slack,
        simulators.running("discord", discord_port) as in_discord,
        running(docent, "run", env) as process,
    ):
        await connected("slack", in_slack)
        await connected("discord", in_discord)
        await in_slack.do("mention", channel="C0GENERAL", user="U0ALICE", text=_QUESTION)
        await in_discord.do("mention", channel="general", user="alice", text=_QUESTION)
        await until(lambda: answers(in_slack), seconds=15)
        await until(lambda: answers(in_discord), seconds=15)
        assert (await in_discord.see("violations"))["violations"] == []

        async def found() -> bool:
            asked = await in_slack.do("dm", user="U0BOB", text="How high is the tea budget?")
            shown = await in_slack.see("wait", channel=asked["channel"], thread_ts=asked["ts"], quiet=0.3)
            return any("40 pounds" in (one["rendered"] or "") for one in shown["posted"])

        await until(found, seconds=20)
        process.terminate()
        assert await asyncio.to_thread(process.wait, 30) == 0


async def test_one_platform_failing_leaves_the_other(
    docent: CommandLine, free_port: Callable[[], int]
) -> None:
    """`docent run` with a refused Discord token goes on answering in Slack."""
    slack_port, discord_port = free_port(), free_port()
    env = (
        environment("slack", slack_port)
        | environment("discord", discord_port)
        | {"DISCORD_TOKEN": "no.such.token"}
    )
    async with (
        slack(docent, slack_port) as sim,
        simulators.running("discord", discord_port),
        running(docent, "run", env) as process,
    ):
        await connected("slack", sim)
        log = docent.folder / "run.log"

        async def told() -> bool:
            return "Discord stays down" in log.read_text()

        await until(told, seconds=15)
        await sim.do("mention", channel="C0GENERAL", user="U0ALICE", text=_QUESTION)
        await until(lambda: answers(sim), seconds=15)
        assert process.poll() is None
        assert "no.such.token" not in log.read_text()


async def test_discord_answers_and_ends_at_sigterm(docent: CommandLine, free_port: Callable[[], int]) -> None:
    """`docent discord` answers a mention on each of two shards, and ends with 0 at SIGTERM."""
    port = free_port()
    async with (
        simulators.running("discord", port, "--guilds", "2", "--shards", "2") as sim,
        running(docent, "discord", environment("discord", port)) as process,
    ):
        await connected("discord", sim)

        async def both() -> bool:  # Discord lets a shard connect every five seconds
            return (await sim.see("gateway"))["ready"] == 2

        await until(both, seconds=30)
        for guild in ("Docs Guild", "Second Guild"):
            said = await sim.do("mention", channel="general", guild=guild, user="alice", text=_QUESTION)
            assert len(await until(lambda said=said: answers(sim, channel=said["id"]), seconds=15)) == 1
        process.terminate()
        assert await asyncio.to_thread(process.wait, 20) == 0
        assert (await sim.see("violations"))["violations"] == []


async def test_discord_killed_in_mid_answer(docent: CommandLine, free_port: Callable[[], int]) -> None:
    """After kill -9 in mid-answer the next start finishes the answer in the same thread, once."""
    port = free_port()
    async with simulators.running("discord", port) as sim:
        await sim.do("faults", route=r"POST /channels/\d+/messages$", delay=30, times=1)
        async with running(docent, "discord", environment("discord", port)) as process:
            await connected("discord", sim)
            said = await sim.do("mention", channel="general", user="alice", text=_QUESTION)

            async def sending() -> bool:
                calls = (await sim.see("calls"))["calls"]
                return any(one["route"] == f"POST /channels/{said['id']}/messages" for one in calls)

            await until(sending, seconds=15)
            process.send_signal(signal.SIGKILL)
        async with running(docent, "discord", environment("discord", port)):
            await until(lambda: answers(sim, channel=said["id"]), seconds=45)
            assert len((await sim.see("wait", channel=said["id"], quiet=1))["posted"]) == 1


@pytest.mark.parametrize("platform", ["slack", "discord"])
async def test_killed_while_a_reindex_waits(
    docent: CommandLine, free_port: Callable[[], int], platform: str
) -> None:
    """After kill -9 the next start keeps the message of a reindex current, in its place, to its end."""
    port = free_port()
    docent.config.write_text(docent.config.read_text().replace("slack: {", "slack: {admins: [U0CAROL], "))
    sims = slack(docent, port) if platform == "slack" else simulators.running("discord", port)
    async with sims as sim:

        async def shown(text: str) -> list[Any]:
            found = (await sim.see("posted"))["posted"]
            return [one for one in found if text in (one["rendered"] or "") and not one["deleted"]]

        async with running(docent, platform, environment(platform, port)) as process:
            await connected(platform, sim)
            if platform == "slack":
                where = {"user": "U0CAROL", "channel": "C0GENERAL"}
                await sim.do("command", command="/docent", text="reindex handbook", **where)
            else:
                await sim.do("slash", command="/docent reindex", options={}, user="mod", channel="general")
            (before,) = await until(lambda: shown("is waiting"), seconds=15)
            await until(lambda: kept(docent), seconds=15)
            process.send_signal(signal.SIGKILL)
        assert (await asyncio.to_thread(docent, "reindex", "--cancel")).returncode == 0
        async with running(docent, platform, environment(platform, port)):
            (after,) = await until(lambda: shown("Cancelled"), seconds=45)
            assert after.get("ts") == before.get("ts")
            assert after.get("id") == before.get("id")
            assert await shown("is waiting") == []


async def kept(docent: CommandLine) -> bool:
    """Whether a message that shows a run is written down."""
    with contextlib.closing(sqlite3.connect(docent.folder / ".docent" / "journal.db")) as journal:
        return bool(journal.execute("select count(*) from run_messages").fetchone()[0])
