"""What Docent itself costs beside Cohere: a stand-in for Cohere answers at once, or after a set time.

    python -m benchmarks.overhead [--only first many indexing memory outage] [--small]

The stand-in (tests/support/cohere_server.py) runs in a process of its own; the real SDK calls it over a socket.
Prints a Markdown table.
"""

import argparse
import asyncio
import json
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from math import ceil
from pathlib import Path

from bot.bootstrap import App, open_app
from bot.config.loader import load
from bot.model import Answer, Outcome, Question, SyncReport
from indexer.sources import open_source
from indexer.sources.base import Surroundings
from indexer.sync.sync_all import sync_all
from tests.support.cohere_server import KEY

LATENCY = 0.2
AT_ONCE = 4
BATCH = 96
SECTIONS = 10
QUESTIONS = 50
Row = tuple[str, str, str]

_CONFIG = """
sources: [{{name: handbook, type: folder, path: ./docs, include: ["**/*.md"], audience: [everyone]}}]
cohere: {{calls_at_once: {at_once}}}
log: {{level: error}}
"""
_TOPICS = """travel budget office laptop holiday expense manager approval weekly release incident backup
customer training meeting security password vacation contract payroll review planning support hiring feedback"""
_WORDS = _TOPICS.split()


def _page(number: int) -> str:
    """Ten sections, one chunk each, of about 90 words."""
    sections = [f"# Page {number}"]
    for section in range(SECTIONS):
        seed = number * SECTIONS + section
        words = [_WORDS[(seed * 7 + n * n * 3 + n) % len(_WORDS)] for n in range(70)]
        fact = f"The {_WORDS[seed % 24]} code of team {seed} is K{seed}."
        sections.append(f"## Part {section} of {number}\n\n{fact} {' '.join(words).capitalize()} {seed}.")
    return "\n\n".join(sections)


def _question(number: int) -> str:
    return f"What is the {_WORDS[number % 24]} code of team {number}?"


