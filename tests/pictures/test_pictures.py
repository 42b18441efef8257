"""The messages of the pictures in docs/pictures are those that the adapters send, and a browser draws each."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.pictures import PAYLOADS, PICTURES, browser, drawing
from tests.pictures.scenes import SCENES, Payloads, in_discord, in_slack

_BROWSER = browser.there()
_ANSWERS = ("table", "steps", "code", "conflict", "private")


@pytest.fixture(scope="module")
def kept() -> dict[str, Payloads]:
    """What the pictures were drawn from."""
    made: dict[str, Payloads] = json.loads(PAYLOADS.read_text("utf-8"))
    return made


@pytest.mark.slow
@pytest.mark.parametrize("platform", ["slack", "discord"])
async def test_the_pictures_show_what_is_sent(
    platform: str, kept: dict[str, Payloads], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a message has changed: `python -m tests.pictures`, and look at them."""
    play: Callable[..., Any] = {"slack": in_slack, "discord": in_discord}[platform]
    assert await play(tmp_path, monkeypatch.setenv) == kept[platform]


@pytest.mark.parametrize("platform", ["slack", "discord"])
@pytest.mark.parametrize("scene", SCENES)
def test_each_message_is_drawn_whole(platform: str, scene: str, kept: dict[str, Payloads]) -> None:
    """Nothing of a payload is left out: its words, its links and its buttons stand in the page."""
    payload = kept[platform][scene]["payload"]
    page = drawing.page(platform, "light", "phone", {scene: kept[platform][scene]})
    buttons = [one["text"]["text"] for one in _all(payload, "button", "action_id") if "text" in one]
    buttons += [one["label"] for one in _all(payload, 2, "custom_id") if "label" in one]
    links = [word.split("|")[0].split(")")[0] for word in json.dumps(payload).split("https://")[1:]]
    assert [name for name in buttons if name not in page] == []
    assert [link for link in links if link not in page] == []


@pytest.mark.parametrize("platform", ["slack", "discord"])
@pytest.mark.parametrize("scene", _ANSWERS)
def test_an_answer_is_read_at_a_glance(platform: str, scene: str, kept: dict[str, Payloads]) -> None:
    """The first line answers, sources are small print below, and the buttons are the last of it."""
    payload = kept[platform][scene]["payload"]
    if platform == "slack":
        kinds = [one["type"] for one in payload["blocks"]]
        assert kinds[0] == "markdown"
        assert kinds[1] == "context"
        assert set(kinds[-1:]) <= {"actions", "context_actions"}
        first = payload["blocks"][0]["text"]
    else:
        assert len(payload["components"]) == 1
        assert len(payload["embeds"]) == 1
        first = payload["content"]
    line = first.splitlines()[0]
    assert 20 < len(line) < 110
    assert not line.startswith(("#", "|", "-", ">", "`"))


@pytest.mark.slow
@pytest.mark.skipif(_BROWSER is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("platform", ["slack", "discord"])
@pytest.mark.parametrize("theme", drawing.THEMES)
@pytest.mark.parametrize("device", list(drawing.DEVICES))
def test_the_pictures_are_drawn(
    platform: str, theme: str, device: str, kept: dict[str, Payloads], tmp_path: Path
) -> None:
    """A browser draws each page anew, as wide as the device says, and nothing is wider than its column."""
    assert _BROWSER is not None
    target = tmp_path / "page.png"
    text = drawing.page(platform, theme, device, kept[platform])
    width, height = browser.photograph(_BROWSER, text, target)
    column, count = drawing.DEVICES[device]
    assert width <= count * (column + 14) + 28
    assert _size(target) == (width, height)
    picture = PICTURES / f"{platform}-{device}-{theme}.png"
    drawn = _size(picture)
    assert drawn[0] == width
    assert picture.stat().st_size < 200_000


def _size(picture: Path) -> tuple[int, int]:
    """Width and height, from a PNG's head."""
    head = picture.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")


def _all(value: Any, kind: object, key: str) -> list[dict[str, Any]]:
    """The parts of a payload that are of this kind."""
    if isinstance(value, list):
        return [found for one in value for found in _all(one, kind, key)]
    if not isinstance(value, dict):
        return []
    here = [value] if value.get("type") == kind and key in value else []
    return [*here, *(found for one in value.values() for found in _all(one, kind, key))]
