"""Makes headings of questions that are marked as such, `Q:` and `A:` on a line each.

A page's question answers nobody who asks the same: it heads the answer.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from indexer.markdown.dialects import parts

_QUESTION: Final = re.compile(
    r"^ {0,3}[*_]{0,2}\[?(?:Q|Question) ?\d{0,3}\]?[*_]{0,2}[.:)][*_]{0,2} +(.*\?)[*_ ]*$"
)
_ANSWER: Final = re.compile(r"^ {0,3}[*_]{0,2}\[?(?:A|Answer) ?\d{0,3}\]?[*_]{0,2}[.:)][*_]{0,2} +(?=\S)")


def with_questions(lines: Sequence[str]) -> Iterator[str]:
    """Make each question with an answer a part's label; a heading ends the last answer."""
    open_ = False
    answer_at = -1
    for at, line in enumerate(lines):
        asked = _QUESTION.match(line) if "?" in line else None
        if asked is not None and (answer_at := _answer_below(lines, at)) > 0:
            yield from ("", parts.closing()) if open_ else ("",)
            yield from ("", parts.opening(asked[1]), "")
            open_ = True
        elif at == answer_at:
            yield _ANSWER.sub("", line)
        else:
            if open_ and line.startswith("#"):
                yield from ("", parts.closing(), "")
                open_ = False
            yield line


def _answer_below(lines: Sequence[str], at: int) -> int:
    following = next((n for n in range(at + 1, min(at + 4, len(lines))) if lines[n].strip()), 0)
    return following if following and _ANSWER.match(lines[following]) else 0
