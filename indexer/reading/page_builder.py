"""Builds a Document with its chunks from a fetched page. Pure, and all of it can be sent to another process."""

import hashlib
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bot.model import Chunk, Document, Failure, WordsKept, narrower
from bot.runtime.process.installed import extra_of, how_to_add
from bot.text.chunk_terms import lines
from bot.text.language_guess import page_language
from indexer.converters.registry import to_markdown
from indexer.converters.result import Unreadable
from indexer.heads.front_matter import BrokenAudience
from indexer.markdown.outline import Section, heading_text
from indexer.reading.chunker import (
    CHUNKING,
    embedded_text,
    first_heading,
    has_content,
    pack,
    sections_of,
    text_hash,
)
from indexer.reading.words_kept import loss, loss_mark, words_kept
from indexer.sources.base import Entry, Fetched, audience_of
from indexer.sources.page_address import INDEX_NAMES, rule_of, url_of

if TYPE_CHECKING:  # pydantic takes as long to import as reading a page does, numpy longer
    import numpy as np
    from numpy.typing import NDArray

    from bot.config.sources import SourceSettings

_log = logging.getLogger(__name__)

# A new number makes the next sync read every page again (not embed: that follows from the texts).
_READING = 7
# So many letters of `meta` are of the audience alone.
_AUDIENCE = 12
# In place of the letters before them, where the page wasn't read for this audience.
_UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class RawPage:
    """A fetched page with all that the configuration and the listing say of it; `meta` is a fingerprint of those.

    `template` is the source's `url`, `anchors` the software whose rule makes anchors, `attributes` are AsciiDoc's.
    """

    entry: Entry
    fetched: Fetched
    source: str
    audience: frozenset[str]
    language: str
    meta: str
    drafts: bool = False
    template: str = ""
    anchors: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


class Piece(NamedTuple):
    """A chunk with its search terms, and the hash of its `embedded_text`. A page has many: no other class is as quick."""

    chunk: Chunk
    terms: str
    text_hash: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page to be stored. `problem` tells an admin what it lacks; `words` is how much of the file arrived in it.

    `vectors` has a row for each piece, where whoever read the page embedded it, too; they don't go into a pickle.
    """

    document: Document
    pieces: tuple[Piece, ...]
    problem: str = ""
    words: WordsKept | None = None
    vectors: "NDArray[np.float32] | None" = field(default=None, compare=False)

    def __reduce__(self) -> tuple[Callable[..., "Page"], tuple[object, ...]]:
        """Pickle it flat, each kind of value in a row: a dataclass by itself takes four times as long to unpickle."""
        rows = tuple(zip(*map(_OF_PIECE, self.pieces), strict=True)) or ((),) * _ROWS
        return _unpickled, (_OF_DOCUMENT(self.document), self.problem, self.words, *rows)


_OF_DOCUMENT: Final = attrgetter(*(each.name for each in fields(Document)))
_OF_PIECE: Final = attrgetter(*(f"chunk.{each.name}" for each in fields(Chunk)), "terms", "text_hash")
_ROWS: Final = len(fields(Chunk)) + 2


def _unpickled(document: Sequence[Any], problem: str, words: WordsKept | None, *rows: Sequence[Any]) -> Page:
    *of_chunks, terms, hashes = rows
    return Page(
        Document(*document),
        tuple(map(Piece, map(Chunk, *of_chunks), terms, hashes)),
        problem,
        words,
    )


@dataclass(frozen=True, slots=True)
class NoPage:
    """A page that can't be indexed, and why. `empty`: it holds nothing. `gone`: it vanished since the listing.

    `hidden`: nobody can tell who may see it. `draft`: it says itself that it isn't finished.
    """

    path: str
    reason: str
    empty: bool = False
    gone: bool = False
    hidden: bool = False
    draft: bool = False

    def failure(self, *, for_all: bool) -> Failure:
        """Make the report's entry; `for_all`: everyone may read its name."""
        return Failure(self.path, self.reason, for_all)


def raw_page(settings: "SourceSettings", entry: Entry, fetched: Fetched) -> RawPage:
    """Put a fetched page and the source's settings together."""
    return RawPage(
        entry,
        fetched,
        source=settings.name,
        audience=audience_of(settings, entry),
        language=settings.language,
        meta=meta(settings, entry),
        drafts=settings.drafts,
        template=settings.url,
        anchors=rule_of(settings, entry),
        attributes=settings.attributes,
    )


def meta(settings: "SourceSettings", entry: Entry) -> str:
    """Hash all that the index holds of a page besides its content; ends with `audience_mark`."""
    rule = rule_of(settings, entry)
    said = (
        _READING,
        CHUNKING,
        url_of(settings.url, entry, rule),
        rule,
        sorted(settings.attributes.items()),
        settings.language,
        settings.drafts,
        entry.title,
        entry.owners,
        entry.updated_at.isoformat() if entry.updated_at else "",
    )
    return _fingerprint(repr(said), 6) + audience_mark(audience_of(settings, entry))


@lru_cache(maxsize=1_024)
def audience_mark(audience: frozenset[str]) -> str:
    """Mark an audience in a few characters: pages share few audiences, and each is compared at every sync."""
    return _fingerprint(repr(sorted(audience)), _AUDIENCE // 2)


def same_audience(mark: str, stored: str) -> bool:
    """Tell whether a page with this `audience_mark` is for the same people as when its revision was stored."""
    _, before, _ = (*stored.split(".", 2), "", "")[:3]
    return before[-_AUDIENCE:] == mark


def narrowed(mark: str, stored: str) -> str:
    """Make the revision of a stored page whose audience alone was changed: the page is still to be read."""
    return f"{stored.partition('.')[0]}.{_UNREAD}{mark}."


def _fingerprint(text: str, size: int) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).hexdigest()


