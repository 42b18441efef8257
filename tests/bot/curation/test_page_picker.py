"""The page that a saved answer rests on."""

import pytest

from bot.curation.page_picker import PagePicker
from bot.model import Citation, Passage
from tests.support.fakes import FakeRetrieval, FakeRetriever

EVERYONE = frozenset({"everyone"})
PAGE = Citation(
    1, "handbook:people/Leave.md", "Annual leave", "Notice", "https://docs.example/leave#notice", ""
)


class Shelf:
    """Pages by id, for everyone."""

    async def passages(self, spans, audience) -> list[Passage]:
        there = {"handbook:deep/unlike.md": "Unlike"} if audience & EVERYONE else {}
        return [
            Passage("c", span.doc_id, "handbook", 0, there[span.doc_id], "", "https://docs.example/u", "")
            for span in spans
            if span.doc_id in there
        ]


@pytest.fixture
def picker() -> PagePicker:
    return PagePicker(FakeRetriever(FakeRetrieval(nearest=(PAGE,))), Shelf(), lambda: ["wiki", "handbook"])


@pytest.mark.parametrize(
    "named",
    [
        "annual LEAVE",
        " people/leave.md ",
        "handbook:people/Leave.md",
        "https://docs.example/leave",
        "<https://docs.example/leave#notice>",
    ],
)
async def test_a_near_page_is_found_by_any_of_its_names(picker: PagePicker, named: str) -> None:
    """Title, path, id and address, with or without its anchor, in any case."""
    assert await picker.find(named, "How much notice?", EVERYONE) == PAGE


@pytest.mark.parametrize("named", ["deep/unlike.md", "/deep/unlike.md", "handbook:deep/unlike.md"])
async def test_a_page_that_is_not_near_is_found_by_its_path(picker: PagePicker, named: str) -> None:
    """Whatever source it is of, and never by those who may not see it."""
    found = await picker.find(named, "How much notice?", EVERYONE)
    assert found is not None
    assert (found.doc_id, found.title, found.number) == ("handbook:deep/unlike.md", "Unlike", 1)
    assert await picker.find(named, "How much notice?", frozenset({"other"})) is None


@pytest.mark.parametrize("named", ["", "  ", "<>", "Nothing of the kind", "../leave.md"])
async def test_what_names_no_page_finds_none(picker: PagePicker, named: str) -> None:
    assert await picker.find(named, "How much notice?", EVERYONE) is None


async def test_nobody_is_shown_nothing() -> None:
    """Without an audience or a text nothing is searched for."""
    retriever = FakeRetriever(FakeRetrieval(nearest=(PAGE,)))
    picker = PagePicker(retriever, Shelf(), list)
    assert await picker.nearest("How much?", frozenset()) == ()
    assert await picker.nearest(" ", EVERYONE) == ()
    assert retriever.asked == []
