"""Fifty people ask at once: what becomes of their questions, how long they wait, and how late the event loop runs.

    python -m benchmarks.burst [--docs FOLDER] [--questions FILE] [--at-once 50] [--rounds 2] [--busy 6] [--embedder static]

The questions come in one moment, `--rounds` times; `--busy` processes do nothing but take the processor beside it.
FOLDER is indexed first, the example handbook if none is given. Prints a Markdown table.
"""

import argparse
import asyncio
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import cycle, islice
from pathlib import Path

from bot.bootstrap import App, open_app
from bot.config.loader import Settings, load
from bot.evaluation.question_set import read_questions
from bot.model import Answer, Outcome, Question
from bot.runtime.process.memory import settle
from bot.runtime.process.threads import take_turns_often
from indexer.sources import open_source
from indexer.sources.base import Surroundings
from indexer.sync.sync_all import sync_all

EXAMPLES = Path(__file__).parent.parent / "examples"
TICK = 0.005  # seconds

_CONFIG = """
sources: [{{name: docs, type: folder, path: {docs}, include: ["**/*.md"], audience: [everyone]}}]
embedder: {embedder}
log: {{level: error}}
"""


def _spin() -> None:
    while True:
        sum(range(10_000))


@contextmanager
def _busy(count: int) -> Iterator[None]:
    others = [multiprocessing.Process(target=_spin, daemon=True) for _ in range(count)]
    for one in others:
        one.start()
    try:
        yield
    finally:
        for one in others:
            one.kill()


async def _late(lags: list[float]) -> None:
    """Note how much later than wanted the event loop comes back, in milliseconds."""
    while True:
        before = time.perf_counter()
        await asyncio.sleep(TICK)
        lags.append((time.perf_counter() - before - TICK) * 1000)


async def _ask(app: App, text: str) -> tuple[Answer, float]:
    started = time.perf_counter()
    answer = await app.answerer.answer(Question(text, frozenset({"everyone"})))
    return answer, time.perf_counter() - started


def _p(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


async def _round(app: App, texts: list[str]) -> str:
    lags: list[float] = []
    watch = asyncio.create_task(_late(lags))
    cpu = time.process_time()
    runs = await asyncio.gather(*(_ask(app, text) for text in texts))
    cpu = time.process_time() - cpu
    watch.cancel()
    with suppress(asyncio.CancelledError):
        await watch
    lost = sum(answer.outcome is Outcome.UNAVAILABLE for answer, _ in runs)
    degraded = sum(bool(answer.degraded) for answer, _ in runs)
    waited = [seconds for _, seconds in runs]
    return (
        f"{lost} | {degraded} | {statistics.median(waited):.1f} s | {_p(waited, 0.95):.1f} s | {cpu:.1f} s |"
        f" {3 * cpu:.1f} s | {_p(lags, 0.99):.0f} ms | {max(lags):.0f} ms"
    )


def _settings(wanted: argparse.Namespace, folder: Path) -> Settings:
    config = folder / "docent.yaml"
    config.write_text(_CONFIG.format(docs=wanted.docs.resolve(), embedder=wanted.embedder))
    os.environ["DOCENT_DATA"] = str(folder / "data")
    return load(config)


async def _measure(wanted: argparse.Namespace) -> None:
    cases = [case for case in read_questions(wanted.questions) if not case.after]
    texts = list(islice(cycle(case.question for case in cases), wanted.at_once))
    with tempfile.TemporaryDirectory() as name:
        async with open_app(_settings(wanted, Path(name))) as app:
            source = open_source(app.settings.sources[0], Surroundings(app.settings.data))
            await sync_all([source], app.store, app.embedder)
            await app.ready()
            await _ask(app, "Is this the first question?")  # it opens the journal
            settle()  # as the services do, like the next
            take_turns_often()
            for number in range(wanted.rounds):
                row = await _round(app, texts)
                load_now = " ".join(f"{each:.0f}" for each in os.getloadavg()[:1])
                print(f"| {number + 1} | {row} | {load_now} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--docs", type=Path, default=EXAMPLES / "handbook")
    parser.add_argument("--questions", type=Path, default=EXAMPLES / "questions.jsonl")
    parser.add_argument("--at-once", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--busy", type=int, default=0)
    parser.add_argument("--embedder", default="static")
    wanted = parser.parse_args()
    head = "round | unavailable | degraded | waited p50 | p95 | CPU for all | three times that | lag p99 | longest | load"
    print(f"| {head} |\n{'|---' * 10}|", flush=True)
    with _busy(wanted.busy):
        asyncio.run(_measure(wanted))


if __name__ == "__main__":
    sys.exit(main())
