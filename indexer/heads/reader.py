"""Finds a page's head in every format that has one, and parts it from the page.

Ours: python-frontmatter and its like know one spelling of a fence, and take every other head for text. A page
whose head isn't recognised would be shown to everybody; here it isn't shown at all.
"""

import json
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Final, Literal

from indexer.heads import yaml_head
from indexer.heads.front_matter import BrokenAudience, FrontMatter, both, read

Kind = Literal["markdown", "rst", "asciidoc", "html", "other"]

# So far a page is searched for words about who may see it.
LOOKED_AT: Final = 4096
_LONGEST: Final = 200_000  # of a head
_FENCE: Final = re.compile(r"(---|\+\+\+|;;;)[ \t]*(yaml|toml|json)?[ \t]*\n", re.IGNORECASE)
_SPACE: Final = "\ufeff\u200b \t\n\f\v\xa0"
_SYNTAX: Final = {"---": "yaml", "+++": "toml", ";;;": "json"}

_PROSE_BEFORE: Final = re.compile(r"target[\s_-]*$", re.IGNORECASE)
_NAMED: Final = re.compile("audience", re.IGNORECASE)
_AUDIENCE: Final = re.compile(r"(?<![A-Za-z])audiences?(?![A-Za-z])[\"'`\])]*[ \t]*[:=]", re.IGNORECASE)
_AUDIENCE_FIRST: Final = re.compile(
    r"[ ]{0,3}[^\w\n*_#>|-]{0,8}audiences?[\"'`\])]*[ \t]*[:=]", re.IGNORECASE
)
_QUOTED: Final = re.compile(r"[\"']audiences?[\"'][ \t]*[:=]", re.IGNORECASE)
_TAG: Final = re.compile(r"<(?:meta|html|body|!--)[^<>]{0,500}\baudience", re.IGNORECASE)
_DRAFT: Final = re.compile(
    r"[^\w\n]*(?:draft[\"']?[ \t]*[:=][ \t]*[\"']?(?:true|yes|on|1)|published[\"']?[ \t]*[:=][ \t]*[\"']?(?:false|no|off|0))\b",
    re.IGNORECASE,
)
# What may stand above a page's text: keys, fences, comments, brackets, and what is indented below them.
_HEADLIKE: Final = re.compile(
    r"\s|$|[-+;.~`=*_]{3,}\s*\w*\s*$|<!|-->|</?[A-Za-z]|//|#!|[%@:{}\[\]\"']|\.\. |import\b|export\b|- |[\w$.-][^:=\n]{0,60}[:=](?:\s|$|\S)"
)
_CODE: Final = re.compile(r"\s{0,3}(`{3,}|~{3,})")
_LISTING: Final = re.compile(r"(`{3,}|-{4,}|\.{4,})(?=\s*$|\w)")  # of AsciiDoc


def split(text: str, kind: Kind = "markdown") -> tuple[FrontMatter, str]:
    """Part a page into its head and the rest.

    Raises BrokenAudience for a page that names an audience in a way that isn't understood.
    """
    fenced, body = _fenced(text, kind)
    native = _native(body if fenced else text, kind)
    if kind == "rst":
        body = _without_fields(body)
    head = both(fenced or FrontMatter(), native)
    if head.audience is None and _speaks(text, kind):
        raise BrokenAudience(
            "it speaks of an audience in a way that isn't understood, so that nobody is shown it: write"
            f" `audience: [names]` into its head{f' ({head.problem})' if head.problem else ''}"
        )
    if (
        (fenced is None or fenced.problem)
        and not head.draft
        and any(_DRAFT.match(line) for line in _lead(_seen(text)))
    ):
        head = both(head, FrontMatter(draft=True))
    return head, body


# --- fences ---------------------------------------------------------------------------------------


