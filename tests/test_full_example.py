"""examples/docent.full.yaml: every setting and every source type."""

import re
import typing
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from pydantic import BaseModel

from bot.config.environment.names import PLACES
from bot.config.loader import Settings, load
from bot.config.sources import SourceSettings
from indexer.sources import BUILT_IN, open_source, source_types
from indexer.sources.base import Surroundings

FULL = Path(__file__).resolve().parent.parent / "examples" / "docent.full.yaml"
TEXT = FULL.read_text(encoding="utf-8")
TYPES = (
    "folder",
    "git",
    "web",
    "confluence",
    "notion",
    "gdrive",
    "objects",
    "slack_channel",
    "discord_channel",
)


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in re.findall(r"\$\{(\w+)\}", TEXT):
        monkeypatch.setenv(name, "a-value")
    return load(FULL)


def models(kind: object) -> Iterator[type[BaseModel]]:
    """Every section within an annotation, and within those."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
        for field in kind.model_fields.values():
            yield from models(field.annotation)
    for part in typing.get_args(kind):
        yield from models(part)


def options_of(kind: str) -> list[type[BaseModel]]:
    module = import_module(BUILT_IN[kind].partition(":")[0])
    return [each for name, each in vars(module).items() if name.endswith("Options")]


async def test_every_source_opens(full: Settings, tmp_path: Path) -> None:
    """Each source of the example is accepted by its type, and every type of ours is there."""
    for settings in full.sources:
        source = open_source(settings, Surroundings(tmp_path))
        assert source.name == settings.name
        await source.close()
    assert {settings.type for settings in full.sources} == set(TYPES)
    assert set(TYPES) <= set(source_types())


@pytest.mark.parametrize("kind", sorted({*models(Settings), SourceSettings}, key=lambda kind: kind.__name__))
def test_every_setting_is_there(kind: type[BaseModel]) -> None:
    """Each setting of each section is in the example, or it is named as the environment's."""
    names = {place[-1]: name.upper() for name, place in PLACES.items()}
    missing = [
        name
        for name in kind.model_fields
        if not re.search(rf"\b{name}:", TEXT) and names.get(name, "?") not in TEXT
    ]
    assert [name for name in missing if (kind, name) != (Settings, "path")] == []


@pytest.mark.parametrize("kind", TYPES)
def test_every_option_is_there(kind: str) -> None:
    """Each option of each source type is in an entry of that type."""
    entries = [entry for entry in re.split(r"^  - ", TEXT, flags=re.MULTILINE) if f"type: {kind}\n" in entry]
    (options,) = options_of(kind)
    assert [
        name for name in options.model_fields if not any(f"    {name}:" in entry for entry in entries)
    ] == []
