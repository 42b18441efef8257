"""Fuses two rankings into one, by relative score."""

from collections.abc import Mapping


def fuse(
    keyword: Mapping[int, float], vector: Mapping[int, float], *, alpha: float, limit: int
) -> list[tuple[int, float]]:
    """Return chunks with fused scores 0..1, best first: each ranking's scores are spread over 0..1, then weighted.

    The formula is Weaviate's relativeScoreFusion, so that one alpha means the same in every store. A tie goes to
    the older chunk, so that the order never changes by itself.
    """
    fused: dict[int, float] = {}
    for weight, scores in ((1 - alpha, keyword), (alpha, vector)):
        if not scores or weight <= 0:
            continue
        low, high = min(scores.values()), max(scores.values())
        for chunk, score in scores.items():
            relative = (score - low) / (high - low) if high > low else 1.0
            fused[chunk] = fused.get(chunk, 0.0) + weight * relative
    return sorted(fused.items(), key=lambda item: (-item[1], item[0]))[:limit]
