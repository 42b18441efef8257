"""The composition root: which backends the configuration chooses, and that they close."""

from pathlib import Path

import pytest

from bot.bootstrap import App, open_app, open_records
from bot.config.loader import Settings, load
from bot.model import Outcome, Question
from bot.ports import Rejected


def settings(folder: Path, text: str = "") -> Settings:
    path = folder / "docent.yaml"
    path.write_text(text)
    return load(path)


def kinds(app: App) -> dict[str, str]:
    parts = {"store": app.store, "embedder": app.embedder, "reranker": app.reranker, "writer": app.writer}
    return {name: type(part).__name__ for name, part in parts.items()}


async def test_without_keys_nothing_but_this_machine_is_used(tmp_path: Path):
    """One file, the embedder that comes along, quoted answers; opening writes nothing."""
    async with open_app(settings(tmp_path)) as app:
        assert kinds(app) == {
            "store": "SqliteStore",
            "embedder": "StaticEmbedder",
            "reranker": "NoneType",
            "writer": "ExtractiveWriter",
        }
    assert [path.name for path in tmp_path.iterdir()] == ["docent.yaml"]


async def test_with_both_keys_both_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """COHERE_API_KEY and WEAVIATE_URL are enough; opening calls neither."""
    monkeypatch.setenv("COHERE_API_KEY", "c-key")
    monkeypatch.setenv("WEAVIATE_URL", "http://localhost:1")
    async with open_app(settings(tmp_path)) as app:
        assert kinds(app) == {
            "store": "WeaviateStore",
            "embedder": "ServiceEmbedder",
            "reranker": "CohereReranker",
            "writer": "ChatWriter",
        }


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("writer: extractive", {"writer": "ExtractiveWriter"}),
        ("reranker: none", {"reranker": "NoneType"}),
        ("embedder: none", {"embedder": "NoneType"}),
        ("embedder: none\nreranker: none\nwriter: extractive", {
            "embedder": "NoneType", "reranker": "NoneType", "writer": "ExtractiveWriter"}),
    ],
)  # fmt: skip
async def test_either_may_be_used_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, changed: dict[str, str]
):
    """Each part is chosen for itself."""
    monkeypatch.setenv("COHERE_API_KEY", "c-key")
    usual = {
        "store": "SqliteStore",
        "embedder": "ServiceEmbedder",
        "reranker": "CohereReranker",
        "writer": "ChatWriter",
    }
    async with open_app(settings(tmp_path, text)) as app:
        assert kinds(app) == {**usual, **changed}


async def test_what_can_never_work_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A model's missing file, and a database address that is none."""
    with pytest.raises(Rejected, match="is not there"):
        async with open_app(settings(tmp_path, "embedder: {local: {path: ./m, dimensions: 3}}")):
            pass
    monkeypatch.setenv("DATABASE_URL", "mysql://x/y")
    with pytest.raises(Rejected, match="unknown kind of database"):
        open_records(settings(tmp_path))


async def test_an_answer_comes_from_the_whole(tmp_path: Path):
    """With nothing indexed the docs don't say."""
    async with open_app(settings(tmp_path)) as app:
        await app.ready()
        answer = await app.answerer.answer(Question("How many days off?", frozenset({"everyone"})))
    assert answer.outcome is Outcome.NOT_FOUND
