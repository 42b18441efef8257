"""Reads YAML with the line of every key, and takes `${NAME}` from the environment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from bot.config.reading import yaml_mistakes
from bot.config.reading.error_messages import ConfigError, KeyPath, Problem, dotted

_NAMED: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_MOST_BYTES: Final = 5_000_000
_DEEPEST: Final = 40

STARTER: Final = """\
sources:
  - name: handbook
    type: folder
    path: ./docs
    audience: [everyone]
"""


@dataclass(frozen=True, slots=True)
class Located:
    """A file's data with each `${NAME}` put in, the lines of its keys, the data as it was written, and those names."""

    file: str
    data: dict[str, Any]
    lines: Mapping[KeyPath, int]
    written: Mapping[str, Any] = field(default_factory=dict)
    names: frozenset[str] = frozenset()

    def literal(self, place: KeyPath) -> object:
        """Return what is written at this place; None where nothing is, or a `${NAME}`."""
        found: Any = self.written
        for part in place:
            found = found.get(part) if isinstance(found, Mapping) else None
        return None if isinstance(found, str) and _NAMED.search(found) else found


def read(path: Path, environ: Mapping[str, str]) -> Located:
    """Read the file. Raises ConfigError if it is missing, not readable, not YAML, no mapping, or has a key twice."""
    return located(str(path), _text(path), environ)


def located(file: str, text: str, environ: Mapping[str, str]) -> Located:
    """Read a text in the same way; `file` is its name for people."""
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        written = loader.construct_document(node) if node is not None else {}
    except yaml.YAMLError as error:
        raise ConfigError([_broken(file, text, error)]) from None
    except RecursionError:
        raise ConfigError([Problem(file, None, "", "is nested too deeply")]) from None
    if not isinstance(written, dict):
        raise ConfigError([Problem(file, 1, "", "expected keys with values, such as sources: [...]")])
    reading = _Reading(file, environ)
    if node is not None:
        reading.walk(node, ())
    data = {str(key): reading.filled(value, (str(key),)) for key, value in written.items()}
    if reading.problems:
        raise ConfigError(reading.problems)
    return Located(file, data, reading.lines, written, frozenset(reading.names))


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ConfigError([Problem(str(path), None, "", "is larger than 5 MB: not a configuration")])
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        message = (
            "there is no such file. Name another with --config or DOCENT_CONFIG, "
            f"make one that fits your docs with docent init, or start with this:\n\n{STARTER}"
        )
    except IsADirectoryError:
        message = "is a folder; expected a YAML file"
    except UnicodeDecodeError:
        message = "is not UTF-8 text"
    except OSError as error:
        message = f"can't be read: {error.strerror}"
    raise ConfigError([Problem(str(path), None, "", message)])


def _broken(file: str, text: str, error: yaml.YAMLError) -> Problem:
    if not isinstance(error, yaml.MarkedYAMLError):
        return Problem(file, None, "", f"is not YAML: {str(error).splitlines()[0]}")
    line, what = yaml_mistakes.told(error, text)
    return Problem(file, line, "", f"is not YAML: the line {what}")


class _Reading:
    """One pass over a file: it collects the lines of keys, the texts with `${NAME}` put in, and what is wrong."""

    def __init__(self, file: str, environ: Mapping[str, str]) -> None:
        self.lines: dict[KeyPath, int] = {}
        self.problems: list[Problem] = []
        self.names: set[str] = set()
        self._file = file
        self._environ = environ

    def walk(self, node: yaml.Node, place: KeyPath) -> None:
        """Note the line of each key below the node, and keys that stand there twice."""
        self.lines.setdefault(place, node.start_mark.line + 1)
        if len(place) > _DEEPEST:
            raise ConfigError([Problem(self._file, self.lines[place], "", "is nested too deeply")])
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                name = str(key.value)
                self.lines[(*place, name)] = key.start_mark.line + 1
                if name in seen:
                    self._wrong((*place, name), "stands here a second time")
                seen.add(name)
                self.walk(value, (*place, name))
        elif isinstance(node, yaml.SequenceNode):
            for number, value in enumerate(node.value):
                self.walk(value, (*place, str(number)))

    def filled(self, value: object, place: KeyPath) -> object:
        """Return the value with each `${NAME}` put in."""
        if isinstance(value, dict):
            return {key: self.filled(below, (*place, str(key))) for key, below in value.items()}
        if isinstance(value, list):
            return [self.filled(below, (*place, str(number))) for number, below in enumerate(value)]
        return (
            _NAMED.sub(lambda match: self._named(match[1], place), value) if isinstance(value, str) else value
        )

    def _named(self, name: str, place: KeyPath) -> str:
        self.names.add(name)
        found = self._environ.get(name)
        if found is None:
            self._wrong(place, f"{name} is not set in the environment")
        return found or ""

    def _wrong(self, place: KeyPath, message: str) -> None:
        self.problems.append(Problem(self._file, self.lines.get(place), dotted(place), message))
