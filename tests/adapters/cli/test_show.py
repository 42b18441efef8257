"""`docent show`: a page as it stands in the index."""

import json
from pathlib import Path

import pytest

from tests.support.command_line import CONFIG, HANDBOOK, CommandLine

_CONFIG = CONFIG.replace(
    "audience: [everyone]", "audience: [everyone], url: 'https://docs.example.com/{path}'"
)


@pytest.fixture(scope="module")
def docent(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """An indexed handbook with addresses, shared by tests that only look."""
    made = CommandLine(tmp_path_factory.mktemp("handbook"), _CONFIG)
    made.write({**HANDBOOK, "visitors/dogs.md": "# Dogs of visitors\n\nThey stay outside.\n"})
    done = made("index")
    assert done.returncode == 0, done.stderr
    return made


@pytest.mark.slow
def test_page(docent: CommandLine):
    """Its title, address, audience and date, and each chunk with its heading and anchor."""
    done = docent("show", "leave.md")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "Annual leave",
        "  id: handbook:leave.md",
        "  address: https://docs.example.com/leave.md",
        "  audience: everyone",
        "  updated: 2026-01-12",
        "  chunks: 2",
        "",
        "[1]",
        "Everybody gets 27 days of paid annual leave a year.",
        "",
        "[2] Carrying over #carrying-over",
        "Up to 5 days of leave may be carried into the next year.",
    ]


@pytest.mark.parametrize(
    "wanted",
    [
        "handbook:pay/bands.md",
        "pay/bands.md",
        "PAY/BANDS.md",
        "bands.md",
        "pay/bands",
        "Pay bands",
        "pay band",
        "https://docs.example.com/pay/bands.md",
        "https://docs.example.com/pay/bands.md/#l4",
    ],
)
def test_what_it_is_called(docent: CommandLine, wanted: str):
    """A page is found by id, path, name, title or address, whoever may see it."""
    done = docent("show", wanted, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["id"], found["audience"]) == ("handbook:pay/bands.md", ["managers"])
    assert found["chunks"] == [
        {
            "ordinal": 0,
            "heading": "",
            "anchor": "",
            "text": "The pay range of L4 is 50,000 to 60,000 pounds.",
        }
    ]


def test_path_before_parts(docent: CommandLine):
    """What is a page's path is that page, though others are called so, too."""
    assert docent("show", "dogs.md").stdout.startswith("Dogs in the office\n")


def test_several(docent: CommandLine):
    """Where several fit they are listed, by the ids that mean one of them."""
    done = docent("show", "dogs of")
    assert done.stdout.startswith("Dogs of visitors\n")
    done = docent("show", "dogs")
    assert done.returncode == 0
    done = docent("show", "a")
    assert done.returncode == 1
    assert "pages fit 'a'; name one by its id:" in done.stdout
    assert "  handbook:visitors/dogs.md  Dogs of visitors" in done.stdout
    assert len(json.loads(docent("show", "a", "--json").stdout)["matches"]) > 1


def test_no_page(docent: CommandLine):
    """What no page is called is an error that says so."""
    done = docent("show", "nothing.md")
    assert done.returncode == 1
    assert "no page with the path, title or address 'nothing.md'" in done.stderr


def test_no_index(tmp_path: Path):
    """Before anything is indexed it says what to run."""
    done = CommandLine(tmp_path)("show", "leave.md")
    assert done.returncode == 1
    assert "docent index" in done.stderr
