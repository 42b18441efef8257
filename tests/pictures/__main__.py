"""Make payloads.json and docs/pictures anew: `python -m tests.pictures`."""

import asyncio
import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from tests.pictures import PAYLOADS, PICTURES, browser, drawing
from tests.pictures.scenes import Payloads, in_discord, in_slack


async def payloads() -> dict[str, Payloads]:
    """What each platform is sent, now."""
    made = {}
    for platform, play in (("slack", in_slack), ("discord", in_discord)):
        with TemporaryDirectory() as folder:
            made[platform] = await play(Path(folder), os.environ.__setitem__)
    return made


def main() -> None:
    """Play, keep, draw."""
    made = asyncio.run(payloads())
    PAYLOADS.write_text(json.dumps(made, indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")
    found = browser.there() or sys.exit("There is no Chromium: apt-get install chromium")
    PICTURES.mkdir(exist_ok=True)
    for platform, scenes in made.items():
        for theme in drawing.THEMES:
            for device in drawing.DEVICES:
                text = drawing.page(platform, theme, device, scenes)
                picture = PICTURES / f"{platform}-{device}-{theme}.png"
                browser.photograph(found, text, picture)
                _shrink(picture)


def _shrink(picture: Path) -> None:
    """A few dozen colours are all that a message has."""
    with Image.open(picture) as whole:
        whole.convert("RGB").quantize(colors=48, dither=Image.Dither.NONE).save(picture, optimize=True)


if __name__ == "__main__":
    main()