@asynccontextmanager
async def _server(*options: str) -> AsyncIterator[str]:
    command = (sys.executable, "-m", "tests.support.cohere_server", "--cheap", *options)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def _docent(url: str, chunks: int) -> AsyncIterator[App]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "docs").mkdir()
        for number in range(chunks // SECTIONS):
            (folder / f"docs/p{number}.md").write_text(_page(number))
        (folder / "docent.yaml").write_text(_CONFIG.format(at_once=AT_ONCE))
        os.environ |= {"COHERE_API_KEY": KEY, "COHERE_BASE_URL": url, "DOCENT_DATA": str(folder / "data")}
        async with open_app(load(folder / "docent.yaml")) as app:
            yield app


async def _index(app: App) -> SyncReport:
    source = open_source(app.settings.sources[0], Surroundings(app.settings.data))
    (report,) = await sync_all([source], app.store, app.embedder)
    if report.error or report.warnings or report.failed:
        sys.exit(f"the sync went wrong: {report}")
    return report


async def _ask(app: App, text: str) -> tuple[Answer, float, float]:
    """The answer, seconds to the first text shown, seconds to the end."""
    first: list[float] = []

    async def on_text(_: str) -> None:
        first.append(time.perf_counter() - started)

    started = time.perf_counter()
    answer = await app.answerer.answer(Question(text, frozenset({"everyone"})), on_text=on_text)
    whole = time.perf_counter() - started
    return answer, first[0] if first else whole, whole


def _p(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


# --- the figures ----------------------------------------------------------------------------------


async def first(small: bool) -> Iterator[Row]:  # noqa: FBT001 - each figure's one switch
    """Embedding, search, reranking, chat, checking: until the first words are shown."""
    async with _server() as url, _docent(url, 100) as app:
        await _index(app)
        runs = [await _ask(app, _question(number % 100)) for number in range(40 if small else 210)][10:]
    lost = sum(answer.outcome is not Outcome.ANSWERED for answer, _, _ in runs)
    shown = [seconds * 1000 for _, seconds, _ in runs]
    value = f"p50 {statistics.median(shown):.0f} ms, p95 {_p(shown, 0.95):.0f} ms ({lost} unanswered)"
    return iter([("first text beside a server that answers at once, 100 chunks", value, "p50 <= 60 ms")])


async def many(small: bool) -> Iterator[Row]:  # noqa: FBT001
    """Fifty questions in one moment, beside a server that takes its time."""
    rows: list[Row] = []
    for latency in (LATENCY, 0.0):
        async with _server("--latency", str(latency)) as url, _docent(url, 100) as app:
            await _index(app)
            await _ask(app, _question(1))
            alone = [(await _ask(app, _question(n)))[2] for n in range(5 if small else 15)]
            runs = await asyncio.gather(*(_ask(app, _question(n)) for n in range(QUESTIONS)))
        lost = sum(answer.outcome is not Outcome.ANSWERED or bool(answer.degraded) for answer, _, _ in runs)
        one, p95 = statistics.median(alone), _p([whole for _, _, whole in runs], 0.95)
        value = f"{lost} lost, one {one:.2f} s, p95 {p95:.2f} s = {p95 / one:.1f} x"
        name = f"{QUESTIONS} questions at once, {latency * 1000:.0f} ms a call"
        rows.append((name, value, "0 lost, <= 5 x" if latency else "0 lost"))
    return iter(rows)


async def indexing(small: bool) -> Iterator[Row]:  # noqa: FBT001
    """Reading, chunking, embedding and storing, against what the allowed calls at once permit."""
    chunks = 2_000 if small else 10_000
    async with _server("--latency", str(LATENCY)) as url, _docent(url, chunks) as app:
        if app.embedder is not None:
            await app.embedder.embed_query("warm up")
        report = await _index(app)
    permitted = ceil(ceil(report.embedded / BATCH) / AT_ONCE) * LATENCY
    value = (
        f"{report.seconds:.1f} s for {report.embedded} texts; permitted {permitted:.1f} s: "
        f"{permitted / report.seconds:.0%}"
    )
    name = f"indexing {chunks:,} chunks, {LATENCY * 1000:.0f} ms a call, {AT_ONCE} at once"
    return iter([(name, value, ">= 90 %")])


async def memory(small: bool) -> Iterator[Row]:  # noqa: FBT001
    """The most memory of a process that indexes, at two sizes."""
    most = 10_000 if small else 100_000
    used: dict[int, float] = {}
    for chunks in (1_000, most):
        command = (sys.executable, "-m", "benchmarks.overhead", "--index", str(chunks))
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        out, _ = await process.communicate()
        used[chunks] = json.loads(out)["mb"]
    value = f"{used[1_000]:.0f} MB, {used[most]:.0f} MB: {used[most] - used[1_000]:+.0f} MB"
    return iter([(f"memory while indexing 1,000 and {most:,} chunks", value, "+- 50 MB")])


async def _index_alone(chunks: int) -> None:
    async with _server() as url, _docent(url, chunks) as app:
        await _index(app)
    mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"mb": mb}) + "\n")


async def outage(small: bool) -> Iterator[Row]:  # noqa: FBT001
    """All of Cohere gone, after the breakers opened."""
    async with _server() as url, _docent(url, 100) as app:
        await _index(app)
        os.environ["COHERE_BASE_URL"] = "http://127.0.0.1:9"
        async with open_app(load(app.settings.path)) as cut_off:
            for number in range(6):
                await _ask(cut_off, _question(number))
            runs = [await _ask(cut_off, _question(number)) for number in range(10 if small else 50)]
    answered = sum(answer.outcome is Outcome.ANSWERED for answer, _, _ in runs)
    value = f"{answered} of {len(runs)} answered, longest {max(whole for _, _, whole in runs):.2f} s"
    return iter([("total outage, breakers open", value, "all, <= 2 s")])


FIGURES = {"first": first, "many": many, "indexing": indexing, "memory": memory, "outage": outage}


async def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=FIGURES, default=list(FIGURES))
    parser.add_argument("--small", action="store_true", help="a minute instead of ten")
    parser.add_argument("--index", type=int, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.index:
        await _index_alone(wanted.index)
        return
    sys.stdout.write("| figure | measured | bar |\n|---|---|---|\n")
    for name in wanted.only:
        for row in await FIGURES[name](wanted.small):
            sys.stdout.write("| " + " | ".join(row) + " |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_main())
