"""Running a command: settings, logging, errors as sentences, exit codes.

0 it worked · 1 it didn't · 2 the configuration or the words are wrong · 130 stopped by Ctrl-C.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import typer

from bot.config import ConfigError, Settings, load
from bot.ports import BackendError

FAILED = 1
MISUSED = 2
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Invocation:
    """The options that every command has."""

    config: Path | None = None
    debug: bool = False


class CommandError(Exception):
    """A command can't go on: a sentence for people, and the exit code."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


def run(context: typer.Context, command: Callable[[Settings], Awaitable[int]]) -> None:
    """Load the settings, run the command, and leave with its exit code."""
    invocation = context.obj if isinstance(context.obj, Invocation) else Invocation()
    raise typer.Exit(code(invocation, command))


def code(invocation: Invocation, command: Callable[[Settings], Awaitable[int]]) -> int:
    """The exit code of a command, its errors shown as sentences on stderr."""
    try:
        settings = load(invocation.config)
        from bot.logs import set_up

        set_up(settings, debug=invocation.debug)
        return asyncio.run(_awaited(command, settings))
    except KeyboardInterrupt:
        say("Stopped.")
        return INTERRUPTED
    except (CommandError, ConfigError, BackendError) as error:
        if invocation.debug:
            raise
        say(str(error))
        return _code_of(error)
    except Exception as error:
        if invocation.debug:
            raise
        say(
            f"This is a bug in Docent: {type(error).__name__}: {error}\nRun it again with --debug and report it."
        )
        return FAILED


def say(text: str) -> None:
    """One message to stderr."""
    sys.stderr.write(f"{text}\n")


def _code_of(error: Exception) -> int:
    if isinstance(error, CommandError):
        return error.code
    return MISUSED if isinstance(error, ConfigError) else FAILED


async def _awaited(command: Callable[[Settings], Awaitable[int]], settings: Settings) -> int:
    return await command(settings)
