"""Retrieval sets in the BEIR layout."""

import json
from pathlib import Path

import pytest

from bot.evaluation.beir import BadSet, evaluate_retrieval, read_beir
from bot.model import Passage, Question


def write_set(folder: Path, qrels: str = "q1\thttps://x#a b\t1\nq1\tother\t0\n") -> Path:
    rows = [{"_id": "https://x#a b", "title": "T", "text": "one"}, {"_id": "other", "text": "two"}]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    queries = [{"_id": "q1", "text": "what?"}, {"_id": "unjudged", "text": "?"}]
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)), "utf-8")
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + qrels, "utf-8")
    return folder


def passage(doc_id: str, ordinal: int = 0) -> Passage:
    return Passage(f"{doc_id}#{ordinal}", doc_id, "beir", ordinal, "", "", "", "text")


def test_a_set_is_read_with_arbitrary_ids_and_only_judged_queries(tmp_path: Path):
    """Ids may be URLs; a grade of 0 is not relevant; a query without judgements is left out."""
    beir = read_beir(write_set(tmp_path))
    assert [d.id for d in beir.documents] == ["beir:https://x#a b", "beir:other"]
    assert dict(beir.queries) == {"q1": "what?"}
    assert beir.relevant == {"q1": {"https://x#a b": 1}}


async def test_a_document_counts_once_at_its_best_passage(tmp_path: Path):
    """Two passages of one page take one place of the ranking."""
    beir = read_beir(write_set(tmp_path))

    async def rank(question: Question) -> list[Passage]:
        assert question.text == "what?"
        return [passage("beir:other"), passage("beir:other", 1), passage("beir:https://x#a b")]

    report = await evaluate_retrieval(beir, rank)
    assert report.hit_5 == report.recall_5 == 1.0
    assert report.ndcg_10 == pytest.approx(0.63093, abs=1e-5)
    assert report.table()[1][:2] == ["2", "1"]
    assert report.to_json()["queries"] == 1


def test_what_is_wrong_with_a_set_is_named(tmp_path: Path):
    """A missing file, a broken line and a broken judgement each say where they are."""
    with pytest.raises(BadSet, match=r"no qrels\.tsv"):
        read_beir(tmp_path)
    with pytest.raises(BadSet, match=r"qrels\.tsv, line 2"):
        read_beir(write_set(tmp_path, qrels="q1 other 1\n"))
    write_set(tmp_path)
    (tmp_path / "corpus.jsonl").write_text("[]\n", "utf-8")
    with pytest.raises(BadSet, match=r"corpus\.jsonl, line 1"):
        read_beir(tmp_path)
    (tmp_path / "corpus.jsonl").unlink()
    with pytest.raises(BadSet, match="can't be read"):
        read_beir(tmp_path)
