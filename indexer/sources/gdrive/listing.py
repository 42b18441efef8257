"""Lists a folder or a shared drive of Google Drive: whole, or what was listed before with what has changed since."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from indexer.sources.base import ListingFailed, Unlisted
from indexer.sources.gdrive import tree as drivetree
from indexer.sources.gdrive.api import DriveApi
from indexer.sources.gdrive.tree import FOLDER, SHORTCUT, DriveFile, DriveTree, KeptListing
from indexer.sources.http.failures import CallFailed, one_item
from indexer.sources.http.json_values import Json, flag, items, text

_log = logging.getLogger(__name__)

AT_ONCE = 5  # calls for one file each
_FOLDERS_AT_ONCE = 20
_NOT_FOUND = 404
NOTHING = "it holds no files, or isn't shared with the service account's address"
_OUT_OF_REACH = "it was deleted, or isn't shared with the service account's address"


@dataclass(frozen=True, slots=True)
class Scope:
    """What is listed: the folder or shared drive with the id `top`.

    `permissions`: who may see each file is asked for. `shortcuts`: the files that shortcuts lead to are listed, too.
    """

    top: str
    is_drive: bool
    permissions: bool
    shortcuts: bool


class DriveListing:
    """Lists every file of `scope`, whole every `list_every` seconds, in between by Drive's changes feed.

    The listing is kept in the file `cache`, marked with `place`: one of another place isn't used. `name` is the source's.
    """

    def __init__(
        self, api: DriveApi, scope: Scope, cache: Path, place: str, *, list_every: float, name: str
    ) -> None:
        self.clock: Callable[[], float] = time.time
        self._api = api
        self._scope = scope
        self._cache = cache
        self._place = place
        self._list_every = list_every
        self._name = name
        self._unlisted: list[Unlisted] = []
        self._kept: KeptListing | None = None
        self._now: KeptListing | None = None
        self._lost: set[str] = set()
        self._before: dict[str, DriveFile] = {}
        # Files that this listing can't tell of, by id; "" for one without.
        self._broken: set[str] = set()
        self._asking = asyncio.Semaphore(AT_ONCE)

    async def forget(self) -> None:
        """Delete the kept listing, so that the next one is whole."""
        await asyncio.to_thread(self._cache.unlink, missing_ok=True)

    async def update(self, unlisted: list[Unlisted]) -> DriveTree:
        """List every file as of now; what can't be told of goes to `unlisted`. Raises CallFailed, ListingFailed."""
        self._unlisted = unlisted
        self._broken = set()
        self._kept = await asyncio.to_thread(drivetree.load, self._cache, self._place)
        self._before = {file.id: file for file in self._kept.files} if self._kept else {}
        self._now = await self._forward(self._kept) if self._kept else None
        if self._now is None:
            self._now = await self._complete()
        tree = self._tree(self._now.files)
        self._leave_out_broken(tree)
        return tree

    async def keep(self) -> None:
        """Keep this listing for the next one, unless a file could not be told of: it must be asked for again."""
        if self._now is not None and self._now != self._kept and not self._broken:
            await asyncio.to_thread(drivetree.save, self._cache, self._place, self._now)

    # --- all files ------------------------------------------------------------------------------------

    async def _complete(self) -> KeptListing:
        """List everything, having noted the log's end first: what changes meanwhile is told of again by it."""
        top = self._scope.top
        drive = top if self._scope.is_drive else await self._drive_of(top)
        token = await self._api.start(drive) if drive else None
        if token is None and not self._scope.is_drive:
            # Not a member of the drive, or in none: what is shared with the account is in the account's own log.
            drive, token = "", await self._api.start("")
        tree = self._tree()
        if self._scope.is_drive:
            async for page in self._api.files("trashed=false", drive):
                await self._put(tree, page)
        else:
            await self._fill(tree, top, drive)
        return KeptListing(token or "", drive, self.clock(), tuple(tree.files.values()))

    async def _drive_of(self, folder: str) -> str:
        try:
            return await self._api.drive_of(folder)
        except CallFailed as error:
            raise ListingFailed(NOTHING) if error.status == _NOT_FOUND else error from error

    async def _fill(self, tree: DriveTree, folder: str, drive: str) -> None:
        """List what lies below the folder, a level at a time, many folders a call."""
        level, seen = [folder], {folder}
        while level:
            below: list[str] = []
            for first in range(0, len(level), _FOLDERS_AT_ONCE):
                wanted = " or ".join(f"'{key}' in parents" for key in level[first : first + _FOLDERS_AT_ONCE])
                async for page in self._api.files(f"({wanted}) and trashed=false", drive):
                    below += [file.id for file in await self._put(tree, page) if file.kind == FOLDER]
            level = [key for key in dict.fromkeys(below) if key not in seen]
            seen.update(level)

    # --- what has changed ---------------------------------------------------------------------------------

    async def _forward(self, kept: KeptListing) -> KeptListing | None:
        """Apply what has changed since to what was listed before; None where only a complete listing can tell."""
        if not kept.token or self.clock() - kept.listed_at >= self._list_every:
            return None
        found = await self._api.changes(kept.token, kept.log)
        if found is None:
            return None
        try:
            changes = {text(told.get("fileId", "")): told for told in found[0]}
            gone = {key for key, told in changes.items() if _is_gone(told)}
        except (LookupError, TypeError, AttributeError, ValueError):
            return None  # only what is listed anew can be told then
        if self._scope.top in changes or any(told.get("changeType") == "drive" for told in changes.values()):
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

    def _tree(self, files: Iterable[DriveFile] = ()) -> DriveTree:
        return DriveTree(self._scope.top, files, loose=self._scope.is_drive)

    async def _put(self, tree: DriveTree, found: Iterable[Json], *, placed: bool = True) -> list[DriveFile]:
        """Add files to the tree; those that can't be told of stay as they were. `placed`: each must lie in a folder."""
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
        with one_item(self._unlisted, shown, () if before else ("",)):
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
        """Remove what lies in a folder that can't be told of: it may be for fewer people than the top."""
        if not self._broken - self._before.keys():
            return
        for file in list(tree.files.values()):
            end = tree.end(file)
            if end != tree.top and (end in self._broken or "" in self._broken):
                why = "the folder that it is in can't be told of, and so not who may see it"
                self._unlisted.append(Unlisted(file.name, why))
                del tree.files[file.id]

    async def _allowed(self, told: Json) -> tuple[str, ...] | None:
        """Find a file's own permissions, which a shared drive only tells when asked for them; None for those of its folder."""
        if not self._scope.permissions:
            return None
        if "permissions" in told or not told.get("driveId"):
            return names_of(told.get("permissions", ()))
        if not (told.get("hasAugmentedPermissions") or told.get("inheritedPermissionsDisabled")):
            return None
        async with self._asking:
            return names_of(await self._api.permissions(told["id"]))

    # --- what shortcuts lead to -----------------------------------------------------------------------------

    async def linked(self, tree: DriveTree) -> list[DriveFile]:
        """Ask for the files that shortcuts lead to, in the shortcuts' place; none that `tree` has anyway.

        They are asked for anew each time, as no feed tells of them.
        """
        if not self._scope.shortcuts:
            return []
        here = {key for key, file in tree.files.items() if tree.above(file) is not None}
        shortcuts = sorted((tree.files[key] for key in here), key=lambda file: file.id, reverse=True)
        wanted = {
            each.target: each for each in shortcuts if each.kind == SHORTCUT and each.target not in here
        }
        found = await asyncio.gather(*(self._followed(tree, each) for each in wanted.values()))
        return [file for file in found if file]

    async def _followed(self, tree: DriveTree, shortcut: DriveFile) -> DriveFile | None:
        with one_item(self._unlisted, shortcut.name, (tree.folder(shortcut) or "",)):
            return await self._target(shortcut)
        return None

    async def _target(self, shortcut: DriveFile) -> DriveFile | None:
        """Fetch the file that a shortcut leads to, with its own permissions; None for a folder, or for one out of reach."""
        async with self._asking:
            told = await self._api.file(shortcut.target)
        if told is None or told.get("trashed"):
            if shortcut.id not in self._lost:  # once a process
                _log.warning(
                    "the shortcut %s of %s leads nowhere: %s", shortcut.name, self._name, _OUT_OF_REACH
                )
            self._lost.add(shortcut.id)
            return None
        if told["mimeType"] in (FOLDER, SHORTCUT):
            return None
        file = await self._file(told)
        if self._scope.permissions and file.allowed is None:  # what it lies in isn't listed here
            async with self._asking:
                file = replace(file, allowed=names_of(await self._api.permissions(file.id)))
        return replace(file, parent=shortcut.parent)


def _is_gone(change: Json) -> bool:
    return flag(change, "removed") or not change.get("file") or flag(change["file"], "trashed")


def names_of(permissions: Iterable[Json]) -> tuple[str, ...]:
    """List whom permissions name: addresses of people and groups, domains, or `anyone`."""
    return tuple(each.get("emailAddress") or each.get("domain") or each["type"] for each in permissions)
