"""The real `docent` as a process, in a folder of its own."""

import asyncio
import contextlib
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

from adapters.cli.app import main
from tests.support.waiting import until

_ROOT = Path(__file__).resolve().parents[2]

HANDBOOK = {
    "leave.md": "---\ntitle: Annual leave\nupdated: 2026-01-12\n---\n# Annual leave\n\nEverybody gets 27 days of paid"
    " annual leave a year.\n\n## Carrying over\n\nUp to 5 days of leave may be carried into the next year.\n",
    "dogs.md": "# Dogs in the office\n\nDogs are welcome in the Bristol office on Fridays.\n",
    "pay/bands.md": "---\naudience: [managers]\n---\n# Pay bands\n\nThe pay range of L4 is 50,000 to 60,000 pounds.\n",
    "deploy.md": "# Deploying\n\nTo roll back a release run `moor rollback --to PREVIOUS`.\n",
}
CONFIG = (
    "sources: [{name: handbook, type: folder, path: ./docs, include: ['**/*.md'], audience: [everyone]}]\n"
)


class CommandLine:
    """A folder with docent.yaml and docs, and the command run in it."""

    def __init__(self, folder: Path, config: str = CONFIG) -> None:
        self.folder = folder
        self.config = folder / "docent.yaml"
        self.config.write_text(config)

    def write(self, pages: dict[str, str]) -> None:
        """Pages below docs/."""
        for name, text in pages.items():
            path = self.folder / "docs" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def __call__(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run it to its end within the test's own process: what a process would do, without its start."""
        out, err, before = io.StringIO(), io.StringIO(), sys.stdin
        code: object = 0
        try:
            sys.stdin = io.StringIO(stdin)
            # What a process puts into its environment ends with it.
            with (
                contextlib.chdir(self.folder),
                patch.dict(os.environ),
                redirect_stdout(out),
                redirect_stderr(err),
            ):
                main(words)
        except SystemExit as ended:
            code = ended.code
        finally:
            sys.stdin = before
        return subprocess.CompletedProcess(words, code or 0, out.getvalue(), err.getvalue())

    def process(
        self,
        *words: str,
        limit: int | None = None,
        shell: str = "",
        stdin: str = "",
        env: dict[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end as a process.

        `limit` is the largest file, in bytes, that it may write; `shell` the shell's words behind it.
        """
        command = [sys.executable, "-m", "adapters.cli", *words]
        if limit is not None or shell:
            limits = "" if limit is None else f"ulimit -f {limit // 1024}; "
            command = ["bash", "-c", f'{limits}exec "$@" {shell}', "bash", *command]
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment(env),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """Run it beside the test."""
        return subprocess.Popen(
            [sys.executable, "-m", "adapters.cli", *words],
            cwd=self.folder,
            env=self._environment(None),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # Whoever runs the tests in the background has Ctrl-C switched off, and hands that on.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
        )

    @asynccontextmanager
    async def running(
        self, *words: str, ready: Callable[[], Awaitable[Any]]
    ) -> AsyncIterator["subprocess.Popen[str]"]:
        """Run it beside the test once it is ready; ended afterwards if the test didn't do it."""
        process = self.start(*words)
        try:
            await until(ready, seconds=30)
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            await asyncio.to_thread(process.communicate)

    def interrupt(self, *words: str, when: Callable[[], bool]) -> tuple[int, str, str]:
        """Run it until something is so, then press Ctrl-C: exit code, stdout, stderr."""
        process = self.start(*words)
        deadline = time.monotonic() + 60
        while not when() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        with suppress(ProcessLookupError):  # it has ended
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the children as well
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def _environment(self, more: dict[str, str] | None) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(_ROOT), "NO_COLOR": "1", **(more or {})}


def indexed(folder: Path, config: str) -> CommandLine:
    """A folder with the handbook, indexed."""
    made = CommandLine(folder, config)
    made.write(HANDBOOK)
    assert made("index").returncode == 0
    return made


async def kill(process: "subprocess.Popen[str]") -> None:
    """As a power cut does: nothing is said to it."""
    process.kill()
    await asyncio.to_thread(process.wait)
