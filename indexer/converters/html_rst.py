"""reStructuredText → Markdown."""

import re

from indexer.converters import linear_docutils
from indexer.converters.html_pages import html
from indexer.converters.result import Unreadable

# Sphinx's roles, which docutils leaves as they are: :ref:`text <target>`, :doc:`target`.
_ROLE = re.compile(r":[a-z][\w:+.-]{0,60}:`(?:([^`&]+?)\s*&lt;[^`]*&gt;|([^`]*))`")
_VERBATIM = re.compile(r'(<pre.*?</pre>|<span class="docutils literal">.*?</span>)', re.DOTALL)


def rst(text: str) -> str:
    """With nothing included, nothing raw, and nothing run."""
    from docutils.core import publish_parts  # noqa: PLC0415 (half a second)
    from docutils.utils import SystemMessage  # noqa: PLC0415

    settings = {
        "_disable_config": True,
        "embed_stylesheet": False,
        "file_insertion_enabled": False,
        "halt_level": 5,
        "line_length_limit": 100_000,
        "output_encoding": "unicode",
        "raw_enabled": False,
        "report_level": 5,
        "syntax_highlight": "none",
        "warning_stream": False,
    }
    try:
        text = linear_docutils.eased(text)
        parts = publish_parts(
            text,
            parser=linear_docutils.parser(),
            writer=linear_docutils.writer(),
            settings_overrides=settings,
        )
    except (SystemMessage, ValueError, AttributeError, KeyError) as error:
        raise Unreadable(f"it is no reStructuredText: {error}") from error
    pieces = _VERBATIM.split(str(parts["html_body"]))
    pieces[::2] = [_ROLE.sub(lambda role: role[1] or role[2], piece) for piece in pieces[::2]]
    # Its notes and warnings are asides, and everything in it is the page's.
    return html("".join(pieces), noise=())
