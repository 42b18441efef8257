"""Names of pages, however they are spelled, mean the same to every pattern that decides who may see them."""

import unicodedata
from pathlib import Path
from urllib.parse import quote

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as some

from bot.text.globs import Selection, matches, may_match
from indexer.sources.base import Entry, audience_of
from tests.support.command_line import CommandLine
from tests.support.pages import put, settings
from tests.support.source_server import listed, opened, serving

_LETTERS = some.characters(exclude_categories=("Cs", "Cc"), exclude_characters="*?[]{}/%.,!")
NAMES = some.text(_LETTERS, min_size=1, max_size=12).filter(lambda name: name.strip() == name)
FORMS = some.sampled_from(("NFC", "NFD", "NFKC", "NFKD"))
CASES = some.sampled_from((str, str.upper, str.lower, str.swapcase, str.title))
SPELLINGS = some.sampled_from((str, quote, lambda name: quote(quote(name)), lambda name: quote(name).lower()))


@given(NAMES, FORMS, CASES, SPELLINGS)
def test_any_spelling_is_hidden(name: str, form: str, case: object, spelling: object) -> None:
    """Nobody sees in any spelling what the composed one would have hidden."""
    pattern = unicodedata.normalize("NFC", name)
    spelled = unicodedata.normalize(form, name)  # type: ignore[arg-type]
    path = f"{spelling(case(spelled))}/page.md"  # type: ignore[operator]
    narrowed = settings(audience_of={f"{pattern}/**": ["managers"]})
    assert audience_of(narrowed, Entry(path, "1")) == {"managers"}
    assert not Selection(exclude=[f"{pattern}/"]).takes(path)


@given(NAMES, FORMS, CASES, SPELLINGS)
def test_no_spelling_opens(name: str, form: str, case: object, spelling: object) -> None:
    """A pattern that opens pages opens none whose own spelling another pattern closes."""
    spelled = unicodedata.normalize(form, name)  # type: ignore[arg-type]
    path = f"{spelling(case(spelled))}/page.md"  # type: ignore[operator]
    rules = {"**": ["managers"], f"{unicodedata.normalize('NFC', name)}/**": ["everyone"], path: ["managers"]}
    assert audience_of(settings(audience_of=rules), Entry(path, "1")) == {"managers"}


@pytest.mark.parametrize(
    ("path", "glob", "fits"),
    [
        ("Entwu\u0308rfe/a.md", "Entwürfe/**", True),
        ("Entwürfe/a.md", "Entwu\u0308rfe/**", True),
        ("f%C3%BChrung/a", "führung/**", True),
        ("f%fchrung/a", "führung/**", True),
        ("a%20b.md", "a b.md", True),
        ("a*b.md", "a%2Ab.md", True),
        ("axb.md", "a%2Ab.md", False),
        ("u\u0308.md", "?.md", True),
        ("u\u0308.md", "[äöü].md", True),
        ("u\u0308.md", "{ü,ö}.md", True),
        ("HR/a.md", "hr/**", False),
    ],
)
def test_one_form(path: str, glob: str, fits: bool) -> None:  # noqa: FBT001 - a parameter
    """Decomposed letters and %-forms are the letters that they stand for; a sign in %-form is no wildcard."""
    assert matches(path, glob) is fits


def test_slashes() -> None:
    """A doubled slash or a dot in a path hides nothing less."""
    assert may_match("hr//./pay.md", "hr/pay.md")
    assert may_match("hr%2Fpay.md", "hr/*")


def test_names_that_differ_in_case_where_the_source_tells_them_apart() -> None:
    """An exclusion goes by case only where the source does."""
    assert not Selection(exclude=["readme.md"]).takes("README.md")
    assert Selection(exclude=["readme.md"], fold=False).takes("README.md")


_PAGES = {
    "Geschäftsführung/Gehälter.md": "# Pay\n\nThe pay of the lighthouse keeper is 4711 crowns.\n",
    "Entwürfe/Plan.md": "# Plan\n\nThe draft of the harbour plan names pier nine.\n",
    "owl.md": "# Owl\n\nThe owl of the lighthouse is called Tamsin.\n",
}
_RULES = 'audience: [everyone], exclude: ["Entwürfe/**"], audience_of: {"Geschäftsführung/**": [managers]}'


@pytest.mark.slow
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_folder_of_a_mac(tmp_path: Path, form: str) -> None:
    """Names with decomposed letters keep the audience that a composed pattern gives them."""
    spelled = {unicodedata.normalize(form, name): text for name, text in _PAGES.items()}  # type: ignore[arg-type]
    put(tmp_path / "docs", spelled)
    docent = CommandLine(tmp_path, f"sources: [{{name: docs, type: folder, path: docs, {_RULES}}}]\n")
    assert "fits no page" not in docent("index").stdout
    assert "Tamsin" in docent("ask", "What is the owl of the lighthouse called?").stdout
    assert "4711" not in docent("ask", "What is the pay of the lighthouse keeper?").stdout
    shown = docent("ask", "What is the pay of the lighthouse keeper?", "--audience", "everyone,managers")
    assert "4711" in shown.stdout
    assert "nine" not in docent("ask", "Which pier does the draft of the harbour plan name?").stdout


async def test_address_of_a_page(tmp_path: Path) -> None:
    """A web page whose address has a %-form is for whom the letter's pattern says."""
    pages = {
        "/docs/": '<h1>Start</h1><p>Read on.</p><a href="f%C3%BChrung/pay.html">Pay</a>',
        "/docs/f%C3%BChrung/pay.html": "<h1>Pay</h1><p>The pay of the keeper is 4711 crowns.</p>",
    }

    async def answer(request: web.Request) -> web.Response:
        text = pages.get(request.raw_path)
        return web.Response(text=text, status=200 if text else 404, content_type="text/html")

    async with serving(answer) as server:
        rules = {"führung/**": ["managers"]}
        asked = {"type": "web", "site": f"{server.url}/docs/", "allow_private": True, "audience_of": rules}
        async with opened(tmp_path, **asked) as (source, _):
            found = {entry.path: audience_of(source.settings, entry) async for entry in source.entries()}
    assert found == {"index": {"everyone"}, "f%C3%BChrung/pay.html": {"managers"}}


async def test_endings_in_capitals(tmp_path: Path) -> None:
    """Files are pages by their ending, whatever its case."""
    names = ("OWL.MD", "fox.TXT", "Newt.HTM", "hares.Csv", "toad.md", "logo.PNG", "README")
    put(tmp_path / "docs", dict.fromkeys(names, "Some text."))
    async with opened(tmp_path, type="folder", path=str(tmp_path / "docs")) as (source, _):
        assert sorted(await listed(source)) == ["Newt.HTM", "OWL.MD", "fox.TXT", "hares.Csv", "toad.md"]
        assert source.selection.untaken == {"png": 1, "": 1}


@pytest.mark.slow
def test_report_counts_what_no_pattern_takes(tmp_path: Path) -> None:
    """What is not read is counted by its kind."""
    put(tmp_path / "docs", {"a.md": "Some text.", "b.PNG": "x", "c.png": "x", "README": "x"})
    docent = CommandLine(tmp_path)
    docent.config.write_text("sources: [{name: docs, type: folder, path: docs, audience: [everyone]}]\n")
    said = "left out: 3 files that no pattern of include takes (2 .png, 1 without an ending)"
    assert said in docent("index").stdout
