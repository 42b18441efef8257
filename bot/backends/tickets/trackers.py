"""Makes each tracker's ticket, with the question in a block of code, where no tracker reads it.

A question is somebody's words: nobody is notified by a name in it, no command in it is carried out (GitLab has
such), and nothing in it is linked.
"""

import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote, urlsplit

from bot.backends.tickets.calls import client, get, post
from bot.config.help import GitHubTickets, GitLabTickets, HelpSettings, JiraTickets, WebhookTickets
from bot.ports import HelpRequest, Tickets

_TITLE: Final = 120  # characters
_ABOUT: Final = "Asked in {platform}, and the docs don't say."


def open_tickets(settings: HelpSettings) -> tuple[Tickets, ...]:
    """Open those that docent.yaml chooses; whoever opens them closes them."""
    made: list[Tickets] = []
    if settings.github:
        made.append(GitHub(settings.github))
    if settings.gitlab:
        made.append(GitLab(settings.gitlab))
    if settings.jira:
        made.append(Jira(settings.jira))
    if settings.webhook:
        made.append(Webhook(settings.webhook))
    return tuple(made)


class GitHub:
    name = "GitHub"

    def __init__(self, settings: GitHubTickets) -> None:
        self._settings = settings
        self._repository = f"{settings.api_url.rstrip('/')}/repos/{settings.repository}"
        token = settings.token.get_secret_value()
        self._http = client(
            {
                "Authorization": f"Bearer {token}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
            }
        )

    async def open(self, request: HelpRequest) -> str:
        body = {"title": _title(request), "body": _markdown(request), "labels": list(self._settings.labels)}
        made = await post(self._http, self.name, f"{self._repository}/issues", _json(body))
        return _link(made, "html_url")

    async def reachable(self) -> str:
        await get(self._http, self.name, self._repository)
        return f"tickets go to {self._settings.repository}"

    async def close(self) -> None:
        await self._http.aclose()


class GitLab:
    name = "GitLab"

    def __init__(self, settings: GitLabTickets) -> None:
        self._settings = settings
        project = quote(settings.project, safe="")
        self._project = f"{settings.url.rstrip('/')}/api/v4/projects/{project}"
        self._http = client({"PRIVATE-TOKEN": settings.token.get_secret_value()})

    async def open(self, request: HelpRequest) -> str:
        labels = ",".join(self._settings.labels)
        body = {"title": _title(request), "description": _markdown(request), "labels": labels}
        made = await post(self._http, self.name, f"{self._project}/issues", _json(body))
        return _link(made, "web_url")

    async def reachable(self) -> str:
        await get(self._http, self.name, self._project)
        return f"tickets go to {self._settings.project}"

    async def close(self) -> None:
        await self._http.aclose()


class Jira:
    name = "Jira"

    def __init__(self, settings: JiraTickets) -> None:
        self._settings = settings
        self._base = settings.url.rstrip("/")
        self._http = client({}, auth=(settings.email, settings.token.get_secret_value()))

    async def open(self, request: HelpRequest) -> str:
        fields = {
            "project": {"key": self._settings.project},
            "issuetype": {"name": self._settings.issue_type},
            "summary": _title(request),
            "labels": list(self._settings.labels),
            "description": {"type": "doc", "version": 1, "content": _document(request)},
        }
        made = await post(self._http, self.name, f"{self._base}/rest/api/3/issue", _json({"fields": fields}))
        key = str(made.get("key") or "")
        return f"{self._base}/browse/{key}" if re.fullmatch(r"[A-Z][A-Z0-9_]+-\d+", key) else ""

    async def reachable(self) -> str:
        project = self._settings.project
        await get(self._http, self.name, f"{self._base}/rest/api/3/project/{project}")
        return f"tickets go to the project {project}"

    async def close(self) -> None:
        await self._http.aclose()


class Webhook:
    """Posts JSON. `X-Docent-Signature` is `sha256=` and the HMAC of the timestamp, a dot and the body."""

    name = "the webhook"

    def __init__(self, settings: WebhookTickets, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._clock = clock
        self._http = client({})

    async def open(self, request: HelpRequest) -> str:
        content = _json(
            {
                "event": "question.unanswered",
                "id": request.id,
                "question": request.question,
                "platform": request.platform,
                "conversation": request.where,
                "on_call": request.on_call,
                "asked_at": request.at.isoformat(),
            }
        )
        at = str(int(self._clock()))
        secret = self._settings.secret.get_secret_value().encode()
        signature = hmac.new(secret, at.encode() + b"." + content, hashlib.sha256).hexdigest()
        headers = {"X-Docent-Timestamp": at, "X-Docent-Signature": f"sha256={signature}"}
        return _link(await post(self._http, self.name, self._settings.url, content, headers), "url")

    async def reachable(self) -> str:
        """Say where it goes: nothing could be looked at without calling it."""
        return f"questions go to {urlsplit(self._settings.url).hostname}, which isn't called for a check"

    async def close(self) -> None:
        await self._http.aclose()


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def _title(request: HelpRequest) -> str:
    """Return one line without anything that a tracker could take for a name or a command."""
    line = " ".join(request.question.split())[:_TITLE]
    return "Docs: " + re.sub(r"[@#!&~/](?=\w)", " ", line).strip()


def _markdown(request: HelpRequest) -> str:
    runs = [len(run) for run in re.findall(r"`+", request.question)]
    fence = "`" * max(3, max(runs, default=0) + 1)
    return f"{fence}text\n{request.question}\n{fence}\n\n{_notes(request)}"


def _notes(request: HelpRequest) -> str:
    """Return our own words. Who is on call stands in code, too: it is docent.yaml's, and notifies nobody."""
    lines = [_ABOUT.format(platform=request.platform.capitalize())]
    if request.on_call:
        lines.append(f"On call: `{request.on_call.replace('`', '')}`")
    if request.where:
        lines.append(f"Conversation: <{request.where}>")
    return "\n\n".join(lines)


def _document(request: HelpRequest) -> list[dict[str, Any]]:
    """Return Atlassian's document format, in which text is text."""
    notes = [_ABOUT.format(platform=request.platform.capitalize())]
    if request.on_call:
        notes.append(f"On call: {request.on_call}")
    if request.where:
        notes.append(f"Conversation: {request.where}")
    code = {"type": "codeBlock", "content": [{"type": "text", "text": request.question}]}
    return [code, *({"type": "paragraph", "content": [{"type": "text", "text": one}]} for one in notes)]


def _link(made: dict[str, Any], key: str) -> str:
    """Return an address that people may be led to; nothing further that a server says is believed."""
    url = str(made.get(key) or "")
    return url if re.fullmatch(r"https?://[^\s<>|()\[\]]{1,500}", url) else ""
