"""Calibrates a model's cosine similarities: models differ in what they give to texts that have nothing in common.

MiniLM gives unrelated texts about 0, BGE about .5, others something else. So that the weights of
bot.retrieval.scoring and the thresholds of bot.retrieval.answerability hold for every model, a few questions are
compared with their answers and with each other's, once in each process, and similarities are mapped to the scale of
the model that the constants were measured with.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.ports import Embedder

# all-MiniLM-L6-v2 over PAIRS: unrelated, and related; and how many spreads (the root of the mean of both
# variances) lie between them.
_REFERENCE = (0.0265, 0.5406)
_APART = 5.65
# A model that separates worse is worth less beside words, within this.
_MOST_WORDS = 2.0
# A model that can't tell the pairs apart by this much is none to be measured with.
_LEAST_SPREAD = 0.05

PAIRS = (
    ("How do I reset my password?", "To choose a new password, open the sign-in page and follow the link."),
    ("When is rent due?", "Tenants pay their rent by the third working day of each month."),
    ("What should I water the plants with?", "Use rainwater for orchids; tap water is too hard for them."),
    ("How long is the warranty?", "The manufacturer repairs defects free of charge for two years."),
    (
        "Which train goes to the airport?",
        "The S8 line runs from the main station to the airport every 20 min.",
    ),
    ("Can I bring my dog?", "Pets are welcome in the garden but not inside the restaurant."),
    ("What does the function return?", "It returns a list of strings, or None if the file is empty."),
    ("Who teaches the pottery class?", "Pottery on Tuesdays is taught by Maria, a ceramic artist."),
)


@dataclass(frozen=True, slots=True)
class SimilarityScale:
    """Maps one model's cosines to those that the constants are for, by an affine map.

    `words` is how much more words count beside a model that tells unrelated texts apart less well than the
    reference.
    """

    factor: float = 1.0
    offset: float = 0.0
    words: float = 1.0

    def of(self, cosine: float) -> float:
        return self.offset + self.factor * cosine


SAME = SimilarityScale()


async def measure(embedder: Embedder) -> SimilarityScale:
    """Embed PAIRS, and return the model's scale. Raises BackendError."""
    answers = await embedder.embed_documents([answer for _, answer in PAIRS])
    questions = np.stack([await embedder.embed_query(question) for question, _ in PAIRS])
    return fitted(questions @ answers.T)


def fitted(similar: NDArray[np.float32]) -> SimilarityScale:
    """Fit a scale to the similarities of questions (rows) to answers (columns); those of the diagonal belong together."""
    pairs, others = np.diag(similar), similar[~np.eye(len(similar), dtype=bool)]
    related, unrelated = float(pairs.mean()), float(others.mean())
    if related - unrelated < _LEAST_SPREAD:
        return SAME
    factor = (_REFERENCE[1] - _REFERENCE[0]) / (related - unrelated)
    spread = math.sqrt((float(pairs.var()) + float(others.var())) / 2) or 1.0
    words = min(_MOST_WORDS, max(1.0, _APART * spread / (related - unrelated)))
    return SimilarityScale(factor, _REFERENCE[0] - factor * unrelated, words)
