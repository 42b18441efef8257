"""Makes small state with the `docent` of this environment, and keeps it for the tests of later versions.

    python tools/keep_release.py tests/releases/0.2.0 [--postgres ADDRESS]

Run it when a version is released, with that version. The database at ADDRESS must be empty.
"""

import argparse
import gzip
import subprocess
import sys
import tempfile
from pathlib import Path

_CONFIG = "sources: [{name: handbook, type: folder, path: ./docs, audience: [everyone]}]\n"
_PAGES = {
    "leave.md": "---\ntitle: Annual leave\nupdated: 2026-01-12\n---\n# Annual leave\n\nEverybody gets 27 days of"
    " paid annual leave a year.\n\n## Carrying over\n\nUp to 5 days of leave may be carried into the next year.\n",
    "pay.md": "---\naudience: [managers]\n---\n# Pay bands\n\nThe pay range of L4 is 50,000 to 60,000 pounds.\n",
}
_QUESTIONS = ("How many days of annual leave do I get?", "Who feeds the office cat?")


def main() -> None:
    """Index two pages, ask two questions, back up, and compress what has come of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--postgres", metavar="ADDRESS")
    chosen = parser.parse_args()
    _made(chosen.folder / "sqlite", {})
    if chosen.postgres:
        _made(chosen.folder / "postgres", {"DATABASE_URL": chosen.postgres})


def _made(target: Path, env: dict[str, str]) -> None:
    target.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "docs").mkdir()
        (folder / "docent.yaml").write_text(_CONFIG)
        for page, text in _PAGES.items():
            (folder / "docs" / page).write_text(text)
        for words in (["index"], *(["ask", each] for each in _QUESTIONS), ["backup", "kept"]):
            command = [sys.executable, "-m", "adapters.cli", *words]
            words_before = [f"{name}={value}" for name, value in env.items()]
            subprocess.run(["env", *words_before, *command], cwd=folder, check=True)  # noqa: S603, S607 - our own words
        for made in sorted((folder / "kept").iterdir()):
            (target / f"{made.name}.gz").write_bytes(gzip.compress(made.read_bytes(), mtime=0))


if __name__ == "__main__":
    main()
