"""Writes accepted examples as files of the guide, and as commits of its repository."""

import re
import subprocess
import tempfile
import unicodedata
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

import yaml

from bot.config.models import GitSettings
from bot.runtime.process.private_files import PUBLIC, write_whole
from bot.style.guide import Example
from bot.style.load import EXAMPLES

_LONGEST: Final = 48
# With the lines that a long name goes on in.
_SIGNED: Final = re.compile(r"^saved_by:.*\n(?:[ \t]+.*\n)*", re.MULTILINE)
_SECONDS: Final = 30.0


class NotKept(Exception):
    """The file or the commit failed: a sentence for an admin."""


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, as people do."""


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def as_yaml(example: Example) -> str:
    """Return the file's text, without keys that say nothing."""
    data: dict[str, Any] = {
        name: value
        for name, value in example.model_dump(mode="json").items()
        if value not in ("", None, [], ()) and name != "audience"
    }
    if example.audience:
        data["audience"] = sorted(example.audience)
    if example.saved_on:
        data["saved_on"] = example.saved_on
    data["citations"] = [{"page": c.page, "quote": c.quote} for c in example.citations]
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def write(folder: Path, example: Example) -> Path:
    """Write a new file, named for the question. Raises NotKept."""
    name = _slug(example.question)
    path = folder / EXAMPLES / f"{name}.yaml"
    number = 2
    while path.exists():
        path = path.with_name(f"{name}-{number}.yaml")
        number += 1
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, as_yaml(example).encode(), mode=PUBLIC)
    except OSError as error:
        raise NotKept(f"{path.name} can't be written: {error.strerror}") from error
    return path


def unsign(folder: Path, names: Collection[str]) -> list[Path]:
    """Take `saved_by` out of the examples that one of these names saved. Raises NotKept."""
    changed = []
    for path in sorted((folder / EXAMPLES).glob("*.yaml")):
        try:
            text = path.read_text(encoding="utf-8")
            signed = _SIGNED.search(text)
            if signed and yaml.safe_load(signed[0])["saved_by"] in names:
                write_whole(path, _SIGNED.sub("", text, count=1).encode(), mode=PUBLIC)
                changed.append(path)
        except (OSError, UnicodeError, yaml.YAMLError) as error:
            raise NotKept(f"{path.name} can't be changed: {type(error).__name__}") from error
    return changed


def remove(path: Path) -> None:
    """Remove the file, if it is there. Raises NotKept."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise NotKept(f"{path.name} can't be removed: {error.strerror}") from error


def commit(path: Path, settings: GitSettings, *, by: str, message: str) -> None:
    """Commit the file as it is now, or its removal, on top of the branch, whatever is checked out.

    Nothing else that lies in the work tree or the index goes along. Raises NotKept.
    """
    root = Path(_git(path.parent, "rev-parse", "--show-toplevel"))
    inside = path.resolve().relative_to(root.resolve()).as_posix()
    head = _git(root, "rev-parse", "--verify", "--quiet", f"refs/heads/{settings.branch}", fails=True)
    name = re.sub(r"[<>\n]", "", by) or "Docent"
    who = {
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": "docent@localhost",
        "GIT_COMMITTER_NAME": "Docent",
        "GIT_COMMITTER_EMAIL": "docent@localhost",
    }
    with tempfile.TemporaryDirectory() as scratch:
        own = {"GIT_INDEX_FILE": str(Path(scratch) / "index"), **who}
        base = head or _git(root, "rev-parse", "HEAD", fails=True)
        _git(root, "read-tree", base or "--empty", env=own)
        if path.exists():
            blob = _git(root, "hash-object", "-w", "--", str(path.resolve()))
            _git(root, "update-index", "--add", "--cacheinfo", f"100644,{blob},{inside}", env=own)
        else:
            _git(root, "update-index", "--force-remove", "--", inside, env=own)
        tree = _git(root, "write-tree", env=own)
        parents = ("-p", base) if base else ()
        made = _git(root, "commit-tree", tree, *parents, "-m", message, env=own)
    _git(root, "update-ref", f"refs/heads/{settings.branch}", made, head or "0" * 40)
    if _git(root, "symbolic-ref", "--quiet", "HEAD", fails=True) == f"refs/heads/{settings.branch}":
        _git(root, "reset", "--quiet", "--", inside, fails=True)  # the index follows its branch
    if settings.push:
        _git(root, "push", "--quiet", "origin", f"refs/heads/{settings.branch}")


def _git(folder: Path, *words: str, env: dict[str, str] | None = None, fails: bool = False) -> str:
    """Run git, and return what it prints; with `fails`, "" if it failed."""
    more = {"GIT_TERMINAL_PROMPT": "0", **(env or {})}
    command = ["env", *(f"{name}={value}" for name, value in more.items())]
    command += ["git", "-C", str(folder), "-c", "core.hooksPath=/dev/null", *words]
    try:
        done = subprocess.run(  # noqa: S603 - our own words, no shell
            command,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotKept(f"git {words[0]} failed: {type(error).__name__}") from error
    if done.returncode and not fails:
        raise NotKept(f"git {words[0]} failed: {done.stderr.strip()[:200]}")
    return "" if done.returncode else done.stdout.strip()


def _slug(question: str) -> str:
    """Return the question's first words joined by hyphens: the example's name from then on."""
    plain = unicodedata.normalize("NFKD", question).encode("ascii", "ignore").decode().lower()
    words = "-".join(re.findall(r"[a-z0-9]+", plain))
    return (words[:_LONGEST].rsplit("-", 1)[0] if len(words) > _LONGEST else words) or "example"
