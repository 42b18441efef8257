"""Reads files of an object store: S3, Google Cloud Storage, Azure and whatever else fsspec knows."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from bot.config.base import Seconds, Section
from bot.config.sources import SourceSettings
from bot.text.dates import moment
from indexer.converters.formats import EVERY_FORMAT, pages
from indexer.sources.base import (
    Entry,
    Fetched,
    ListingFailed,
    PageFailed,
    PageGone,
    Source,
    SourceError,
    Surroundings,
    too_large,
)
from indexer.sources.http.failures import one_item

_REVISIONS = ("ETag", "etag", "md5Hash", "md5", "content_md5", "checksum", "generation")
# Of an S3 listing: whether more follows, and how that is asked for.
_TRUNCATED = re.compile(rb"<(?:\w+:)?IsTruncated>\s*(true|false)\s*</")
_TOKEN = re.compile(rb"<(?:\w+:)?NextContinuationToken>\s*[^<\s]")
_NO_FILES = ("directory", "link", "other")
_CHANGED = ("LastModified", "last_modified", "mtime", "updated", "created")


class ObjectsOptions(Section):
    """`bucket` is an fsspec address such as s3://docs/handbook; `options` go to its file system.

    Without credentials in `options` the machine's own are used (for S3: AWS_* and the instance's role). `deadline` is for
    one call, in seconds.
    """

    bucket: str
    include: tuple[str, ...] = EVERY_FORMAT
    exclude: tuple[str, ...] = ()
    options: Mapping[str, Any] = {}
    deadline: Seconds = 600.0


class ObjectsSource(Source):
    """Revisions are ETags or checksums, otherwise size and time of change."""

    def __init__(self, settings: SourceSettings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        self._options = settings.parse(ObjectsOptions)
        self._system: Any = None
        self._root = ""
        self.selection = pages(self._options.include, self._options.exclude, settings, fold=False)
        self._sizes: dict[str, int] = {}

    async def entries(self) -> AsyncIterator[Entry]:
        found = await self._within(self._listed)
        if not found:
            raise ListingFailed(f"{self._options.bucket} is empty")
        self._sizes = {}
        for below, told in sorted(found.items()):
            if self.selection.takes(below):
                with one_item(self.unlisted, below, (below,)):
                    self._sizes[below] = int(told.get("size") or 0)
                    changed = _changed(told)
                    yield Entry(below, _revision(told, changed), changed, self.settings.owners)

    async def fetch(self, entry: Entry) -> Fetched:
        size = self._sizes.get(entry.path, 0)
        if size > self.max_bytes:
            raise too_large(size, self.max_bytes)

        def read() -> bytes:
            system = self._opened()
            path = f"{self._root}/{entry.path}" if self._root else entry.path
            return bytes(system.cat_file(path))

        try:
            return Fetched(entry.path, await self._within(read))
        except ListingFailed as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise PageGone("it vanished while it was read") from error
            if isinstance(error.__cause__, TimeoutError | PermissionError):
                raise PageFailed(str(error)) from error
            raise

    def _listed(self) -> dict[str, Mapping[str, Any]]:
        """List the store's metadata of each file, by its path below the prefix."""
        system = self._opened()
        system.invalidate_cache()
        # Some stores leave out what they can't list, unless they are told not to.
        found = system.find(self._root, detail=True, **({"on_error": "raise"} if _walks(system) else {}))
        top = f"{self._root}/" if self._root else ""
        return {
            path.removeprefix(top).lstrip("/"): told
            for path, told in found.items()
            # Where nothing is below it, what is found may be the prefix itself.
            if path.startswith(top) and (not isinstance(told, Mapping) or told.get("type") not in _NO_FILES)
        }

    def _opened(self) -> Any:  # noqa: ANN401 - fsspec has no types
        if self._system is None:
            from fsspec.core import url_to_fs  # noqa: PLC0415 - with it come the vendors' clients

            options = {**self._options.options, "use_listings_cache": False, "skip_instance_cache": True}
            self._system, root = url_to_fs(self._options.bucket, **options)
            _refuse_half_listings(self._system)
            self._root = root.rstrip("/")
        return self._system

    async def _within(self, work: Any) -> Any:  # noqa: ANN401 - whatever it returns
        """Run blocking work in a thread, within the deadline. Raises ListingFailed for whatever the store raises."""
        try:
            async with asyncio.timeout(self._options.deadline):
                return await asyncio.to_thread(work)
        except SourceError:
            raise
        except TimeoutError as error:
            raise ListingFailed(f"{self._options.bucket} didn't answer in time") from error
        except Exception as error:  # each store's client has errors of its own
            raise ListingFailed(f"{self._options.bucket} can't be read: {_word(error)}") from error


def _refuse_half_listings(system: Any) -> None:  # noqa: ANN401 - fsspec has no types
    """Have S3's client refuse an answer that doesn't say whether more follows, such as a proxy's page: it ends listings."""

    def check(response_dict: Mapping[str, Any], **_: object) -> None:
        body = response_dict["body"]
        said = _TRUNCATED.search(body)
        goes_on = said is not None and said[1] == b"true"
        if response_dict["status_code"] == 200 and (said is None or (goes_on and not _TOKEN.search(body))):  # noqa: PLR2004
            raise ListingFailed(
                "what answered can't be read as a listing of S3: is a proxy or a login in between?"
            )

    if "s3" in system.protocol:
        from aiobotocore.session import AioSession  # noqa: PLC0415 - see above

        system.session = AioSession(**system.kwargs)
        system.session.register("before-parse.s3.ListObjectsV2", check)


def _walks(system: Any) -> bool:  # noqa: ANN401 - fsspec has no types
    """Tell whether the file system's `find` is fsspec's own walk over directories."""
    from fsspec.spec import AbstractFileSystem  # noqa: PLC0415 - see above

    return type(system).find is AbstractFileSystem.find and not getattr(system, "async_impl", False)


def _revision(told: Mapping[str, Any], changed: datetime | None) -> str:
    for name in _REVISIONS:
        if told.get(name):
            return str(told[name]).strip('"')
    return f"{told.get('size', 0)}-{changed.isoformat() if changed else ''}"


def _changed(told: Mapping[str, Any]) -> datetime | None:
    for name in _CHANGED:
        value = told.get(name)
        if isinstance(value, int | float):
            with suppress(OverflowError, OSError, ValueError):
                return datetime.fromtimestamp(value, UTC)
        elif found := moment(value):
            return found
    return None


def _word(error: Exception) -> str:
    """Shorten an error to its first line, which may hold an address but no credentials."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
