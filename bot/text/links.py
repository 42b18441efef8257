"""Takes links out of untrusted text: only allowed addresses stay, whatever dialect of Markdown shows the text.

A platform's Markdown isn't CommonMark, so that parsing alone proves nothing. Known shapes of links are parsed and
rebuilt, so that people can read them. What is left is then held against a rule that needs no parser: an address
that isn't allowed is taken out wherever it stands, and what could still be read as a link's address is broken.
"""

import html
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

Allowed = Callable[[str], bool]

_UNESCAPED_AT_MOST: Final = 5  # times; who hides a sign deeper than this is shown the signs
_PASSES_AT_MOST: Final = 8
_LONGEST_PARSED: Final = 4000  # characters of a line: nobody writes a longer one with links
# Not shown, or only in how words break: they would hide an address from us that a platform puts together again.
_INVISIBLE: Final = re.compile("[\u00ad\u180e\u200b\u2060\ufeff]")
# Where an address may begin, but for the name of its scheme, which is looked for backwards.
_START: Final = re.compile(
    r":\\?/\\?/|\bwww\\?\.(?=\w)|(?:mailto|javascript):(?=\S)|\b(?:data|tel|file):(?=\S)", re.IGNORECASE
)
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]{0,30}\Z", re.IGNORECASE)
_SCHEME_LONGEST: Final = 31
_END: Final = re.compile(r"[\s<>\[\]{}\"`|^]")
_PUNCTUATION: Final = ".,;:!?'"
# Where an address ends for us, some platforms read on.
_GLUED: Final = re.compile(r"[^\s<>][^\s\w<>]*\w")
_TRAILING: Final = ".,;:!?'*_~\\/"
_LINKISH: Final = re.compile(r"\]\(|\]\[|<|^[ \t]{0,3}\[[^\]\n]*\]:", re.MULTILINE)
_FENCE: Final = re.compile(r"^[ \t]{0,3}(?:`{3,}|~{3,})")
# Slack's own form of a link: <address|words>
_ANGLE: Final = re.compile(r"<([^\s<>|]+)\|([^<>\n]*)>")
_NOTHING: Final = re.compile(r"!?\[\s*\](?:\(\s*\))?|(?<=\])\(\s*\)|<\s*>")
_SPACES: Final = re.compile(r"(?<=\S)[ \t]{2,}")
_BEFORE_STOP: Final = re.compile(r"[ \t]+(?=[.,;:!?](?:\s|\Z))")
_LOADS: Final = re.compile(
    r"</?(?:a|img|iframe|script|style|form|object|embed|svg|video|audio|link|meta|base|input|button)\b[^<>]*>?",
    re.IGNORECASE,
)


def canonical(text: str) -> str:
    """Decode entities and remove signs that nobody sees, so that all that a platform could read in the text stands in it.

    A canonical text stays as it is.
    """
    for _ in range(_UNESCAPED_AT_MOST):
        text, before = html.unescape(_INVISIBLE.sub("", text)), text
        if text == before:
            return text
    return text.replace("&", "& ")


def normal(url: str) -> str:
    """Return the address without what doesn't change where it leads: parentheses may be escaped or not."""
    url = url.replace("\\", "").replace("%28", "(").replace("%29", ")").strip().rstrip(_TRAILING)
    return re.sub(r"^(?:https?://)?(?:www\.)?", "", url, flags=re.IGNORECASE)


def addresses(text: str) -> set[str]:
    """Return every address in a text, in the form that `normal` gives it."""
    text = canonical(text)
    return {normal(text[start:end]) for start, end in _found(text)}


def only(text: str, allowed: Allowed, *, code: bool = False) -> str:
    """Keep those links and addresses of the text for which `allowed` returns True; it gets them in `normal` form.

    A link that goes leaves its words; an image, or HTML that loads or links, leaves its description or nothing.
    `code`: the text is a block of code, in which no words are links.
    """
    for _ in range(_PASSES_AT_MOST):
        text, before = _once(text, allowed, code=code), text
        if text == before:
            break
    return text


def _once(text: str, allowed: Allowed, *, code: bool) -> str:
    """Do one pass. What is taken out may bring together what stood on both sides of it."""
    text = _ANGLE.sub(lambda angle: _angle(angle, allowed, code=code), canonical(text))
    if not code and _LINKISH.search(text):
        text = "\n".join(_rebuilt(line, allowed) for line in text.split("\n"))
    text = _without(text, allowed)
    return text if code else _broken(text, allowed)


def kept(made: str, of: str) -> str:
    """Return `made`, a platform's writing of the text `of`, without addresses that it put together."""
    return only(made, addresses(of).__contains__, code=True)


def none(text: str) -> str:
    """Return the text without any link or address."""
    return only(text, _never)


def _never(_: str) -> bool:
    return False


def _found(text: str) -> list[tuple[int, int]]:
    """Return where addresses stand, in the order of the text; none overlaps another."""
    spans: list[tuple[int, int]] = []
    for match in _START.finditer(text):
        if spans and match.start() < spans[-1][1]:
            continue
        begin = match.start()
        if match[0].startswith(":"):
            scheme = _SCHEME.search(text[max(0, begin - _SCHEME_LONGEST) : begin])
            begin -= len(scheme[0]) if scheme else 0
        spans.append((begin, _end(text, match.end())))
    return spans


