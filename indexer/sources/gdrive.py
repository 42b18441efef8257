"""Google Drive: a folder or a shared drive, read by a service account."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, model_validator

from bot.settings.base import FilePath, Secret, Section, Words
from bot.settings.sources import SourceSettings
from indexer.formats import EVERY_FORMAT
from indexer.globs import selects
from indexer.sources.base import Entry, Fetched, ListingFailed, PageGone, Source, Surroundings, too_large
from indexer.sources.http import CallFailed, Http, Json, Reply, fetching, follow, listing, moment

_SCOPE = "https://www.googleapis.com/auth/drive.readonly"
_FOLDER = "application/vnd.google-apps.folder"
_OFFICE = "application/vnd.openxmlformats-officedocument"
# Google's own kinds: the ending, and what they are exported as.
_EXPORTS = {
    "application/vnd.google-apps.document": ("md", "text/markdown"),
    "application/vnd.google-apps.spreadsheet": ("xlsx", f"{_OFFICE}.spreadsheetml.sheet"),
    "application/vnd.google-apps.presentation": ("pptx", f"{_OFFICE}.presentationml.presentation"),
}
_FIELDS = (
    "nextPageToken,incompleteSearch,files(id,name,mimeType,modifiedTime,md5Checksum,size,webViewLink,parents,"
    "owners(displayName),lastModifyingUser(displayName),permissions(type,emailAddress,domain))"
)
_AT_ONCE = 20
_DEEPEST = 50
_EARLY = 60.0


class GdriveOptions(Section):
    """`folder` or `drive` (a shared drive) by id; `key_file` or `key` is the service account's JSON.

    With `audiences` a file is for those whom its permissions name: addresses of groups and people, domains, or
    `anyone`, each with words of one's own. Without it the configuration's audience counts.
    """

    folder: str = ""
    drive: str = ""
    key_file: FilePath | None = None
    key: Secret | None = None
    include: tuple[str, ...] = EVERY_FORMAT
    exclude: tuple[str, ...] = ()
    audiences: Mapping[str, Words] | None = None
    api_url: Annotated[str, Field(pattern=r"^https?://")] = "https://www.googleapis.com"

    @model_validator(mode="after")
    def _whole(self) -> "GdriveOptions":
        if bool(self.folder) == bool(self.drive):
            raise ValueError("expected either folder or drive, with the id from its address")
        if (self.key_file is None) == (self.key is None):
            raise ValueError("expected either key_file or key, with the service account's JSON")
        return self


class GdriveSource(Source):
    """Paths are those of Drive; a second file of the same name has its id in it.

    Revisions are checksums, for Google's own kinds the time of change.
    """

    fetches_at_once = 5

    def __init__(self, settings: SourceSettings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        self._options = options = settings.parse(GdriveOptions)
        self._token = _Token(options.key_file, options.key)
        self.http = Http(options.api_url, headers=self._headers, slow_down=_slow_down)
        self._ids: dict[str, tuple[str, str]] = {}

    async def close(self) -> None:
        await self._token.close()
        await self.http.close()

    async def _headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {await self._token.value()}"}

    async def entries(self) -> AsyncIterator[Entry]:
        with listing():
            found = await (self._drive() if self._options.drive else self._folder(self._options.folder))
            if not found:
                raise ListingFailed("it holds no files, or isn't shared with the service account's address")
            self._ids = {}
            for path, told in found:
                if not selects(path, self._options.include, self._options.exclude):
                    continue
                name = path if path not in self._ids else _told_apart(path, told["id"])
                self._ids[name] = (told["id"], told["mimeType"])
                yield self._entry(name, told)

    async def fetch(self, entry: Entry) -> Fetched:
        with fetching():
            if entry.path not in self._ids:
                raise PageGone("it vanished while it was read")
            key, kind = self._ids[entry.path]
            if kind in _EXPORTS:
                path, params = f"/drive/v3/files/{key}/export", {"mimeType": _EXPORTS[kind][1]}
            else:
                path, params = f"/drive/v3/files/{key}", {"alt": "media", "supportsAllDrives": "true"}
                size = int(entry.revision.rpartition("-")[2] or 0)
                if size > self.max_bytes:
                    raise too_large(size, self.max_bytes)
            reply = await self.http.call("GET", path, params=params, max_bytes=self.max_bytes)
            return Fetched(entry.path, reply.data, title=entry.title)

    async def _drive(self) -> list[tuple[str, Json]]:
        """The whole drive in one listing; paths follow from the parents."""
        files = {told["id"]: told async for told in self._listed("trashed=false", self._options.drive)}
        found = []
        for told in files.values():
            if told["mimeType"] != _FOLDER:
                names, parent = [_name(told)], told
                while (above := (parent.get("parents") or [""])[0]) in files and len(names) < _DEEPEST:
                    parent = files[above]
                    names.insert(0, _plain(parent["name"]))
                found.append(("/".join(names), told))
        return sorted(found, key=lambda each: (each[0], each[1]["id"]))

    async def _folder(self, root: str) -> list[tuple[str, Json]]:
        """A level at a time, many folders a call."""
        found: list[tuple[str, Json]] = []
        paths, level = {root: ""}, [root]
        while level:
            below: list[str] = []
            for first in range(0, len(level), _AT_ONCE):
                wanted = " or ".join(f"'{key}' in parents" for key in level[first : first + _AT_ONCE])
                async for told in self._listed(f"({wanted}) and trashed=false"):
                    parent = next(key for key in told["parents"] if key in paths)
                    if told["mimeType"] != _FOLDER:
                        found.append((paths[parent] + _name(told), told))
                    elif told["id"] not in paths:
                        paths[told["id"]] = f"{paths[parent]}{_plain(told['name'])}/"
                        below.append(told["id"])
            level = below
        return sorted(found, key=lambda each: (each[0], each[1]["id"]))

    async def _listed(self, query: str, drive: str = "") -> AsyncIterator[Json]:
        params = {"q": query, "pageSize": "1000", "fields": _FIELDS, "supportsAllDrives": "true"}
        params |= {"includeItemsFromAllDrives": "true"}
        params |= {"corpora": "drive", "driveId": drive} if drive else {}

        async def call(cursor: str) -> Json:
            given = {**params, **({"pageToken": cursor} if cursor else {})}
            return await self.http.json("GET", "/drive/v3/files", params=given)

        async for page in follow(call, lambda page: page.get("nextPageToken")):
            if page.get("incompleteSearch"):
                raise CallFailed("Google Drive couldn't search all of it")
            for told in page["files"]:
                yield told

    def _entry(self, path: str, told: Json) -> Entry:
        owner = (told.get("owners") or [told.get("lastModifyingUser") or {}])[0].get("displayName", "")
        revision = f"{told.get('md5Checksum') or told['modifiedTime']}-{told.get('size', '')}"
        return Entry(
            path,
            revision,
            moment(told["modifiedTime"]),
            self.settings.owners or ((owner,) if owner else ()),
            audience=self._audience(told),
            url=told.get("webViewLink", ""),
            title=told["name"] if told["mimeType"] in _EXPORTS else told["name"].rpartition(".")[0],
        )

    def _audience(self, told: Json) -> frozenset[str] | None:
        if self._options.audiences is None:
            return None
        names = [
            each.get("emailAddress") or each.get("domain") or each["type"]
            for each in told.get("permissions", [])
        ]
        return frozenset(word for name in names for word in self._options.audiences.get(name, ()))


class _Token:
    """An access token by the service account's signature, renewed a minute before it ends (RFC 7523)."""

    def __init__(self, path: Path | None, key: SecretStr | None) -> None:
        self._path = path
        self._key = key
        self._http = Http()
        self._lock = asyncio.Lock()
        self._current = ""
        self._until = 0.0

    async def close(self) -> None:
        await self._http.close()

    async def value(self) -> str:
        async with self._lock:
            if time.monotonic() > self._until - _EARLY:
                account, assertion = await asyncio.to_thread(self._signed)
                grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
                form = {"grant_type": grant, "assertion": assertion}
                try:
                    told = (await self._http.call("POST", account["token_uri"], form=form)).json()
                except CallFailed as error:
                    if error.status in {400, 403}:
                        raise CallFailed("Google doesn't accept the service account's key", 401) from error
                    raise
                self._current = str(told["access_token"])
                self._until = time.monotonic() + float(told["expires_in"])
            return self._current

    def _signed(self) -> tuple[Mapping[str, Any], str]:
        from google.auth import crypt, jwt  # noqa: PLC0415 - only for this source

        try:
            text = self._path.read_text(encoding="utf-8") if self._path else ""
            account = json.loads(self._key.get_secret_value() if self._key else text)
            now = int(time.time())
            claims = {"iss": account["client_email"], "scope": _SCOPE, "aud": account["token_uri"]}
            signer = crypt.RSASigner.from_service_account_info(account)  # type: ignore[no-untyped-call]
            told = {**claims, "iat": now, "exp": now + 3600}
            signed = jwt.encode(signer, told)  # type: ignore[no-untyped-call]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CallFailed(
                "the service account's key can't be read: it is the JSON from Google", 401
            ) from error
        return account, signed.decode() if isinstance(signed, bytes) else str(signed)


def _slow_down(reply: Reply) -> bool:
    """Google says it with 403, too."""
    return reply.status == 403 and b"ateLimitExceeded" in reply.data  # noqa: PLR2004


def _plain(name: str) -> str:
    return name.replace("/", "_").strip() or "_"


def _name(told: Json) -> str:
    """With the ending that it will be fetched with."""
    name = _plain(told["name"])
    return f"{name}.{_EXPORTS[told['mimeType']][0]}" if told["mimeType"] in _EXPORTS else name


def _told_apart(path: str, key: str) -> str:
    stem, dot, end = path.rpartition(".")
    return f"{stem} ({key}){dot}{end}"
