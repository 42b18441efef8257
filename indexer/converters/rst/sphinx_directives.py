"""Teaches docutils Sphinx's directives and roles, without Sphinx: whatever they do, what they hold is the page's text.

It is imported only where it is needed: docutils takes half a second.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

from docutils import nodes
from docutils.parsers.rst import Directive, directives, roles
from docutils.parsers.rst.languages import en
from docutils.statemachine import StringList

from indexer.markdown.dialects import parts
from indexer.markdown.dialects.sphinx_tags import is_shown

_DIRECTIVE: Final = re.compile(
    r"^[ \t]*(?:\|[^|\n]+\|[ ]*)?\.\. ?(?:\|[^|\n]{1,200}\| )?([A-Za-z][\w:.+-]{0,80})::(?:\s|$)",
    re.MULTILINE,
)
_ROLE: Final = re.compile(r":([A-Za-z][\w:.+-]{0,80}):`")
_MOST: Final = 2_000  # of names of one page
_VERSIONS: Final = {
    "versionadded": "New in version",
    "versionchanged": "Changed in version",
    "deprecated": "Deprecated since version",
    "versionremoved": "Removed in version",
    "deprecated-removed": "Deprecated since version",
}


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CODE: Final = _names(
    "code-block sourcecode code ipython doctest testcode testoutput prompt parsed-code productionlist cli jupyter-execute plot"
)
_PARTS: Final = _names("tab tab-item group-tab code-tab tabbed")
# What they hold is not shown as it stands, or is no text.
_NOTHING: Final = _names(
    "graphviz digraph graph mermaid uml plantuml inheritance-diagram todo todolist index tabularcolumns sectionauthor codeauthor meta"
    " highlight highlightlang default-domain currentmodule program module moduleauthor testsetup testcleanup bibliography literalinclude"
    " autosummary raw youtube video iframe ditaa blockdiag seqdiag cssclass rst-class role default-role include contents"
)
# What stands beside them says how they look, not what they are about.
_WITHOUT_WORDS: Final = _names("only ifconfig container tabs tab-set hlist grid card-carousel sphinx-tabs")
_OBJECTS: Final = _names(
    "option cmdoption confval envvar describe object function class method attribute exception data event setting directive templatetag"
    " templatefilter fieldlookup django-admin django-admin-option automodule autoclass autofunction automethod autoattribute"
    " autoexception opcode"
)
_TITLES: Final = {"seealso": "See also"}
_TEXTUAL: Final = _names(
    "ref doc term any numref guilabel menuselection abbr dfn index pep rfc cite keyword external issue pr pull user ghissue eq bpo gh"
    " std:ref std:doc std:term"
)
_OWN_ROLES: Final = _names(
    "math sup superscript sub subscript strong emphasis literal code raw title-reference title"
)
# Roles that strike out, by their own name or by the class that `.. role::` gives them.
_STRUCK: Final = re.compile(
    r"(?:.*[-_])?(?:del|deleted|s|strike|striked|strikethrough|strike-through|struck|line-through|linethrough)"
)
_STRUCK_ROLE: Final = re.compile(
    r"^[ \t]*\.\. role:: *([\w:+.-]+)[^\n]*\n(?:[ \t]*\n)?[ \t]+:class: *([^\n]*)", re.MULTILINE
)
_TITLED: Final = re.compile(r"(.*\S)\s*<[^<>]*>\s*\Z", re.DOTALL)


class _Options(dict[str, Callable[[str], Any]]):
    """Accepts any option as it is written."""

    def __missing__(self, name: str) -> Callable[[str], Any]:
        return _as_written


def _as_written(value: str | None) -> str:
    return value or ""


def register(text: str) -> None:
    """Register every directive and role that a page names, as docutils drops those that it doesn't know."""
    for name in sorted(set(map(str.lower, _DIRECTIVE.findall(text))))[:_MOST]:
        directives.register_directive(name, _class_of(name))
    struck = {
        name for name, classes in _STRUCK_ROLE.findall(text) if any(map(_STRUCK.fullmatch, classes.split()))
    }
    for name in sorted(set(_ROLE.findall(text)))[:_MOST]:
        if name in struck or _STRUCK.fullmatch(name):
            roles.register_local_role(name, _struck_role)  # type: ignore[arg-type]
        elif name not in _OWN_ROLES:
            roles.register_local_role(name, _role)  # type: ignore[arg-type]


