"""What somebody would build instead: LlamaIndex, Haystack, SQLite's FTS5, over the same pages with the same vectors.

    python benchmarks/peers/compare.py PEER DOCS [--queries SET ...]

PEER is llama_index, haystack, fts5 or docent. It runs in an environment of its own (requirements.txt beside this;
for docent, Docent's own). Pages are the Markdown files below DOCS, cut at 1,000 characters by each peer's own
splitter. Meaning is Docent's `static` vectors for all of them, so that what is compared is everything else.
Each step is a process of its own: its CPU seconds, wall seconds and greatest memory are the system's own count.
Prints one row of a Markdown table for each step. `--queries` are sets whose nDCG@10 is measured: folders in the BEIR
layout, or a file of questions about DOCS as `docent eval` takes it.
"""

import argparse
import json
import math
import os
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SETTLED = 11  # seconds: what was changed just now Docent reads once more, since it may be changed in the same moment
STEPS = ("index", "again", "changed", "deleted", "cold", "warm")


def main() -> None:
    wanted = argparse.ArgumentParser()
    wanted.add_argument("peer", choices=["docent", "fts5", "haystack", "llama_index"])
    wanted.add_argument("docs", type=Path)
    wanted.add_argument("--queries", type=Path, nargs="*", default=[])
    wanted.add_argument("--step", default="")
    wanted.add_argument("--work", type=Path)
    options = wanted.parse_args()
    sys.path.insert(0, str(HERE))
    if options.step:
        step(options.peer, options.step, options.docs, options.work)
        return
    print(f"| {options.peer} | CPU s | wall s | peak MB | |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        docs = work / "docs"
        shutil.copytree(options.docs, docs, ignore=lambda _, names: [n for n in names if _other(Path(_) / n)])
        time.sleep(SETTLED)
        for name in STEPS:
            edit(name, docs)
            timed(options.peer, name, docs, work)
        kept = sum(f.stat().st_size for f in (work / "state").rglob("*") if f.is_file())
        print(f"| on disk | | | | {kept / 1e6:.1f} MB |", flush=True)
    for queries in options.queries:
        with tempfile.TemporaryDirectory() as folder:
            print(
                f"| {queries.name} | | | | nDCG@10 {quality(options.peer, queries, options.docs, Path(folder)):.3f} |",
                flush=True,
            )


def _other(path: Path) -> bool:
    return path.is_file() and path.suffix != ".md"


def edit(name: str, docs: Path) -> None:
    """What has happened to the pages before a step."""
    pages = sorted(docs.rglob("*.md"), key=lambda page: (page.stat().st_size, str(page)))
    middle = pages[len(pages) // 2]
    if name == "changed":
        middle.write_text(
            middle.read_text(encoding="utf-8") + "\n\nOne more sentence about parking.\n", encoding="utf-8"
        )
    elif name == "deleted":
        middle.unlink()


def timed(peer: str, name: str, docs: Path, work: Path) -> None:
    command = [sys.executable, __file__, peer, str(docs), "--step", name, "--work", str(work / "state")]
    started = time.monotonic()
    with (work / "said").open("w+", encoding="utf-8") as said:
        child = os.posix_spawn(
            command[0], command, dict(os.environ), file_actions=[(os.POSIX_SPAWN_DUP2, said.fileno(), 1)]
        )
        _, status, used = os.wait4(child, 0)
        wall = time.monotonic() - started
        said.seek(0)
        lines = [line for line in said.read().splitlines() if line.endswith("a question")]
    if status:
        raise SystemExit(f"{name} failed")
    cpu, most = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    print(f"| {name} | {cpu:.2f} | {wall:.2f} | {most:.0f} | {' '.join(lines)} |", flush=True)


QUESTIONS = (
    "How many days of notice for vacation?", "Can I keep my old laptop?", "How do I roll back a release?",
    "Who approves travel?", "What is the on-call rotation?", "How are incidents reported?",
    "What do we pay for equipment at home?", "How does the interview process work?",
    "Which holidays do we have?", "How do I request access to production?",
)  # fmt: skip


def step(peer: str, name: str, docs: Path, work: Path) -> None:
    made = __import__(f"peer_{peer}").open_peer(work)
    if name not in ("cold", "warm"):
        made.index(
            {str(page.relative_to(docs)): page.read_text(encoding="utf-8") for page in docs.rglob("*.md")},
            docs,
        )
        return
    made.ask(QUESTIONS[0])
    if name == "warm":
        for question in QUESTIONS:  # once for what is loaded at the first use
            made.ask(question)
        started = time.process_time()
        for question in QUESTIONS * 3:
            made.ask(question)
        print(f"{(time.process_time() - started) / 30 * 1000:.1f} ms of CPU a question")


def quality(peer: str, queries: Path, root: Path, work: Path) -> float:
    """NDCG@10 over the pages of a set; `root` holds those that a file of questions is about."""
    pages, asked = _of_questions(queries, root) if queries.is_file() else _of_beir(queries)
    made = __import__(f"peer_{peer}").open_peer(work / "state")
    docs = work / "docs"
    for name, text in pages.items():
        (docs / name).parent.mkdir(parents=True, exist_ok=True)
        (docs / name).write_text(text, encoding="utf-8")
    made.index(pages, docs)
    scores = []
    for question, relevant in asked:
        gains = [relevant.get(name, 0) for name in made.ask(question)[:10]]
        best = sorted(relevant.values(), reverse=True)[:10]
        scores.append(_dcg(gains) / _dcg(best) if best else 0.0)
    return sum(scores) / len(scores)


def _of_beir(folder: Path) -> tuple[dict[str, str], list[tuple[str, dict[str, int]]]]:
    """Return the pages by name, and each query with the grades of its pages."""
    rows = _lines(folder / "corpus.jsonl")
    names = {row["_id"]: f"{number}.md" for number, row in enumerate(rows)}
    relevant: dict[str, dict[str, int]] = defaultdict(dict)
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        query, page, score = line.split("\t")
        relevant[query][names[page]] = int(score)
    pages = {names[row["_id"]]: f"# {row['title']}\n\n{row['text']}\n" for row in rows}
    return pages, [(row["text"], relevant[row["_id"]]) for row in _lines(folder / "queries.jsonl")]


def _of_questions(file: Path, root: Path) -> tuple[dict[str, str], list[tuple[str, dict[str, int]]]]:
    """Return the same of a file of questions, those that have right pages."""
    pages = {str(page.relative_to(root)): page.read_text(encoding="utf-8") for page in root.rglob("*.md")}
    return pages, [(row["question"], dict.fromkeys(row["gold"], 1)) for row in _lines(file) if row["gold"]]


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _dcg(gains: list[int]) -> float:
    return sum((2**gain - 1) / math.log2(place + 2) for place, gain in enumerate(gains))


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    main()
