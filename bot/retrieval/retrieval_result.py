"""What a search comes to: the passages to write from, and what `why` tells of how they were chosen. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.model import Candidate, Citation, Passage
from bot.retrieval.answerability import Answerability, is_near
from bot.retrieval.scoring import ScoredCandidate

_NEAREST = 6  # pages
_QUOTE = 200  # characters


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What was found for a question.

    `passages` are sections and `candidates` chunks with what became of them, each best first; `nearest` are the
    closest pages, whether they answer or not. `enough`: an answer can be written from the passages. `strong`: they
    are evidence enough to answer unasked. `hidden`: not enough for this asker, but pages that only others may see
    would be. `evidence` are the measures behind `decision`, by name.
    """

    passages: tuple[Passage, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    enough: bool = False
    strong: bool = False
    nearest: tuple[Citation, ...] = ()
    degraded: tuple[str, ...] = ()
    queries: tuple[str, ...] = ()
    evidence: Mapping[str, float] = field(default_factory=dict)
    decision: str = ""
    hidden: bool = False


def candidates_of(
    scored: Sequence[ScoredCandidate],
    relevance: Mapping[str, float],
    surplus: Mapping[str, str],
    passages: Sequence[Passage],
    verdict: Answerability,
) -> tuple[Candidate, ...]:
    """Return each scored chunk with the reason why it didn't reach the writer, if it didn't.

    `relevance` is the reranker's, by chunk id; `surplus` leads from a chunk's id to that of its near duplicate.
    """

    def dropped(passage: Passage) -> str:
        if passage.chunk_id in surplus:
            return f"nearly the same as {surplus[passage.chunk_id]}"
        if not verdict.enough:
            return f"too little evidence: {verdict.reason}"
        if any(p.doc_id == passage.doc_id and passage.text in p.text for p in passages):
            return ""
        return "no room: others fit better"

    return tuple(
        Candidate(
            passage=each.passage,
            keyword=each.hit.keyword,
            vector=each.hit.vector,
            fused=each.score,
            reranked=relevance.get(each.passage.chunk_id),
            dropped=dropped(each.passage),
        )
        for each in scored
    )


def nearest_pages(scored: Sequence[ScoredCandidate], chunks: int | None) -> tuple[Citation, ...]:
    """Return the best pages that have something to do with the question, at most six, best first.

    `chunks` is how many the index holds, where the pages don't answer and a stricter bound counts (see `is_near`).
    """
    pages: dict[str, Passage] = {}
    for each in scored:
        if is_near(each, scored[0], chunks):
            pages.setdefault(each.passage.doc_id, each.passage)
    return tuple(
        Citation(
            number=number,
            doc_id=page.doc_id,
            title=page.title,
            heading=page.heading,
            url=page.url,
            quote=page.text[:_QUOTE],
            updated_at=page.updated_at,
            owners=page.owners,
        )
        for number, page in enumerate(list(pages.values())[:_NEAREST], 1)
    )
