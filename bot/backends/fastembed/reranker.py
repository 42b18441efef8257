"""A reranker on this machine: a cross-encoder in ONNX through fastembed.

Cross-encoders give any number (ms-marco's about -11 to 11). So that one bound holds for all of them, the first
question is preceded by a few that are known: what unrelated texts get counts as 0, what answers get as 1.
"""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.config.models import LocalRerankerSettings
from bot.model import Usage
from bot.ports import Rejected, Unavailable
from bot.runtime.private_files import private_folder

if TYPE_CHECKING:
    from fastembed.rerank.cross_encoder import TextCrossEncoder

log = logging.getLogger(__name__)

PART: Final = "the reranker"
_LONGEST: Final = 4_000  # characters; models read 512 tokens at most
_BATCH: Final = 8

# Questions with their answers; each answer is unrelated to the other questions.
KNOWN: Final = (
    ("How do I reset my password?", "To choose a new password, open the sign-in page and follow the link."),
    ("When is rent due?", "Tenants pay their rent by the third working day of each month."),
    ("How long is the warranty?", "The manufacturer repairs defects free of charge for two years."),
)


@dataclass(frozen=True, slots=True)
class _Loaded:
    model: "TextCrossEncoder"
    unrelated: float
    related: float

    def relevance(self, score: float) -> float:
        """0..1, from what unrelated texts get to what answers get."""
        return min(1.0, max(0.0, (score - self.unrelated) / (self.related - self.unrelated)))


class LocalReranker:
    """ports.Reranker. The model is loaded at the first question or by `load`."""

    def __init__(self, settings: LocalRerankerSettings, cache: Path) -> None:
        self._settings = settings
        self._cache = settings.cache or cache
        self._loading = asyncio.Lock()
        self._loaded: _Loaded | None = None
        self._thread = ThreadPoolExecutor(1, "rerank")
        self._calls = self._texts = 0

    async def load(self) -> None:
        """Load the model now. Raises Rejected for missing files, Unavailable if it can't be downloaded."""
        await self._model()

    async def rerank(self, question: str, texts: Sequence[str]) -> list[float]:
        loaded = await self._model()
        asked = [text[:_LONGEST] for text in texts]
        loop = asyncio.get_running_loop()
        scores = await loop.run_in_executor(self._thread, _scores, loaded.model, question, asked)
        self._calls += 1
        self._texts += len(texts)
        return [loaded.relevance(score) for score in scores]

    def usage(self) -> Usage:
        """Nothing of it costs anything."""
        name = self._settings.file if self._settings.path else self._settings.model
        return Usage(f"local:{name}", calls=self._calls, texts=self._texts)

    async def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._loaded = None

    async def _model(self) -> _Loaded:
        if self._loaded is None:
            async with self._loading:
                if self._loaded is None:
                    self._loaded = await asyncio.to_thread(_load, self._settings, self._cache)
        return self._loaded


def _scores(model: "TextCrossEncoder", question: str, texts: list[str]) -> list[float]:
    try:
        return [float(score) for score in model.rerank(question, texts, batch_size=_BATCH)]
    except (RuntimeError, ValueError, MemoryError) as error:
        raise Unavailable(PART, f"the model failed ({type(error).__name__}).") from error


def _load(settings: LocalRerankerSettings, cache: Path) -> _Loaded:
    try:
        from fastembed.rerank.cross_encoder import TextCrossEncoder
    except ImportError:
        remedy = "Install it: pip install 'docent[local]'."
        raise Rejected(PART, "fastembed is not installed.", remedy=remedy) from None
    model = _opened(TextCrossEncoder, settings, cache)
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


def _opened(
    make: "type[TextCrossEncoder]", settings: LocalRerankerSettings, cache: Path
) -> "TextCrossEncoder":
    threads = settings.threads or None
    try:
        if settings.path is not None:
            return make(_registered(make, settings), specific_model_path=str(settings.path), threads=threads)
        private_folder(cache)
        try:
            return make(settings.model, cache_dir=str(cache), threads=threads, local_files_only=True)
        except Exception as error:
            if not any(settings.model == known["model"] for known in make.list_supported_models()):
                remedy = "See the rerankers of fastembed, or give a folder: reranker: {local: {path: …}}."
                raise Rejected(PART, f"there is no model {settings.model}.", remedy=remedy) from error
            log.warning("downloading the model %s into %s, once", settings.model, cache)
            return make(settings.model, cache_dir=str(cache), threads=threads)
    except Rejected:
        raise
    except Exception as error:
        # ONNX Runtime, tokenizers and the download have no error types in common.
        log.debug("the model can't be loaded", exc_info=True)
        if settings.path is not None:
            remedy = "Check that it is a cross-encoder in ONNX with its tokenizer."
            raise Rejected(
                PART, f"{settings.path / settings.file} can't be loaded.", remedy=remedy
            ) from error
        remedy = "Check the connection, or give a folder: reranker: {local: {path: …}}."
        raise Unavailable(PART, f"{settings.model} can't be downloaded.", remedy=remedy) from error


def _registered(make: "type[TextCrossEncoder]", settings: LocalRerankerSettings) -> str:
    """Fastembed's list of models is of the process: the same one may stand there already."""
    from fastembed.common.model_description import ModelSource

    name = f"docent/reranker/{settings.file}"
    if name.lower() not in {str(known["model"]).lower() for known in make.list_supported_models()}:
        make.add_custom_model(model=name, sources=ModelSource(hf="local/model"), model_file=settings.file)
    return name
