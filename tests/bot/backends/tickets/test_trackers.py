"""Tickets in GitHub, GitLab, Jira and by a signed webhook, over HTTP."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.backends.tickets.trackers import open_tickets
from bot.config.loader import load
from bot.diagnostics.checks import tried
from bot.diagnostics.findings import Check, ok
from bot.ports import HelpRequest, Rejected, Tickets, Unauthorized, Unavailable
from tests.support.tracker_server import EMAIL, SECRET, TOKEN, TrackerServer

_WHERE = "https://own.slack.com/archives/C1/p1"
_YAML = """
sources: [{name: handbook, type: folder, path: ./docs, audience: [everyone]}]
help:
  github: {repository: acme/docs, token: "${TRACKER}", labels: [docs], api_url: "URL"}
  gitlab: {project: acme/docs, token: "${TRACKER}", labels: [docs, gap], url: "URL"}
  jira: {url: "URL", project: DOCS, email: EMAIL, token: "${TRACKER}"}
  webhook: {url: "URL/hook", secret: "${HOOK}"}
"""
_HOSTILE = [
    "@acme/everyone please see #1 and !2",
    "/close\n/assign @root",
    "```\n@root\n```\n/delete",
    "````` [click](https://evil.example) <img src=x onerror=alert(1)>",
    "{noformat} [~admin] {noformat} h1. Title",
    "a\r\nb\x00c\u202e",
]


def request(question: str = "What's the CEO's shoe size?", **more: Any) -> HelpRequest:
    at = datetime(2026, 11, 29, tzinfo=UTC)
    return HelpRequest("a1b2c3d4e5f6", question, "slack", _WHERE, "@docs-oncall", at, **more)


@pytest.fixture
async def server(free_port: Callable[[], int]) -> AsyncIterator[TrackerServer]:
    async with TrackerServer.running(free_port()) as running:
        yield running


@pytest.fixture
async def trackers(
    server: TrackerServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[dict[str, Tickets]]:
    monkeypatch.setenv("TRACKER", TOKEN)
    monkeypatch.setenv("HOOK", SECRET)
    (tmp_path / "docent.yaml").write_text(_YAML.replace("URL", server.url).replace("EMAIL", EMAIL))
    opened = open_tickets(load(tmp_path / "docent.yaml").help)
    yield {type(one).__name__.lower(): one for one in opened}
    for one in opened:
        await one.close()


@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("github", "https://github.com/acme/docs/issues/7"),
        ("gitlab", "https://gitlab.com/acme/docs/-/issues/7"),
        ("jira", "URL/browse/DOCS-7"),
        ("webhook", ""),
    ],
)
async def test_a_ticket_is_opened(
    server: TrackerServer, trackers: dict[str, Tickets], name: str, link: str
) -> None:
    """With the question, the conversation and who is on call; its address comes back."""
    assert await trackers[name].open(request()) == link.replace("URL", server.url)
    ((kind, body),) = server.opened
    assert kind == name
    assert all(words in str(body) for words in ("CEO's shoe size", _WHERE, "@docs-oncall"))


@pytest.mark.parametrize("question", _HOSTILE)
@pytest.mark.parametrize("name", ["github", "gitlab"])
async def test_somebodys_words_stay_in_a_block_of_code(
    server: TrackerServer, trackers: dict[str, Tickets], name: str, question: str
) -> None:
    """Nobody is notified, no command is carried out, nothing is linked: all of it stands within the fence."""
    await trackers[name].open(request(question))
    body = server.opened[0][1]
    text = body.get("body") or body["description"]
    fence = text.split("text\n")[0]
    assert set(fence) == {"`"}
    assert len(fence) >= 3
    assert text.startswith(f"{fence}text\n{question}\n{fence}\n")
    assert fence not in question
    assert "\n" not in body["title"]
    assert not any(mark in body["title"] for mark in ("@", "#1", "/close"))


@pytest.mark.parametrize("question", _HOSTILE)
async def test_jira_gets_text_that_is_text(
    server: TrackerServer, trackers: dict[str, Tickets], question: str
) -> None:
    """In Atlassian's format the question is one text of a code block."""
    await trackers["jira"].open(request(question))
    first = server.opened[0][1]["description"]["content"][0]
    assert first == {"type": "codeBlock", "content": [{"type": "text", "text": question}]}


@pytest.mark.parametrize(
    ("status", "kind"),
    [(403, Unauthorized), (404, Rejected), (302, Rejected), (422, Rejected), (503, Unavailable)],
)
@pytest.mark.parametrize("name", ["github", "gitlab", "jira", "webhook"])
async def test_what_goes_wrong_is_told_without_secrets(
    server: TrackerServer, trackers: dict[str, Tickets], name: str, status: int, kind: type[Exception]
) -> None:
    """The host and the status, and neither token, question nor what the server said."""
    server.refuse = status
    with pytest.raises(kind) as failed:
        await trackers[name].open(request())
    assert str(status) in str(failed.value) or status == 503
    assert not any(word in str(failed.value) for word in (TOKEN, SECRET, "shoe"))


@pytest.mark.parametrize("name", ["github", "gitlab", "jira", "webhook"])
async def test_doctor_looks_and_opens_nothing(
    server: TrackerServer, trackers: dict[str, Tickets], name: str
) -> None:
    """`docent doctor` says where tickets go, or what is wrong with that."""
    found = await tried(name, lambda: _checked(trackers[name]))
    assert (found.verdict, "go to" in found.finding) == ("ok", True)
    server.refuse = 404
    if name != "webhook":
        found = await tried(name, lambda: _checked(trackers[name]))
        assert (found.verdict, "404" in found.finding) == ("error", True)
    assert server.opened == []


async def _checked(tickets: Tickets) -> Check:
    return ok(tickets.name, await tickets.reachable())


async def test_a_tracker_that_is_down(server: TrackerServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]) -> None:  # fmt: skip
    """Says so in a sentence."""
    monkeypatch.setenv("HOOK", SECRET)
    yaml = f'help: {{webhook: {{url: "http://127.0.0.1:{free_port()}/hook", secret: "${{HOOK}}"}}}}\n'
    (tmp_path / "docent.yaml").write_text(yaml)
    (hook,) = open_tickets(load(tmp_path / "docent.yaml").help)
    with pytest.raises(Unavailable, match="can't be reached"):
        await hook.open(request())
    await hook.close()
