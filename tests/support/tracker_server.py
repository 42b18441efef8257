"""A small GitHub, GitLab and Jira, and a webhook's receiver: strict about addresses, headers and bodies."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

from aiohttp import web

TOKEN, SECRET, EMAIL = "tracker-token-of-the-test", "webhook-secret-of-the-test", "docs@acme.example"
_BASIC = f"Basic {base64.b64encode(f'{EMAIL}:{TOKEN}'.encode()).decode()}"


class TrackerServer:
    """`opened` is what was opened, by tracker; `refuse` is a status that all answer instead."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, dict[str, Any]]] = []
        self.refuse = 0
        self.url = ""

    async def github(self, request: web.Request) -> web.Response:
        """As https://docs.github.com/en/rest/issues/issues says."""
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"message": "Bad credentials"}, status=401)
        assert request.headers["Accept"] == "application/vnd.github+json"
        body = await request.json()
        assert set(body) == {"title", "body", "labels"}
        assert body["title"]
        return self._made(
            "github", body, {"number": 7, "html_url": "https://github.com/acme/docs/issues/7"}, 201
        )

    async def gitlab(self, request: web.Request) -> web.Response:
        """As https://docs.gitlab.com/api/issues says."""
        if request.headers.get("PRIVATE-TOKEN") != TOKEN:
            return web.json_response({"message": "401 Unauthorized"}, status=401)
        assert request.rel_url.raw_path == "/api/v4/projects/acme%2Fdocs/issues"
        body = await request.json()
        assert set(body) == {"title", "description", "labels"}
        assert len(body["title"]) <= 255
        return self._made("gitlab", body, {"web_url": "https://gitlab.com/acme/docs/-/issues/7"}, 201)

    async def jira(self, request: web.Request) -> web.Response:
        """As https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues says."""
        if request.headers.get("Authorization") != _BASIC:
            return web.json_response({"errorMessages": ["You do not have permission"]}, status=401)
        fields = (await request.json())["fields"]
        assert set(fields) == {"project", "issuetype", "summary", "labels", "description"}
        assert "\n" not in fields["summary"]
        assert len(fields["summary"]) <= 255
        assert fields["description"]["type"] == "doc"
        return self._made("jira", fields, {"id": "1", "key": "DOCS-7"}, 201)

    async def webhook(self, request: web.Request) -> web.Response:
        """What a receiver checks."""
        content = await request.read()
        signed = request.headers["X-Docent-Timestamp"].encode() + b"." + content
        wanted = "sha256=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(request.headers["X-Docent-Signature"], wanted):
            return web.Response(status=401)
        return self._made("webhook", json.loads(content), {}, 200)

    async def looked_at(self, request: web.Request) -> web.Response:
        """A project, to whoever may see it."""
        given = request.headers.get("PRIVATE-TOKEN") or request.headers["Authorization"]
        if TOKEN not in given and given != _BASIC:
            return web.json_response({}, status=401)
        return web.json_response({"id": 1}, status=self.refuse or 200)

    def _made(self, name: str, body: dict[str, Any], answer: dict[str, Any], status: int) -> web.Response:
        if self.refuse:
            return web.json_response({"message": f"no, {TOKEN}"}, status=self.refuse)
        self.opened.append((name, body))
        return web.json_response(answer, status=status)

    @classmethod
    @asynccontextmanager
    async def running(cls, port: int) -> AsyncIterator[Self]:
        """A server on this port."""
        server = cls()
        server.url = f"http://127.0.0.1:{port}"
        made = web.Application()
        made.router.add_post("/repos/acme/docs/issues", server.github)
        made.router.add_post("/api/v4/projects/{project}/issues", server.gitlab)
        made.router.add_post("/rest/api/3/issue", server.jira)
        for known in ("/repos/acme/docs", "/api/v4/projects/{project}", "/rest/api/3/project/DOCS"):
            made.router.add_get(known, server.looked_at)
        made.router.add_post("/hook", server.webhook)
        runner = web.AppRunner(made, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            yield server
        finally:
            await runner.cleanup()
