"""`docent status --watch`, as a process: on a terminal, in a pipe, and at Ctrl-C."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command_line import CONFIG, CommandLine, indexed

pytestmark = pytest.mark.slow

_WORDS = ("status", "--watch", "0.2")
_LINE = "handbook  folder      4"


@pytest.fixture
def docent(tmp_path: Path) -> CommandLine:
    return indexed(tmp_path, CONFIG)


def test_a_pipe_gets_one_after_the_other(docent: CommandLine) -> None:
    """Each comes below the last with its time between; Ctrl-C ends it with a word."""
    process = docent.start(*_WORDS)
    assert process.stdout is not None
    seen = ""
    while seen.count(_LINE) < 3:
        line = process.stdout.readline()
        assert line, f"it ended after: {seen}"
        seen += line
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert (process.returncode, said) == (130, "Stopped.\n")
    assert seen.count("\n--- 20") == 2


def test_a_terminal_is_drawn_anew_and_given_back(docent: CommandLine) -> None:
    """It has a screen of its own, from its corner each time; what stood there before is there again at the end."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "adapters.cli", *_WORDS],
        cwd=docent.folder,
        env=os.environ
        | {"COLUMNS": "100", "LINES": "40", "TERM": "xterm", "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
    ) as process:
        os.close(theirs)
        written = b""
        while written.count(_LINE.encode()) < 2:
            written += os.read(ours, 65536)
        process.send_signal(signal.SIGINT)
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # a terminal without writers ends so on Linux
                break
            if not piece:
                break
            written += piece
        process.wait(timeout=120)
    os.close(ours)
    assert process.returncode == 130
    assert written.count(b"\x1b[?1049h") == written.count(b"\x1b[?1049l") == 1
    assert b"every 0.2 s" in written
    assert written.rstrip().endswith(b"Stopped.")


@pytest.mark.parametrize(
    ("words", "said"),
    [(("status", "5"), "docent status --watch 5"), (("status", "--watch", "--json"), "goes without --json")],
)
def test_what_does_not_go_together_is_said(docent: CommandLine, words: tuple[str, ...], said: str) -> None:
    """With what to write instead."""
    done = docent.process(*words)
    assert done.returncode == 2
    assert said in done.stderr
