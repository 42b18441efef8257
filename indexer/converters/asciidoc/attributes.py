"""Reads AsciiDoc's attributes and what depends on them: `:name: value`, `{name}`, `ifdef::name[]`."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

_ENTRY: Final = re.compile(r"^:(!?)([\w][\w-]*)(!?):(?:[ \t]+(.*))?$")
_REFERENCE: Final = re.compile(r"(\\?)\{([\w][\w-]*)\}")
_CONDITION: Final = re.compile(r"^(ifdef|ifndef|ifeval|endif)::(\S*?)\[(.*)\]$")
_EVALUATED: Final = re.compile(r"""^\s*["']?(.*?)["']?\s*(==|!=|<=|>=|<|>)\s*["']?(.*?)["']?\s*$""")
_VERBATIM: Final = re.compile(r"^(-{4,}|\.{4,}|`{3,}|\+{4,}|/{4,})")
_GOES_ON: Final = "\\"
_NESTED: Final = 5
_LONGEST: Final = 20_000  # of a line with what its references stand for

# https://docs.asciidoctor.org/asciidoc/latest/attributes/character-replacement-ref/
_GIVEN: Final = {
    "nbsp": " ", "sp": " ", "empty": "", "blank": "", "zwsp": "", "wj": "", "plus": "+", "asterisk": "*", "backtick": "`",
    "startsb": "[", "endsb": "]", "vbar": "|", "caret": "^", "tilde": "~", "lt": "<", "gt": ">", "amp": "&", "apos": "'",
    "quot": '"', "ldquo": "“", "rdquo": "”", "lsquo": "‘", "rsquo": "’", "deg": "°", "cpp": "C++", "cxx": "C++", "pp": "++",
    "brvbar": "¦", "backslash": "\\", "two-colons": "::", "two-semicolons": ";;", "backend": "html5", "backend-html5": "",
    "basebackend-html": "", "asciidoctor": "",
}  # fmt: skip


class Attributes:
    """The attributes at one place of a page. `fixed` come from outside: no page changes them, unless they end in `@`."""

    def __init__(self, fixed: Mapping[str, str]) -> None:
        soft = {
            name.removesuffix("@")
            for name, value in fixed.items()
            if name.endswith("@") or value.endswith("@")
        }
        given = {name.removesuffix("@").lower(): value.removesuffix("@") for name, value in fixed.items()}
        self._fixed = given.keys() - soft
        self._values = {**_GIVEN, **given}

    def get(self, name: str, default: str = "") -> str:
        """Read an attribute's value; `default` if it isn't set."""
        return self._values.get(name, default)

    def has(self, name: str) -> bool:
        """Tell whether an attribute is set."""
        return name.lower() in self._values

    def define(self, name: str, value: str | None) -> None:
        """Set an attribute; None unsets it."""
        name = name.lower()
        if name in self._fixed:
            return
        if value is None:
            self._values.pop(name, None)
        else:
            self._values[name] = value

    def filled(self, text: str) -> str:
        """Replace references by their values; those that nobody defined stay as they are."""
        for _ in range(_NESTED):
            if "{" not in text or len(text) > _LONGEST:
                break
            before, text = text, _REFERENCE.sub(self._value, text)
            if text == before:
                break
        return text.replace("\\{", "{")

    def _value(self, found: re.Match[str]) -> str:
        if found[1]:
            return found[0]
        return self._values.get(found[2].lower(), found[0])[:_LONGEST]


def lines_of(text: str, attributes: Attributes) -> Iterator[str]:
    """Yield the page's lines without comments, attribute entries and what is for no reader, with references replaced."""
    return _Reading(text.split("\n"), attributes).lines()


class _Reading:
    def __init__(self, lines: list[str], attributes: Attributes) -> None:
        self._rest = iter(lines)
        self._attributes = attributes
        # Of each condition that is open, whether what is in it counts.
        self._counts: list[bool] = []
        # What ends the block whose lines mean themselves.
        self._verbatim = ""

    def lines(self) -> Iterator[str]:
        for line in self._rest:
            line = line.rstrip()  # noqa: PLW2901 - the same line, cleaned
            if line.startswith("include::") and line.endswith("]"):
                continue  # of another file, which isn't here
            if found := _CONDITION.match(line):
                inline = _condition(found, self._attributes, self._counts)
                if inline and all(self._counts):
                    yield self._attributes.filled(inline)
            elif all(self._counts):
                yield from self._read(line)

    def _read(self, line: str) -> Iterator[str]:
        if self._verbatim:
            if not self._verbatim.startswith("/"):
                yield line
            self._verbatim = "" if line == self._verbatim else self._verbatim
        elif fence := _VERBATIM.match(line):
            whole = line == fence[1]
            self._verbatim = "```" if line.startswith("```") else fence[1] if whole else ""
            if not line.startswith("////"):
                yield line
        elif entry := _ENTRY.match(line):
            self._define(entry)
        elif not line.startswith("//") or line.startswith("///"):
            yield self._attributes.filled(line)

    def _define(self, entry: re.Match[str]) -> None:
        value = entry[4] or ""
        while value.endswith((" \\", " + \\")):
            more = next(self._rest, "").strip()
            value = f"{value.removesuffix(_GOES_ON).rstrip().removesuffix(' +')} {more}"
        taken = entry[1] or entry[3]
        self._attributes.define(entry[2], None if taken else self._attributes.filled(value))


def _condition(found: re.Match[str], attributes: Attributes, counts: list[bool]) -> str:
    """Open or close a condition; return the text of one that stands beside it on the line."""
    kind, names, text = found.groups()
    if kind == "endif":
        del counts[-1:]
        return ""
    if kind == "ifeval":
        counts.append(_holds(attributes.filled(text)))
        return ""
    each = [attributes.has(name) for name in re.split(r"[,+]", names)]
    given = all(each) if "+" in names else any(each)
    holds = given if kind == "ifdef" else not given
    if text:
        return text if holds else ""
    counts.append(holds)
    return ""


def _holds(expression: str) -> bool:
    """Evaluate a condition; one that can't be read holds."""
    found = _EVALUATED.match(expression)
    if found is None:
        return True
    one, sign, other = found.groups()
    if sign in ("==", "!="):
        return (one == other) == (sign == "==")
    try:
        left, right = float(one), float(other)
    except ValueError:
        return True
    return {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[sign]
