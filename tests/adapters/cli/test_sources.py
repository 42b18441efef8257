"""Every type of source through the real command line: indexed, kept in step, in trouble, well again."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.indexer.sources import test_discord_channel as of_discord
from tests.indexer.sources import test_notion as of_notion
from tests.indexer.sources import test_slack_channel as of_slack
from tests.indexer.sources.test_git import Repository
from tests.indexer.sources.test_objects import Bucket, s3
from tests.indexer.sources.test_web import Site
from tests.support.command_line import CommandLine
from tests.support.confluence_server import TOKEN as CONFLUENCE_TOKEN
from tests.support.confluence_server import Confluence, Page
from tests.support.drive_server import Drive, gdrive
from tests.support.source_server import Server, Trouble, serving

pytestmark = pytest.mark.slow

# Each stands on one page of one source.
WORDS = {
    "folder": "Aardvark", "git": "Badger", "web": "Capybara", "confluence": "Dormouse", "notion": "Echidna",
    "gdrive": "Ferret", "objects": "Gibbon", "slack_channel": "Hedgehog", "discord_channel": "Ibex",
}  # fmt: skip
SERVED = [name for name in WORDS if name not in ("folder", "git")]
TS = "1767600000.000100"


def text(kind: str, place: str = "the cellar") -> str:
    return f"The {WORDS[kind]} lives in {place}."


@dataclass
class Company:
    """All that is indexed, each where it lives."""

    docent: CommandLine
    repository: Repository
    servers: dict[str, Server] = field(default_factory=dict)
    site: Site = field(default_factory=Site)
    confluence: Confluence = field(default_factory=Confluence)
    notion: of_notion.Workspace = field(default_factory=of_notion.Workspace)
    drive: Drive = field(default_factory=Drive)
    bucket: Bucket = field(default_factory=Bucket)
    slack: of_slack.Slack = field(default_factory=of_slack.Slack)
    discord: of_discord.Discord = field(default_factory=of_discord.Discord)

    def write(self, place: str) -> None:
        """One page in each, that says where its animal lives."""
        self.docent.write({"a.md": f"# Animal\n\n{text('folder', place)}\n"})
        self.repository.commit({"a.md": f"# Animal\n\n{text('git', place)}\n"})
        self.site.put("/docs/a", "Animal", text("web", place))
        version = self.confluence.pages["1"].version + 1 if self.confluence.pages else 1
        self.confluence.pages = {"1": Page("Animal", f"<p>{text('confluence', place)}</p>", version=version)}
        edited = f"2026-01-05T1{len(place) % 10}:00:00.000Z"
        self.notion.found = [of_notion.page("p1", "Animal", last_edited_time=edited)]
        self.notion.blocks = {"p1": [of_notion.block("paragraph", text("notion", place))]}
        self.drive.put(
            "d1", "Animal.md", "root", "text/markdown", text("gdrive", place).encode(), md5Checksum=place
        )
        self.bucket.objects = {"hand book/a.md": text("objects", place).encode()}
        self.slack.threads = {
            TS: [
                of_slack.said(TS, f"Where is the {WORDS['slack_channel']}?", by=("UGRACE",)),
                of_slack.said("1767600001.000100", text("slack_channel", place), "UGRACE"),
            ]
        }
        self.discord.pins = [of_discord.said("40", text("discord_channel", place), pinned=True)]

    def configuration(self) -> str:
        url = {name: server.url for name, server in self.servers.items()}
        sources: list[dict[str, object]] = [
            {"type": "folder", "path": "./docs"},
            {"type": "git", "repo": self.repository.path.as_uri()},
            {"type": "web", "site": f"{url['web']}/docs/a", "allow_private": True},
            {
                "type": "confluence", "site": f"{url['confluence']}/wiki", "spaces": ["ENG"], "cloud": True,
                "token": CONFLUENCE_TOKEN, "email": "ada@example.com",
            },
            {"type": "notion", "token": of_notion.TOKEN, "api_url": url["notion"]},
            gdrive(self.servers["gdrive"]),
            s3(self.servers["objects"]),
            {**of_slack.options(self.servers["slack_channel"])},
            of_discord.options(self.servers["discord_channel"]),
        ]  # fmt: skip
        named = [{"name": each["type"], "audience": ["everyone"], **each} for each in sources]
        return json.dumps({"sources": named})  # JSON is YAML


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    made = Company(CommandLine(tmp_path), Repository(tmp_path / "repository"))
    answers: dict[str, Callable[..., Awaitable[object]]] = {
        "web": made.site.answer,
        "confluence": made.confluence.answer,
        "notion": made.notion.answer,
        "gdrive": made.drive.answer,
        "objects": made.bucket.answer,
        "slack_channel": made.slack.answer,
        "discord_channel": made.discord.answer,
    }
    async with AsyncExitStack() as stack:
        for name, answer in answers.items():
            made.servers[name] = await stack.enter_async_context(serving(answer))  # type: ignore[arg-type]
        made.write("the cellar")
        made.docent.config.write_text(made.configuration())
        yield made


async def run(company: Company, *words: str) -> str:
    done = await asyncio.to_thread(company.docent.process, *words)
    return done.stdout + done.stderr


async def reports(company: Company, *words: str) -> dict[str, dict[str, object]]:
    """`docent index --json`: those by source."""
    done = await asyncio.to_thread(company.docent.process, "index", "--json", *words)
    assert "Traceback" not in done.stderr
    return {report["source"]: report for report in json.loads(done.stdout)["sources"]}


async def animals(company: Company, place: str) -> set[str]:
    """The sources of which a question is answered with this place."""
    found = set()
    for kind, animal in WORDS.items():
        if place in await run(company, "ask", f"Where does the {animal} live?"):
            found.add(kind)
    return found


def all_of(**counts: int) -> dict[str, dict[str, int]]:
    """The same of every source."""
    return dict.fromkeys(WORDS, counts)


def numbers(report: dict[str, object]) -> dict[str, object]:
    return {name: report[name] for name in ("added", "changed", "deleted", "unchanged") if report[name]}


async def test_kept_in_step(company: Company) -> None:
    """Each type is indexed, changed with its source, and answers questions; a sync without changes reads nothing."""
    assert {name: numbers(report) for name, report in (await reports(company)).items()} == all_of(added=1)
    again = await reports(company)
    assert {name: numbers(report) for name, report in again.items()} == all_of(unchanged=1)
    company.write("a very tall tree")
    changed = await reports(company)
    assert {name: numbers(report) for name, report in changed.items()} == all_of(changed=1)
    assert await animals(company, "a very tall tree") == set(WORDS)


async def test_lost_credentials(company: Company) -> None:
    """Each says that it isn't let in, by name and in `status` too, and keeps its page; no secret is shown."""
    await reports(company)
    for name in SERVED:
        body = '{"ok": false, "error": "invalid_auth"}' if name == "slack_channel" else "{}"
        company.servers[name].trouble.extend(
            [Trouble(200 if name == "slack_channel" else 401, body=body)] * 20
        )
    said = await run(company, "index")
    status = await run(company, "status")
    for name in SERVED:
        assert re.search(rf"{name} can't be listed: .*(401|invalid_auth|[Uu]nauthorized|key)", said), (
            name,
            said,
        )
        assert f"{name} can't be listed: " in status
    for secret in (
        of_notion.TOKEN,
        of_slack.TOKEN,
        of_discord.TOKEN,
        CONFLUENCE_TOKEN,
        "s3-secret",
        "PRIVATE KEY",
    ):
        assert secret not in said + status
    assert json.loads(await run(company, "status", "--json"))["index"]["documents"] == len(WORDS)
    for server in company.servers.values():
        server.trouble.clear()
    again = await reports(company)
    assert {name: numbers(report) for name, report in again.items()} == all_of(unchanged=1)


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (500, {}, "{}"),
        (502, {}, "<html>Bad gateway</html>"),
        (403, {}, "<html>no</html>"),
        (200, {}, "<html>Log in</html>"),
    ],
    ids=["500", "502", "403", "html"],
)
async def test_trouble(company: Company, status: int, headers: dict[str, str], body: str) -> None:
    """A server that fails, forbids or shows a web page instead of an answer takes no page from the index."""
    await reports(company)
    company.write("a very tall tree")
    for name in SERVED:
        company.servers[name].trouble.extend(
            [Trouble(status, {"Retry-After": "0", **headers}, body=body)] * 200
        )
    told = await reports(company)
    failing = set(SERVED) - ({"web"} if status == 200 else set())
    assert {name for name, report in told.items() if report["error"]} == failing
    assert json.loads(await run(company, "status", "--json"))["index"]["documents"] == len(WORDS)


