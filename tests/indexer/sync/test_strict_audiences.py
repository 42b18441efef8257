"""While a pattern that gives an audience fits no page, its source isn't opened any wider."""

import json
from pathlib import Path

import pytest

from indexer.source_health import misfits
from indexer.sources.base import Misfit
from tests.indexer.sync.test_source_sync import Desk
from tests.support.command_line import CommandLine
from tests.support.pages import put

PAGES = {"hr/pay.md": "The pay is 4711 crowns.", "owl.md": "The owl is called Tamsin."}
NARROW = {"hr/**": ["managers"]}
SLIP = {"hrr/**": ["managers"]}


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


async def test_new_pages_wait() -> None:
    """New pages are left out, and counted."""
    question_service = Desk(dict(PAGES))
    question_service.shelf = question_service.shelf.with_settings(audience_of=SLIP)
    report = await question_service.sync()
    assert (question_service.stored, report.left_out, report.unfit) == ({}, 2, ("audience_of: hrr/**",))


async def test_until_the_pattern_fits() -> None:
    """They come as soon as every pattern fits."""
    question_service = Desk(dict(PAGES))
    question_service.shelf = question_service.shelf.with_settings(audience_of=SLIP)
    await question_service.sync()
    question_service.shelf = question_service.shelf.with_settings(audience_of=NARROW)
    report = await question_service.sync()
    assert question_service.audiences == {"hr/pay.md": {"managers"}, "owl.md": {"everyone"}}
    assert (report.left_out, report.unfit) == (0, ())


async def test_pages_from_before_stay() -> None:
    """A page that was there keeps its audience, and its text is kept in step."""
    question_service = Desk(dict(PAGES))
    question_service.shelf = question_service.shelf.with_settings(audience_of=NARROW)
    await question_service.sync()
    question_service.shelf = question_service.shelf.with_settings(
        audience_of=NARROW | {"legal/**": ["lawyers"]}
    )
    question_service.shelf.pages |= {"owl.md": "The owl is called Agatha.", "new.md": "New."}
    report = await question_service.sync()
    assert question_service.audiences == {"hr/pay.md": {"managers"}, "owl.md": {"everyone"}}
    assert "Agatha" in question_service.stored["owl.md"]
    assert report.left_out == 1


async def test_a_slip_in_a_pattern_opens_nothing() -> None:
    """A page that a pattern narrowed stays for those alone while the pattern is misspelled."""
    question_service = Desk(dict(PAGES))
    question_service.shelf = question_service.shelf.with_settings(audience_of=NARROW)
    await question_service.sync()
    question_service.shelf = question_service.shelf.with_settings(audience_of=SLIP)
    for _ in range(2):
        await question_service.sync()
        assert question_service.audiences == {"hr/pay.md": {"managers"}, "owl.md": {"everyone"}}


async def test_a_renamed_folder_opens_nothing() -> None:
    """Pages that moved out of a pattern's reach are left out."""
    question_service = Desk({**PAGES, "hr/leave.md": "Leave is 27 days."})
    question_service.shelf = question_service.shelf.with_settings(audience_of=NARROW)
    await question_service.sync()
    question_service.shelf.pages = {"people/pay.md": PAGES["hr/pay.md"], "owl.md": PAGES["owl.md"]}
    await question_service.sync(confirm_deletes=True)
    assert question_service.audiences == {"owl.md": {"everyone"}}


async def test_a_pattern_that_opens_holds_nothing_back() -> None:
    """A pattern that would give more people a page is told, and that is all."""
    question_service = Desk(dict(PAGES))
    question_service.shelf = question_service.shelf.with_settings(
        audience=["staff"], audience_of={"hrr/**": ["everyone"]}
    )
    report = await question_service.sync()
    assert (len(question_service.stored), report.unfit) == (2, ("audience_of: hrr/**",))


async def test_not_strict() -> None:
    """With `strict_audiences: false` the pattern is told, and nothing is left out."""
    question_service = Desk(dict(PAGES))
    question_service.shelf = question_service.shelf.with_settings(audience_of=SLIP, strict_audiences=False)
    report = await question_service.sync()
    assert (len(question_service.stored), report.left_out, report.unfit) == (2, 0, ("audience_of: hrr/**",))


async def test_an_index_built_anew() -> None:
    """A rebuilt index holds the pages that the live one has."""
    question_service = Desk(dict(PAGES))
    question_service.shelf = question_service.shelf.with_settings(audience_of=NARROW)
    question_service.embedder = None
    await question_service.sync()
    question_service = _with_embedder(question_service)
    question_service.shelf = question_service.shelf.with_settings(audience_of=SLIP)
    question_service.shelf.pages["new.md"] = "New."
    report = await question_service.sync()
    assert question_service.audiences == {"hr/pay.md": {"managers"}, "owl.md": {"everyone"}}
    assert report.left_out == 1


def _with_embedder(question_service: Desk) -> Desk:
    other = Desk()
    other.shelf, other.store = question_service.shelf, question_service.store
    return other


@pytest.mark.slow
def test_told_everywhere(tmp_path: Path) -> None:
    """`index`, `status` and `doctor` tell of a pattern that fits no page, and of what waits for it."""
    put(tmp_path / "docs", PAGES)
    rules = "audience_of: {'hrr/**': [managers]}, exclude: ['draft/**']"
    docent = CommandLine(
        tmp_path, f"sources: [{{name: docs, type: folder, path: docs, audience: [everyone], {rules}}}]\n"
    )
    for said in (docent("index").stdout, docent("status").stdout):
        assert "audience_of: hrr/** fits no page" in said
        assert "exclude: draft/** fits no page" in said
        assert "2 new pages are left out until every pattern that gives an audience fits" in said
    found = json.loads(docent("doctor", "--json").stdout)
    (check,) = [each for each in found if each["part"] == "source docs"]
    assert check["verdict"] == "warning"
    assert "audience_of: hrr/** fits no page" in check["finding"]


def test_words() -> None:
    """One page and many are told apart."""
    assert misfits(("audience_of: a",), 1) == [
        "audience_of: a fits no page: correct or remove it",
        "1 new page is left out until every pattern that gives an audience fits (strict_audiences)",
    ]


def test_misfit() -> None:
    """A pattern narrows unless whoever sees the source is among its words."""
    shelf = Desk().shelf.with_settings(audience=["staff"])
    assert shelf.misfit("audience_of", "a", frozenset({"staff", "guests"})) == Misfit("audience_of", "a")
    assert shelf.misfit("audience_of", "a", frozenset({"hr"})).words == {"hr"}
