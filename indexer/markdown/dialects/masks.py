"""Masks code while the rest of a page is rewritten: nothing in it is markup, and it moves with its line."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from indexer.markdown.inline import code_aside

FENCE = re.compile(r"^([ >]*(?:[-*+] +|\d+[.)] +)?)(`{3,}(?=[^`\n]*$)|~{3,})(.*)$")
_COLONS = re.compile(r"^([ >]*)(:{3,}) *(.*?) *$")
# PyMdown's blocks, `/// tab | Windows`, and their options; and a tab of VuePress' within colons.
_SLASHES = re.compile(r"^([ >]*)(/{3,}) *(?:([a-z][\w-]*) *(?:\| *(.*?))?)?[ ]*$")
_INDENTED_OPTION = re.compile(r"^[ >]* {4}[\w-]+: ?\S")
_AT_TAB = re.compile(r"^([ >]*)@tab(?::\w+)? +(.*?)(?:#[\w-]+)?[ ]*$")
# What says in a group of codes how one looks: the rest beside its language is its title.
_LOOK = re.compile(r"[\w-]+=(?:\"[^\"]*\"|'[^']*'|\{[^{}]*\}|\S+)|\{[^{}]*\}|\b(?:wrap|lines|expandable)\b")
_DIRECTIVE = re.compile(r"^ *\{([A-Za-z][\w:+-]*)\} *(.*)$")
_OPTION = re.compile(r"^[ >]*:[\w-]+:(?: |$)")
_HELD = re.compile("\x00([FS])(\\d+)\x00")
_BLOCK = re.compile("^(.*?)\x00F(\\d+)\x00", re.MULTILINE)
# ```{r}, ```{python}: notebooks' cells, and not MyST's directives. The rest are its own names for code.
_LANGUAGES = frozenset(
    "r python python3 julia bash sh shell sql ojs js javascript stan rust ruby perl scala go css html cpp c java".split()  # noqa: SIM905
)
_CODE = frozenset(
    "code code-block sourcecode code-cell prompt parsed-literal literalinclude ipython doctest testcode".split()  # noqa: SIM905
)
_RAW_SHORTCODE = re.compile(
    r"^( *)(?:\{\{[<%] *(highlight|code|code-toggle|codeblock|gist-code|cmd|command)\b([^{}]*?)(?<!/)[>%]\}\}"
    r"|\{% *(highlight)\b([^{}]*?)%\})(.*)$"
)
# Opens and closes what stands in a fence of colons, or in one of backticks that is a directive.
OPENS, CLOSES = "\x01+", "\x01-"


def closes(line: str, fence: str) -> bool:
    """Tell whether a line closes the fence that `fence` opened."""
    bare = line.strip(" \n>")
    return len(bare) >= len(fence) and bare == fence[0] * len(bare)


@dataclass(slots=True)
class Code:
    """A fence's code without its indent. `info` is what stands beside its opening."""

    info: str
    lines: list[str]


def fence_around(code: str, sign: str = "`") -> str:
    """Make a fence of at least three signs, longer than any run of them in the code."""
    return sign * max(3, 1 + max(map(len, re.findall(f"{sign}+", code)), default=0))


@dataclass(slots=True)
class Masked:
    """A text with numbers, between signs that no text has, in place of its code."""

    text: str = ""
    blocks: list[Code] = field(default_factory=list)
    spans: list[str] = field(default_factory=list)

    def restored(self, shown: Callable[[str, Code], str]) -> str:
        """Put the code back; `shown` makes Markdown of a block and the prefix that it stands behind."""
        text = _BLOCK.sub(lambda m: m[1] + shown(m[1], self.blocks[int(m[2])]), self.text)
        return self.spans_restored(text)

    def spans_restored(self, text: str) -> str:
        """Put spans of code back, but not blocks."""
        return _HELD.sub(lambda m: self.spans[int(m[2])] if m[1] == "S" else "", text)


def masked(text: str) -> Masked:
    """Mask fences, spans, and shortcodes that hold code; directives' fences get marks of their own (`OPENS`, `CLOSES`)."""
    found = Masked()
    text = "\n".join(_Scanner(text.split("\n"), found).lines())
    found.text, found.spans = code_aside(text, "S")
    return found