def test_where(tmp_path: Path) -> None:
    """`docent sources` says of each type where its pages are, without credentials."""
    places: dict[str, dict[str, object]] = {
        "folder": {"path": "./docs"},
        "git": {"repo": "https://bot:s3cret@git.example.com/docs.git", "path": "content"},
        "web": {"site": "https://help.example.com/docs/"},
        "confluence": {"site": "https://acme.atlassian.net/wiki", "spaces": ["ENG"], "token": "s3cret"},
        "gdrive": {"drive": "0Abc", "key": "s3cret"},
        "objects": {"bucket": "s3://docs/handbook"},
        "slack_channel": {"channels": ["C1", "C2"], "token": "s3cret"},
    }
    sources = [
        {"name": kind, "type": kind, "audience": ["everyone"], **options} for kind, options in places.items()
    ]
    said = CommandLine(tmp_path, json.dumps({"sources": sources}))("sources", "--json").stdout
    assert {each["name"]: each["where"] for each in json.loads(said)} == {
        "folder": "./docs",
        "git": "https://git.example.com/docs.git",
        "web": "https://help.example.com/docs/",
        "confluence": "https://acme.atlassian.net/wiki",
        "gdrive": "0Abc",
        "objects": "s3://docs/handbook",
        "slack_channel": "C1, C2",
    }
