"""Processes that the embedded store's tests start: `python -m tests.support.embedded_children ROLE PATH`.

writer  replaces three pages together, again and again, and says each revision once it is committed
asker   answers each line of its input with what it finds
full    writes until the disk, made small, is full; says how that was told and whether it still finds
"""

import asyncio
import resource
import sys
from pathlib import Path

from bot.backends.sqlite import SqliteStore
from bot.ports import BackendError, IndexedDocument
from tests.support.store_contract import FORMAT, OTHER, ask, page

PAGES = 3


def revision(number: int) -> list[IndexedDocument]:
    """Three pages of four chunks, each of which says which revision it is of."""
    return [
        page(
            f"wiki:{n}.md", *[f"handbook part {part} rev{number}" for part in range(4)], revision=str(number)
        )
        for n in range(PAGES)
    ]


async def write(store: SqliteStore) -> None:
    live = await store.format()
    number = max((int(each) for each in (await store.revisions("wiki")).values()), default=0)
    if live is None:
        await store.rebuild(FORMAT)
    while True:
        number += 1
        if number % 8 == 0:
            wanted = OTHER if await store.format() == FORMAT else FORMAT
            beside = await store.rebuild(wanted)
            await beside.replace(revision(number))
            await store.swap(wanted)
        elif number % 5 == 0:
            await store.delete(["wiki:0.md", "wiki:1.md", "wiki:2.md"])
            continue
        else:
            await store.replace(revision(number))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


async def answer(store: SqliteStore) -> None:
    for line in sys.stdin:
        hits = await store.search(ask(line.strip()))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        sys.stdout.write(f"{peak}\t{'|'.join(hit.passage.text for hit in hits)}\n")
        sys.stdout.flush()


async def fill_the_disk(store: SqliteStore) -> None:
    await store.rebuild(FORMAT)
    await store.replace(revision(1))
    room = 512 * 1024
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    number = 1
    try:
        while True:
            number += 1
            await store.replace(
                [page(f"wiki:more{number}.md", *[f"filling {part} " * 50 for part in range(20)])]
            )
    except BackendError as error:
        hits = await store.search(ask("handbook part"))
        whole = len(await store.revisions("wiki")) == PAGES + number - 2
        sys.stdout.write(f"{type(error).__name__}\t{error}\t{len(hits)}\t{whole}\n")


async def main(role: str, path: Path) -> None:
    store = SqliteStore(path)
    await {"writer": write, "asker": answer, "full": fill_the_disk}[role](store)
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