def _class_of(name: str) -> type[Directive]:
    if name in _CODE:
        return _Code
    if name in _NOTHING:
        return _Nothing
    return (
        _KNOWN.get(name) or _docutils_own(name) or (_Object if ":" in name or name in _OBJECTS else _Anything)
    )


@cache
def _docutils_own(name: str) -> type[Directive] | None:
    """Find docutils' own directive, changed to accept any option: an unknown one would cost the whole directive."""
    if name not in en.directives:
        return None
    found = directives.directive(en.directives[name], en, None)[0]  # type: ignore[arg-type]
    if found is None or not found.option_spec:
        return found
    return type(found.__name__, (found,), {"option_spec": _Options(found.option_spec)})


class _Anything(Directive):
    """A directive of which the title beside it and the lines below are text."""

    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec = _Options({"class": _as_written})

    def run(self) -> Sequence[nodes.Node]:
        title, body = self.words()
        said = "" if self.name in _WITHOUT_WORDS else title
        if self.name in _TITLES:
            said, body = _TITLES[self.name], [title, *body] if title else body
        return [*self._titled(said), *self.parsed(body)]

    def words(self) -> tuple[str, list[str]]:
        """Split a directive into the words beside it and the lines below, whichever docutils takes for arguments."""
        argument = self.arguments[0].split("\n") if self.arguments else []
        first = self.block_text.split("\n", 1)[0].partition("::")[2].strip()
        beside, below = (argument[0], argument[1:]) if first and argument else ("", argument)
        return beside, [*below, *([""] if below and self.content else []), *self.content]

    def parsed(self, lines: Sequence[str]) -> list[nodes.Node]:
        if not any(line.strip() for line in lines):
            return []
        around = nodes.Element()
        self.state.nested_parse(
            StringList(list(lines), source=""), self.content_offset, around, match_titles=True
        )
        return list(around.children)

    def inline(self, text: str) -> list[nodes.Node]:
        found, _ = self.state.inline_text(text, self.lineno)
        return list(found)

    def _titled(self, title: str) -> list[nodes.Node]:
        return [nodes.paragraph("", "", nodes.strong("", "", *self.inline(title)))] if title else []


class _Nothing(_Anything):
    def run(self) -> Sequence[nodes.Node]:
        return []


class _Only(_Anything):
    def run(self) -> Sequence[nodes.Node]:
        return super().run() if is_shown(self.words()[0]) else []


class _Version(_Anything):
    def run(self) -> Sequence[nodes.Node]:
        version, body = self.words()
        number, _, more = version.partition(" ")
        found = self.parsed([more, *body] if more else body)
        lead = f"{_VERSIONS[self.name]} {number}: " if found else f"{_VERSIONS[self.name]} {number}."
        if found and isinstance(found[0], nodes.paragraph):
            found[0].insert(0, nodes.Text(lead))
            return found
        return [nodes.paragraph("", lead), *found]


class _Object(_Anything):
    """A documented option, function and the like: its signatures, and what is said of it."""

    def run(self) -> Sequence[nodes.Node]:
        _, body = self.words()
        signatures = [line.strip() for line in (self.arguments or [""])[0].split("\n") if line.strip()]
        found = self.parsed(list(self.content) if signatures else body)
        term = nodes.term("", "")
        for number, signature in enumerate(signatures):
            term += nodes.Text(", " if number else "")
            term += nodes.literal("", signature)
        item = nodes.definition_list_item("", term, nodes.definition("", *found))
        return [nodes.definition_list("", item)] if signatures else found


