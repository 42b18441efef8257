"""A small strict Google Drive: files, the log of their changes, permissions, and tokens for service accounts."""

import base64
import json
import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.support.source_server import Server, answered

DOC, SHEET, FOLDER, SHORTCUT = (
    f"application/vnd.google-apps.{kind}" for kind in ("document", "spreadsheet", "folder", "shortcut")
)


@cache
def signing_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


_FIELDS = {
    "id", "name", "mimeType", "modifiedTime", "md5Checksum", "size", "webViewLink", "parents", "trashed", "driveId",
    "hasAugmentedPermissions", "inheritedPermissionsDisabled", "shortcutDetails", "owners", "lastModifyingUser",
    "permissions",
}  # fmt: skip


@dataclass
class Drive:
    """Files by id, the log of what happens to them, and tokens for who signs rightly. `most` files a page.

    `shared` is the shared drive that all of it is in. As in Drive, a file stands in the log once, with its latest
    change, and what lies in a folder isn't told of when the folder goes or comes. `grants` are the permissions that
    only asking for them tells; `links` are where people download a file, by kind. What is longer than `largest` is
    exported as plain text alone, if `plain`. Tokens below `oldest` are no good any more.
    """

    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    log: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    moments: int = 100
    oldest: int = 0
    refusal: int = 400
    most: int = 1000
    incomplete: bool = False
    tokens: int = 0
    shared: str = ""
    member: bool = True
    grants: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    links: dict[str, dict[str, str]] = field(default_factory=dict)
    largest: int = 1000
    plain: bool = False

    def put(
        self, key: str, name: str, parent: str, kind: str = DOC, content: bytes = b"Text", **told: Any
    ) -> None:
        self.contents[key] = content
        size = (
            {}
            if kind.startswith("application/vnd.google-apps")
            else {"size": str(len(content)), "md5Checksum": f"m{key}"}
        )
        self.files[key] = {
            "id": key,
            "name": name,
            "mimeType": kind,
            "modifiedTime": "2026-01-05T10:00:00.000Z",
            "webViewLink": f"https://docs.google.com/{key}",
            "parents": [parent],
            "trashed": False,
            **size,
            **({"driveId": self.shared} if self.shared else {}),
            **told,
        }
        self.happened(key)

    def change(self, key: str, **told: Any) -> None:
        self.files[key] |= told
        self.happened(key)

    def edit(self, key: str, content: bytes) -> None:
        self.contents[key] = content
        self.change(key, modifiedTime=f"2026-02-01T10:00:0{self.moments % 10}.000Z")

    def lose(self, key: str) -> None:
        """It is deleted, or out of reach."""
        del self.files[key]
        self.happened(key)

    def happened(self, key: str, **told: Any) -> None:
        self.moments += 1
        change = {"changeType": "file", "fileId": key, "removed": key not in self.files}
        self.log[key] = (self.moments, told or change)

    async def answer(self, request: web.Request) -> web.Response:  # noqa: C901, PLR0911, PLR0912 - an address each
        if request.path == "/token":
            return await self._token(request)
        if request.headers.get("Authorization") != "Bearer ya29.test":
            return answered({"error": {"code": 401}}, 401)
        match request.path.strip("/").split("/")[2:]:
            case ["files"]:
                return self._list(request)
            case ["changes", "startPageToken"]:
                return self._start(request)
            case ["changes"]:
                return self._changes(request)
            case ["files", key, "export"] if key in self.files and self.files[key]["mimeType"] in {
                DOC,
                SHEET,
            }:
                if len(self.contents[key]) > self.largest and not (
                    self.plain and request.query["mimeType"] == "text/plain"
                ):
                    return answered({"error": {"errors": [{"reason": "exportSizeLimitExceeded"}]}}, 403)
                return web.Response(body=request.query["mimeType"].encode() + b": " + self.contents[key])
            case ["export", key] if key in self.files:
                return web.Response(body=b"by link: " + self.contents[key])
            case ["files", key, "permissions"]:
                assert request.query["supportsAllDrives"] == "true"
                if key not in self.grants:
                    return answered({"error": {"errors": [{"reason": "insufficientFilePermissions"}]}}, 403)
                return answered({"permissions": self.grants[key]})
            case ["files", key] if "alt" in request.query and key in self.files:
                if self.files[key]["mimeType"].startswith("application/vnd.google-apps"):
                    return answered({"error": {"errors": [{"reason": "fileNotDownloadable"}]}}, 403)
                return web.Response(body=self.contents[key])
            case ["files", key] if request.query.get("fields", "driveId") != "driveId" and key in self.files:
                if request.query["fields"] == "exportLinks":
                    return answered({"exportLinks": self.links.get(key, {})})
                fields = re.sub(r"\([^)]*\)", "", request.query["fields"]).split(",")
                assert set(fields) <= _FIELDS
                assert request.query["supportsAllDrives"] == "true"
                return answered({name: told for name, told in self.files[key].items() if name in fields})
            case ["files", key] if "alt" not in request.query and (key in self.files or "root" in key):
                assert request.query["fields"] == "driveId"
                return answered({"driveId": self.shared} if self.shared else {})
        return answered({"error": {"code": 404}}, 404)

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        head, claims, signature = str(form["assertion"]).split(".")
        given = base64.urlsafe_b64decode(signature + "==")
        signing_key().public_key().verify(
            given, f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256()
        )
        told = json.loads(base64.urlsafe_b64decode(claims + "=="))
        assert told["scope"].endswith("drive.readonly")
        assert told["iss"] == "docent@project.iam.gserviceaccount.com"
        self.tokens += 1
        return answered({"access_token": "ya29.test", "expires_in": 3600, "token_type": "Bearer"})

    def _list(self, request: web.Request) -> web.Response:
        query = request.query
        assert query["q"].endswith("trashed=false")
        parents = re.findall(r"'([^']+)' in parents", query["q"])
        assert parents or query["driveId"]
        if "driveId" in query and not self.member:
            return answered({"error": {"code": 404}}, 404)
        every = [
            told
            for told in self.files.values()
            if (not parents or told["parents"][0] in parents) and not self._trashed(told)
        ]
        return self._page(request, "files", every, incompleteSearch=self.incomplete)

    def _trashed(self, told: dict[str, Any]) -> bool:
        """Itself, or what it lies in."""
        above = self.files.get(told["parents"][0])
        return told["trashed"] or (above is not None and self._trashed(above))

    def _start(self, request: web.Request) -> web.Response:
        if not self._may_read_log(request):
            return answered({"error": {"code": 404}}, 404)
        return answered({"kind": "drive#startPageToken", "startPageToken": str(self.moments)})

    def _may_read_log(self, request: web.Request) -> bool:
        """A member reads the drive's log; in the account's own one its files don't stand."""
        assert request.query["supportsAllDrives"] == "true"
        return self.member if request.query.get("driveId") else not (self.shared and self.member)

    def _changes(self, request: web.Request) -> web.Response:
        token, _, start = request.query["pageToken"].partition("+")
        assert request.query["includeRemoved"] == "true"
        if not self._may_read_log(request):
            return answered({"error": {"code": 404}}, 404)
        if int(token) < self.oldest:
            return answered(
                {"error": {"code": self.refusal, "errors": [{"location": "pageToken"}]}}, self.refusal
            )
        later = sorted((moment, change) for moment, change in self.log.values() if moment > int(token))
        every = [
            {
                **change,
                **({"file": self.files[change["fileId"]]} if change.get("fileId") in self.files else {}),
            }
            for _, change in later
        ]
        return self._page(request, "changes", every, at=int(start or 0), token=f"{token}+")

    def _page(
        self,
        request: web.Request,
        name: str,
        every: list[dict[str, Any]],
        *,
        at: int = 0,
        token: str = "",
        **more: Any,
    ) -> web.Response:
        query = request.query
        assert 0 < int(query["pageSize"]) <= 1000
        assert query["supportsAllDrives"] == query["includeItemsFromAllDrives"] == "true"
        fields = re.search(r"file(?:s)?\((.*)\)", query["fields"])
        assert fields
        assert set(re.sub(r"\([^)]*\)", "", fields[1]).strip(")").split(",")) <= _FIELDS
        start = at if token else int(query.get("pageToken", 0))
        rest = len(every) > start + self.most
        following = {"nextPageToken": f"{token}{start + self.most}"} if rest else {}
        end = {"newStartPageToken": str(self.moments)} if token and not rest else {}
        return answered({name: every[start : start + self.most], **following, **end, **more})


def account(server: Server) -> str:
    key = signing_key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return json.dumps(
        {
            "type": "service_account",
            "private_key_id": "k1",
            "private_key": key.decode(),
            "client_email": "docent@project.iam.gserviceaccount.com",
            "token_uri": f"{server.url}/token",
        }
    )


def gdrive(server: Server, **fields: object) -> dict[str, object]:
    where = {} if "drive" in fields else {"folder": "root"}
    return {"type": "gdrive", "key": account(server), "api_url": server.url, **where, **fields}
