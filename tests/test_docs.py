"""The README, the changelog and the rest of the docs say only what is there."""

import ast
import configparser
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from adapters.cli.app import app
from adapters.cli.command import MISUSED
from bot.config.chat import DiscordSettings, SlackSettings
from bot.config.loader import load

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    ROOT / name
    for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "ARCHITECTURE.md", "tests/README.md")
]
PAGES += sorted((ROOT / "docs").glob("*.md"))
README = "\n".join(
    page.read_text(encoding="utf-8") for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#]+)")
SOURCE = "sources: [{name: handbook, type: folder, path: ., audience: [everyone]}]\n"


def blocks(language: str, text: str = README) -> list[str]:
    return [body for kind, body in BLOCK.findall(text) if kind == language]


def commands(program: str) -> list[list[str]]:
    """Each line of the README that runs the program, as words, without comment."""
    lines = [line[2:] for body in blocks("console") for line in body.splitlines() if line.startswith("$ ")]
    return [words[1:] for line in lines if (words := shlex.split(line, comments=True))[:1] == [program]]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    """Each relative link of our own docs leads to a file or folder."""
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("block", [b for b in blocks("yaml") if not b.startswith("---")])
def test_settings_are_accepted(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece of docent.yaml in the README is accepted, with the keys that it needs in the environment."""
    monkeypatch.setenv("COHERE_API_KEY", "a-key")
    for name in re.findall(r"\$\{(\w+)\}", block):
        monkeypatch.setenv(name, "a-value")
    config = tmp_path / "docent.yaml"
    config.write_text(block if block.lstrip().startswith("sources:") else SOURCE + block, encoding="utf-8")
    assert load(config).sources


@pytest.mark.parametrize("words", commands("docent"), ids=" ".join)
def test_commands_are_there(words: list[str]) -> None:
    """Each `docent` command of the README, with its options, is one that docent has."""
    group = typer.main.get_command(app)
    names = [word for word in words if not word.startswith("-")]
    command = group.commands[names[0]]
    if hasattr(command, "commands") and names[1:]:
        command = command.commands[names[1]]
    known = {option for each in (*command.params, *group.params) for option in each.opts}
    assert [word for word in words if word.startswith("-") and word.partition("=")[0] not in known] == []


@pytest.mark.parametrize("words", commands("make"), ids=" ".join)
def test_targets_are_there(words: list[str]) -> None:
    """Each `make` command of the README is a target of the Makefile."""
    assert re.search(rf"^{words[0]}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "docs").glob("*.svg")))
def test_pictures_load_nothing(name: str) -> None:
    """A picture of ours takes nothing from elsewhere: no fonts, styles or pictures."""
    picture = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert re.findall(r"(?:url\(|href=|src=|@import)[\"']?\s*https?:", picture) == []


@pytest.mark.parametrize(("name", "parts"), [("docent", []), ("docent@", ["slack", "discord", "indexer"])])
def test_the_unit_runs_what_there_is(name: str, parts: list[str]) -> None:
    """A service of systemd starts a command of ours, isn't started again after a mistake, and may write its state."""
    unit = configparser.ConfigParser(interpolation=None, strict=True)
    unit.optionxform = str  # type: ignore[assignment,method-assign] # names as they are
    unit.read(ROOT / "deploy" / f"{name}.service")
    service = unit["Service"]
    program, *words = service["ExecStart"].split()
    assert program.endswith("/app/bin/docent")
    assert words == (["%i"] if parts else ["run"])
    assert set(parts or words) <= typer.main.get_command(app).commands.keys()
    assert int(service["RestartPreventExitStatus"]) == MISUSED
    assert int(service["TimeoutStopSec"]) > max(SlackSettings().stop_within, DiscordSettings().stop_within)
    assert service["ReadWritePaths"] == service["WorkingDirectory"]


def test_each_promise_has_its_tests() -> None:
    """What SECURITY.md names as tests is there."""
    promised = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/.]+)`", promised)
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.slow
def test_the_architecture_is_drawn_from_the_code() -> None:
    """ARCHITECTURE.md's picture and list are what tools/architecture.py makes of the imports now."""
    drawn = subprocess.run(
        [sys.executable, "tools/architecture.py", "--check"],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert drawn.returncode == 0, drawn.stdout


def test_the_walks_lead_through_files() -> None:
    """Each file and folder that ARCHITECTURE.md names is there."""
    named = re.findall(
        r"`((?:bot|adapters|indexer|tests|examples)/[\w./]+)`", (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    )
    assert [name for name in named if name != "adapters/teams" and not (ROOT / name).exists()] == []


@pytest.mark.parametrize("top", ["bot", "adapters", "indexer"])
def test_each_package_says_what_belongs_there(top: str) -> None:
    """Two sentences at least: what is in it, and what isn't."""
    inits = [path for path in (ROOT / top).rglob("__init__.py") if "migrations" not in path.parts]
    docs = {path: ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "" for path in inits}
    assert [
        str(path.relative_to(ROOT))
        for path, doc in docs.items()
        if len(re.findall(r"[.:;](?:\s|$)", doc)) < 2
    ] == []


@pytest.mark.parametrize("top", ["bot", "adapters", "indexer"])
def test_no_package_is_crowded(top: str) -> None:
    """Some twelve modules stand beside each other, and no more."""
    crowded = {}
    for folder in [ROOT / top, *(path for path in (ROOT / top).rglob("*") if path.is_dir())]:
        modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        if len(modules) > 12:
            crowded[str(folder.relative_to(ROOT))] = len(modules)
    assert crowded == {}


def test_no_module_is_long() -> None:
    """A module of the product is read in one go: three hundred lines at most."""
    modules = [path for top in ("bot", "adapters", "indexer") for path in (ROOT / top).rglob("*.py")]
    lines = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in modules}
    assert {name: count for name, count in lines.items() if count > 300} == {}


def test_the_readme_is_short() -> None:
    """Who opens it reads it: details are in docs/."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 300
