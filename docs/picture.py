# ruff: noqa: INP001 - a script, not a package
"""Draw docs/answer.svg: what `docent ask` really draws on a terminal about the example handbook.

python docs/picture.py
"""

import os
import pty
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
QUESTION = "What do we pay for a hotel in London?"
WIDTH = 108


def docent(data: str, *words: str) -> str:
    """What the command writes to a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "adapters.cli", "--config", "examples/docent.yaml", *words],
        cwd=ROOT,
        env={"COLUMNS": str(WIDTH), "DOCENT_DATA": data, "PATH": os.defpath, "TERM": "xterm-256color"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ):
        os.close(theirs)
        written = b"".join(iter(lambda: read(ours), b""))
    os.close(ours)
    return written.decode().replace("\r\n", "\n")


def read(terminal: int) -> bytes:
    """The next piece; nothing at the end."""
    try:
        return os.read(terminal, 65536)
    except OSError:  # how a terminal without writers ends on Linux
        return b""


def main() -> None:
    """Index, ask, draw."""
    with TemporaryDirectory() as data:
        docent(data, "index")
        answer = docent(data, "ask", QUESTION)
    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True)
    console.print(Text.assemble(("$ ", "dim"), (f'docent ask "{QUESTION}"', "bold")), "")
    console.print(Text.from_ansi(answer.rstrip()))
    drawn = console.export_svg(title="docent")
    # A picture loads nothing from elsewhere: the reader's own monospaced font will do.
    drawn = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL).replace("Fira Code", "ui-monospace")
    (ROOT / "docs" / "answer.svg").write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    main()
