"""Compares the versions that decide what a page's bytes become: machines that differ in them aren't used together."""

import hashlib
import sys
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import bot
import indexer
from bot.runtime.process.installed import DISTRIBUTION

# Whose other version may make another text of a file, or another vector of a text.
LIBRARIES: Final = (
    "beautifulsoup4", "docutils", "fastembed", "lxml", "mammoth", "markdownify", "markitdown", "numpy",
    "onnxruntime", "openpyxl", "pypdfium2", "pyromark", "pystemmer", "python-pptx", "pyyaml",
    "semantic-text-splitter", "tokenizers",
)  # fmt: skip
_CODE: Final = "Docent's code"


@lru_cache(maxsize=1)
def versions() -> Mapping[str, str]:
    """List this machine's versions by package; "none" for what isn't installed."""
    return {
        "docent": _version(DISTRIBUTION),
        _CODE: _code(),
        "Python": f"{sys.version_info.major}.{sys.version_info.minor}",
        **{name: _version(name) for name in LIBRARIES},
    }


@lru_cache(maxsize=1)
def stamp() -> str:
    """Hash them: machines of the same versions have the same stamp."""
    return hashlib.blake2b(repr(sorted(versions().items())).encode(), digest_size=12).hexdigest()


def difference(theirs: Mapping[str, str], ours: Mapping[str, str]) -> str:
    """Write the differences, such as `pypdfium2 5.1.0 (here 5.2.0), lxml none (here 6.0.1)`; "" if there are none."""
    names = [*ours, *(name for name in theirs if name not in ours)]
    return ", ".join(
        f"{name} {theirs.get(name, 'none')} (here {ours.get(name, 'none')})"
        for name in names
        if theirs.get(name, "none") != ours.get(name, "none")
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def _code() -> str:
    """Hash all code that reads, chunks and analyses: a version number doesn't tell two commits apart."""
    own = Path(bot.__file__ or "").parent
    files = [
        own / "model.py",
        *(own / "text").rglob("*.py"),
        *Path(indexer.__file__ or "").parent.rglob("*.py"),
    ]
    digest = hashlib.blake2b(digest_size=6)
    for path in sorted(files):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
