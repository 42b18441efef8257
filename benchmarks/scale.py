"""Reading on a Dask cluster of this machine: a made-up source, a tenth of it PDF and Office, by today's path and by workers.

    python -m benchmarks.scale [--pages 2000] [--runs here,1,2,4,kill] [--kill-every 10] [--static]

`here` is today's path with one process that reads; a number is a LocalCluster of so many single-threaded workers; `kill`
are two workers, of which one gets kill -9 every ten seconds. `--static` embeds as well. Each run's leader is a process of its own. CPU seconds stand
beside the time that passed, because a busy machine changes the one and hardly the other. Prints a Markdown table.
"""

import argparse
import asyncio
import hashlib
import io
import json
import os
import random
import re
import resource
import signal
import sys
import tempfile
import time
import zipfile
from array import array
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import apsw
import dask.config
import psutil
from distributed import LocalCluster
from openpyxl import Workbook
from pptx import Presentation

from bot.backends.sqlite import SqliteStore
from bot.config.cluster import DaskSettings
from bot.config.models import Nothing
from bot.config.sources import SourceSettings
from bot.model import Progress
from bot.opened_models import open_local
from bot.runtime.process.memory import give_back, one_heap, settle
from indexer.dask.machines import DaskMachines
from indexer.reading.machines import ThisMachine
from indexer.sources.base import Entry, Fetched, Source, Surroundings
from indexer.sync.source_sync import SyncOptions
from indexer.sync.sync_all import sync_all

WORDS = [f"word{n}" for n in range(3000)]
PARAGRAPHS = [" ".join(random.Random(n).choices(WORDS, k=60)) for n in range(5000)]  # noqa: S311
# Each made once: what a file costs to make up isn't the indexer's.
OF_EACH = 25
KINDS = ("pdf", "docx", "xlsx", "pptx")
SAMPLE = 1.0  # seconds
FAMILY = 2  # a worker with one thread, and its reader
# What the whole index holds, in an order that isn't the one in which it was written.
HELD = (
    (
        "select doc_id, revision, language, title, url, updated_at, owners, audience from documents_{n} join scopes_{n}"
        " on scopes_{n}.id = scope order by doc_id"
    ),
    (
        "select doc_id, ordinal, heading, anchor, text, text_hash, terms, vector from chunks_{n} join documents_{n} on"
        " documents_{n}.id = document left join terms_{n} on terms_{n}.id = chunks_{n}.id left join vectors_{n} on"
        " vectors_{n}.id = chunks_{n}.id order by doc_id, ordinal"
    ),
    "select language, documents from languages_{n} order by language",
)


def paragraphs(seed: object, count: int) -> list[str]:
    return random.Random(str(seed)).choices(PARAGRAPHS, k=count)  # noqa: S311 - the same every time


def pdf(seed: int) -> bytes:
    """Four pages of text, as the format's operators have it."""
    pages, said = 4, paragraphs(f"pdf {seed}", 16)
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{' '.join(f'{4 + 2 * at} 0 R' for at in range(pages))}] /Count {pages} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for at in range(pages):
        words = " ".join(said[4 * at : 4 * at + 4]).split()
        lines = [" ".join(words[start : start + 10]) for start in range(0, len(words), 10)]
        drawn = "\n".join(
            f"BT /F1 11 Tf 1 0 0 1 72 {720 - 16 * row} Tm ({line}) Tj ET" for row, line in enumerate(lines)
        )
        objects += [
            (
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * at} 0 R"
                " /Resources << /Font << /F1 3 0 R >> >> >>"
            ),
            f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream",
        ]
    made, places = b"%PDF-1.4\n", []
    for number, inside in enumerate(objects, 1):
        places.append(len(made))
        made += f"{number} 0 obj\n{inside}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\n"
    return made + f"{end}startxref\n{len(made)}\n%%EOF".encode()


def docx(seed: int) -> bytes:
    """A Word document of nothing but paragraphs."""
    kind = "application/vnd.openxmlformats-"
    space = "http://schemas.openxmlformats.org/"
    body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs(f"docx {seed}", 16))
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{space}package/2006/content-types"><Default Extension="rels" ContentType="'
        f'{kind}package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="{kind}officedocument'
        '.wordprocessingml.document.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{space}package/2006/relationships"><Relationship Id="r1" Type="{space}'
        'officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{space}wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>',
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return without_time(packed.getvalue())


def xlsx(seed: int) -> bytes:
    book = Workbook()
    sheet = book.active
    sheet.append(["number", "what", "why"])
    for number, text in enumerate(paragraphs(f"xlsx {seed}", 40)):
        sheet.append([number, text[:60], text[60:200]])
    packed = io.BytesIO()
    book.save(packed)
    return without_time(packed.getvalue())


def pptx(seed: int) -> bytes:
    deck = Presentation()
    for text in paragraphs(f"pptx {seed}", 12):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = text[:40]
        slide.placeholders[1].text = text
    packed = io.BytesIO()
    deck.save(packed)
    return without_time(packed.getvalue())


