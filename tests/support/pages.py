"""Making pages and sources in a line or two."""

from collections.abc import Mapping
from pathlib import Path

from bot.config.sources import SourceSettings
from bot.model import Chunk, Document
from indexer.reading.page_builder import NoPage, Page, build, raw_page
from indexer.sources.base import Entry, Fetched


def settings(**fields: object) -> SourceSettings:
    """A source's settings as docent.yaml gives them."""
    given = {"name": "handbook", "type": "folder", "path": ".", "audience": ["everyone"], **fields}
    return SourceSettings.model_validate(given)


def read(
    content: str | bytes, path: str = "page.md", *, entry: Entry | None = None, **fields: object
) -> Page | NoPage:
    """What becomes of a file with this content."""
    data = content.encode() if isinstance(content, str) else content
    return build(raw_page(settings(**fields), entry or Entry(path, "1"), Fetched(path, data)))


def page(content: str | bytes, path: str = "page.md", **fields: object) -> Page:
    built = read(content, path, **fields)
    assert isinstance(built, Page), built
    return built


def document(content: str | bytes, path: str = "page.md", **fields: object) -> Document:
    return page(content, path, **fields).document


def chunks(content: str | bytes, path: str = "page.md", **fields: object) -> list[Chunk]:
    return [piece.chunk for piece in page(content, path, **fields).pieces]


def texts(content: str | bytes, path: str = "page.md") -> list[str]:
    return [chunk.text for chunk in chunks(content, path)]


def refused(content: str | bytes, path: str = "page.md", **fields: object) -> str:
    """The reason why this file gives no page."""
    built = read(content, path, **fields)
    assert isinstance(built, NoPage), built
    return built.reason


def put(folder: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
