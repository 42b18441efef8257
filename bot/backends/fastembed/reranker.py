"""Reranks on this machine, by a cross-encoder in ONNX through fastembed.

Cross-encoders give any number (ms-marco's about -11 to 11). So that one bound holds for all of them, a few known
pairs are scored before the first question: what unrelated texts get counts as 0, what answers get as 1.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.backends.fastembed.loading import LoadedOnce, Wording, downloaded, from_folder, not_installed
from bot.config.models import LocalRerankerSettings
from bot.model import Usage
from bot.ports import Rejected, Unavailable
from bot.retrieval.similarity_calibration import PAIRS

if TYPE_CHECKING:
    from fastembed.rerank.cross_encoder import TextCrossEncoder

PART: Final = "the reranker"
_WORDING: Final = Wording(PART, "a cross-encoder in ONNX", "reranker: {local: {path: …}}")
_LONGEST: Final = 4_000  # characters; models read 512 tokens at most
_BATCH: Final = 8

# Questions with their answers; each answer is unrelated to the other questions.
KNOWN: Final = (PAIRS[0], PAIRS[1], PAIRS[3])


@dataclass(frozen=True, slots=True)
class _Loaded:
    model: "TextCrossEncoder"
    unrelated: float
    related: float

    def relevance(self, score: float) -> float:
        """Scale a score to 0..1, from what unrelated texts get to what answers get."""
        return min(1.0, max(0.0, (score - self.unrelated) / (self.related - self.unrelated)))


class LocalReranker:
    """Implements ports.Reranker. The model is loaded at the first question or by `load`."""

    def __init__(self, settings: LocalRerankerSettings, cache: Path) -> None:
        self._settings = settings
        self._model = LoadedOnce(lambda: _load(settings, settings.cache or cache))
        self._thread = ThreadPoolExecutor(1, "rerank")
        self._calls = self._texts = 0

    async def load(self) -> None:
        """Load the model now. Raises Rejected for missing files, Unavailable if it can't be downloaded."""
        await self._model.get()

    async def rerank(self, question: str, texts: Sequence[str]) -> list[float]:
        loaded = await self._model.get()
        asked = [text[:_LONGEST] for text in texts]
        loop = asyncio.get_running_loop()
        scores = await loop.run_in_executor(self._thread, _scores, loaded.model, question, asked)
        self._calls += 1
        self._texts += len(texts)
        return [loaded.relevance(score) for score in scores]

    def usage(self) -> Usage:
        """Return a usage without figures: nothing of it costs anything."""
        name = self._settings.file if self._settings.path else self._settings.model
        return Usage(f"local:{name}", calls=self._calls, texts=self._texts)

    async def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._model.forget()


def _scores(model: "TextCrossEncoder", question: str, texts: list[str]) -> list[float]:
    try:
        return [float(score) for score in model.rerank(question, texts, batch_size=_BATCH)]
    except (RuntimeError, ValueError, MemoryError) as error:
        raise Unavailable(PART, f"the model failed ({type(error).__name__}).") from error


def _load(settings: LocalRerankerSettings, cache: Path) -> _Loaded:
    try:
        from fastembed.rerank.cross_encoder import TextCrossEncoder
    except ImportError:
        raise not_installed(PART) from None

    def check_name() -> None:
        if not any(settings.model == known["model"] for known in TextCrossEncoder.list_supported_models()):
            remedy = "See the rerankers of fastembed, or give a folder: reranker: {local: {path: …}}."
            raise Rejected(PART, f"there is no model {settings.model}.", remedy=remedy)

    def from_disk() -> "TextCrossEncoder":
        name = _registered(TextCrossEncoder, settings)
        threads = settings.threads or None
        return TextCrossEncoder(name, specific_model_path=str(settings.path), threads=threads)

    if settings.path is not None:
        model = from_folder(from_disk, settings, _WORDING)
    else:
        model = downloaded(
            partial(TextCrossEncoder, threads=settings.threads or None),
            settings,
            cache,
            _WORDING,
            before_download=check_name,
        )
    answers = [answer for _, answer in KNOWN]
    related: list[float] = []
    unrelated: list[float] = []
    for number, (question, _) in enumerate(KNOWN):
        for other, score in enumerate(_scores(model, question, answers)):
            (related if other == number else unrelated).append(score)
    high, low = sum(related) / len(related), sum(unrelated) / len(unrelated)
    if high <= low:
        remedy = "Choose a cross-encoder that was trained to rank answers."
        raise Rejected(PART, "the model doesn't tell answers from other texts.", remedy=remedy)
    return _Loaded(model, low, high)


def _registered(make: "type[TextCrossEncoder]", settings: LocalRerankerSettings) -> str:
    """Register the model with fastembed, whose list is the whole process's: the same one may be there already."""
    from fastembed.common.model_description import ModelSource

    name = f"docent/reranker/{settings.file}"
    if name.lower() not in {str(known["model"]).lower() for known in make.list_supported_models()}:
        make.add_custom_model(model=name, sources=ModelSource(hf="local/model"), model_file=settings.file)
    return name
