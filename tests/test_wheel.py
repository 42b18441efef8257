"""The wheel: whole, and enough for a first answer without a clone."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.command_line import HANDBOOK

ROOT = Path(__file__).parent.parent
PACKAGES = ("bot", "adapters", "indexer")
# The modules of the wheel go before those that lie here.
START = (
    "import sys; sys.path.insert(0, sys.argv.pop(1))\n"
    "import bot; assert bot.__file__.startswith(sys.path[0]), bot.__file__\n"
    "from adapters.cli.__main__ import main; main()"
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that nothing is left lying in the clone."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    words = ["-m", "uv", "build", "--wheel", "--no-build-isolation", "--offline", "--out-dir", "dist"]
    subprocess.run([sys.executable, *words], cwd=folder, check=True, capture_output=True)
    (made,) = (folder / "dist").glob("*.whl")
    return made


@pytest.mark.slow
def test_it_holds_each_file_of_the_packages(wheel: Path) -> None:
    """Dictionaries, migrations and word lists come along; nothing else does."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    there = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names == there
    assert wheel.name.startswith("docent_bot-")


@pytest.mark.slow
def test_a_first_answer_comes_from_it(wheel: Path, tmp_path: Path) -> None:
    """From a folder of pages to an answer: `docent init`, `index`, `ask`."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "unpacked")  # our own
    for name, text in HANDBOOK.items():
        page = tmp_path / "first/docs" / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text)

    def docent(*words: str) -> str:
        command = [sys.executable, "-c", START, str(tmp_path / "unpacked"), *words]
        done = subprocess.run(
            command,
            cwd=tmp_path / "first",
            env={"PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "docent index" in docent("init", "./docs", "--yes")
    docent("index")
    assert "27 days" in docent("ask", "How many days of annual leave do I get?")
    assert docent("--version").startswith("docent 0.")
