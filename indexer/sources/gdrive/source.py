"""Reads a folder or a shared drive of Google Drive, as a service account."""

from collections.abc import AsyncIterator, Iterable, Mapping
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
    too_large,
)
from indexer.sources.gdrive.api import DriveApi, too_large_to_export
from indexer.sources.gdrive.listing import AT_ONCE, NOTHING, DriveListing, Scope, names_of
from indexer.sources.gdrive.tree import FOLDER, SHORTCUT, DriveFile, DriveTree, path_part
from indexer.sources.http.failures import CallFailed, fetching, listing

_OFFICE = "application/vnd.openxmlformats-officedocument"
# Google's own kinds: the ending, and what they are exported as.
_EXPORTS = {
    "application/vnd.google-apps.document": ("md", "text/markdown"),
    "application/vnd.google-apps.spreadsheet": ("xlsx", f"{_OFFICE}.spreadsheetml.sheet"),
    "application/vnd.google-apps.presentation": ("pptx", f"{_OFFICE}.presentationml.presentation"),
}
_AS_TEXT = {"application/vnd.google-apps.document", "application/vnd.google-apps.presentation"}
_NO_PERMISSIONS = (
    "Google tells this service account nobody's permissions: with audiences it must be allowed to share the files"
    " (Editor; in a shared drive Content manager)"
)


class GdriveOptions(Section):
    """`folder` or `drive` (a shared drive) is an id; `key_file` or `key` is the service account's JSON.

    With `audiences` a file is for those whom its permissions name: addresses of groups and people, domains, or `anyone`,
    each mapped to words of one's own. Without it the configuration's audience counts, and shortcuts are only followed
    with `shortcuts`: whoever puts one there shows that audience what the service account may read. `list_every` is how
    often all files are listed; in between Drive's changes feed tells what is new.
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
    """Paths are those of Drive; a second file of the same path has its id in it.

    Revisions are checksums; Google's own formats have none, and so the time of change. Every listing has all files.
    """

    fetches_at_once = AT_ONCE

    def __init__(self, settings: SourceSettings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        self._options = options = settings.parse(GdriveOptions)
        self._api = DriveApi(options.api_url, options.key_file, options.key)
        self.http = self._api.http
        self._by_name = {name_of(name): words for name, words in (options.audiences or {}).items()}
        self._met: set[str] = set()
        self.selection = pages(options.include, options.exclude, settings, fold=True)
        audiences = options.audiences is not None
        self._scope = Scope(
            options.drive or options.folder,
            is_drive=bool(options.drive),
            permissions=audiences,
            shortcuts=options.shortcuts or audiences,
        )
        self._drive = DriveListing(
            self._api,
            self._scope,
            surroundings.data / f"gdrive-{settings.name}.json",
            f"{options.api_url} {self._scope.top} {audiences}",
            list_every=options.list_every,
            name=self.name,
        )
        self._ids: dict[str, DriveFile] = {}

    async def close(self) -> None:
        await self._api.close()

    async def forget(self) -> None:
        await self._drive.forget()

    async def entries(self) -> AsyncIterator[Entry]:
        self._met = set()
        with listing():
            tree = await self._drive.update(self.unlisted)
            linked = {file.id: file for file in await self._drive.linked(tree)}
            files = {file.id: file for file in tree.files.values()} | linked
            found = sorted((path, file.id) for path, file in _paths(tree, files.values()))
            if not found:
                raise ListingFailed(self.unlisted[0].reason if self.unlisted else NOTHING)
            everyone = (
                names_of(await self._api.permissions(self._scope.top)) if self._scope.permissions else ()
            )
            if self._scope.permissions and not any(tree.allowed(files[key], everyone) for _, key in found):
                raise ListingFailed(_NO_PERMISSIONS)
            await self._drive.keep()
            self._ids = {}
            for path, key in found:
                if self.selection.takes(path):
                    name = path if path not in self._ids else _told_apart(path, key)
                    self._ids[name] = files[key]
                    yield self._entry(name, files[key], tree.allowed(files[key], everyone))

    def misfits(self) -> list[Misfit]:
        """Add the names of `audiences` that no file is shared with."""
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
        """Export a file in its usual format, or as plain text where pictures make it too large for that."""
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

    def _entry(self, path: str, file: DriveFile, allowed: tuple[str, ...]) -> Entry:
        names = set(map(name_of, allowed))
        self._met |= names
        audience = frozenset(word for name in names for word in self._by_name.get(name, ()))
        return Entry(
            path,
            file.revision,
            moment(file.changed),
            self.settings.owners or ((file.owner,) if file.owner else ()),
            audience=audience if self._scope.permissions else None,
            url=file.url,
            title=file.name if file.kind in _EXPORTS else file.name.rpartition(".")[0],
        )


def _paths(tree: DriveTree, files: Iterable[DriveFile]) -> Iterable[tuple[str, DriveFile]]:
    for file in files:
        folder = tree.folder(file) if file.kind not in (FOLDER, SHORTCUT) else None
        if folder is not None:
            yield f"{folder}{_name(file)}", file


def _name(file: DriveFile) -> str:
    """Name a file with the ending that it will be fetched with."""
    name = path_part(file.name)
    return f"{name}.{_EXPORTS[file.kind][0]}" if file.kind in _EXPORTS else name


def _told_apart(path: str, key: str) -> str:
    stem, dot, end = path.rpartition(".")
    return f"{stem} ({key}){dot}{end}"
