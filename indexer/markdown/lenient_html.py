"""The standard library's parser for HTML, for pages that anybody wrote."""

import re
from html.parser import HTMLParser

_UNENDED = re.compile(r"<(?=[^<>]*(?:<|\Z))")
# So many tags without an end are no slip, nor `<` in attributes.
_MANY = 100


class LenientParser(HTMLParser):
    """Raises for nothing that a page holds: what begins with `<![` and is no known section is a comment.

    Many tags that never end are text: for each of them the parser would look as far as the page's end.
    """

    def feed(self, data: str) -> None:
        if data.count("<") - data.count(">") > _MANY:
            data = _UNENDED.sub("&lt;", data)
        super().feed(data)

    def parse_marked_section(self, i: int, report: int = 1) -> int:
        return self.parse_bogus_comment(i, bool(report))
