"""The embedder that comes with the package, as it is."""

import sys

import numpy as np
import pytest

from bot.backends import static_embedder
from bot.backends.static_embedder import DIMENSIONS, open_embedder
from bot.ports import Rejected
from bot.retrieval.similarity_calibration import PAIRS, measure


async def test_an_answer_is_nearer_than_other_texts():
    """Each known question is nearest to its own answer, in rows of length 1."""
    embedder = await open_embedder()
    answers = await embedder.embed_documents([answer for _, answer in PAIRS])
    assert answers.shape == (len(PAIRS), DIMENSIONS)
    assert np.allclose(np.linalg.norm(answers, axis=1), 1, atol=1e-5)
    for number, (question, _) in enumerate(PAIRS):
        assert int((answers @ await embedder.embed_query(question)).argmax()) == number


async def test_vectors_do_not_depend_on_what_is_embedded_beside():
    """The same text gives the same vector alone, in a batch, as a question, and in another process's embedder."""
    texts = [f"{number} days of leave" for number in range(600)]
    one, other = await open_embedder(), await open_embedder()
    many = await one.embed_documents(texts)
    assert np.array_equal(many[599], await other.embed_query(texts[599]))
    assert one.model == other.model


async def test_a_text_without_tokens_is_no_error():
    """An empty text has no direction: it is like nothing."""
    embedder = await open_embedder()
    rows = await embedder.embed_documents(["", "leave"])
    assert not rows[0].any()
    assert await embedder.embed_documents([]) is not None


async def test_words_count_more_beside_it():
    """It separates worse than a sentence encoder, which is measured, not assumed."""
    assert 1.2 < (await measure(await open_embedder())).words <= 2


async def test_missing_files_say_what_to_do(monkeypatch: pytest.MonkeyPatch):
    """An installation without the weights is told in one sentence."""
    monkeypatch.setitem(sys.modules, "wordllama", None)
    monkeypatch.setattr(static_embedder.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(Rejected, match=r"wordllama is not installed\..*embedder: none"):
        await open_embedder()