def _fenced(text: str, kind: Kind) -> tuple[FrontMatter | None, str]:
    """Read a head in YAML, TOML or JSON between fences; None where there is none."""
    start = _past_comments(text)
    if text.startswith("{", start) and kind in ("markdown", "html", "other"):
        return _json_head(text, start)
    opening = _FENCE.match(text, start)
    if opening is None:
        return None, text
    closing = re.compile(
        rf"^[ \t]*(?:{re.escape(opening[1])}{'|[.]{3}' if opening[1] == '---' else ''})[ \t]*(?:\n|\Z)",
        re.MULTILINE,
    )
    end = closing.search(text, opening.end(), opening.end() + _LONGEST)
    if end is None:
        return None, text
    inside, rest = text[opening.end() : end.start()], text[end.end() :]
    syntax = (opening[2] or _SYNTAX[opening[1]]).lower()
    if syntax == "yaml" and not yaml_head.is_head(inside):
        return None, text  # prose between two rulers
    fields, problem = _loaded(inside, syntax)
    if fields is None:
        return FrontMatter(problem=f"broken front matter: {problem}"), rest
    return read(fields), rest


def _past_comments(text: str) -> int:
    """Find where the first thing begins that is neither space nor a comment."""
    text, start = text[:_LONGEST], 0
    while True:
        start += len(text[start:]) - len(text[start:].lstrip(_SPACE))
        end = text.find("-->", start) if text.startswith("<!--", start) else -1
        if end < 0:
            break
        start = end + len("-->")
    return start


def _json_head(text: str, start: int) -> tuple[FrontMatter | None, str]:
    try:
        fields, end = json.JSONDecoder().raw_decode(text[start : start + _LONGEST])
    except (ValueError, RecursionError):
        return None, text
    rest = text[start + end :]
    if not isinstance(fields, dict) or not rest.strip() or rest[:1] not in "\n\r \t":
        return None, text
    return read(_lowered(fields)), rest


def _loaded(inside: str, syntax: str) -> tuple[dict[str, object] | None, str]:
    if syntax == "yaml":
        return yaml_head.load(inside)
    try:
        fields = (
            tomllib.loads(inside)
            if syntax == "toml"
            else json.loads(f"{{{inside}}}" if not inside.lstrip().startswith("{") else inside)
        )
    except (ValueError, RecursionError) as error:
        return None, f"it is no {syntax.upper()}: {str(error)[:100]}"
    return (_lowered(fields), "") if isinstance(fields, dict) else (None, "not a mapping")


def _lowered(fields: Mapping[str, object]) -> dict[str, object]:
    return {str(key).strip().lower(): value for key, value in fields.items()}


# --- what a format has of its own -----------------------------------------------------------------


def _native(text: str, kind: Kind) -> FrontMatter:
    """Read a format's own kind of head: reStructuredText's fields, AsciiDoc's attributes, HTML's meta elements."""
    start = text[:_LONGEST]
    if kind == "rst":
        return read(_told(_rst_fields(start)))
    if kind == "asciidoc":
        return read(_told(_attributes(start)))
    if kind == "html":
        return read(_told(_metas(start)))
    return FrontMatter()


def _told(pairs: Iterator[tuple[str, str]]) -> dict[str, object]:
    """Collect fields by name; of an audience that is named twice both count."""
    fields: dict[str, object] = {}
    for key, value in pairs:
        name = key.strip().lower().removeprefix("docent-").removeprefix("docent:").removeprefix("page-")
        if name in ("audience", "audiences") and name in fields:
            raise BrokenAudience("it names its audience twice")
        fields.setdefault(name, value.strip())
    return fields


_RST_FIELD = re.compile(r"(\s*):([A-Za-z][\w -]{0,40}):(?:[ \t]+(.*))?$")
_RST_KEYS = {
    "audience",
    "audiences",
    "author",
    "authors",
    "date",
    "draft",
    "published",
    "status",
    "title",
    "keywords",
    "tags",
    "owner",
    "owners",
}