def text(path: str) -> bytes:
    sections = "\n\n".join(f"## Section {n}\n\n{said}" for n, said in enumerate(paragraphs(path, 10)))
    return f"# Page {path}\n\n{sections}\n".encode()


@cache
def made(kind: str, seed: int) -> bytes:
    makers: dict[str, Callable[[int], bytes]] = {"pdf": pdf, "docx": docx, "xlsx": xlsx, "pptx": pptx}
    return makers[kind](seed)


class MadeUp(Source):
    """Nine pages of ten are 600 words of Markdown; every tenth is a PDF or an Office file.

    The texts are written to one file before anything is measured: making one up takes longer than handing it on.
    """

    def __init__(self, pages: int, data: Path) -> None:
        settings = SourceSettings.model_validate({"name": "made-up", "type": "x", "audience": ["everyone"]})
        super().__init__(settings, Surroundings(data))
        self.pages = pages
        self._places = array("Q", [0])  # by number: where a page's text begins, and with the next one's, ends
        self._texts = (data / "texts").open("w+b")

    def write(self) -> None:
        """Write the texts."""
        for number in range(self.pages):
            if number % 10:
                self._texts.write(text(f"{number % 100}/page-{number}.md"))
            self._places.append(self._texts.tell())
        self._texts.flush()

    async def entries(self) -> AsyncIterator[Entry]:
        for number in range(self.pages):
            kind = KINDS[number // 10 % len(KINDS)] if number % 10 == 0 else "md"
            yield Entry(f"{number % 100}/page-{number}.{kind}", "1")

    async def fetch(self, entry: Entry) -> Fetched:
        kind = entry.path.rpartition(".")[2]
        number = int(entry.path.partition("page-")[2].partition(".")[0])
        if kind in KINDS:
            return Fetched(entry.path, made(kind, number // 40 % OF_EACH))
        begin, end = self._places[number : number + 2]
        return Fetched(entry.path, os.pread(self._texts.fileno(), end - begin, begin))


def without_time(packed: bytes) -> bytes:
    """The same file whenever it is made."""
    still = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(packed)) as before,
        zipfile.ZipFile(still, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for name in before.namelist():
            told = re.sub(rb"\d{4}-\d\d-\d\dT[\d:]+Z", b"2026-01-01T00:00:00Z", before.read(name))
            after.writestr(zipfile.ZipInfo(name), told if name.endswith("core.xml") else before.read(name))
    return still.getvalue()


def megabytes(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 1e6


class Families:
    """A cluster's workers, each with its reader, which are looked for anew once one has ended: that reads all of /proc."""

    def __init__(self, cluster: LocalCluster) -> None:
        self._cluster = cluster
        self._known: dict[int, list[psutil.Process]] = {}

    def all(self) -> list[psutil.Process]:
        pids = [each.process.pid for each in self._cluster.workers.values() if each.process]
        return [process for pid in pids if pid for process in self._of(pid)]

    def _of(self, pid: int) -> list[psutil.Process]:
        known = self._known.get(pid, [])
        try:
            if len(known) < FAMILY or not all(each.is_running() for each in known):
                known = self._known[pid] = [psutil.Process(pid), *psutil.Process(pid).children()]
        except psutil.Error:
            return []
        return known


@dataclass
class Watched:
    """What processes took: CPU seconds and most memory, whichever of them are still there."""

    cpu: dict[int, float] = field(default_factory=dict)
    memory: dict[int, list[float]] = field(default_factory=dict)

    def look(self, processes: list[psutil.Process]) -> None:
        for process in processes:
            try:
                times = process.cpu_times()
                self.cpu[process.pid] = times.user + times.system
                self.memory.setdefault(process.pid, []).append(megabytes(process))
            except psutil.Error:
                continue


async def lead(pages: int, data: Path, address: str, *, static: bool) -> None:
    """One sync, in this process as `docent run` has it; prints what came of it as JSON."""
    one_heap()
    for kind in KINDS:
        for seed in range(OF_EACH):
            made(kind, seed)
    source = MadeUp(pages, data)
    source.write()
    settle()
    giving = asyncio.create_task(give_back())
    own, memory = psutil.Process(), {}

    async def progress(told: Progress) -> None:
        memory[told.done // 10_000 * 10_000] = max(
            memory.get(told.done // 10_000 * 10_000, 0.0), megabytes(own)
        )

    model = Nothing() if static else None
    embedder = await open_local(model, data) if model else None
    machines = DaskMachines(DaskSettings(address=address), model) if address else ThisMachine()
    store = SqliteStore(data / "index.db")
    options = SyncOptions(workers=1, machines=machines, progress=progress)
    began, before = time.monotonic(), own.cpu_times()
    (report,) = await sync_all([source], store, machines.embedder(embedder), options)
    seconds, after = time.monotonic() - began, own.cpu_times()
    giving.cancel()
    await machines.close()
    await store.close()
    readers = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = {
        "seconds": seconds,
        "leader": after.user + after.system - before.user - before.system,
        "readers": readers.ru_utime + readers.ru_stime,
        "memory": memory,
        "pages": report.added,
        "failed": [f"{each.name}: {each.reason}" for each in report.failed],
        "trouble": report.machines or report.error,
        "chunks": report.chunks,
    }
    print(json.dumps(told))


def digest(index: Path) -> str:
    """Of all that the index holds, and nothing of when it was written."""
    connection = apsw.Connection(str(index), flags=apsw.SQLITE_OPEN_READONLY)
    (number,) = next(connection.execute("select id from builds where state = 'live'"))
    found = hashlib.sha256()
    for query in HELD:
        for row in connection.execute(query.format(n=number)):
            found.update(repr(row).encode())
    connection.close()
    return found.hexdigest()[:12]


async def run(name: str, pages: int, kill_every: float, more: list[str]) -> dict[str, Any]:
    workers = {"here": 0, "kill": 2}.get(name) if not name.isdigit() else int(name)
    assert workers is not None, f"there is no run {name}"
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        if not workers:
            told = await led(pages, Path(folder), ["", *more], Watched(), list)
            return {
                "name": "here",
                "load": load,
                "digest": digest(Path(folder) / "index.db"),
                "workers": told["readers"],
                **told,
            }
        # As docs/scale.md has them.
        dask.config.set(
            {"distributed.admin.low-level-log-length": 10, "distributed.admin.tick.interval": "500ms"}
        )
        cluster = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            asynchronous=True,
            dashboard_address=":0",
            preload=["indexer.dask"],
        )
        async with cluster:
            own, watched = psutil.Process(), Watched()
            before, kills = own.cpu_times(), 0
            families = Families(cluster)
            watched.look(families.all())
            start = dict(watched.cpu)

            async def kill() -> None:
                nonlocal kills
                while True:
                    await asyncio.sleep(kill_every)
                    victim = list(cluster.workers.values())[kills % workers]
                    if victim.process and victim.process.pid:
                        os.kill(victim.process.pid, signal.SIGKILL)
                        kills += 1

            killing = asyncio.create_task(kill()) if name == "kill" else None
            told = await led(pages, Path(folder), [cluster.scheduler_address, *more], watched, families.all)
            if killing:
                killing.cancel()
            after = own.cpu_times()
        spent = sum(watched.cpu.values()) - sum(start.values())
        most = [max(seen) for pid, seen in watched.memory.items()]
        return {
            **told,
            "name": f"{workers} workers, {kills} kills" if killing else name,
            "load": load,
            "digest": digest(Path(folder) / "index.db"),
            "workers": spent,
            "scheduler": after.user + after.system - before.user - before.system,
            "worker_memory": max(most, default=0.0),
        }


async def led(
    pages: int, data: Path, more: list[str], watched: Watched, them: Callable[[], list[psutil.Process]]
) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.scale", "--lead", str(pages), str(data), *more]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    telling = asyncio.create_task(process.communicate())
    while not telling.done():
        watched.look(them())
        await asyncio.wait({telling}, timeout=SAMPLE)
    said, _ = telling.result()
    if process.returncode:
        sys.exit("the sync failed")
    told: dict[str, Any] = json.loads(said)
    return told


def row(found: dict[str, Any]) -> str:
    memory = found["memory"]
    total = found["leader"] + found["workers"] + found.get("scheduler", 0.0)
    return (
        f"| {found['name']} | {found['pages']:,} | {found['seconds']:.1f} s | {found['pages'] / found['seconds']:.0f} |"
        f" {found['leader']:.1f} | {found['workers']:.1f} | {found.get('scheduler', 0.0):.1f} | {total:.1f} |"
        f" {', '.join(f'{each:.0f}' for each in (next(iter(memory.values())), list(memory.values())[-1]))} |"
        f" {found.get('worker_memory', 0.0):.0f} | {len(found['failed'])} | {found['digest']} | {found['load']:.1f} |"
    )


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=2_000)
    parser.add_argument("--runs", default="here,1,2,4,kill")
    parser.add_argument("--kill-every", type=float, default=10.0)
    parser.add_argument("--static", action="store_true", help="embed as well")
    parser.add_argument("--lead", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.lead:
        await lead(int(chosen.lead[0]), Path(chosen.lead[1]), chosen.lead[2], static=chosen.static)
        return
    print(
        "| run | pages | time | pages/s | leader, CPU s | readers, CPU s | scheduler, CPU s | in all | leader, MB (first, last"
        " 10,000) | worker, MB | failed | index | load |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|"
    )
    for name in chosen.runs.split(","):
        found = await run(name, chosen.pages, chosen.kill_every, ["--static"] if chosen.static else [])
        print(row(found), flush=True)
        for line in [*found["failed"][:5], found["trouble"]]:
            if line:
                print(f"<!-- {line} -->", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
