"""What is installed, and the words that add to it."""

import json
import sys
from pathlib import Path

import pytest

from bot.ports import Rejected
from bot.runtime.process.installed import extra_of, how_to_add, needing_extras


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a virtual environment."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    return tmp_path


def test_in_an_environment_of_ones_own(home: Path) -> None:
    """Where somebody made the environment themselves, it is pip."""
    assert how_to_add("web") == "Install it: pip install 'docent-bot[web]'"


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ("docent-bot", "docent-bot[web]"),
        ("docent-bot[slack,convert]", "docent-bot[convert,slack,web]"),
        ("./dist/docent_bot-0.1.0-py3-none-any.whl[slack]", "docent-bot[slack,web]"),
    ],
)
def test_pipx_keeps_the_extras_that_it_has(home: Path, chosen: str, words: str) -> None:
    """Pipx installs anew: what was chosen before is named again."""
    (home / "pipx_metadata.json").write_text(json.dumps({"main_package": {"package_or_url": chosen}}))
    assert how_to_add("web") == f"Install it: pipx install --force '{words}'"


def test_uv_keeps_the_extras_that_it_has(home: Path) -> None:
    """As a tool of uv's, likewise."""
    receipt = '[tool]\nrequirements = [{ name = "docent-bot", extras = ["slack"] }, { name = "x" }]\n'
    (home / "uv-receipt.toml").write_text(receipt)
    assert how_to_add("web") == "Install it: uv tool install 'docent-bot[slack,web]'"


@pytest.mark.parametrize("told", ["", "no toml = ", "[tool]\n"])
def test_a_receipt_that_cannot_be_read(home: Path, told: str) -> None:
    """Then only the wanted extra is named."""
    (home / "uv-receipt.toml").write_text(told)
    assert how_to_add("web") == "Install it: uv tool install 'docent-bot[web]'"


def test_only_what_an_extra_brings_is_missing() -> None:
    """A module of Docent's own that isn't found is a bug, and stays one."""
    assert extra_of(ModuleNotFoundError(name="slack_bolt.async_app")) == "slack"
    assert extra_of(ModuleNotFoundError(name="bot.nothing")) is None
    with pytest.raises(ModuleNotFoundError), needing_extras("search"):
        raise ModuleNotFoundError(name="bot.nothing")
    with (
        pytest.raises(Rejected, match=r"^search: its package is not installed\. Install it: "),
        needing_extras("search"),
    ):
        raise ModuleNotFoundError(name="grpc")
