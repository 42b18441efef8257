"""Measures retrieval over a set in the BEIR layout (Thakur et al. 2021), for `docent eval-retrieval`.

A folder with corpus.jsonl (`_id, title, text`), queries.jsonl (`_id, text`) and qrels.tsv (`query-id, corpus-id,
score` below a header; also as qrels/test.tsv). Ids are arbitrary strings.
"""

import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.evaluation.metrics import hit, mean, ndcg, percentile, recall
from bot.model import Document, Passage, Question
from bot.text.matching import first_seen

SOURCE = "beir"
AUDIENCE = frozenset({"everyone"})
_QRELS = ("qrels.tsv", "qrels/test.tsv", "qrels/dev.tsv")


class BadSet(Exception):
    """The folder can't be used as a retrieval set: which file and line, and why."""


@dataclass(frozen=True, slots=True)
class Beir:
    """A set. `relevant` leads from query id to corpus id to a grade above 0. Queries without any are left out."""

    documents: tuple[Document, ...]
    queries: Mapping[str, str]
    relevant: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class RetrievalReport:
    """Means over the queries. Seconds are of one retrieval, embedding the question included."""

    documents: int
    queries: int
    ndcg_10: float
    recall_5: float
    recall_10: float
    hit_5: float
    seconds_p50: float
    seconds_p95: float

    def table(self) -> list[list[str]]:
        return [
            ["documents", "queries", "nDCG@10", "recall@5", "recall@10", "Hit@5", "p50", "p95"],
            [
                str(self.documents),
                str(self.queries),
                *(f"{x:.3f}" for x in (self.ndcg_10, self.recall_5, self.recall_10, self.hit_5)),
                f"{self.seconds_p50 * 1000:.0f} ms",
                f"{self.seconds_p95 * 1000:.0f} ms",
            ],
        ]

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def read_beir(folder: Path) -> Beir:
    """Read a set. Raises BadSet."""
    qrels = next((folder / name for name in _QRELS if (folder / name).is_file()), None)
    if qrels is None:
        raise BadSet(f"{folder} has no qrels.tsv.")
    relevant = _relevant(qrels)
    queries = {_text(row, "_id"): _text(row, "text") for row in _rows(folder / "queries.jsonl")}
    return Beir(
        documents=tuple(_document(row) for row in _rows(folder / "corpus.jsonl")),
        queries={i: text for i, text in queries.items() if i in relevant},
        relevant=relevant,
    )


def _rows(path: Path) -> Iterator[dict[str, object]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _row(path, number, line)
    except (OSError, UnicodeDecodeError) as error:
        raise BadSet(f"{path} can't be read: {error}") from error


def _row(path: Path, number: int, line: str) -> dict[str, object]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise BadSet(f"{path}, line {number}: {error}") from error
    if not isinstance(row, dict) or not isinstance(row.get("_id"), str | int):
        raise BadSet(f"{path}, line {number}: an object with an _id was expected.")
    return row


def _text(row: dict[str, object], key: str) -> str:
    value = row.get(key)
    return "" if value is None else str(value)


def _document(row: dict[str, object]) -> Document:
    title, text = _text(row, "title"), _text(row, "text")
    return Document(
        id=f"{SOURCE}:{_text(row, '_id')}",
        source=SOURCE,
        revision=hashlib.sha256(f"{title}\0{text}".encode()).hexdigest(),
        title=title,
        url="",
        text=text,
        audience=AUDIENCE,
        titled=bool(title),
    )


def _relevant(path: Path) -> dict[str, dict[str, int]]:
    relevant: dict[str, dict[str, int]] = {}
    lines = path.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines[1:], 2):
        if not line.strip():
            continue
        try:
            query, document, grade = line.rstrip("\r").split("\t")
            if int(grade) > 0:
                relevant.setdefault(query, {})[document] = int(grade)
        except ValueError as error:
            raise BadSet(f"{path}, line {number}: query-id, corpus-id, score were expected.") from error
    return relevant


async def evaluate_retrieval(
    beir: Beir,
    rank: Callable[[Question], Awaitable[Iterable[Passage]]],
    on_query: Callable[[int, int], None] | None = None,
) -> RetrievalReport:
    """Rank every query with `rank`, which returns passages best first; a document counts at its best passage.

    `on_query` gets how many are done, and how many there are.
    """
    rankings: dict[str, list[str]] = {}
    seconds = []
    for done, (query_id, text) in enumerate(beir.queries.items(), 1):
        started = time.perf_counter()
        found = await rank(Question(text=text, audience=AUDIENCE))
        seconds.append(time.perf_counter() - started)
        rankings[query_id] = first_seen(p.doc_id.partition(":")[2] for p in found)
        if on_query:
            on_query(done, len(beir.queries))
    pairs = [(ranked, beir.relevant[query_id]) for query_id, ranked in rankings.items()]
    return RetrievalReport(
        documents=len(beir.documents),
        queries=len(pairs),
        ndcg_10=mean(ndcg(ranked, relevant) for ranked, relevant in pairs),
        recall_5=mean(recall(ranked, relevant, at=5) for ranked, relevant in pairs),
        recall_10=mean(recall(ranked, relevant, at=10) for ranked, relevant in pairs),
        hit_5=mean(hit(ranked, relevant, at=5) for ranked, relevant in pairs),
        seconds_p50=percentile(seconds, 0.5),
        seconds_p95=percentile(seconds, 0.95),
    )
