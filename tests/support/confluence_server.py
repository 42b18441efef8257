"""Confluence to test against: Cloud's two APIs and Data Center's one, as strict as they are documented."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.support.source_server import answered

TOKEN = "conf-token"  # noqa: S105
CLOUD = "Basic " + base64.b64encode(f"ada@example.com:{TOKEN}".encode()).decode()
_OF_PAGES = {"parentId", "parentType", "ownerId"}


@dataclass
class Page:
    title: str
    body: str = "<p>Text</p>"
    parent: str = ""
    version: int = 1
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    kind: str = "page"
    searched: bool = True


@dataclass
class Confluence:
    """`cloud` decides which of the two it is; `most` pages a call."""

    cloud: bool = True
    pages: dict[str, Page] = field(default_factory=dict)
    attachments: dict[str, tuple[str, str, bytes]] = field(default_factory=dict)
    most: int = 250
    status: str = "current"

    async def answer(self, request: web.Request) -> web.Response:  # noqa: C901, PLR0911, PLR0912 - an address each
        wanted = CLOUD if self.cloud else f"Bearer {TOKEN}"
        if request.headers.get("Authorization") != wanted:
            return answered({"message": "no"}, 401)
        if not request.path.startswith("/wiki/"):
            return answered({"message": "no"}, 404)
        query = request.query
        match request.path.removeprefix("/wiki").strip("/").split("/"):
            case ["api", "v2", "spaces"] if self.cloud:
                return answered(
                    {
                        "results": [{"id": "77", "key": "ENG", "status": self.status}]
                        if query["keys"] == "ENG"
                        else []
                    }
                )
            case ["api", "v2", "spaces", "77", "pages"] if self.cloud and int(query["limit"]) <= 250:
                return self._paged(request, self._keys(), self._v2, "/wiki", "cursor")
            case ["api", "v2", "spaces", "77", "blogposts"] if self.cloud and int(query["limit"]) <= 250:
                assert set(query) <= {"limit", "status", "cursor"}
                return self._paged(request, self._keys("blogpost"), self._post, "/wiki", "cursor")
            case ["api", "v2", "folders", key] if self.cloud and self.pages[key].kind == "folder":
                return answered(self._v2(key))
            case ["api", "v2", "pages" | "blogposts" as kind, key] if self.cloud and key in self._keys(
                kind[:-1]
            ):
                assert query.get("body-format", "storage") == "storage"
                return answered(self._v2(key) | {"body": {"storage": {"value": self.pages[key].body}}})
            case ["api", "v2", "users-bulk"] if self.cloud and request.method == "POST":
                ids = (await request.json())["accountIds"]
                return answered(
                    {"results": [{"accountId": each, "displayName": each.title()} for each in ids]}
                )
            case ["rest", "api", "content", "search"]:
                return self._search(request)
            case ["rest", "api", "content", key, "restriction", "byOperation", "read"] if key in self.pages:
                return answered(self._restrictions(key)["read"])
            case ["rest", "api", "content"] if not self.cloud and query["spaceKey"] == "ENG":
                return self._paged(request, self._keys(query["type"]), self._v1, "", "start")
            case ["rest", "api", "content", key] if not self.cloud and key in self.pages:
                assert query["expand"] == "body.storage"
                return answered(self._v1(key) | {"body": {"storage": {"value": self.pages[key].body}}})
            case ["download", "attachments", key] if key in self.attachments:
                return web.Response(body=self.attachments[key][2])
        return answered({"message": "no"}, 404)

    def _keys(self, kind: str = "page") -> list[str]:
        return [key for key, page in self.pages.items() if page.kind == kind]

    def _search(self, request: web.Request) -> web.Response:
        query = request.query["cql"]
        if query == 'space="ENG" and type=attachment':
            return self._paged(request, list(self.attachments), self._attachment, "", "start")
        start, _, kind = query.partition(" and type=")
        assert start == 'space="ENG"'
        assert kind in {"page", "blogpost"}, query
        keys = [key for key in self._keys(kind) if self.pages[key].searched]
        return self._paged(request, keys, self._v1, "", "cursor")

    def _paged(
        self, request: web.Request, every: list[str], shown: Callable[[str], Any], context: str, name: str
    ) -> web.Response:
        start = int(request.query.get(name, 0))
        most = min(self.most, int(request.query.get("limit", 25)))
        links = {"base": "https://elsewhere.example/wiki"}
        if start + most < len(every):
            following = request.url.update_query({name: str(start + most)})
            path = following.raw_path_qs.removeprefix("/wiki")
            links["next"] = context + path
        return answered({"results": [shown(key) for key in every[start : start + most]], "_links": links})

    def _v2(self, key: str) -> dict[str, Any]:
        page = self.pages[key]
        parent = self.pages.get(page.parent)
        return {
            "id": key,
            "status": "current",
            "title": page.title,
            "parentId": page.parent or None,
            "parentType": parent.kind if parent else None,
            "ownerId": "ada",
            "version": {"number": page.version, "createdAt": "2026-01-05T10:00:00.000Z", "authorId": "bob"},
            "_links": {"webui": f"/spaces/ENG/pages/{key}"},
        }

    def _post(self, key: str) -> dict[str, Any]:
        """A post of the blog has an author, and nothing above it."""
        told = {name: value for name, value in self._v2(key).items() if name not in _OF_PAGES}
        return told | {"authorId": "ada", "_links": {"webui": f"/spaces/ENG/blog/2026/01/05/{key}"}}

    def _v1(self, key: str) -> dict[str, Any]:
        page = self.pages[key]
        above: list[dict[str, str]] = []
        parent = page.parent
        while parent:
            above.insert(0, {"id": parent, "title": self.pages[parent].title})
            parent = self.pages[parent].parent
        when = {"number": page.version, "when": "2026-01-05T10:00:00.000Z", "by": {"displayName": "Ada"}}
        return {
            "id": key,
            "title": page.title,
            "ancestors": above,
            "version": when,
            "restrictions": self._restrictions(key),
            "_links": {"webui": f"/spaces/ENG/pages/{key}"},
        }

    def _restrictions(self, key: str) -> dict[str, Any]:
        page = self.pages[key]
        name = "accountId" if self.cloud else "username"
        users = {"results": [{name: user} for user in page.users]}
        return {
            "read": {
                "restrictions": {"user": users, "group": {"results": [{"name": it} for it in page.groups]}}
            }
        }

    def _attachment(self, key: str) -> dict[str, Any]:
        page, name, data = self.attachments[key]
        return {
            "id": key,
            "title": name,
            "container": {"id": page},
            "version": {"number": 2, "when": "2026-01-05T10:00:00.000Z"},
            "extensions": {"fileSize": len(data), "mediaType": "application/pdf"},
            "_links": {"download": f"/download/attachments/{key}", "webui": f"/pages/att/{key}"},
        }
