"""Calls Google Drive's API, version 3, for a source, as a service account."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from indexer.sources.base import PageFailed
from indexer.sources.http.client import HttpClient, HttpResponse, follow
from indexer.sources.http.failures import CallFailed
from indexer.sources.http.json_values import Json, flag, items, text

_SCOPE = "https://www.googleapis.com/auth/drive.readonly"
_FILE = (
    "id,name,mimeType,modifiedTime,md5Checksum,size,webViewLink,parents,trashed,driveId,hasAugmentedPermissions,"
    "inheritedPermissionsDisabled,shortcutDetails(targetId),owners(displayName),lastModifyingUser(displayName),"
    "permissions(type,emailAddress,domain)"
)
_ALL_DRIVES = {"supportsAllDrives": "true", "includeItemsFromAllDrives": "true"}
_EARLY = 60.0
_TOO_LARGE = b"exportSizeLimitExceeded"
_NOT_FOUND = 404
# What is answered to a token that is too old or none, or to who may not see a drive's log.
_NO_LOG = (400, 403, 404, 410)


class DriveApi:
    """Calls Drive. Raises CallFailed; a shape that isn't documented raises LookupError and the like."""

    def __init__(self, url: str, key_file: Path | None, key: SecretStr | None) -> None:
        self._token = _Token(key_file, key)
        self.http = HttpClient(url, headers=self._headers, slow_down=_slow_down)

    async def close(self) -> None:
        await self._token.close()
        await self.http.close()

    async def _headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {await self._token.value()}"}

    async def files(self, query: str, drive: str = "") -> AsyncIterator[list[Json]]:
        """List the files that a Drive query finds, page by page; with `drive` those of that shared drive."""
        params = {"q": query, "pageSize": "1000", **_ALL_DRIVES}
        params |= {"fields": f"nextPageToken,incompleteSearch,files({_FILE})"}
        params |= {"corpora": "drive", "driveId": drive} if drive else {}
        async for page in self._pages("/drive/v3/files", params):
            if flag(page, "incompleteSearch"):
                raise CallFailed("Google Drive couldn't search all of it")
            yield items(page["files"])

    async def drive_of(self, folder: str) -> str:
        """Find the id of the shared drive that a folder is in; "" for none."""
        params = {"fields": "driveId", "supportsAllDrives": "true"}
        return str(
            (await self.http.json("GET", f"/drive/v3/files/{folder}", params=params)).get("driveId", "")
        )

    async def file(self, key: str) -> Json | None:
        """Fetch a file's metadata; None for one that is gone or out of this account's reach."""
        params = {"fields": _FILE, "supportsAllDrives": "true"}
        try:
            found: Json = await self.http.json("GET", f"/drive/v3/files/{key}", params=params)
        except CallFailed as error:
            if error.status == _NOT_FOUND:
                return None
            raise
        return found

    async def start(self, drive: str) -> str | None:
        """Ask where the change log of a drive (or with "" of this account) ends now; None where it may not be read."""
        params = {"supportsAllDrives": "true", **({"driveId": drive} if drive else {})}
        try:
            told = await self.http.json("GET", "/drive/v3/changes/startPageToken", params=params)
        except CallFailed as error:
            if error.status in _NO_LOG:
                return None
            raise
        return str(told["startPageToken"])

    async def changes(self, token: str, drive: str) -> tuple[list[Json], str] | None:
        """List what has changed since `token`, with the log's new end; None where the token is no longer valid."""
        params = {"pageSize": "1000", "includeRemoved": "true", **_ALL_DRIVES}
        what = f"changes(changeType,removed,fileId,file({_FILE}))"
        params |= {"fields": f"nextPageToken,newStartPageToken,{what}"}
        params |= {"driveId": drive} if drive else {}
        found: list[Json] = []
        end = ""
        try:
            async for page in self._pages("/drive/v3/changes", {**params, "pageToken": token}):
                found += items(page["changes"])
                end = page.get("newStartPageToken", "")
        except CallFailed as error:
            if error.status in _NO_LOG:
                return None
            raise
        return found, str(end or token)

    async def permissions(self, key: str) -> list[Json]:
        """List who may see a file, folder or shared drive, inherited permissions included; [] where they may not be read."""
        params = {"supportsAllDrives": "true", "pageSize": "100"}
        params |= {"fields": "nextPageToken,permissions(type,emailAddress,domain)"}
        try:
            pages = [page async for page in self._pages(f"/drive/v3/files/{key}/permissions", params)]
        except CallFailed as error:
            if error.status in {403, 404}:
                return []
            raise
        return [each for page in pages for each in items(page["permissions"])]

    async def export(self, key: str, kind: str, max_bytes: int) -> HttpResponse:
        """Export one of Google's own files as the media type `kind`.

        Past the export limit (10 MB) it is downloaded by the link that people have for it. Raises CallFailed.
        """
        params = {"mimeType": kind}
        try:
            return await self.http.call(
                "GET", f"/drive/v3/files/{key}/export", params=params, max_bytes=max_bytes
            )
        except CallFailed as error:
            link = await self._link(key, kind) if too_large_to_export(error) else ""
            if not link:
                raise
        return await self.http.call("GET", link, headers=await self._headers(), max_bytes=max_bytes)

    async def _link(self, key: str, kind: str) -> str:
        """Find where people download it as `kind`; "" for no address of Google's."""
        params = {"fields": "exportLinks", "supportsAllDrives": "true"}
        try:
            told = await self.http.json("GET", f"/drive/v3/files/{key}", params=params)
        except CallFailed:
            return ""
        link = text((told.get("exportLinks") or {}).get(kind, ""))
        host, home = urlsplit(link).hostname or "", urlsplit(self.http.base).hostname
        return link if host == home or host.endswith(".google.com") else ""

    def _pages(self, path: str, params: Mapping[str, str]) -> AsyncIterator[Json]:
        """Follow the pages of a listing; `params` are those of the first."""

        async def call(cursor: str) -> Json:
            given = {**params, **({"pageToken": cursor} if cursor else {})}
            return await self.http.json("GET", path, params=given)

        return follow(call, lambda page: text(page.get("nextPageToken", "")))


class _Token:
    """An access token by the service account's signature, renewed a minute before it ends (RFC 7523)."""

    def __init__(self, path: Path | None, key: SecretStr | None) -> None:
        self._path = path
        self._key = key
        self._http = HttpClient()
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


def too_large_to_export(error: Exception) -> bool:
    """Tell whether a failed export is due to the file's size, and not to its kind or permissions."""
    return isinstance(error, PageFailed) or (isinstance(error, CallFailed) and _TOO_LARGE in error.body)


def _slow_down(reply: HttpResponse) -> bool:
    """Recognise the 403 by which Google, too, asks to slow down."""
    return reply.status == 403 and b"ateLimitExceeded" in reply.data  # noqa: PLR2004
