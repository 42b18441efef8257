"""Reads `.env` beside docent.yaml, whose values count where the environment itself has none."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dotenv.parser import parse_stream

from bot.config.reading.error_messages import ConfigError, Problem

ENV_FILE: Final = ".env"
_MOST_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class EnvFile:
    """The values of a file as they stand there, and each name's line; both empty where there is no file."""

    path: Path
    values: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)

    def below(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return the environment, filled up from this file; an empty value of the environment stays."""
        return {**self.values, **environ}


def read_env_file(folder: Path) -> EnvFile:
    """Read the folder's `.env`. Raises ConfigError for a line that is no NAME=value, and if it can't be read."""
    path = folder / ENV_FILE
    try:
        if not path.is_file():
            return EnvFile(path)
        if path.stat().st_size > _MOST_BYTES:
            raise ConfigError([Problem(str(path), None, "", "is larger than 1 MB: not a list of names")])
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError([Problem(str(path), None, "", "is not UTF-8 text")]) from None
    except OSError as error:
        raise ConfigError([Problem(str(path), None, "", f"can't be read: {error.strerror}")]) from None
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    problems: list[Problem] = []
    for found in parse_stream(io.StringIO(text)):
        lead = len(found.original.string) - len(found.original.string.lstrip())
        line = found.original.line + found.original.string[:lead].count("\n")
        if found.error or (found.key is not None and found.value is None):
            problems.append(Problem(str(path), line, "", "is no NAME=value"))
        elif found.key is not None and found.value is not None:
            values[found.key], lines[found.key] = found.value, line
    if problems:
        raise ConfigError(problems)
    return EnvFile(path, values, lines)
