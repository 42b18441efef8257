"""The Dockerfile and what it copies: pinned, small, without rights, and with what Docent needs."""

import ast
import re
import stat
import tomllib
from importlib.util import find_spec
from pathlib import Path

import typer.main
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from adapters.cli.app import app
from bot.config.environment.names import Environment

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "Dockerfile").read_text()
# One instruction a line.
LINES = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", TEXT, flags=re.MULTILINE)).splitlines()
LAST = LINES[max(number for number, line in enumerate(LINES) if line.startswith("FROM ")) :]
LOCK = (ROOT / "requirements.lock").read_text()
PINNED = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)


def test_bases_are_pinned() -> None:
    """Each stage begins with an image that is named by its digest, and both have one Python."""
    bases = dict(re.findall(r"^ARG (\w+)=(\S+)$", TEXT, re.MULTILINE))
    stages = re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE)
    assert stages == ["${BUILD}", "${BASE}"]
    assert all(re.search(r"@sha256:[0-9a-f]{64}$", image) for image in bases.values())
    assert "3.13" in bases["BUILD"]
    assert "python3-debian13:nonroot" in bases["BASE"]


def test_the_last_stage_has_no_rights() -> None:
    """It runs as a user of its own, by number, and runs nothing while it is built: there is no shell."""
    assert "USER 65532:65532" in LAST
    assert not any(line.startswith(("RUN", "ADD", "SHELL")) for line in LAST)
    assert "VOLUME /data" in LAST
    assert "COPY --from=build --chown=65532:65532 /data /data" in LAST


def test_it_starts_what_there_is() -> None:
    """What it runs and how it is looked after are commands of ours; its variables are those that Docent reads."""
    known = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    (command,) = [ast.literal_eval(line[4:]) for line in LAST if line.startswith("CMD ")]
    (health,) = [
        ast.literal_eval(line.partition(" CMD ")[2]) for line in LAST if line.startswith("HEALTHCHECK")
    ]
    assert 'ENTRYPOINT ["docent"]' in LAST
    assert command[0] in known
    assert (health[0], health[1] in known) == ("docent", True)
    (settings,) = [line for line in LAST if line.startswith("ENV ")]
    names = [name for name in re.findall(r"(\w+)=", settings) if name.startswith("DOCENT_")]
    assert names == ["DOCENT_CONFIG", "DOCENT_DATA"]
    assert "docent_data" in Environment.model_fields


def test_only_what_is_named_gets_to_the_builder() -> None:
    """Neither .env nor state nor history: each path that is copied is allowed, and nothing else is."""
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert lines[0] == "*"
    allowed = {line[1:] for line in lines if line.startswith("!")}
    copied = {
        word
        for line in LINES
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
    }
    assert all((ROOT / path).exists() for path in copied)
    assert {
        path for path in copied if not any(path == each or path.startswith(f"{each}/") for each in allowed)
    } == set()
    assert allowed == {path if not path.startswith("deploy/image/") else "deploy/image" for path in copied}


def test_its_packages_are_those_of_the_lock_file() -> None:
    """The same versions that are tested, each with hashes, and no model's runtime."""
    tested = dict(PINNED.findall(LOCK))
    for name in ("requirements.txt", "build.txt"):
        text = (ROOT / "deploy/image" / name).read_text()
        packages = dict(PINNED.findall(text))
        assert packages
        assert {one: version for one, version in packages.items() if tested.get(one) != version} == {}
        assert text.count("==") == len(packages) + text.count("== '")
        assert all("--hash=sha256:" in block for block in re.split(r"^(?=\w)", text, flags=re.MULTILINE)[1:])
        assert not packages.keys() & {"onnxruntime", "fastembed", "pytest"}


def test_each_extra_of_the_image_is_whole() -> None:
    """What pyproject.toml asks for, for what the Makefile names as the image's, is there."""
    makefile = (ROOT / "Makefile").read_text()
    (extras,) = re.findall(r"^IMAGE := (.*)$", makefile, re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    chosen = extras.split()
    assert project["optional-dependencies"].keys() - set(chosen) - {"all"} == {"dask", "local", "objects"}
    asked = [
        *project["dependencies"],
        *(one for extra in chosen for one in project["optional-dependencies"][extra]),
    ]
    names = {canonicalize_name(Requirement(one).name) for one in asked} - {project["name"]}
    there = dict(PINNED.findall((ROOT / "deploy/image/requirements.txt").read_text()))
    assert names - there.keys() == set()


def test_what_is_compiled_exists() -> None:
    """Each module that the image compiles for its start is one of ours; a wrong one would break the build."""
    tree = ast.parse((ROOT / "deploy/image/compiled.py").read_text())
    (started,) = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "STARTED"
    ]
    assert [name for name in started if find_spec(name) is None] == []


def test_the_command_can_be_started() -> None:
    """Without a shell it is the file's first line and its mode that start it."""
    script = ROOT / "deploy/image/docent"
    assert script.read_text().startswith("#!/usr/bin/python3\n")
    assert script.stat().st_mode & stat.S_IXOTH
