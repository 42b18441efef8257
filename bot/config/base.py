"""Holds what all sections share: strictness, durations, ids, and paths relative to docent.yaml."""

import re
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, SecretStr, ValidationInfo

_UNITS: Final = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w|)")


class Section(BaseModel):
    """A section of docent.yaml: immutable, and a key that it doesn't know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def seconds(value: object) -> float:
    """Read a duration (`90`, `"90s"`, `"15m"`, `"2h"`, `"30d"`) in seconds. Raises ValueError with what was expected."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return float(value)
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("expected a time such as 30s, 15m, 2h or 90d")
    return float(match[1]) * _UNITS[match[2]]


def _word(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _words(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _beside_the_file(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str | Path):
        return value
    context: Any = info.context or {}
    return Path(context.get("folder", Path())) / Path(value).expanduser()


# A time in seconds, written as `15m`.
Seconds = Annotated[float, BeforeValidator(seconds)]
# Text that may look like a number (Discord's ids do).
Id = Annotated[str, BeforeValidator(_word)]
# A set of words; one word alone will do.
Identifiers = Annotated[frozenset[Id], BeforeValidator(_words)]
# A path, `~` expanded, relative to docent.yaml's folder.
FilePath = Annotated[Path, BeforeValidator(_beside_the_file)]
# A value that no log and no message ever shows; from the environment or as `${NAME}`.
Secret = SecretStr
