"""Haystack: its splitter, its in-memory store saved on disk, BM25 and vectors joined by reciprocal rank."""

from dataclasses import replace
from pathlib import Path

from haystack import Document
from haystack.components.joiners import DocumentJoiner
from haystack.components.preprocessors import DocumentSplitter
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
from haystack.document_stores.in_memory import InMemoryDocumentStore
from vectors import Vectors


class Haystack:
    def __init__(self, state: Path) -> None:
        state.mkdir(parents=True, exist_ok=True)
        self._file = state / "store.json"
        self._vectors = Vectors()
        there = self._file.exists()
        self._store = (
            InMemoryDocumentStore.load_from_disk(str(self._file)) if there else InMemoryDocumentStore()
        )
        self._words = InMemoryBM25Retriever(self._store, top_k=30)
        self._meanings = InMemoryEmbeddingRetriever(self._store, top_k=30)
        self._joiner = DocumentJoiner(join_mode="reciprocal_rank_fusion", top_k=30)

    def index(self, pages: dict[str, str], _docs: Path) -> None:
        splitter = DocumentSplitter(split_by="word", split_length=170)
        documents = [
            Document(content=text, meta={"name": name}) for name, text in pages.items() if text.strip()
        ]
        wanted = {each.id: each for each in splitter.run(documents)["documents"]}
        known = {each.id for each in self._store.filter_documents()}
        self._store.delete_documents([one for one in known if one not in wanted])
        new = [each for name, each in wanted.items() if name not in known]
        rows = self._vectors([each.content or "" for each in new])
        self._store.write_documents(
            [replace(each, embedding=row.tolist()) for each, row in zip(new, rows, strict=True)]
        )
        self._store.save_to_disk(str(self._file))

    def ask(self, question: str) -> list[str]:
        words = self._words.run(question)["documents"]
        meanings = self._meanings.run(self._vectors([question])[0].tolist())["documents"]
        joined = self._joiner.run([words, meanings])["documents"]
        return list(dict.fromkeys(each.meta["name"] for each in joined))[:10]


open_peer = Haystack
