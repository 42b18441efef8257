"""What runs on a data folder says so, as long as it runs."""

import os
import subprocess
import sys
import time
from pathlib import Path

from bot.runtime.process.running import Announcement, running


def test_told_until_withdrawn(tmp_path: Path) -> None:
    assert running(tmp_path) == []
    mine = Announcement(tmp_path, ["Slack", "the indexer"])
    mine.tell(version="v1", problem="", restart_for=())
    mine.tell(version="v2", problem="line 3", restart_for=("data",))
    (found,) = running(tmp_path)
    assert (found.services, found.version, found.problem) == (("Slack", "the indexer"), "v2", "line 3")
    assert (found.restart_for, found.pid) == (("data",), os.getpid())
    mine.withdraw()
    assert running(tmp_path) == []


def test_a_killed_one_is_forgotten(tmp_path: Path) -> None:
    words = (
        "import os, sys; from pathlib import Path; from bot.runtime.process.running import Announcement\n"
        "Announcement(Path(sys.argv[1]), ['Slack']).tell(version='', problem='', restart_for=())\n"
        "os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", words, str(tmp_path)], check=False).returncode == 9
    assert list((tmp_path / "running").iterdir())
    assert running(tmp_path) == []
    assert not list((tmp_path / "running").iterdir())


def test_one_elsewhere_counts_while_it_speaks(tmp_path: Path) -> None:
    """Of another machine nothing tells that it died but its silence."""
    mine = Announcement(tmp_path, ["Slack"])
    mine.tell(version="", problem="", restart_for=())
    (file,) = (tmp_path / "running").iterdir()
    file.write_text(file.read_text().replace('"process": "docent ', '"process": "docent elsewhere'))
    assert len(running(tmp_path)) == 1
    old = time.time() - 1000
    os.utime(file, (old, old))
    assert running(tmp_path) == []


def test_files_that_say_nothing(tmp_path: Path) -> None:
    (tmp_path / "running").mkdir()
    for name, text in (("a", ""), ("b", "[]"), ("c", '{"process": 3}'), ("d", "\x00")):
        (tmp_path / "running" / f"{name}.json").write_text(text)
    assert running(tmp_path) == []
