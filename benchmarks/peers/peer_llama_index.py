"""LlamaIndex: its sentence splitter, its vector index persisted on disk, `refresh_ref_docs` for changes."""

from pathlib import Path
from typing import Any

from llama_index.core import Document, Settings, StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.node_parser import SentenceSplitter
from vectors import Vectors

_vectors = Vectors()


class Static(BaseEmbedding):
    def _get_query_embedding(self, query: str) -> list[float]:
        return _vectors([query])[0].tolist()

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)

    def _get_text_embedding(self, text: str) -> list[float]:
        return _vectors([text])[0].tolist()

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return _vectors(texts).tolist()


class LlamaIndex:
    def __init__(self, state: Path) -> None:
        Settings.embed_model = Static(embed_batch_size=256)
        Settings.node_parser = SentenceSplitter(chunk_size=256, chunk_overlap=0)
        Settings.llm = None
        self._state = state
        self._index: Any = None
        if (state / "docstore.json").exists():
            self._index = load_index_from_storage(StorageContext.from_defaults(persist_dir=str(state)))

    def index(self, pages: dict[str, str], _docs: Path) -> None:
        documents = [Document(text=text, doc_id=name) for name, text in pages.items()]
        if self._index is None:
            self._index = VectorStoreIndex.from_documents(documents)
        else:
            self._index.refresh_ref_docs(documents)
            for name in set(self._index.ref_doc_info) - pages.keys():
                self._index.delete_ref_doc(name, delete_from_docstore=True)
        self._index.storage_context.persist(str(self._state))

    def ask(self, question: str) -> list[str]:
        found = self._index.as_retriever(similarity_top_k=30).retrieve(question)
        return list(dict.fromkeys(node.node.ref_doc_id for node in found))[:10]


open_peer = LlamaIndex