def content_hash(data: bytes) -> str:
    """Hash a page's bytes."""
    return hashlib.blake2b(data, digest_size=12).hexdigest()


def build(raw: RawPage) -> Page | NoPage:
    """Build a page; never raises for what the page holds."""
    try:
        return _build(raw)
    except RecursionError:
        return NoPage(raw.entry.path, "it is nested too deeply")
    except MemoryError:
        raise
    except BaseException as bug:
        # Whatever one page sets off, the others are read. A panic in Rust is no Exception, and has no class to import.
        if not isinstance(bug, Exception) and type(bug).__name__ != "PanicException":
            raise
        if isinstance(bug, ModuleNotFoundError) and (extra := extra_of(bug)) is not None:
            return NoPage(raw.entry.path, f"reading it takes more than is installed. {how_to_add(extra)}")
        _log.exception("%s could not be read", raw.entry.path)
        return NoPage(raw.entry.path, f"a bug in Docent ({type(bug).__name__})")


def _build(raw: RawPage) -> Page | NoPage:
    path = raw.entry.path
    try:
        head, body = to_markdown(raw.fetched.name, raw.fetched.data, _attributes(raw))
    except Unreadable as error:
        return NoPage(path, str(error))
    except BrokenAudience as error:
        return NoPage(path, str(error), hidden=True)
    if head.draft and not raw.drafts:
        return NoPage(path, "it is a draft", draft=True)
    body = body.replace("\r\n", "\n").replace("\r", "\n")
    if not body.strip():
        return NoPage(path, "it is empty", empty=True)
    sections = sections_of(raw.fetched.name, body, raw.anchors or "github")
    title, titled = _title(raw, head.title, sections)
    chunks = pack(sections, title)
    if not has_content(chunks):
        chunks = _of_headings(sections)
    if not chunks:
        return NoPage(path, "it holds no text (only images, tags or drawings)", empty=True)
    audience, hidden = _allowed(raw.audience, head.audience)
    if raw.fetched.audience is not None:
        audience = narrower(audience, raw.fetched.audience)
    shown = (title, *(f"{chunk.heading}\n{chunk.text}" for chunk in chunks))
    words = words_kept(raw.fetched.name, raw.fetched.data, body, shown)
    # Without the source's own part it is current for no listing.
    own = "" if raw.fetched.again else raw.entry.revision
    document = Document(
        id=f"{raw.source}:{path}",
        source=raw.source,
        revision=f"{content_hash(raw.fetched.data)}{loss_mark(words)}.{raw.meta}.{own}",
        title=title,
        url=raw.fetched.url or url_of(raw.template, raw.entry, raw.anchors, head),
        text=body,
        audience=audience,
        updated_at=head.updated_at or raw.fetched.updated_at or raw.entry.updated_at,
        owners=head.owners or raw.fetched.owners or raw.entry.owners,
        keywords=head.keywords,
        language=page_language(body, raw.language),
        titled=titled,
    )
    pieces = tuple(
        Piece(chunk, lines(document, chunk), text_hash(embedded_text(document, chunk))) for chunk in chunks
    )
    problems = (raw.fetched.missing, head.problem, hidden, loss(words))
    return Page(document, pieces, "; ".join(filter(None, problems)), words)


def _attributes(raw: RawPage) -> Mapping[str, str]:
    """Add the attributes that make the ids of headings, for software that has a rule of its own for AsciiDoc."""
    if raw.anchors in ("github", "gitlab"):
        return {"idprefix": "", "idseparator": "-", **raw.attributes}
    return raw.attributes


def _title(raw: RawPage, said: str, sections: Sequence[Section]) -> tuple[str, bool]:
    title = heading_text(said) or raw.fetched.title or raw.entry.title or first_heading(sections)
    return (title, True) if title else (name_as_title(raw.entry.path), False)


def name_as_title(path: str) -> str:
    """Make a title of a path: `time-off/index.md` becomes "Time off"."""
    folder, _, name = path.rpartition("/")
    stem = re.sub(r"\.[^.]+$", "", name)
    if stem.lower() in INDEX_NAMES and folder:
        stem = folder.rpartition("/")[2]
    words = re.sub(r"[-_\s]+", " ", stem).strip() or name
    return words[:1].upper() + words[1:]


def _of_headings(sections: Sequence[Section]) -> tuple[Chunk, ...]:
    """Make a chunk of a stub's headings: they are all that it says."""
    headings = [section.heading for section in sections if section.heading]
    return (Chunk(0, "", "\n".join(headings)[:1000]),) if headings else ()


def _allowed(configured: frozenset[str], said: frozenset[str] | None) -> tuple[frozenset[str], str]:
    """Narrow an audience to what the page says, which can't widen it; with a sentence for admins where nobody is left."""
    if said is None or "everyone" in configured:
        return configured if said is None else said, ""
    if "everyone" in said:
        return configured, ""
    problem = ""
    if said and not said & configured:
        wanted, given = ", ".join(sorted(said)), ", ".join(sorted(configured))
        problem = (
            f"nobody sees it: its audience ({wanted}) is none of its source's ({given}); see audience_of"
        )
    return said & configured, problem
