"""Settings of `docent eval`: what a run is held to, how often each question is asked, and who judges."""

from typing import Annotated, Literal

from pydantic import Field

from bot.config.base import Section
from bot.config.services import Judge

BarName = Literal[
    "facts",
    "cited",
    "declined",
    "invented",
    "style",
    "judged",
    "hit@1",
    "hit@5",
    "ndcg@10",
    "precision",
    "answer_first",
    "see_also",
    "to_the_point",
    "p50",
    "p95",
    "dollars",
]


class EvalSettings(Section):
    """What `docent eval` holds a run to, and how often it asks.

    A bar is the least that a figure may be; for `invented`, `p50`, `p95` (seconds) and `dollars` (of an answer) it
    is the most. `judge` is a model that marks style: a name alone is Cohere's.
    """

    bars: dict[BarName, float] = {}
    judge: Judge = None
    repeats: Annotated[int, Field(gt=0)] = 1