class _Glossary(_Anything):
    def run(self) -> Sequence[nodes.Node]:
        _, body = self.words()
        lines: list[str] = []
        terms: list[str] = []
        for line in body:
            if line.strip() and not line[0].isspace():
                if not line.startswith(".. "):
                    terms.append(line.partition(" : ")[0].strip())
                continue
            if terms and line.strip():
                lines += ["", ", ".join(terms)]
                terms = []
            lines.append(line)
        return self.parsed(lines)


class _Code(_Anything):
    def run(self) -> Sequence[nodes.Node]:
        said, body = self.words()
        language = said.split()[0] if said and re.fullmatch(r"[\w+#.-]+", said.split()[0]) else ""
        text = "\n".join(body)
        if self.name == "productionlist":
            language = ""
        caption = self._titled(self.options.get("caption", ""))
        return [
            *caption,
            nodes.literal_block(text, text, classes=["code", *([language] if language else [])]),
        ]


class _Part(_Anything):
    """A tab."""

    def run(self) -> Sequence[nodes.Node]:
        label, body = self.words()
        inside: list[nodes.Node] = []
        if self.name == "code-tab":
            language, _, said = label.partition(" ")
            text = "\n".join(body)
            label = said or language
            inside = [nodes.literal_block(text, text, classes=["code", language])]
        else:
            inside = self.parsed(body)
        return [_mark(parts.opening(label)), *inside, _mark(parts.closing())]


class _Pages(_Anything):
    """A table of contents: shows the titles that it gives itself, as other pages' own titles aren't known here."""

    def run(self) -> Sequence[nodes.Node]:
        titled = [found[1] for line in self.content if (found := _TITLED.match(line.strip()))]
        items = [nodes.list_item("", nodes.paragraph("", title)) for title in titled]
        caption = self._titled(self.options.get("caption", ""))
        return [*caption, nodes.bullet_list("", *items)] if items else caption


class _Math(_Anything):
    def run(self) -> Sequence[nodes.Node]:
        beside, body = self.words()
        text = "\n".join([*([beside] if beside else []), *body]).strip()
        return [nodes.math_block(text, text)]


def _mark(heading: str) -> nodes.Node:
    return nodes.raw("", f"<p>{heading}</p>", format="html")


_KNOWN: Final[dict[str, type[Directive]]] = {
    **dict.fromkeys(_VERSIONS, _Version),
    **dict.fromkeys(_PARTS, _Part),
    "glossary": _Glossary,
    "only": _Only,
    "toctree": _Pages,
    "math": _Math,
}


def _role(  # noqa: PLR0917 - docutils' own form
    name: str,
    rawtext: str,
    text: str,
    lineno: int,  # noqa: ARG001
    inliner: Any,  # noqa: ANN401, ARG001
    options: Any = None,  # noqa: ANN401, ARG001
    content: Sequence[str] = (),  # noqa: ARG001
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """Keep a role's words, without where they lead."""
    text = text.replace("\x00", "")
    titled = _TITLED.match(text)
    said = titled[1] if titled else re.sub(r"^[!~]", "", text)
    if name == "menuselection":
        said = re.sub(r"\s*-->\s*", " > ", said)
    if name in ("guilabel", "menuselection"):
        said = re.sub(r"&(?=\w)", "", said)
    if name in ("pep", "rfc"):
        said = f"{name.upper()} {said}"
    literal = not (titled or name.lower() in _TEXTUAL)
    node = nodes.literal(rawtext, said) if literal else nodes.inline(rawtext, said)
    return [node], []


def _struck_role(*_: Any) -> tuple[list[nodes.Node], list[nodes.system_message]]:  # noqa: ANN401 - docutils' own form
    """Drop a role's words: their author says that they don't hold."""
    return [], []