def _rst_fields(text: str) -> Iterator[tuple[str, str]]:
    """List the fields before the first text, and those of `meta` directives near the beginning."""
    in_meta = False
    for line in text.split("\n")[:200]:
        found = _RST_FIELD.match(line)
        if found and (in_meta if found[1] else True) and found[2].strip().lower() in _RST_KEYS:
            yield found[2], found[3] or ""
        elif line and not line[0].isspace():
            in_meta = line.strip() == ".. meta::"


def _without_fields(text: str) -> str:
    """Remove fields, which are no text of the page."""
    lines = text.split("\n")
    top = [line for line in lines[:200] if not _is_field(line)]
    return "\n".join(top + lines[200:])


def _is_field(line: str) -> bool:
    found = _RST_FIELD.match(line)
    return found is not None and not found[1] and found[2].strip().lower() in _RST_KEYS


def _attributes(text: str) -> Iterator[tuple[str, str]]:
    """List AsciiDoc's attributes, `:name: value`."""
    for line in text.split("\n")[:400]:
        found = re.match(r":([\w-]+):[ \t]*(.*)$", line)
        if found and found[1].lower().removeprefix("page-") in _RST_KEYS - {"title"}:
            yield found[1], found[2].rstrip("\\")


_META_ELEMENT = re.compile(r"<meta\b([^<>]{1,2000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([\w:-]{1,40})\s{0,9}=\s{0,9}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
# For search engines this means everybody.
_ALL = {"all", "everyone", "general", "public", "global"}


def _metas(text: str) -> Iterator[tuple[str, str]]:
    for found in _META_ELEMENT.finditer(text):
        given = {name.lower(): a or b or c for name, a, b, c in _ATTRIBUTE.findall(found[1])}
        key = given.get("name") or given.get("property") or given.get("itemprop") or ""
        name = key.strip().lower().removeprefix("docent-").removeprefix("docent:")
        if name in ("audience", "audiences"):
            words = given.get("content", "")
            yield name, "everyone" if words.strip().lower() in _ALL else words
        elif name in ("draft", "published"):
            yield name, given.get("content", "")


# --- what isn't understood ------------------------------------------------------------------------


def _seen(text: str) -> str:
    """Normalise the beginning as people see it: one kind of space and colon, nothing invisible."""
    start = unicodedata.normalize("NFKC", text[:LOOKED_AT])
    unseen = [each for each in set(start) if unicodedata.category(each) == "Cf"]
    return start.translate(dict.fromkeys(map(ord, unseen))) if unseen else start


def _speaks(text: str, kind: Kind) -> bool:
    """Tell whether the beginning names an audience as a key, and not within a sentence."""
    seen = _seen(text)
    if not _NAMED.search(seen):  # as most pages: each pattern below has the word
        return False
    lead = _lead(seen)
    if kind == "html":  # what is between tags is text
        outside = (line for line in lead if not line.lstrip().startswith("<"))
        return _TAG.search(seen) is not None or any(_names(_AUDIENCE, line) for line in outside)
    if any(_names(_AUDIENCE, line) or _TAG.search(line) for line in lead):
        return True
    rest = _without_code(seen.split("\n")[len(lead) :], _LISTING if kind == "asciidoc" else _CODE)
    return any(_AUDIENCE_FIRST.match(line) or _QUOTED.search(line) or _TAG.search(line) for line in rest)


def _names(pattern: re.Pattern[str], line: str) -> bool:
    return any(
        not _PROSE_BEFORE.search(line[max(0, found.start() - 12) : found.start()])
        for found in pattern.finditer(line)
    )


def _lead(seen: str) -> list[str]:
    """List the lines above the first that is text."""
    lines = seen.split("\n")
    for number, line in enumerate(lines):
        if not _HEADLIKE.match(line):
            return lines[:number]
    return lines


def _without_code(lines: list[str], code: re.Pattern[str]) -> Iterator[str]:
    fence = ""
    for line in lines:
        found = code.match(line)
        if found and (not fence or found[1].startswith(fence)):
            fence = "" if fence else found[1]
        elif not fence:
            yield line
