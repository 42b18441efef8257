"""Loads a guide from a folder of files. What is wrong is told by file and line; what is right is used."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from bot.config.base import Section
from bot.config.reading.error_messages import ConfigError, Origin, Problem, explained
from bot.config.reading.yaml_with_lines import located
from bot.style.guide import Example, Rules, Sample, StyleGuide

RULES: Final = "guide"
EXAMPLES: Final = "examples"
_ENDINGS: Final = (".yaml", ".yml", ".md")
_HEAD: Final = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_BULLET: Final = re.compile(r"^\s*(?:[-*]|\d+\.)\s+", re.MULTILINE)
_MOST_BYTES: Final = 200_000

SectionT = TypeVar("SectionT", bound=Section)


class _AsWritten(dict[str, str]):
    """Takes `${NAME}` in a guide for text: nothing of the environment goes into answers."""

    def get(self, key: str, default: object = None) -> Any:  # noqa: ANN401, ARG002 - dict's own signature
        return f"${{{key}}}"


@dataclass(frozen=True, slots=True)
class Loaded:
    """All that could be read, and what couldn't."""

    guide: StyleGuide
    problems: tuple[Problem, ...] = ()


def load(folder: Path) -> Loaded:
    """Load the rules of `guide.yaml` (or .md), and the examples of all other files."""
    if not folder.is_dir():
        return Loaded(StyleGuide(), (Problem(str(folder), None, "", "there is no such folder"),))
    rules, file = Rules(), folder / f"{RULES}.yaml"
    samples: dict[str, Sample] = {}
    problems: list[Problem] = []
    for path in files(folder):
        try:
            if path.stem == RULES and path.parent == folder:
                rules, file = _read(path, Rules, "voice"), path
            else:
                sample = Sample(path.stem, _read(path, Example, "answer"), path)
                if path.stem in samples:
                    other = samples[path.stem].file.relative_to(folder)
                    problems.append(Problem(str(path), None, "", f"has the same name as {other}"))
                samples.setdefault(path.stem, sample)
        except ConfigError as error:
            problems += error.problems
    return Loaded(StyleGuide(rules, tuple(samples.values()), file), tuple(problems))


def files(folder: Path) -> list[Path]:
    """Return the guide's files in a fixed order, without hidden ones and READMEs."""
    found = (path for path in folder.rglob("*") if path.suffix in _ENDINGS and path.is_file())
    return sorted(
        path
        for path in found
        if path.stem.lower() != "readme"
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def fingerprint(folder: Path) -> str:
    """Return a text that changes whenever a file of the guide does, by names, sizes and times."""
    seen = hashlib.sha256()
    for path in files(folder) if folder.is_dir() else []:
        try:
            stat = path.stat()
        except OSError:
            continue  # gone between listing and looking: the next look sees it
        seen.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\0{stat.st_ino}\n".encode())
    return seen.hexdigest()


def _read(path: Path, kind: type[SectionT], body: str) -> SectionT:
    """Read one file as `kind`; the text below a Markdown file's front matter is the key `body`."""
    file = str(path)
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ConfigError([Problem(file, None, "", "is larger than 200 kB: not an example")])
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError([Problem(file, None, "", "is not UTF-8 text")]) from None
    except OSError as error:
        raise ConfigError([Problem(file, None, "", f"can't be read: {error.strerror}")]) from None
    rest = ""
    if path.suffix == ".md":
        head = _HEAD.match(text)
        if head is None and kind is Example:
            message = "expected front matter (--- … ---) with a question, and the answer below it"
            raise ConfigError([Problem(file, 1, "", message)])
        text, rest = (f"\n{head[1]}", text[head.end() :].strip()) if head else ("{}", text.strip())
    found = located(file, text, _AsWritten())
    data: Mapping[str, Any] = {**found.data, body: _body(kind, rest)} if rest else found.data
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise ConfigError(explained(error, Origin(file, path.parent, found.lines), kind)) from None


def _body(kind: type[Section], text: str) -> object:
    """Return an answer as it stands; a guide's rules as a list, one a bullet or line."""
    if kind is Example:
        return text
    lines = (_BULLET.sub("", line).strip() for line in text.splitlines() if not line.startswith("#"))
    return [line for line in lines if line]
