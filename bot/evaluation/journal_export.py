"""Makes a file of questions for `docent eval` of past questions with 👍 or 👎. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.ports import Feedback, Judged
from bot.text.language_guess import guess_language
from bot.text.matching import first_seen, plain


@dataclass(frozen=True, slots=True)
class JournalExport:
    """`cases` are lines as bot.evaluation.question_set reads them, the latest questions first; `untold` were kept without a text."""

    cases: tuple[dict[str, Any], ...]
    up: int
    down: int
    untold: int


def exported(judged: Sequence[Judged]) -> JournalExport:
    """Return each wording once, as it was judged last; if several people judged it, a 👎 counts.

    A follow-up stands as it was understood. The pages that a 👍 answer cited are its gold; what a 👎 answer should
    have said only people know, so `was` holds what was said and why it was bad.
    """
    cases: dict[str, dict[str, Any]] = {}
    verdicts: dict[str, str] = {}
    untold = 0
    for one in judged:
        text = _text(one)
        if not text or one.recorded.answer is None:
            untold += 1
        elif (key := plain(text).rstrip("?!. ")) not in cases:
            bad = [each for each in one.feedback if each.verdict == "down"]
            verdicts[key] = "down" if bad else "up"
            cases[key] = _case(one, text, bad)
    found = list(verdicts.values())
    return JournalExport(tuple(cases.values()), found.count("up"), found.count("down"), untold)


def _text(one: Judged) -> str:
    answer, asked = one.recorded.answer, one.recorded.asked.question
    follows = bool(asked.history) and answer is not None and bool(answer.trace.queries)
    return (answer.trace.queries[0] if follows and answer is not None else asked.text).strip()


def _case(one: Judged, text: str, bad: Sequence[Feedback]) -> dict[str, Any]:
    answer, question = one.recorded.answer, one.recorded.asked.question
    pages = first_seen(each.doc_id.partition(":")[2] for each in answer.citations) if answer else []
    complaints = [": ".join(filter(None, (each.complaint, each.comment))) for each in bad]
    return {
        "id": one.recorded.asked.id,
        "question": text,
        "gold": [] if bad else pages,
        "must_contain": [],
        "answerable": True,
        "kind": "down" if bad else "up",
        "lang": question.language or guess_language(text),
        "audience": sorted(question.audience),
        "was": {
            "answer": answer.text if answer else "",
            "citations": pages,
            "complaints": [each for each in complaints if each],
        },
    }
