"""Finds pages in the index by whatever an admin calls them, and prints them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from bot.ports import Store, StoredPage

# How many pages' titles and addresses are read at once.
_AT_ONCE: Final = 200
_LISTED: Final = 20


async def find(store: Store, wanted: str) -> list[StoredPage]:
    """Return the pages that `wanted` names: by id or path, else by address or title, else by parts of those."""
    wanted = wanted.strip()
    ids = [
        doc_id
        for source in sorted((await store.stats()).sources)
        for doc_id in sorted(await store.revisions(source))
    ]
    for fits in _by_path(wanted):
        if chosen := [doc_id for doc_id in ids if fits(doc_id)]:
            return await store.stored(chosen)
    return await _by_what_it_says(store, ids, wanted)


def _by_path(wanted: str) -> Iterator[Callable[[str], bool]]:
    """Yield the rules by which a path fits, the strictest first."""
    low = wanted.lower().strip("/")

    def path(doc_id: str) -> str:
        return doc_id.partition(":")[2].lower()

    yield lambda doc_id: doc_id == wanted
    yield lambda doc_id: path(doc_id) == low
    yield lambda doc_id: path(doc_id).endswith(f"/{low}")
    yield lambda doc_id: path(doc_id).rpartition(".")[0] == low


async def _by_what_it_says(store: Store, ids: Sequence[str], wanted: str) -> list[StoredPage]:
    same: list[StoredPage] = []
    like: list[StoredPage] = []
    name = wanted.casefold()
    address = _bare(wanted)
    for start in range(0, len(ids), _AT_ONCE):
        for page in await store.stored(ids[start : start + _AT_ONCE]):
            title = title_of(page).casefold()
            if title == name or (address and _bare(address_of(page)) == address):
                same.append(page)
            elif name and (name in title or name in page.doc_id.casefold()):
                like.append(page)
    return same or like


def _bare(address: str) -> str:
    """Return an address without scheme, anchor, final slash and case, to compare it."""
    rest = address.partition("#")[0].partition("://")[2]
    return rest.rstrip("/").casefold()


def title_of(page: StoredPage) -> str:
    return page.passages[0].title if page.passages else ""


def address_of(page: StoredPage) -> str:
    """Return the page's address, without a heading's anchor."""
    return page.passages[0].url.partition("#")[0] if page.passages else ""


def about(page: StoredPage) -> dict[str, object]:
    source, _, path = page.doc_id.partition(":")
    first = page.passages[0] if page.passages else None
    return {
        "id": page.doc_id,
        "source": source,
        "path": path,
        "title": title_of(page),
        "url": address_of(page),
        "audience": sorted(page.audience),
        "updated_at": first.updated_at.isoformat() if first and first.updated_at else None,
        "owners": list(first.owners) if first else [],
    }


def to_json(page: StoredPage) -> dict[str, object]:
    chunks = [
        {
            "ordinal": passage.ordinal,
            "heading": passage.heading,
            "anchor": passage.url.partition("#")[2],
            "text": passage.text,
        }
        for passage in page.passages
    ]
    return {**about(page), "chunks": chunks}


def listed(wanted: str, pages: Sequence[StoredPage]) -> list[str]:
    """Return lines of the pages that fit, each with the id that names it alone."""
    found = [f"  {page.doc_id}  {title_of(page)}" for page in pages[:_LISTED]]
    more = [f"  … and {len(pages) - _LISTED:,} more"] if len(pages) > _LISTED else []
    return [f"{len(pages):,} pages fit {wanted!r}; name one by its id:", *found, *more]


def lines(page: StoredPage) -> list[str]:
    said = about(page)
    first = page.passages[0] if page.passages else None
    facts = {
        "id": page.doc_id,
        "address": address_of(page),
        "audience": ", ".join(sorted(page.audience)),
        "updated": first.updated_at.strftime("%Y-%m-%d") if first and first.updated_at else "",
        "owners": ", ".join(first.owners) if first else "",
        "chunks": f"{len(page.passages):,}",
    }
    made = [str(said["title"]), *(f"  {name}: {value}" for name, value in facts.items() if value)]
    for passage in page.passages:
        anchor = passage.url.partition("#")[2]
        head = " ".join(filter(None, [f"[{passage.ordinal + 1}]", passage.heading, anchor and f"#{anchor}"]))
        made += ["", head, passage.text]
    return made
