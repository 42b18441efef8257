"""What Docent keeps is for nobody else's eyes."""

import os
import stat
from pathlib import Path

import pytest

from bot.diagnostics.checks import check_data
from bot.runtime.process.private_files import (
    close_to_others,
    open_to_others,
    private_folder,
    write_whole,
)
from tests.indexer.sources.test_git import Repository
from tests.support.command_line import CommandLine
from tests.support.pages import put

_CONFIG = """
sources:
  - {name: docs, type: folder, path: ./docs, audience: [everyone]}
  - {name: code, type: git, repo: "file://REPO", audience: [everyone]}
  - {name: here, type: git, repo: "REPO", audience: [everyone]}
style: ./style
"""


@pytest.fixture(autouse=True)
def _open_umask() -> object:
    """As most systems have it: what isn't told otherwise is everybody's to read."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


@pytest.mark.slow
def test_all_that_is_kept_is_private(tmp_path: Path):
    """After indexing a folder and a repository and answering, nobody else can read anything in the data folder."""
    repository = Repository(tmp_path / "repo")
    repository.commit({"a.md": "# A\n\nThe key is under the mat.\n"})
    put(
        tmp_path,
        {
            "docs/leave.md": "# Leave\n\nYou get 25 days of leave.\n",
            "style/guide.yaml": "voice: [Be brief.]\n",
        },
    )
    docent = CommandLine(tmp_path)
    docent.config.write_text(_CONFIG.replace("REPO", str(repository.path)))
    assert docent("index").returncode == 0
    assert "25 days" in docent("ask", "How many days of leave?").stdout
    kept = tmp_path / ".docent"
    assert {"index.db", "journal.db", "git"} <= {path.name for path in kept.iterdir()}
    assert list(open_to_others(kept)) == []
    assert mode(kept) == "0o700"
    assert mode(kept / "journal.db") == "0o600"


@pytest.mark.slow
def test_what_was_open_is_closed_at_the_next_start(tmp_path: Path):
    """A data folder of before is closed to others by whichever command opens it."""
    put(tmp_path, {"docs/leave.md": "# Leave\n\nYou get 25 days of leave.\n"})
    docent = CommandLine(tmp_path)
    docent.config.write_text("sources: [{name: docs, type: folder, path: ./docs, audience: [everyone]}]\n")
    docent("index")
    kept = tmp_path / ".docent"
    kept.chmod(0o755)
    (kept / "index.db").chmod(0o644)
    assert sorted(path.name for path in open_to_others(kept)) == [".docent", "index.db"]
    docent("ask", "How many days of leave?")
    assert list(open_to_others(kept)) == []


def test_a_folder_of_more_than_ours_is_left_alone(tmp_path: Path):
    """Where docent.yaml lies beside the index, others may have business with the folder."""
    put(tmp_path, {"docent.yaml": "", "index.db": "", "page.md": ""})
    close_to_others(tmp_path)
    assert mode(tmp_path / "page.md") == "0o644"
    put(tmp_path / "foreign", {"page.md": ""})
    close_to_others(tmp_path / "foreign")
    assert mode(tmp_path / "foreign" / "page.md") == "0o644"


def test_a_link_is_not_followed(tmp_path: Path):
    """What a link in the data folder leads to stays as it is."""
    put(tmp_path, {"elsewhere/open.txt": "", "data/index.db": ""})
    (tmp_path / "data" / "link").symlink_to(tmp_path / "elsewhere")
    close_to_others(tmp_path / "data")
    assert mode(tmp_path / "elsewhere" / "open.txt") == "0o644"


def test_doctor_looks_at_who_can_read(tmp_path: Path):
    """`docent doctor` names what others can read, and how to close it."""
    private_folder(tmp_path / "data")
    assert check_data(tmp_path / "data").verdict == "ok"
    put(tmp_path, {"data/journal.db": ""})
    found = check_data(tmp_path / "data")
    assert found.verdict == "warning"
    assert found.finding == f"others can read {tmp_path / 'data' / 'journal.db'}."
    assert found.remedy == f"Close it to them: chmod -R go= {tmp_path / 'data'}"


def test_folders_above_are_private_too(tmp_path: Path):
    """Folders that are made on the way to a file are closed as well; those that were there stay."""
    write_whole(tmp_path / "a" / "b" / "c.json", b"{}")
    assert [mode(tmp_path / name) for name in ("a", "a/b", "a/b/c.json")] == ["0o700", "0o700", "0o600"]
