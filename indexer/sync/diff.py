"""Compares a listing with an index: which pages are to be read, and which are gone. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.revisions import WITHOUT_VECTORS, content_of


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a listing: its document's id, the source's revision, and the fingerprint of all else that is known of it."""

    doc_id: str
    meta: str
    revision: str


@dataclass(frozen=True, slots=True)
class SyncDiff:
    """What a sync has to do. `to_read` keeps the listing's order; `gone` are stored pages that the listing lacks."""

    to_read: tuple[str, ...] = ()
    unchanged: int = 0
    gone: frozenset[str] = frozenset()


@dataclass(slots=True)
class Renames:
    """Pairs new pages with vanished ones of the same content, or with those that the source says they were."""

    gone: set[str]
    stored: Mapping[str, str]
    _by_content: dict[str, list[str]] = field(init=False)

    def __post_init__(self) -> None:
        by_content: defaultdict[str, list[str]] = defaultdict(list)
        for doc_id in sorted(self.gone):
            by_content[content_of(self.stored[doc_id])].append(doc_id)
        self._by_content = dict(by_content)

    def take(self, doc_id: str, revision: str, previous: Iterable[str] = ()) -> str | None:
        """Find the vanished page that a new one was before, and no longer count it as gone; None for no such page."""
        same = [old for old in self._by_content.get(content_of(revision), ()) if old in self.gone]
        name = doc_id.rpartition("/")[2]
        same.sort(key=lambda old: old.rpartition("/")[2] != name)
        found = next((old for old in (*same, *previous) if old in self.gone), None)
        if found is not None:
            self.gone.discard(found)
        return found


def compare(
    listed: Sequence[Listed],
    stored: Mapping[str, str],
    *,
    full: bool = False,
    vectors: bool = False,
    only: Collection[str] | None = None,
) -> SyncDiff:
    """Compare a listing with the stored revisions by document id.

    `full`: every page is read again. `vectors`: there is an embedder, so that pages without vectors are read again.
    `only` narrows to those ids.
    """
    listed_ids = {page.doc_id for page in listed}
    wanted = [page for page in listed if only is None or page.doc_id in only]
    gone = {doc_id for doc_id in stored if doc_id not in listed_ids and (only is None or doc_id in only)}
    to_read = tuple(
        page.doc_id
        for page in wanted
        if full or not _is_current(page, stored.get(page.doc_id), vectors=vectors)
    )
    return SyncDiff(to_read, len(wanted) - len(to_read), frozenset(gone))


def _is_current(page: Listed, stored: str | None, *, vectors: bool) -> bool:
    if stored is None or (vectors and stored.startswith(WITHOUT_VECTORS)):
        return False
    _, meta, revision = (*stored.split(".", 2), "", "")[:3]
    return (meta, revision) == (page.meta, page.revision)


def same_page(one: str, other: str) -> bool:
    """Tell whether two revisions are of the same content and metadata, whatever the source's own revision is."""
    first, second = (revision.removeprefix(WITHOUT_VECTORS).split(".", 2)[:2] for revision in (one, other))
    return first == second


def deletes_too_much(deletes: int, stored: int, left: int, max_share: float) -> bool:
    """Tell whether so many deletions have to wait for an admin's word. One page of several may always go."""
    if deletes == 0:
        return False
    return left == 0 or (deletes > 1 and deletes > max_share * stored)