def _end(text: str, start: int) -> int:
    """Return where a bare address ends, by GitHub's rule: at space, brackets, and a parenthesis that closes one before it."""
    stop = _END.search(text, start)
    end, open_ = stop.start() if stop else len(text), 0
    for at in range(start, end):
        open_ += (text[at] == "(") - (text[at] == ")")
        if open_ < 0:
            return at
    return end


def _without(text: str, allowed: Allowed) -> str:
    out: list[str] = []
    done = 0
    for start, end in _found(text):
        if allowed(normal(text[start:end])):
            if not text.endswith("](", 0, start) and _GLUED.match(text, end):
                out += [text[done:end], " "]
                done = end
            continue
        bare = text[start:end].rstrip(_PUNCTUATION)
        query = bare.endswith("/") and text.startswith("?", start + len(bare))  # an empty one
        kept = end - start - len(bare) - query
        out.append(text[done:start])
        done = end - kept
    if not done:
        return text
    out.append(text[done:])
    bare = _NOTHING.sub("", "".join(out))
    return _BEFORE_STOP.sub("", _SPACES.sub(" ", bare))


def _broken(text: str, allowed: Allowed) -> str:
    """Break what is left of links after the known shapes were rebuilt."""
    out: list[str] = []
    done = 0
    for match in re.finditer(r"\](?=[(\[:])", text):
        if text[match.end()] == "(" and _leads(text, match.end() + 1, allowed):
            continue
        if text[match.end()] == "[" and re.match(r"\[\d{1,3}\]", text[match.end() : match.end() + 5]):
            continue  # our own markers stand side by side
        out += [text[done : match.end()], " "]
        done = match.end()
    return "".join([*out, text[done:]])


def _leads(text: str, start: int, allowed: Allowed) -> bool:
    """Tell whether the link's address that begins here is an allowed one, in a form that we made ourselves."""
    found = _START.search(text, start, start + _SCHEME_LONGEST + 3)
    if found is None or (_SCHEME.fullmatch(text, start, found.start()) is None and found[0][0] == ":"):
        return False
    end = _end(text, found.end())
    return text.startswith(")", end) and allowed(normal(text[start:end]))


# --- known shapes, rebuilt from their parse ---------------------------------------------------------


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # noqa: PLC0415 - most texts have no link

    # Escapes and entities stay as they were written: what is printed again must mean the same.
    parser = MarkdownIt("commonmark").disable(["escape", "entity"])
    # What may lead where is judged by `allowed`, on the address as it stands.
    parser.validateLink = lambda url: True  # type: ignore[method-assign]  # noqa: ARG005
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    return parser


def _rebuilt(line: str, allowed: Allowed) -> str:
    if not _LINKISH.search(line) or len(line) > _LONGEST_PARSED or _FENCE.match(line):
        return line
    if re.match(r"[ \t]{0,3}\[[^\]]*\]:[ \t]*\S", line):
        return ""  # the definition of a link, which shows nothing
    body = line.lstrip(" \t")
    indent = line[: len(line) - len(body)]
    tokens = _parser().parseInline(body)[0].children or []
    return indent + _printed(tokens, allowed)


def _printed(tokens: Sequence["Token"], allowed: Allowed) -> str:
    out: list[str] = []
    closings: list[str] = []
    skipped = False  # an autolink, whose text is its address
    for token in tokens:
        if token.type == "link_open":
            href = str(token.attrGet("href") or "")
            mine = allowed(normal(href))
            auto = token.markup == "autolink"
            out.append(("<" if auto else "[") if mine else "")
            closings.append((">" if auto else f"]({_address(href)})") if mine else "")
            skipped = auto and not mine
        elif token.type == "link_close":
            out.append(closings.pop())
            skipped = False
        elif token.type == "image":
            out.append(_printed(token.children or [], _never))
        elif token.type == "html_inline":
            out.append(_LOADS.sub("", token.content))
        elif token.type == "code_inline":
            out.append(_code(token))
        elif token.type in ("softbreak", "hardbreak"):
            out.append("\n")
        elif not skipped:
            out.append(token.content or token.markup)
    return re.sub(r"\[([^\[\]]*)\]\[[^\]]*\]", _reference, "".join(out))


def _code(token: "Token") -> str:
    space = " " if token.content.startswith("`") or token.content.endswith("`") else ""
    return f"{token.markup}{space}{token.content}{space}{token.markup}"


def _reference(match: re.Match[str]) -> str:
    """Leave the words of `[words][name]`; two markers side by side stay."""
    return match[0] if re.fullmatch(r"\[\d{1,3}\]\[\d{1,3}\]", match[0]) else match[1]


def _angle(link: re.Match[str], allowed: Allowed, *, code: bool) -> str:
    """Slack's form as Markdown's, which would take the words for a part of the address."""
    if not (_START.search(link[1]) and allowed(normal(link[1]))):
        return link[2]
    return link[0] if code else f"[{link[2]}]({_address(link[1])})"


def _address(href: str) -> str:
    return href.replace("(", "%28").replace(")", "%29").replace(" ", "%20")
