"""Docent's three processes for an hour under what breaks, on our own Slack and Discord. Not in CI.

    python -m benchmarks.soak --minutes 60

A question each two seconds by turns in Slack and in Discord, a commit and a changed page every twenty seconds. In the
first three quarters, each minute, a process is killed or ended, a socket dropped, the journal or the index locked for
15 seconds; the last quarter is quiet, so that growth can be seen. Slack sends again what isn't acknowledged, after
0.2, 60 and 300 seconds, as the real one does.
"""

import argparse
import asyncio
import itertools
import json
import os
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from adapters.chat.messages import WORKING
from tests.support.discord_rest import TOKEN
from tests.support.discord_server import DiscordServer
from tests.support.slack_server import BOT, TEAM, SlackServer

ROOT = Path(__file__).resolve().parents[1]
LATE = 60.0  # seconds
AGAIN = (0.0, 0.2, 60.0, 300.0)
KINDS = ("slack", "discord", "indexer")
YAML = """
data: ./data
embedder: none
limits: {questions_per_minute: 10000}
sources:
  - {name: handbook, type: folder, path: ./docs, include: ["**/*.md"], audience: [everyone], every: 15s}
  - {name: notes, type: git, repo: "file://NOTES", include: ["**/*.md"], audience: [everyone], every: 15s}
slack: {stop_within: 5s}
discord: {stop_within: 5s}
"""


@dataclass
class Question:
    """`where` is the thread in Slack, or the message's id in Discord, which the thread has that it opens."""

    platform: str
    where: str
    asked: float
    answered: float = 0.0


@dataclass
class Processes:
    """The three, each started anew when it has ended."""

    folder: Path
    env: dict[str, str]
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)

    def tend(self) -> None:
        """Start what doesn't run."""
        for kind in KINDS:
            if kind not in self.running or self.running[kind].poll() is not None:
                with (self.folder / f"{kind}.log").open("ab") as log:
                    command = [sys.executable, "-m", "adapters.cli", kind]
                    self.running[kind] = subprocess.Popen(  # noqa: S603 - our own words
                        command, cwd=self.folder, env=self.env, stdout=log, stderr=log
                    )
                self.starts[kind] = self.starts.get(kind, 0) + 1

    def end(self) -> None:
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            process.wait(30)

    def sizes(self) -> dict[str, tuple[float, int, int]]:
        """Of each: resident MB, open files, threads."""
        found = {}
        for kind, process in self.running.items():
            try:
                status = Path(f"/proc/{process.pid}/status").read_text()
                files = sum(1 for _ in Path(f"/proc/{process.pid}/fd").iterdir())
            except OSError:
                continue
            told = dict(line.split(":", 1) for line in status.splitlines())
            if "VmRSS" in told:
                found[kind] = (int(told["VmRSS"].split()[0]) / 1024, files, int(told["Threads"]))
        return found