class _Scanner:
    def __init__(self, lines: list[str], found: Masked) -> None:
        self._lines = lines
        self._found = found
        self._at = 0
        # The fences of directives that are open: their sign, and how many of it.
        self._open: list[tuple[str, int]] = []
        # Where the next of each end is that was looked for; None where there is none, nor will be further down.
        self._ends: dict[str, int | None] = {}
        # The last line that was found to begin a fence within a shortcode.
        self._fence_at = -1
        # Whether it is in a component that shows code under titles.
        self._grouped = False

    def lines(self) -> Iterator[str]:
        while self._at < len(self._lines):
            line = self._lines[self._at]
            self._at += 1
            if "CodeGroup" in line:
                self._grouped = "</CodeGroup" not in line
            if line.lstrip().startswith("<!--") and "-->" not in line:
                yield line
                yield from self._until_comment_ends()
            elif ":::" in line and (colons := _COLONS.match(line)):
                yield self._colons(colons)
            elif "///" in line and (slashes := _SLASHES.match(line)) and self._is_block(slashes):
                yield self._slashes(slashes)
            elif "@tab" in line and self._open and (tab := _AT_TAB.match(line)):
                yield self._at_tab(tab)
            elif "```" in line or "~~~" in line:
                fence = FENCE.match(line)
                yield line if fence is None else self._fence(fence)
            elif "{" in line and (raw := _RAW_SHORTCODE.match(line)):
                yield self._shortcode(line, raw)
            else:
                yield line

    def _until_comment_ends(self) -> Iterator[str]:
        """Take the lines of a comment, in which no fence begins; an unclosed comment is read like other text."""
        end = self._find("-->", lambda line: "-->" in line)
        if end is not None:
            yield from self._lines[self._at : end + 1]
            self._at = end + 1

    def _find(self, what: str, is_it: Callable[[str], object]) -> int | None:
        """Find the next line for which `is_it` holds, without searching again for each beginning before it."""
        known = self._ends.get(what, -1)
        if known is None or known >= self._at:
            return known
        found = next((at for at in range(self._at, len(self._lines)) if is_it(self._lines[at])), None)
        self._ends[what] = found
        return found

    def _colons(self, found: re.Match[str]) -> str:
        indent, sign, rest = found.groups()
        if not rest:
            closes = next((n for n, each in enumerate(reversed(self._open), 1) if each[0] == ":"), 0)
            if not closes:
                return ""
            tabs = sum(each[0] == "@" for each in self._open[-closes:])
            del self._open[-closes:]
            return "\n".join([f"{indent}{CLOSES}"] * (1 + tabs))
        self._open.append((":", len(sign)))
        directive = _DIRECTIVE.match(rest)
        name, _, said = rest.partition(" ")
        if directive:
            name, said = directive[1], directive[2]
            self._skip_options()
        elif "[" in name:  # :::note[Title]
            name, _, said = rest.partition("[")
            said = said.rpartition("]")[0]
        elif name.startswith("{"):
            name, said = ("hidden" if _is_hidden(rest) else "div"), rest
        return f"{indent}{OPENS}{name} {said}"

    def _is_block(self, found: re.Match[str]) -> bool:
        """Tell whether slashes end an open block or, if they have a name, begin one that is ended somewhere."""
        if not found[3]:
            return any(each == ("/", len(found[2])) for each in self._open)
        sign = found[2]
        return self._find(sign, lambda line: line.strip(" >") == sign) is not None

    def _slashes(self, found: re.Match[str]) -> str:
        indent, sign, name, said = found.groups()
        if not name:
            at = max(n for n, each in enumerate(self._open) if each == ("/", len(sign)))
            del self._open[at:]
            return f"{indent}{CLOSES}"
        self._open.append(("/", len(sign)))
        while self._at < len(self._lines) and _INDENTED_OPTION.match(self._lines[self._at]):
            self._at += 1
        return f"{indent}{OPENS}{'div' if name == 'html' else name} {said or ''}"

    def _at_tab(self, found: re.Match[str]) -> str:
        opened = f"{found[1]}{OPENS}tab {found[2]}"
        if self._open[-1][0] == "@":
            return f"{found[1]}{CLOSES}\n{opened}"
        self._open.append(("@", 0))
        return opened

    def _skip_options(self) -> None:
        first = self._lines[self._at] if self._at < len(self._lines) else ""
        if first.strip() == "---":
            self._at += 1
            stop = self._find("---", lambda line: line.strip() == "---")
            self._at = stop + 1 if stop is not None else self._at
        while self._at < len(self._lines) and _OPTION.match(self._lines[self._at]):
            self._at += 1

    def _fence(self, found: re.Match[str]) -> str:
        prefix, sign, info = found[1], found[2], found[3].strip()
        if self._open and not info and self._open[-1][0] == sign[0] and len(sign) >= self._open[-1][1]:
            self._open.pop()
            return f"{prefix}{CLOSES}"
        if self._grouped and "[" not in info:
            language, _, rest = info.partition(" ")
            title = " ".join(_LOOK.sub("", rest).replace('"', "").split())
            info = f'{language} title="{title}"' if title else info
        directive = _DIRECTIVE.match(info)
        if directive is None or directive[1].lower() in _LANGUAGES:
            return f"{prefix}{self._code(info, prefix, sign)}"
        self._skip_options()
        if directive[1] in _CODE:
            return f"{prefix}{self._code(directive[2] or 'text', prefix, sign)}"
        self._open.append((sign[0], len(sign)))
        return f"{prefix}{OPENS}{directive[1]} {directive[2]}"

    def _code(self, info: str, prefix: str, sign: str) -> str:
        """Take the code up to the end of its fence, or of the page."""
        lead = re.compile(rf"[ >]{{0,{len(prefix)}}}")
        kept = []
        while self._at < len(self._lines):
            line = self._lines[self._at]
            self._at += 1
            if closes(line, sign):
                break
            kept.append(line[_end(lead.match(line)) :])
        return self._held(Code(info, kept))

    def _shortcode(self, line: str, found: re.Match[str]) -> str:
        """Take the code of a shortcode: Hugo's and Jekyll's `highlight` and the like."""
        indent, name, said = found[1], found[2] or found[4], found[3] or found[5] or ""
        ends = re.compile(rf"\{{\{{[<%] */ *{name} *[>%]\}}\}}|\{{% *end{name} *%\}}")
        if inline := ends.search(found[6]):
            lines, rest = [found[6][: inline.start()]], found[6][inline.end() :]
            return f"{indent}{self._held(Code(_language(said), lines))}{rest}"
        stop = self._find(name, ends.search)
        if stop is None:
            return line
        if self._fence_in(stop):
            return ""  # it is only around a fence
        inside = self._lines[self._at : stop]
        self._at = stop + 1
        lines = [found[6], *inside] if found[6].strip() else inside
        return f"{indent}{self._held(Code(_language(said), lines))}"

    def _fence_in(self, stop: int) -> bool:
        if not self._at <= self._fence_at < stop:
            lines = range(self._at, stop)
            self._fence_at = next((at for at in lines if FENCE.match(self._lines[at])), -1)
        return self._fence_at >= 0

    def _held(self, code: Code) -> str:
        self._found.blocks.append(code)
        return f"\x00F{len(self._found.blocks) - 1}\x00"


def _is_hidden(attributes: str) -> bool:
    """Tell whether the HTML of a page leaves a division of Pandoc's or Quarto's out."""
    classes = set(re.findall(r"\.([\w-]+)", attributes))
    for_format = re.search(r"\bwhen-format=[\"']?(\w+)", attributes)
    in_html = for_format is None or for_format[1].startswith("html")
    if "content-hidden" in classes:
        return in_html if for_format else "when-" not in attributes
    return "hidden" in classes or ("content-visible" in classes and not in_html)


def _end(match: re.Match[str] | None) -> int:
    return match.end() if match else 0


def _language(said: str) -> str:
    word = said.strip().partition(" ")[0].strip("\"'")
    return word if re.fullmatch(r"[\w+#-]{1,30}", word) else ""
