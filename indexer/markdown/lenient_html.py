"""Adapts the standard library's HTML parser to pages that anybody wrote."""

import re
from html.parser import HTMLParser

_UNENDED = re.compile(r"<(?=[^<>]*(?:<|\Z))")
# So many tags without an end are no slip, nor `<` in attributes.
_MANY = 100


class LenientParser(HTMLParser):
    """Never raises for what a page holds; `<![` that begins no known section begins a comment.

    Where very many tags never end they are text: the parser would search to the page's end for each.
    """

    def feed(self, data: str) -> None:
        if data.count("<") - data.count(">") > _MANY:
            data = _UNENDED.sub("&lt;", data)
        super().feed(data)

    def parse_marked_section(self, i: int, report: int = 1) -> int:
        return self.parse_bogus_comment(i, bool(report))