class Soak:
    def __init__(
        self, folder: Path, slack: SlackServer, discord: DiscordServer, processes: Processes
    ) -> None:
        self.folder = folder
        self.slack = slack
        self.discord = discord
        self.processes = processes
        self.questions: list[Question] = []
        self.faults: list[str] = []
        self.samples: list[tuple[float, dict[str, tuple[float, int, int]]]] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.began = time.monotonic()

    # --- what people do ---------------------------------------------------------------------------

    async def ask(self, seconds: float, every: float) -> None:
        lines = (ROOT / "examples/questions.jsonl").read_text().splitlines()
        texts = [json.loads(line)["question"] for line in lines]
        users = itertools.cycle(("U0ALICE", "U0BOB", "U0CAROL"))
        for number, text in enumerate(itertools.cycle(texts)):
            if time.monotonic() - self.began > seconds:
                return
            if number % 2:
                asked = await self.discord.mention(text)
                self.questions.append(Question("discord", asked, time.monotonic()))
            else:
                ts = self.slack.unheard(f"<@{BOT}> {text}", user=next(users))
                self.questions.append(Question("slack", ts, time.monotonic()))
                self._start(self._deliver(ts))
            await asyncio.sleep(every)

    async def _deliver(self, ts: str) -> None:
        """As Slack does it: until it is acknowledged, four times at most."""
        (message,) = self.slack._threads[ts][:1]  # noqa: SLF001
        event = {**message, "type": "app_mention", "channel_type": "channel"}
        body = {"type": "event_callback", "team_id": TEAM, "event_id": f"Ev{ts}", "event": event}
        for pause in AGAIN:
            await asyncio.sleep(pause)
            try:
                await self.slack._deliver("events_api", body)  # noqa: SLF001
            except (TimeoutError, IndexError, ConnectionError):
                continue
            return

    def _start(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def write(self) -> None:
        """A changed page and a commit."""
        for number in itertools.count():
            await asyncio.sleep(20)
            page = f"# Note {number}\n\nThe parking permit of week {number} is number {number * 7}.\n"
            (self.folder / "docs" / "soak.md").write_text(page)
            (self.folder / "notes" / f"note-{number % 50}.md").write_text(page)
            git(self.folder / "notes", "add", "-A")
            git(self.folder / "notes", "commit", "-qm", f"note {number}")

    # --- what breaks ------------------------------------------------------------------------------

    async def break_things(self, until: float) -> None:
        locks: list[Callable[[], None]] = [lambda: self._lock("journal.db"), lambda: self._lock("index.db")]
        kills = [(kind, how) for kind in KINDS for how in (signal.SIGKILL, signal.SIGTERM)]
        plan = [
            *(f"{how.name} {kind}" for kind, how in kills),
            "slack's sockets",
            "discord's sockets",
            "journal",
            "index",
        ]
        for fault in itertools.cycle(plan):
            await asyncio.sleep(60)
            if time.monotonic() - self.began > until:
                return
            self.faults.append(fault)
            if fault.startswith("SIG"):
                name, kind = fault.split()
                self.processes.running[kind].send_signal(signal.Signals[name])
            elif fault == "slack's sockets":
                for link in list(self.slack._links):  # noqa: SLF001
                    await link.close()
            elif fault == "discord's sockets":
                await self.discord.drop("close")
            else:
                await asyncio.to_thread(locks[fault == "index"])

    def _lock(self, name: str) -> None:
        with sqlite3.connect(self.folder / "data" / name, isolation_level=None, timeout=20) as database:
            database.execute("begin exclusive")
            time.sleep(15)
            database.execute("rollback")
        database.close()

    # --- what is seen -----------------------------------------------------------------------------

    async def watch(self) -> None:
        for number in itertools.count():
            self.processes.tend()
            for one in self.questions:
                if not one.answered and self.answers(one):
                    one.answered = time.monotonic()
            if number % 50 == 0:
                self.samples.append((time.monotonic() - self.began, self.processes.sizes()))
            await asyncio.sleep(0.2)

    def answers(self, one: Question) -> int:
        found = self.slack.answers(one.where) if one.platform == "slack" else self.discord.answers(one.where)
        return sum(WORKING not in each.whole for each in found)

    async def run(self, minutes: float, every: float) -> None:
        work = [asyncio.create_task(self.watch()), asyncio.create_task(self.write())]
        await asyncio.sleep(20)
        self.began = time.monotonic()
        work.append(asyncio.create_task(self.break_things(minutes * 45)))
        await self.ask(minutes * 60, every)
        for _ in range(400):  # what Slack still has to send again
            if all(one.answered for one in self.questions):
                break
            await asyncio.sleep(1)
        for task in work:
            task.cancel()
        await asyncio.gather(*work, *self.tasks, return_exceptions=True)
        self.processes.end()

    def report(self) -> list[str]:
        late = sorted(one.answered - one.asked for one in self.questions if one.answered)
        lost = sum(not one.answered for one in self.questions)
        twice = sum(self.answers(one) > 1 for one in self.questions)
        lines = [
            f"| questions | {len(self.questions)} |",
            f"| lost / answered twice | {lost} / {twice} |",
            f"| seconds to the answer: p50, p95, longest | {late[len(late) // 2]:.1f}, {late[int(len(late) * 0.95)]:.1f}, {late[-1]:.1f} |",
            f"| later than 60 s | {sum(one > LATE for one in late)} |",
            f"| faults | {len(self.faults)} ({', '.join(sorted(set(self.faults)))}) |",
            f"| starts | {self.processes.starts} |",
            f"| what the platforms objected to | {len(self.slack.wrong) + len(self.discord.rest.wrong)} |",
        ]
        end = self.samples[-1][0]
        for kind in KINDS:
            first = _median(
                [sizes[kind] for at, sizes in self.samples if end * 0.78 < at < end * 0.84 and kind in sizes]
            )
            last = _median([sizes[kind] for at, sizes in self.samples if at > end * 0.94 and kind in sizes])
            lines.append(f"| {kind}, last quarter: MB, files, threads | {first} → {last} |")
        with sqlite3.connect(self.folder / "data" / "journal.db") as journal:
            journal.execute("pragma wal_checkpoint(truncate)")
            (size,) = journal.execute(
                "select (page_count - freelist_count) * page_size from pragma_page_count, pragma_freelist_count, pragma_page_size"
            ).fetchone()
            (runs,) = journal.execute("select count(*) from runs").fetchone()
        journal.close()
        clone = sum(
            1 for path in (self.folder / "data").rglob("*") if ".git" in path.parts or "objects" in path.parts
        )
        tracebacks = sum((self.folder / f"{kind}.log").read_text().count("Traceback") for kind in KINDS)
        never = sum((self.folder / f"{kind}.log").read_text().count("never retrieved") for kind in KINDS)
        return [
            *lines,
            f"| journal, kB a question (with {runs} runs of syncs) | {size / 1000 / len(self.questions):.1f} |",
            f"| files of the clone | {clone} |",
            f"| tracebacks / 'never retrieved' in the logs | {tracebacks} / {never} |",
        ]


def _median(found: list[tuple[float, int, int]]) -> str:
    if not found:
        return "not running"
    return ", ".join(f"{statistics.median(each):.0f}" for each in zip(*found, strict=True))


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=Soak", "-c", "user.email=soak@example.com")
    subprocess.run(["git", *who, *words], cwd=folder, check=True)  # noqa: S603, S607 - our own words


async def soak(folder: Path, minutes: float, every: float, ports: tuple[int, int]) -> list[str]:
    shutil.copytree(ROOT / "examples/handbook", folder / "docs")
    (folder / "notes").mkdir()
    git(folder / "notes", "init", "-q")
    (folder / "notes" / "README.md").write_text("# Notes\n\nWhat is noted.\n")
    git(folder / "notes", "add", "-A")
    git(folder / "notes", "commit", "-qm", "begin")
    (folder / "docent.yaml").write_text(YAML.replace("NOTES", str(folder / "notes")))
    async with SlackServer.running(ports[0]) as slack, DiscordServer.running(ports[1]) as discord:
        env = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SLACK_API_URL": f"{slack.url}/api/",
            "SLACK_BOT_TOKEN": "xoxb-own",
            "SLACK_APP_TOKEN": "xapp-own",
            "DISCORD_API_URL": f"{discord.rest.url}/api/v10",
            "DISCORD_GATEWAY_URL": discord.rest.url.replace("http", "ws") + "/gateway",
            "DISCORD_TOKEN": TOKEN,
        }
        made = Soak(folder, slack, discord, Processes(folder, env))
        await made.run(minutes, every)
        for wrong in (*slack.wrong, *discord.rest.wrong)[:10]:
            sys.stderr.write(f"{wrong}\n")
        return made.report()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--every", type=float, default=2.0, help="seconds between two questions")
    parser.add_argument("--keep", type=Path, help="a folder that doesn't exist yet, for data and logs")
    parser.add_argument("--ports", type=int, nargs=2, default=(18061, 18062))
    given = parser.parse_args()
    folder = given.keep or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    load = os.getloadavg()[0]
    lines = asyncio.run(soak(folder, given.minutes, given.every, tuple(given.ports)))
    sys.stdout.write(
        "\n".join(
            ["| | |", "|---|---|", *lines, f"| load before, after | {load:.1f}, {os.getloadavg()[0]:.1f} |"]
        )
        + "\n"
    )
    if not given.keep:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
