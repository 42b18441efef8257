"""Converts reStructuredText to Markdown by docutils, which takes half a second to import: only where it is needed."""

from typing import Final

from docutils.core import publish_parts
from docutils.utils import SystemMessage

from indexer.converters.html_pages import html
from indexer.converters.result import Unreadable
from indexer.converters.rst import linear_docutils, sphinx_directives
from indexer.converters.rst.docutils_writer import TextWriter

_SETTINGS: Final = {
    "_disable_config": True,
    "auto_id_prefix": "id",  # as Sphinx has it
    "doctitle_xform": False,
    "embed_stylesheet": False,
    "file_insertion_enabled": False,
    "halt_level": 5,
    "initial_header_level": 1,
    "line_length_limit": 100_000,
    "output_encoding": "unicode",
    "raw_enabled": False,
    "report_level": 5,
    "syntax_highlight": "none",
    "warning_stream": False,
}


def rst(text: str) -> str:
    """Convert a page; nothing is included, nothing raw, and nothing run. Raises Unreadable."""
    try:
        text = linear_docutils.eased(text)
        sphinx_directives.register(text)
        made = publish_parts(
            text,
            parser=linear_docutils.parser(),
            writer=TextWriter(),
            settings_overrides=_SETTINGS,
        )
    except (SystemMessage, ValueError, AttributeError, KeyError) as error:
        raise Unreadable(f"it is no reStructuredText: {error}") from error
    # Its notes and warnings are asides, and everything in it is the page's.
    return html(str(made["html_body"]), noise=())
