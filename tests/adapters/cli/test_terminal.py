"""What `docent ask` draws on a terminal."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine

pytestmark = pytest.mark.slow

PAGES = {
    "travel.md": "# Travel\n\nThese are the limits of what a hotel may cost.\n\n"
    "| City | Hotel |\n|---|---|\n| London | £210 |\n| Bath | £160 |\n",
    "deploy.md": "# Rollback\n\nTo roll back a release run this command:\n\n"
    "```console\n$ moor rollback\n\n$ moor resume\n```\n",
}


@pytest.fixture
def docent(tmp_path: Path) -> CommandLine:
    command_line = CommandLine(tmp_path)
    command_line.write(PAGES)
    assert command_line("index").returncode == 0
    return command_line


def on_a_terminal(docent: CommandLine, *words: str) -> str:
    """All that the command writes to a terminal of 100 columns."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"COLUMNS": "100", "TERM": "dumb", "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-m", "adapters.cli", *words],
        cwd=docent.folder,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        written = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # a terminal without writers ends so on Linux
                piece = b""
            if not piece:
                break
            written += piece
        process.wait(timeout=60)
    os.close(ours)
    return written.decode().replace("\r\n", "\n")


def test_tables_are_drawn(docent: CommandLine) -> None:
    """A table of an answer is drawn in columns, not printed as Markdown."""
    written = on_a_terminal(docent, "ask", "What may a hotel in London cost?")
    assert "London" in written
    assert "£210" in written
    assert "---" not in written


def test_sources_stand_below(docent: CommandLine) -> None:
    """The sources of an answer stand under it on a terminal too."""
    written = on_a_terminal(docent, "ask", "What may a hotel in London cost?")
    assert "[1] Travel" in written.splitlines()[-1]


def test_code_stays_whole(docent: CommandLine) -> None:
    """A blank line within a code block doesn't end it."""
    written = on_a_terminal(docent, "ask", "How do I roll back a release with a command?")
    assert "$ moor rollback" in written
    assert "```" not in written


def test_pipes_get_markdown(docent: CommandLine) -> None:
    """What reads from a pipe gets the answer's Markdown as it is."""
    assert "| London | £210" in docent.process("ask", "What may a hotel in London cost?").stdout
