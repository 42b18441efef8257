"""Google Drive: a folder or a shared drive, read by a service account."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Annotated

from pydantic import Field, model_validator

from bot.config.base import FilePath, Identifiers, Seconds, Secret, Section
from bot.config.sources import SourceSettings
from bot.text.dates import moment
from bot.text.globs import name_of
from indexer.converters.formats import EVERY_FORMAT, pages
from indexer.sources.base import (
    Entry,
    Fetched,
    ListingFailed,
    Misfit,
    PageFailed,
    PageGone,
    Source,
    Surroundings,
    Unlisted,
    too_large,
)
from indexer.sources.gdrive import tree as drivetree
from indexer.sources.gdrive.api import DriveApi, too_large_to_export
from indexer.sources.gdrive.tree import FOLDER, SHORTCUT, DriveFile, DriveTree, KeptListing
from indexer.sources.http.failures import CallFailed, fetching, listing, one_item
from indexer.sources.http.json_values import Json, flag, items, text

_log = logging.getLogger(__name__)

_OFFICE = "application/vnd.openxmlformats-officedocument"
# Google's own kinds: the ending, and what they are exported as.
_EXPORTS = {
    "application/vnd.google-apps.document": ("md", "text/markdown"),
    "application/vnd.google-apps.spreadsheet": ("xlsx", f"{_OFFICE}.spreadsheetml.sheet"),
    "application/vnd.google-apps.presentation": ("pptx", f"{_OFFICE}.presentationml.presentation"),
}
_AS_TEXT = {"application/vnd.google-apps.document", "application/vnd.google-apps.presentation"}
_AT_ONCE = 20
_NOT_FOUND = 404
_NOTHING = "it holds no files, or isn't shared with the service account's address"
_OUT_OF_REACH = "it was deleted, or isn't shared with the service account's address"
_NO_PERMISSIONS = (
    "Google tells this service account nobody's permissions: with audiences it must be allowed to share the files"
    " (Editor; in a shared drive Content manager)"
)


class GdriveOptions(Section):
    """`folder` or `drive` (a shared drive) by id; `key_file` or `key` is the service account's JSON.

    With `audiences` a file is for those whom its permissions name: addresses of groups and people, domains, or
    `anyone`, each with words of one's own. Without it the configuration's audience counts, and shortcuts are only
    followed with `shortcuts`: who may put one there shows that audience what the service account may read. `list_every`
    is how often all files are listed; in between Drive's changes feed tells what is new.
    """

    folder: str = ""
    drive: str = ""
    key_file: FilePath | None = None
    key: Secret | None = None
    include: tuple[str, ...] = EVERY_FORMAT
    exclude: tuple[str, ...] = ()
    audiences: Mapping[str, Identifiers] | None = None
    shortcuts: bool = False
    list_every: Seconds = 86400.0
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

    Revisions are checksums, for Google's own kinds the time of change. A listing is a complete one or the one
    before, brought up to date by the changes feed: either way it has every file, so that nothing depends on
    whether what an earlier one found was stored.
    """

    fetches_at_once = 5

    def __init__(self, settings: SourceSettings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        self._options = options = settings.parse(GdriveOptions)
        self._api = DriveApi(options.api_url, options.key_file, options.key)
        self.http = self._api.http
        self._by_name = {name_of(name): words for name, words in (options.audiences or {}).items()}
        self._met: set[str] = set()
        self.selection = pages(options.include, options.exclude, settings, fold=True)
        self.clock: Callable[[], float] = time.time
        self._top = options.drive or options.folder
        self._cache = surroundings.data / f"gdrive-{settings.name}.json"
        # With other rights or another place, what is kept is of no use.
        self._place = f"{options.api_url} {self._top} {options.audiences is not None}"
        self._ids: dict[str, DriveFile] = {}
        self._lost: set[str] = set()
        self._before: dict[str, DriveFile] = {}
        # Files that this listing can't tell of, by id; "" for one without.
        self._broken: set[str] = set()
        self._asking = asyncio.Semaphore(self.fetches_at_once)

    async def close(self) -> None:
        await self._api.close()

    async def forget(self) -> None:
        await asyncio.to_thread(self._cache.unlink, missing_ok=True)

    async def entries(self) -> AsyncIterator[Entry]:
        self._met = set()
        with listing():
            kept = await asyncio.to_thread(drivetree.load, self._cache, self._place)
            self._before = {file.id: file for file in kept.files} if kept else {}
            self._broken = set()
            now = await self._forward(kept) if kept else None
            if now is None:
                now = await self._complete()
            tree = self._tree(now.files)
            self._leave_out_broken(tree)
            linked = {file.id: file for file in await self._linked(tree)}
            files = {file.id: file for file in tree.files.values()} | linked
            found = sorted((path, file.id) for path, file in _paths(tree, files.values()))
            if not found:
                raise ListingFailed(self.unlisted[0].reason if self.unlisted else _NOTHING)
            everyone = _names(await self._api.permissions(self._top)) if self._words is not None else ()
            if self._words is not None and not any(tree.allowed(files[key], everyone) for _, key in found):
                raise ListingFailed(_NO_PERMISSIONS)
            # What could not be told of now must be told again.
            if now != kept and not self._broken:
                await asyncio.to_thread(drivetree.save, self._cache, self._place, now)
            self._ids = {}
            for path, key in found:
                if self.selection.takes(path):
                    name = path if path not in self._ids else _told_apart(path, key)
                    self._ids[name] = files[key]
                    yield self._entry(name, files[key], tree.allowed(files[key], everyone))

    def misfits(self) -> list[Misfit]:
        """What its `audiences` names and no file is shared with opens none."""
        unmet = [name for name in self._options.audiences or () if name_of(name) not in self._met]
        return super().misfits() + [Misfit("audiences", name) for name in unmet]

    async def fetch(self, entry: Entry) -> Fetched:
        with fetching():
            if entry.path not in self._ids:
                raise PageGone("it vanished while it was read")
            file = self._ids[entry.path]
            if file.kind in _EXPORTS:
                return await self._exported(entry, file)
            path, params = f"/drive/v3/files/{file.id}", {"alt": "media", "supportsAllDrives": "true"}
            size = int(entry.revision.rpartition("-")[2] or 0)
            if size > self.max_bytes:
                raise too_large(size, self.max_bytes)
            reply = await self.http.call("GET", path, params=params, max_bytes=self.max_bytes)
            return Fetched(entry.path, reply.data, title=entry.title)

    async def _exported(self, entry: Entry, file: DriveFile) -> Fetched:
        """As its usual kind, or as plain text where it is too large for that: pictures are what makes it so."""
        try:
            reply = await self._api.export(file.id, _EXPORTS[file.kind][1], self.max_bytes)
            return Fetched(entry.path, reply.data, title=entry.title)
        except (CallFailed, PageFailed) as error:
            if file.kind not in _AS_TEXT or not too_large_to_export(error):
                raise
            try:
                reply = await self._api.export(file.id, "text/plain", self.max_bytes)
            except (CallFailed, PageFailed):
                raise error from None
            name = f"{entry.path.rpartition('.')[0]}.txt"
            return Fetched(
                name, reply.data, title=entry.title, missing=f"it is read as plain text alone: {error}"
            )

    # --- all files ------------------------------------------------------------------------------------

    async def _complete(self) -> KeptListing:
        """The log's end is noted first: what changes meanwhile is told again by it."""
        drive = self._options.drive or await self._drive_of(self._top)
        token = await self._api.start(drive) if drive else None
        if token is None and not self._options.drive:
            # Not a member of the drive, or in none: what is shared with the account is in the account's own log.
            drive, token = "", await self._api.start("")
        tree = self._tree()
        if self._options.drive:
            async for page in self._api.files("trashed=false", drive):
                await self._put(tree, page)
        else:
            await self._fill(tree, self._top, drive)
        return KeptListing(token or "", drive, self.clock(), tuple(tree.files.values()))

    async def _drive_of(self, folder: str) -> str:
        try:
            return await self._api.drive_of(folder)
        except CallFailed as error:
            raise ListingFailed(_NOTHING) if error.status == _NOT_FOUND else error from error

    async def _fill(self, tree: DriveTree, folder: str, drive: str) -> None:
        """What lies below the folder, a level at a time, many folders a call."""
        level, seen = [folder], {folder}
        while level:
            below: list[str] = []
            for first in range(0, len(level), _AT_ONCE):
                wanted = " or ".join(f"'{key}' in parents" for key in level[first : first + _AT_ONCE])
                async for page in self._api.files(f"({wanted}) and trashed=false", drive):
                    below += [file.id for file in await self._put(tree, page) if file.kind == FOLDER]
            level = [key for key in dict.fromkeys(below) if key not in seen]
            seen.update(level)

    # --- what has changed ---------------------------------------------------------------------------------

    async def _forward(self, kept: KeptListing) -> KeptListing | None:
        """What was listed before with what has changed since; None where only a complete listing can tell."""
        if not kept.token or self.clock() - kept.listed_at >= self._options.list_every:
            return None
        found = await self._api.changes(kept.token, kept.log)
        if found is None:
            return None
        try:
            changes = {text(told.get("fileId", "")): told for told in found[0]}
            gone = {key for key, told in changes.items() if _is_gone(told)}
        except (LookupError, TypeError, AttributeError, ValueError):
            return None  # only what is listed anew can be told then
        if self._top in changes or any(told.get("changeType") == "drive" for told in changes.values()):
            return None  # it was moved, lost or shared otherwise: that may have to do with every file
        tree = self._tree(kept.files)
        alive = {key: told["file"] for key, told in changes.items() if key not in gone}
        await self._put(tree, alive.values(), placed=False)
        if self._broken:
            return None
        for key in changes.keys() - alive.keys():
            tree.remove(key)
        for key, told in alive.items():
            if told["mimeType"] == FOLDER and key in tree.files and tree.above(tree.files[key]) is not None:
                # It may have come with what is in it, or be shared otherwise: the log needn't tell of each file.
                tree.empty(key)
                await self._fill(tree, key, kept.log)
        tree.prune()
        return KeptListing(found[1], kept.log, kept.listed_at, tuple(tree.files.values()))

    # --- a file ---------------------------------------------------------------------------------------

    @property
    def _words(self) -> Mapping[str, frozenset[str]] | None:
        return self._options.audiences

    def _tree(self, files: Iterable[DriveFile] = ()) -> DriveTree:
        return DriveTree(self._top, files, loose=bool(self._options.drive))

    async def _put(self, tree: DriveTree, found: Iterable[Json], *, placed: bool = True) -> list[DriveFile]:
        """`placed`: each must lie in a folder. What can't be told of stays as it was."""
        files = [
            file
            for file in await asyncio.gather(*(self._told(each, placed=placed) for each in found))
            if file
        ]
        for file in files:
            tree.put(file)
        return files

    async def _told(self, told: Json, *, placed: bool) -> DriveFile | None:
        key = told.get("id") if isinstance(told, Mapping) else None
        before = self._before.get(key) if isinstance(key, str) else None
        name = told.get("name") if isinstance(told, Mapping) else None
        shown = name if isinstance(name, str) and name else before.name if before else "a file"
        with one_item(self.unlisted, shown, () if before else ("",)):
            file = await self._file(told)
            if placed and not file.parent:
                raise ValueError("it lies in no folder")
            return file
        self._broken.add(key if isinstance(key, str) else "")
        return before

    async def _file(self, told: Json) -> DriveFile:
        owners = [each for each in (told.get("owners") or [told.get("lastModifyingUser")]) if each]
        parents = items(told.get("parents", []))
        return DriveFile(
            id=text(told["id"]),
            name=text(told["name"]),
            kind=text(told["mimeType"]),
            parent=text(parents[0]) if parents else "",
            revision=f"{told.get('md5Checksum') or text(told['modifiedTime'])}-{told.get('size', '')}",
            changed=text(told["modifiedTime"]),
            owner=(owners[0].get("displayName") or "") if owners else "",
            url=told.get("webViewLink") or "",
            allowed=await self._allowed(told),
            target=text(told.get("shortcutDetails", {}).get("targetId", "")),
        )

    def _leave_out_broken(self, tree: DriveTree) -> None:
        """What lies in a folder that can't be told of may be for fewer than those who see the top."""
        if not self._broken - self._before.keys():
            return
        for file in list(tree.files.values()):
            end = tree.end(file)
            if end != tree.top and (end in self._broken or "" in self._broken):
                why = "the folder that it is in can't be told of, and so not who may see it"
                self.unlisted.append(Unlisted(file.name, why))
                del tree.files[file.id]

    async def _allowed(self, told: Json) -> tuple[str, ...] | None:
        """In a shared drive a file's own permissions are only told of by asking for them."""
        if self._words is None:
            return None
        if "permissions" in told or not told.get("driveId"):
            return _names(told.get("permissions", ()))
        if not (told.get("hasAugmentedPermissions") or told.get("inheritedPermissionsDisabled")):
            return None
        async with self._asking:
            return _names(await self._api.permissions(told["id"]))

    # --- what shortcuts lead to -----------------------------------------------------------------------------

    async def _linked(self, tree: DriveTree) -> list[DriveFile]:
        """In the shortcuts' place, each file once and none that is here anyway. Asked for anew: no feed tells of it."""
        if self._words is None and not self._options.shortcuts:
            return []
        here = {key for key, file in tree.files.items() if tree.above(file) is not None}
        shortcuts = sorted((tree.files[key] for key in here), key=lambda file: file.id, reverse=True)
        wanted = {
            each.target: each for each in shortcuts if each.kind == SHORTCUT and each.target not in here
        }
        found = await asyncio.gather(*(self._followed(tree, each) for each in wanted.values()))
        return [file for file in found if file]

    async def _followed(self, tree: DriveTree, shortcut: DriveFile) -> DriveFile | None:
        folder = "".join(f"{_plain(each.name)}/" for each in reversed(tree.above(shortcut) or []))
        with one_item(self.unlisted, shortcut.name, (folder,)):
            return await self._target(shortcut)
        return None

    async def _target(self, shortcut: DriveFile) -> DriveFile | None:
        """None for one that is out of reach, and for folders. Its own permissions count, not the shortcut's."""
        async with self._asking:
            told = await self._api.file(shortcut.target)
        if told is None or told.get("trashed"):
            if shortcut.id not in self._lost:  # once a process
                _log.warning(
                    "the shortcut %s of %s leads nowhere: %s", shortcut.name, self.name, _OUT_OF_REACH
                )
            self._lost.add(shortcut.id)
            return None
        if told["mimeType"] in (FOLDER, SHORTCUT):
            return None
        file = await self._file(told)
        if self._words is not None and file.allowed is None:  # what it lies in isn't listed here
            async with self._asking:
                file = replace(file, allowed=_names(await self._api.permissions(file.id)))
        return replace(file, parent=shortcut.parent)

    def _entry(self, path: str, file: DriveFile, allowed: tuple[str, ...]) -> Entry:
        names = set(map(name_of, allowed))
        self._met |= names
        audience = frozenset(word for name in names for word in self._by_name.get(name, ()))
        return Entry(
            path,
            file.revision,
            moment(file.changed),
            self.settings.owners or ((file.owner,) if file.owner else ()),
            audience=None if self._words is None else audience,
            url=file.url,
            title=file.name if file.kind in _EXPORTS else file.name.rpartition(".")[0],
        )


def _is_gone(change: Json) -> bool:
    return flag(change, "removed") or not change.get("file") or flag(change["file"], "trashed")


def _names(permissions: Iterable[Json]) -> tuple[str, ...]:
    return tuple(each.get("emailAddress") or each.get("domain") or each["type"] for each in permissions)


def _paths(tree: DriveTree, files: Iterable[DriveFile]) -> Iterable[tuple[str, DriveFile]]:
    for file in files:
        above = tree.above(file) if file.kind not in (FOLDER, SHORTCUT) else None
        if above is not None:
            yield "/".join([*(_plain(folder.name) for folder in reversed(above)), _name(file)]), file


def _plain(name: str) -> str:
    return name.replace("/", "_").strip() or "_"


def _name(file: DriveFile) -> str:
    """With the ending that it will be fetched with."""
    name = _plain(file.name)
    return f"{name}.{_EXPORTS[file.kind][0]}" if file.kind in _EXPORTS else name


def _told_apart(path: str, key: str) -> str:
    stem, dot, end = path.rpartition(".")
    return f"{stem} ({key}){dot}{end}"
