"""Says what is wrong in docent.yaml: file, line, what was expected, and the nearest right word."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

KeyPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Container:
    """A list or mapping of models, in which one more step of the path leads to a model."""

    model: object


@dataclass(frozen=True, slots=True)
class Problem:
    """A thing that is wrong. `place` is the path of keys; `line` is None for what isn't in the file."""

    file: str
    line: int | None
    place: str
    message: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.place}: {self.message}" if self.place else f"{where}: {self.message}"


class ConfigError(Exception):
    """The configuration can't be used. `str` has a line for each problem."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Origin:
    """Knows where values come from: lines of a file's keys, and names of the environment."""

    file: str = "docent.yaml"
    folder: Path = field(default_factory=Path)
    lines: Mapping[KeyPath, int] = field(default_factory=dict)
    environment: Mapping[KeyPath, str] = field(default_factory=dict)
    base: KeyPath = ()

    def line(self, place: KeyPath) -> int | None:
        """Return the line of the nearest key that is in the file."""
        whole = self.base + place
        return next(
            (self.lines[whole[:n]] for n in range(len(whole), -1, -1) if whole[:n] in self.lines), None
        )

    def below(self, *place: str) -> "Origin":
        """Return the same file, seen from this key."""
        return Origin(self.file, self.folder, self.lines, self.environment, self.base + place)

    def problem(self, place: KeyPath, message: str) -> Problem:
        """Make a problem at this key."""
        whole = self.base + place
        if whole in self.environment:
            return Problem("environment", None, self.environment[whole], message)
        return Problem(self.file, self.line(place), dotted(whole), message)


def dotted(place: KeyPath) -> str:
    """Write `("sources", "0", "name")` as `sources[0].name`."""
    text = ""
    for part in place:
        text += f"[{part}]" if part.isdigit() and text else f".{part}" if text else part
    return text


def nearest(word: str, words: Iterable[str], asks: str = "did you mean") -> str:
    """Return `; did you mean …?`, or "" where no word is near."""
    near = difflib.get_close_matches(word.lower(), sorted(words), n=1, cutoff=0.6)
    return f"; {asks} {near[0]}?" if near else ""


def explained(
    error: ValidationError, origin: Origin, model: type[BaseModel], *, also: Iterable[str] = ()
) -> list[Problem]:
    """Put each of pydantic's errors in our words. `also` are keys that would be right as well."""
    found: dict[str, Problem] = {}
    for each in error.errors(include_url=False, include_context=True):
        place = tuple(str(part) for part in each["loc"])
        problem = origin.problem(place, _message(each, place, model, tuple(also)))
        found.setdefault(problem.place, problem)
    return sorted(found.values(), key=lambda problem: (problem.line or 0, problem.place))


def _message(error: Mapping[str, Any], place: KeyPath, model: type[BaseModel], also: tuple[str, ...]) -> str:
    kind, context, value = error["type"], error.get("ctx", {}), error.get("input")
    if kind == "extra_forbidden":
        known = [*_fields(model, place[:-1]), *(also if len(place) == 1 else ())]
        hint = nearest(place[-1], known) or (f"; expected one of {', '.join(sorted(known))}" if known else "")
        return f"unknown key{hint}"
    if kind == "missing":
        others = (
            [key for key in value if key not in _fields(model, place[:-1])] if isinstance(value, dict) else []
        )
        return f"is missing{nearest(place[-1], others, 'was it written')}"
    if kind in ("literal_error", "enum"):
        words = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ").split(", ")
        return f"expected one of {', '.join(words)}, got {_shown(value)}{nearest(str(value), words)}"
    if kind == "value_error":
        return str(context.get("error", error["msg"]))
    expected = _EXPECTED.get(kind)
    if expected is None:
        return f"{str(error['msg']).removeprefix('Input ').strip()}, got {_shown(value)}"
    return f"expected {expected.format(**context)}, got {_shown(value)}"


_EXPECTED: Mapping[str, str] = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "keys with values",
    "float_parsing": "a number",
    "float_type": "a number",
    "frozen_set_type": "a list of words",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "less_than_equal": "a number of at most {le}",
    "list_type": "a list",
    "model_attributes_type": "keys with values",
    "model_type": "keys with values",
    "path_type": "a path",
    "string_pattern_mismatch": "text of the form {pattern}",
    "string_type": "text",
    "too_long": "at most {max_length} entries",
    "string_too_long": "at most {max_length} characters",
    "too_short": "at least {min_length} entry",
    "tuple_type": "a list",
}


def _shown(value: object) -> str:
    if isinstance(value, bool):
        word = "true" if value else "false"
        return f"{word} (YAML reads yes, no, on and off so; text needs quotes)"
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return f"{value[:40]!r}"
    if isinstance(value, int | float):
        return str(value)
    return "a list" if isinstance(value, list | tuple | frozenset) else "keys with values"


def _fields(model: type[BaseModel], place: KeyPath) -> list[str]:
    """Return the keys that are right at `place` of `model`."""
    found: object = model
    for part in place:
        found = _step(found, part)
    if not (isinstance(found, type) and issubclass(found, BaseModel)):
        return []
    return [name for name, field_ in found.model_fields.items() if not field_.exclude]


def _step(kind: object, part: str) -> object:
    if isinstance(kind, _Container):
        return kind.model
    chosen = kind.model_fields.get(part) if isinstance(kind, type) and issubclass(kind, BaseModel) else None
    return _model_in(chosen.annotation) if chosen else None


def _model_in(kind: object) -> object:
    """Return the first model in `list[Model]`, `Model | None`, `dict[str, Model]`."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    origin = get_origin(kind)
    arguments = get_args(kind)
    inner = next((model for model in map(_model_in, arguments) if model is not None), None)
    if origin in (Annotated, Union, UnionType) or inner is None:
        return inner
    return _Container(inner)
