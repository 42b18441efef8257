"""A headless Chromium as a camera."""

import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

_QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-quic", "--hide-scrollbars",
)  # fmt: skip


def there() -> str | None:
    """The browser, if this machine has one."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def photograph(browser: str, text: str, target: Path) -> tuple[int, int]:
    """Draw a page, as large as it says it is (`data-size` of its body), into a file. Returns its width and height."""
    with TemporaryDirectory() as name:
        page = Path(name) / "page.html"
        page.write_text(text, encoding="utf-8")
        told = _run(browser, Path(name), "--dump-dom", "--window-size=1600,800", page.as_uri())
        found = re.search(r'data-size="(\d+)x(\d+)"', told)
        assert found, "the page didn't say how large it is"
        size = int(found[1]), int(found[2])
        _run(
            browser, Path(name), f"--screenshot={target}", f"--window-size={size[0]},{size[1]}", page.as_uri()
        )
    return size


def _run(browser: str, folder: Path, *options: str) -> str:
    done = subprocess.run(
        [browser, *_QUIET, f"--user-data-dir={folder / 'profile'}", *options],
        check=True, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    return done.stdout
