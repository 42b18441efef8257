"""Reads the files that came with a question, and tells the asker of those that can't be read."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

import aiohttp

from adapters.chat import messages
from adapters.chat.markdown_text import bare
from bot.config.chat import AttachmentSettings
from bot.config.proxies import proxy_for
from bot.ports import BackendError, PictureReader
from indexer.converters.formats import HEAVY, ending
from indexer.reading.attached import Illegible, ReadBounds, text_of

log = logging.getLogger(__name__)

_PICTURES = ("png", "jpg", "jpeg", "gif", "webp", "heic", "bmp", "tif", "tiff", "svg")
_PICTURE_BYTES = 5_000_000
# What models take, by how such files begin.
_SEEN = {
    b"\x89PNG\r\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp",
}
_PIECE = 65_536  # bytes
_AT_ONCE = 2  # files that are read: each has a process


class Unfetched(Exception):
    """Raised when a file can't be fetched; its text continues a sentence that begins with the file's name."""


class _NoPicture(Exception):
    """Raised when a picture can't be described, or no model may look at pictures."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file sent with a question. `size` is the platform's figure, in bytes.

    `fetch` returns at most so many bytes, from the platform alone. It raises Unfetched.
    """

    name: str
    media_type: str
    size: int
    fetch: Callable[[int], Awaitable[bytes]]

    @property
    def is_picture(self) -> bool:
        return self.media_type.startswith("image/") or ending(self.name) in _PICTURES


@dataclass(frozen=True, slots=True)
class FilesRead:
    """The files' texts, and a note for the asker on each that couldn't be read."""

    texts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileHost:
    """The https hosts that serve a platform's files. A leading dot stands for all subdomains.

    The host of the API itself is allowed as well.
    """

    platform: str
    hosts: tuple[str, ...]

    async def download(
        self,
        session: aiohttp.ClientSession,
        url: str,
        most: int,
        *,
        home: str,
        seconds: float,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """Return a file of at most `most` bytes; `home` is the address of the platform's API. Raises Unfetched.

        No other host is called, and no redirect followed: `headers` may hold a token.
        """
        if not self._has(url, home):
            raise Unfetched(f"it doesn't lie in {self.platform}")
        try:
            async with (
                asyncio.timeout(seconds),
                session.get(url, headers=headers, allow_redirects=False, proxy=proxy_for(url)) as response,
            ):
                return await _whole(response, most)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unfetched(f"{self.platform} doesn't give it to me now") from error

    def _has(self, url: str, home: str) -> bool:
        try:
            parts, own = urlsplit(url), urlsplit(home)
            same = (parts.scheme, parts.hostname, parts.port) == (own.scheme, own.hostname, own.port)
            plain = parts.scheme == "https" and parts.port in (None, 443) and "@" not in parts.netloc
        except ValueError:
            return False
        host = parts.hostname or ""
        return same or (
            plain and any(host == one or (one[0] == "." and host.endswith(one)) for one in self.hosts)
        )


async def _whole(response: aiohttp.ClientResponse, most: int) -> bytes:
    if response.status != HTTPStatus.OK:
        raise Unfetched("I'm not given it")
    data = bytearray()
    async for piece in response.content.iter_chunked(_PIECE):
        data += piece
        if len(data) > most:
            raise Unfetched(f"it is larger than {_size(most)}")
    return bytes(data)


class AttachmentReader:
    """Reads files in separate processes, within limits, and stores nothing of them.

    `pictures` describes pictures, where the settings allow it.
    """

    def __init__(
        self, settings: Callable[[], AttachmentSettings], pictures: PictureReader | None = None
    ) -> None:
        self._settings = settings
        self._pictures = pictures
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def read(self, files: Sequence[Attachment]) -> FilesRead:
        """Return the texts of the files. Doesn't raise: a file that can't be read has a note."""
        settings = self._settings()
        if files and not settings.enabled:
            return FilesRead(notes=(messages.NO_FILES,))
        texts, notes = [], []
        for file in files[: settings.files]:
            try:
                texts.append(await (self._seen if file.is_picture else self._text)(file, settings))
            except _NoPicture:
                notes.append(messages.NO_PICTURES)
            except (Unfetched, Illegible) as error:
                log.info("a file of type %s isn't read: %s", file.media_type or "unknown", error)
                notes.append(messages.UNREAD_FILE.format(name=bare(file.name) or "file", why=error))
        if len(files) > settings.files:
            notes.append(messages.TOO_MANY_FILES.format(count=settings.files))
        return FilesRead(tuple(filter(str.strip, texts)), tuple(dict.fromkeys(notes)))

    async def _text(self, file: Attachment, settings: AttachmentSettings) -> str:
        most = settings.file_bytes if ending(file.name) in HEAVY else settings.text_bytes
        data = await _fetched(file, most)
        async with self._turns:
            bounds = ReadBounds(settings.seconds, settings.pages, settings.text_bytes)
            return await text_of(file.name, data, bounds)

    async def _seen(self, file: Attachment, settings: AttachmentSettings) -> str:
        """Return a model's description of a picture, if the settings allow it.

        Raises _NoPicture, Unfetched.
        """
        if self._pictures is None or not settings.pictures:
            raise _NoPicture
        data = await _fetched(file, min(settings.file_bytes, _PICTURE_BYTES))
        kind = next((kind for mark, kind in _SEEN.items() if data.startswith(mark)), "")
        if not kind or (kind == "image/webp" and data[8:12] != b"WEBP"):
            raise _NoPicture
        try:
            return await self._pictures.described(data, kind)
        except BackendError as error:
            log.warning("a picture isn't looked at: %s", error)
            raise _NoPicture from error


async def _fetched(file: Attachment, most: int) -> bytes:
    if file.size > most:
        raise Unfetched(f"it is larger than {_size(most)}")
    return await file.fetch(most)


def _size(count: int) -> str:
    return f"{count / 1_000_000:g} MB" if count >= 1_000_000 else f"{count / 1000:g} kB"  # noqa: PLR2004
