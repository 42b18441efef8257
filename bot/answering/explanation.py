"""Explains what decided an answer, in a sentence for people that says what to do about it."""

from collections.abc import Callable, Collection

from bot import decisions
from bot.model import Answer, Outcome

_PAGES = 3
_UNSEEN = "a page that you may not see"


def explain(
    answer: Answer, *, visible: Collection[str] | None = None, shown: Callable[[str], str] = str
) -> str:
    """Return the explanation. `visible` are the ids of the pages that may be named, None for all.

    `shown` makes a title fit to be read where the explanation is shown.
    """
    if answer.outcome is Outcome.UNAVAILABLE:
        return _unavailable(answer)
    if answer.verified:
        return (
            f"It repeats the verified answer {answer.verified}. If that is wrong, withdraw it: "
            f"docent style withdraw {answer.verified}."
        )

    def name(doc_id: str, title: str) -> str:
        return f"“{shown(title)}”" if visible is None or doc_id in visible else _UNSEEN

    if answer.outcome is Outcome.ANSWERED:
        named = dict.fromkeys(name(one.doc_id, one.title) for one in answer.citations)
        return (
            f"It says what stands in {_listed(list(named)) or 'no page'}. If that is wrong or old, correct the page and "
            "index it again; if another page should answer, say it there in the question's words, or save a "
            "verified answer."
        )
    return _not_found(answer, name)


def _unavailable(answer: Answer) -> str:
    why = answer.trace.decision or "something was down, or there were too many questions"
    return f"It wasn't answered: {why.rstrip('.')}. docent doctor finds what is down, and says what to do."


def _not_found(answer: Answer, name: Callable[[str, str], str]) -> str:
    decision = answer.trace.decision
    if (said := _SAID.get(decision)) is not None:
        return said
    if not answer.trace.candidates:
        return (
            "No page that may be shown there has anything of it. Write one; if there is one, docent show PAGE tells "
            "whether it is indexed, and for whom."
        )
    best = answer.trace.candidates[0].passage
    near = name(best.doc_id, best.title)
    if decision == decisions.UNCOVERED:
        return (
            f"{_upper(near)} was found, but nothing that was written about it stands there. If it does answer, say so "
            "there in a whole sentence with the question's words."
        )
    return (
        f"{_upper(near)} is nearest, but has too little of the question to answer it. If it does answer, put the "
        "question's words into its heading or a sentence of it; if no page does, write one. A verified answer helps "
        "at once."
    )


_SAID = {
    decisions.SMALL_TALK: "It was taken for small talk, not for a question.",
    decisions.NO_SUBJECT: "It names nothing to look up: it wants a question with a subject.",
    decisions.NO_AUDIENCE: (
        "Nothing may be shown where it was asked: audiences in docent.yaml say who may see what, and where. "
        "docent doctor lists the places."
    ),
    decisions.REFUSED: "The style guide says that such questions aren't answered.",
    decisions.GUIDES_WORDS: "The style guide's own words were all that was written.",
}


def _listed(names: list[str]) -> str:
    more = len(names) - _PAGES
    if more > 0:
        return ", ".join(names[:_PAGES]) + f" and {more} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
