"""Finds what else the quoted pages say, for who wants more than the sentences that answer. Pure."""

from collections.abc import Callable, Sequence

from bot.backends.extractive.selection import Chosen
from bot.backends.extractive.snippets import Snippet


def further(
    quoted: Sequence[Chosen],
    about: Sequence[Chosen],
    snippets: Sequence[Snippet],
    fits: Callable[[Sequence[Chosen]], bool],
) -> list[Chosen]:
    """Return the found sections of the pages that `about` is of, without what was quoted, as far as the whole `fits`.

    The sections that were quoted come first, then the others of their pages. A section is cut only where nothing
    else would be left; a paragraph comes whole, or not at all where all of it was quoted.
    """
    said = {id(one.snippet) for one in quoted}
    left: list[Chosen] = []
    for section in _sections((*quoted, *about), snippets):
        new = _unsaid(section, said)
        whole = [*left, *(Chosen(one, len(left) + number) for number, one in enumerate(new))]
        if fits(whole):
            left = whole
        elif not left:
            while whole and not fits(whole):
                whole.pop()
            return whole
    return left


def _unsaid(section: Sequence[Snippet], said: set[int]) -> list[Snippet]:
    paragraphs = {one.block for one in section if one.kind == "prose" and id(one) not in said}
    return [
        one
        for one in section
        if not one.is_lead and (one.block in paragraphs if one.kind == "prose" else id(one) not in said)
    ]


def _sections(chosen: Sequence[Chosen], snippets: Sequence[Snippet]) -> list[list[Snippet]]:
    sections: dict[str, list[Snippet]] = {}
    for one in snippets:
        sections.setdefault(one.passage.chunk_id, []).append(one)
    ordered = [one.snippet.passage for one in chosen]
    pages = dict.fromkeys(passage.doc_id for passage in ordered)
    first = dict.fromkeys(passage.chunk_id for passage in ordered)
    others = [key for page in pages for key, section in sections.items() if section[0].passage.doc_id == page]
    return [sections[key] for key in dict.fromkeys((*first, *others))]
