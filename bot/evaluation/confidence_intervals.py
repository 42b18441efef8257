"""Gives means with their 95 % intervals, and tells when a difference is one. Pure.

Ours: scipy's Wilson interval, the same to five digits, takes whole counts alone, and an answer's mark may be a
fraction; scipy takes 2.4 s of CPU to import and 113 MB.
"""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

RESAMPLES = 1000
# Of fewer questions that differ, even if all differ one way, a sign test can't tell (2 * 0.5**5 > 0.05).
FEWEST = 6
_SEED = 7
_Z = 1.96


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over questions with its 95 % interval. `differing`: of a difference, how many questions are not 0."""

    mean: float
    low: float
    high: float
    questions: int
    differing: int | None = None

    def __str__(self) -> str:
        return f"{self.mean:.2f} ({self.low:.2f} to {self.high:.2f})"


def share(values: Sequence[float]) -> Figure | None:
    """Return the mean of values from 0 to 1, with Wilson's score interval (1927); None of nothing."""
    if not values:
        return None
    n, mean = len(values), fmean(values)
    middle = (mean + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * math.sqrt(mean * (1 - mean) / n + _Z**2 / (4 * n**2))
    return Figure(mean, max(0.0, min(mean, middle - half)), min(1.0, max(mean, middle + half)), n)


def difference(before: Mapping[str, float], after: Mapping[str, float]) -> Figure | None:
    """Return how much more `after` is, over the questions that both have, by a seeded paired percentile bootstrap."""
    gained = [value - before[id_] for id_, value in after.items() if id_ in before]
    if not gained:
        return None
    chance = random.Random(_SEED)  # noqa: S311 - resampling, the same each time
    means = sorted(fmean(chance.choices(gained, k=len(gained))) for _ in range(RESAMPLES))
    low, high = means[int(0.025 * RESAMPLES)], means[int(0.975 * RESAMPLES) - 1]
    return Figure(fmean(gained), low, high, len(gained), sum(value != 0 for value in gained))


def verdict(gained: Figure | None, *, less_is_better: bool = False) -> str:
    """Return "better", "worse" or "tie": an interval that holds 0, or fewer than FEWEST differing questions, is a tie."""
    if gained is None:
        return "can't be measured"
    if gained.low <= 0 <= gained.high or (gained.differing or 0) < FEWEST:
        return "tie"
    return "better" if (gained.mean > 0) is not less_is_better else "worse"
