"""Runs the `git` command: without questions, bounded in time, leaving no process behind."""

import asyncio
import os
import re
import signal
from collections.abc import Sequence
from contextlib import suppress
from errno import EACCES, EDQUOT, EFBIG, EMFILE, ENFILE, ENOMEM, ENOSPC, EPERM, EROFS
from pathlib import Path

from bot.runtime.process.private_files import OWN_UMASK
from bot.text.sanitize import without_credentials
from indexer.git.remote import Remote

_SETTINGS = (
    # A repository is data: nothing of its configuration may run, and whose files they are doesn't matter.
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "protocol.ext.allow=never"),
    *("-c", "safe.directory=*"),
    *("-c", "core.quotePath=false"),
    *("-c", "gc.auto=0"),
)
_LINE_LIMIT = 1 << 20
_STARVED = re.compile(
    "|".join(
        re.escape(os.strerror(number))
        for number in (ENOSPC, EDQUOT, EFBIG, EROFS, ENOMEM, EMFILE, ENFILE, EACCES, EPERM)
    ).encode()
    + rb"|insufficient permission|[Oo]ut of memory|died of signal"
)


class GitFailed(Exception):
    """A git command failed. `str(error)` is its own explanation, without credentials."""


class GitTooSlow(GitFailed):
    """A git command took too long."""


class GitStarved(GitFailed):
    """The machine had no room, no memory or no right for it: no repository is to blame."""


async def git(
    *arguments: str, at: Path | None = None, seconds: float = 60, remote: Remote | None = None
) -> bytes:
    """Run a git command and return its output. Raises GitFailed.

    `at` is the repository's folder; `remote` is the one whose password it may ask for.
    """
    if remote is None or not remote.is_secret:
        process = await start(*arguments, at=at)
    else:
        pipe = remote.pipe()
        try:
            process = await start(*remote.settings(pipe), *arguments, at=at, told=(pipe,))
        finally:
            os.close(pipe)
    try:
        async with asyncio.timeout(seconds):
            out, err = await process.communicate()
    except TimeoutError as error:
        raise GitTooSlow(f"git took longer than {seconds:.0f} s") from error
    finally:
        await end(process)
    if process.returncode:
        raise (GitStarved if _STARVED.search(err) or process.returncode < 0 else GitFailed)(_word(err))
    return out


async def start(
    *arguments: str, at: Path | None = None, asked: bool = False, told: tuple[int, ...] = ()
) -> asyncio.subprocess.Process:
    """Start a git command, which the caller ends with `end`. Raises GitFailed where git isn't installed.

    `asked`: it reads questions from stdin. `told` are file descriptors that it may read.
    """
    where: Sequence[str] = () if at is None else ("--git-dir", str(at))
    try:
        return await asyncio.create_subprocess_exec(
            "git",
            *_SETTINGS,
            *where,
            *arguments,
            stdin=asyncio.subprocess.PIPE if asked else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL if asked else asyncio.subprocess.PIPE,
            limit=_LINE_LIMIT,
            # Without a terminal neither git nor ssh can wait for a password; and its children end with it.
            start_new_session=True,
            umask=OWN_UMASK,
            pass_fds=told,
        )
    except FileNotFoundError as error:
        raise GitFailed("the command git is not installed") from error


async def end(process: asyncio.subprocess.Process) -> None:
    """Kill a git command that still runs, with its children."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _word(err: bytes) -> str:
    lines = [line.strip() for line in err.decode(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:", "remote:", "ssh:"))] or lines
    word = re.sub(r"^(?:fatal|error|remote): ", "", telling[0]) if telling else "git failed"
    return without_credentials(word)[:300]
