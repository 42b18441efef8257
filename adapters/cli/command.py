"""Runs a command: settings, logging, errors as sentences, exit codes.

0 it worked · 1 it didn't · 2 the configuration or the arguments are wrong, or the stored data is a newer
Docent's · 130 stopped by Ctrl-C.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path

import typer

from bot.config.loader import ConfigError, Settings, data_folder, export, load
from bot.ports import BackendError, Newer

FAILED = 1
MISUSED = 2
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Invocation:
    """The options that every command has."""

    config: Path | None = None
    debug: bool = False


class CommandError(Exception):
    """Raised when a command can't go on, with a sentence for people and the exit code."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


def run(
    context: typer.Context,
    command: Callable[[Settings], Coroutine[None, None, int]],
    *,
    quiet: bool = False,
    stopped: str = "Stopped.",
) -> None:
    """Load the settings, run the command, and leave with its exit code.

    `quiet` is for commands that people watch: only warnings are logged. `stopped` is the message at Ctrl-C.
    """
    run_sync(context, lambda settings: asyncio.run(command(settings)), quiet=quiet, stopped=stopped)


def run_sync(
    context: typer.Context,
    command: Callable[[Settings], int],
    *,
    quiet: bool = False,
    stopped: str = "Stopped.",
) -> None:
    """Run a command as `run` does, but one that has an event loop of its own."""
    invocation = context.obj if isinstance(context.obj, Invocation) else Invocation()
    raise typer.Exit(_code(invocation, command, quiet=quiet, stopped=stopped))


def _code(invocation: Invocation, command: Callable[[Settings], int], *, quiet: bool, stopped: str) -> int:
    """Run the command and return its exit code; errors are shown as sentences on stderr."""
    try:
        settings = load(invocation.config)
        export(settings)
        from bot.runtime.process.logging_setup import set_up

        set_up(settings, debug=invocation.debug, quiet=quiet)
        return command(settings)
    except (KeyboardInterrupt, asyncio.CancelledError):
        say(stopped)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output is gone; Python must not try to flush it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (CommandError, ConfigError, BackendError, OSError) as error:
        if invocation.debug:
            raise
        say(_sentence(error))
        for line in _beside(invocation) if isinstance(error, ConfigError) else ():
            say(line)
        return _code_of(error)
    except Exception as error:
        if invocation.debug:
            raise
        return _told(error)


def _told(error: Exception) -> int:
    """Report an unexpected error as a bug, or if a package of an extra is missing, say what to install.

    Return the exit code.
    """
    from bot.runtime.process.installed import extra_of, how_to_add

    extra = extra_of(error) if isinstance(error, ModuleNotFoundError) else None
    if extra is not None:
        say(f"This takes more than is installed. {how_to_add(extra)}")
        return MISUSED
    say(f"This is a bug in Docent: {type(error).__name__}: {error}\nRun it again with --debug and report it.")
    return FAILED


def _beside(invocation: Invocation) -> list[str]:
    """Return notes on running processes, which keep their earlier settings while docent.yaml can't be used."""
    from bot.runtime.process.running import running

    found = running(data_folder(invocation.config))
    return [
        f"{' and '.join(each.services)} (process {each.pid}) goes on by the settings of before."
        for each in found
    ]


def _sentence(error: Exception) -> str:
    if not isinstance(error, OSError):
        return str(error)
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"


def say(text: str) -> None:
    """Print one message to stderr."""
    sys.stderr.write(f"{text}\n")


def _code_of(error: Exception) -> int:
    if isinstance(error, CommandError):
        return error.code
    return MISUSED if isinstance(error, (ConfigError, Newer)) else FAILED
