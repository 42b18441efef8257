"""Parses YAML as heads have it: every value is text, whatever YAML would make of `1.10`, `no` or a date."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

_KEY: Final = r"[\w\"'$@<.-][^\n]{0,80}?:(?:\s|$)"
_HEAD_LINE: Final = re.compile(rf"\s|$|#|- |[\]}}{{]|{_KEY}|[\w\"'-]+:\S")
_KNOWN: Final = re.compile(
    r"^\s*[\"']?(?:title|audiences?|date|updated|authors?|owners?|tags|keywords|layout|draft|published|description)[\"']?\s*:",
    re.MULTILINE | re.IGNORECASE,
)
_MOSTLY: Final = 0.6
_MOST_OPENED: Final = 2_000  # the parser's own stack ends somewhere beyond, and the process with it
_MERGES: Final = 10


def is_head(text: str) -> bool:
    """Tell a head, even a broken one, from prose that stands between two rulers."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return True
    first = next((line for line in lines if not line.lstrip().startswith("#")), lines[0])
    if not text.split("\n", 1)[0].strip() and not _KNOWN.search(text):
        return False  # text between two rulers has space around it
    fitting = sum(_HEAD_LINE.match(line) is not None for line in lines)
    return re.match(rf"\s*(?:{_KEY}|[{{\"'-])", first) is not None and fitting >= _MOSTLY * len(lines)


def load(text: str) -> tuple[dict[str, object] | None, str]:
    """Parse fields by their lower-case names; None, with what is wrong, if it is no YAML."""
    import yaml  # noqa: PLC0415 (most pages have no front matter)

    if sum(map(text.count, ("[", "{", "- ", "? "))) > _MOST_OPENED:
        return None, "too many lists in it"
    try:
        loaded = yaml.load(text, Loader=_loader())  # noqa: S506 (it makes nothing but text, lists and mappings)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or "not YAML"
        return None, f"{what}, line {mark.line + 2}" if mark else str(what)
    if not isinstance(loaded, dict):
        return ({}, "") if loaded in (None, "") else (None, "not a mapping")
    fields = _merged(loaded, [_MERGES])
    names = [key.strip().lower() for key in fields]
    said = len(re.findall(r"^[\"']?audiences?[\"']?[ \t]*:", text, re.MULTILINE | re.IGNORECASE))
    if said > sum(name in ("audience", "audiences") for name in names):
        return None, "it names its audience twice"
    return dict(zip(names, fields.values(), strict=True)), ""


def _merged(fields: Mapping[object, object], left: list[int]) -> dict[str, object]:
    """Merge what `<<` brings, for a limited number of mappings: those beyond `left` are ignored."""
    own = {str(key): value for key, value in fields.items() if isinstance(key, str)}
    given = own.pop("<<", None)
    merged: dict[str, object] = {}
    for each in given if isinstance(given, list) else [given]:
        if isinstance(each, dict) and left[0]:
            left[0] -= 1
            merged = {**_merged(each, left), **merged}
    return {**merged, **own}


@cache
def _loader() -> type:
    import yaml  # noqa: PLC0415

    return getattr(yaml, "CBaseLoader", yaml.BaseLoader)
