"""An installation without extras: what it can't do is said in one sentence, with what to install."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bot.runtime.process import installed
from tests.support.command_line import CONFIG, HANDBOOK

ROOT = Path(__file__).parent.parent
# As in an environment without extras: what they bring can't be imported. A test of the wheel itself would need the internet.
WITHOUT = (
    "import sys\n"
    "class Missing:\n"
    "    def find_spec(self, name, path=None, target=None):\n"
    "        if name.partition('.')[0] in set(sys.argv[1].split(',')):\n"
    "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
    "sys.meta_path.insert(0, Missing())\n"
    "from adapters.cli.app import main\n"
    "main(sys.argv[2:])\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "docs/pay").mkdir(parents=True)
    (tmp_path / "docent.yaml").write_text(CONFIG.replace("['**/*.md']", "['**/*']"))
    for name, text in HANDBOOK.items():
        (tmp_path / "docs" / name).write_text(text)
    (tmp_path / "docs/parking.html").write_text("<h1>Parking</h1><p>Cars park behind the old mill.</p>")
    return tmp_path


def docent(folder: Path, *words: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """The command line where no module of an extra is there."""
    missing = ",".join(installed._EXTRAS)
    command = [sys.executable, "-c", WITHOUT, missing, *words]
    return subprocess.run(
        command,
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.slow
def test_markdown_and_html_need_no_extra(folder: Path) -> None:
    """A first answer comes from what `docent-bot` alone brings."""
    assert docent(folder, "index").returncode == 0
    assert "27 days" in docent(folder, "ask", "How many days of annual leave do I get?").stdout
    assert "old mill" in docent(folder, "ask", "Where do cars park?").stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "env", "extra"),
    [
        (("run",), {"SLACK_BOT_TOKEN": "xoxb-1-1-a", "SLACK_APP_TOKEN": "xapp-1-A-1-a"}, "slack"),
        (
            ("run",),
            {"DISCORD_TOKEN": "MTIzNDU2Nzg5MDEyMzQ1Njc4.GAbCdE.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
            "discord",
        ),
        (("indexer",), {}, "indexer"),
        (("migrate",), {"DATABASE_URL": "postgresql://docent@127.0.0.1/docent"}, "postgres"),
        (("index",), {"WEAVIATE_URL": "http://127.0.0.1:1"}, "weaviate"),
    ],
    ids=["slack", "discord", "indexer", "postgres", "weaviate"],
)
def test_what_is_missing_is_told(
    folder: Path, words: tuple[str, ...], env: dict[str, str], extra: str
) -> None:
    """A part that is chosen, but isn't installed, is no bug: the extra's name stands there."""
    done = docent(folder, *words, **env)
    assert done.returncode != 0
    assert f"Install it: pip install 'docent-bot[{extra}]'" in done.stderr
    assert "bug" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_page_of_another_format_is_told() -> None:
    """It is named with what reading it takes."""
    code = (
        "import sys; sys.modules['pypdfium2'] = None\n"
        "from tests.support.pages import refused\n"
        "print(refused(b'%PDF-1.4', 'plan.pdf'))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == (
        "reading it takes more than is installed. Install it: pip install 'docent-bot[convert]'\n"
    )


@pytest.mark.slow
def test_doctor_tells_who_has_packages_of_our_names(folder: Path, tmp_path: Path) -> None:
    """In an environment that somebody else's `bot` is installed into as well, one of both runs wrong code."""
    info = tmp_path / "elsewhere/other_bot-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-bot\nVersion: 1.0\n")
    (info / "top_level.txt").write_text("bot\n")
    docent(folder, "index")
    done = docent(folder, "doctor", PYTHONPATH=f"{ROOT}:{info.parent}")
    assert "ERROR    installation: other-bot has a package bot in this environment, too" in done.stdout
    assert "ERROR    installation" not in docent(folder, "doctor").stdout


@pytest.mark.slow
def test_doctor_goes_on_where_a_platforms_package_is_missing(folder: Path) -> None:
    """It says what to install, as one finding among the others."""
    env = {"SLACK_BOT_TOKEN": "xoxb-1-1-a", "SLACK_APP_TOKEN": "xapp-1-A-1-a", "DISCORD_TOKEN": "a.b.c"}
    docent(folder, "index")
    done = docent(folder, "doctor", **env)
    assert "ERROR    slack: its package is not installed." in done.stdout
    assert "pip install 'docent-bot[discord]'" in done.stdout


def test_each_extra_that_modules_need_exists() -> None:
    """No message names an extra that pyproject.toml doesn't have."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["name"] == installed.DISTRIBUTION
    assert set(installed._EXTRAS.values()) <= project["optional-dependencies"].keys()
