"""Makes docutils take time in proportion to the page, where it would search all of it again and again.

It is imported only where it is needed: docutils takes half a second.
"""

import re
import sys
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from docutils.parsers import Parser

# A pattern looks through the rest of a word from each of its signs. An escaped space stands for nothing.
_UNBROKEN: Final = re.compile(r"\S{400}(?=\S)")
# Each target of a row passes on all that it got from those before it.
_TARGETS: Final = re.compile(
    r"((?:^\.\. _[^\n:]*:[ \t]*\n\n?){20})(?:^\.\. _[^\n:]*:[ \t]*\n\n?)+", re.MULTILINE
)
# The end of emphasis, a literal and so on is looked for in so many characters.
_NEAR: Final = 2_000
_INLINE: Final = (
    "emphasis",
    "strong",
    "interpreted_or_phrase_ref",
    "literal",
    "target",
    "substitution_ref",
)


def eased(text: str) -> str:
    """Remove what would take quadratic time and means nothing."""
    return _TARGETS.sub(r"\1", _UNBROKEN.sub(r"\g<0>\\ ", text))


def parser() -> "Parser":
    """Make a parser whose slow steps are replaced."""
    parser: Parser = _parser()()
    return parser


class _Near:
    """A pattern that searches no further than some characters ahead."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern

    def search(self, text: str) -> re.Match[str] | None:
        return self._pattern.search(text[:_NEAR])


@cache
def _parser() -> type:
    from docutils import nodes  # noqa: PLC0415
    from docutils.parsers import rst  # noqa: PLC0415
    from docutils.parsers.rst import states  # noqa: PLC0415

    def inliner() -> states.Inliner:
        """Not a class of our own: theirs reads its patterns from no other class than its own."""
        made = states.Inliner()
        begin = made.init_customizations

        def begin_near(settings: Any) -> None:  # noqa: ANN401 - theirs
            begin(settings)
            for name in _INLINE:
                setattr(made.patterns, name, _Near(getattr(made.patterns, name)))

        made.init_customizations = begin_near  # type: ignore[method-assign]
        return made

    class RstParser(rst.Parser):
        def __init__(self) -> None:
            super().__init__(inliner=inliner())

    nodes.Element.index = _index  # type: ignore[assignment, method-assign]
    return RstParser


def _index(element: Any, item: object, start: int = 0, stop: int = sys.maxsize) -> int:  # noqa: ANN401 - docutils' own
    """Find a child's index, beginning at the last one found: most are asked for one after the other."""
    near = getattr(element, "docent_near", 0)
    try:
        found = element.children.index(item, max(start, near - 1), stop)
    except ValueError:
        found = element.children.index(item, start, stop)
    element.docent_near = found
    return int(found)
