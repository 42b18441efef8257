"""Converts PDF, Word, PowerPoint and Excel to Markdown. Loads large libraries: for a reader's process only."""

import logging
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from typing import Final

from indexer.converters.office.package import check, mended
from indexer.converters.result import Converted, Unreadable

_MODULES: Final[Mapping[str, str]] = {
    "docx": "indexer.converters.office.word",
    "pdf": "indexer.converters.pdf",
    "pptx": "indexer.converters.office.slides",
    "xlsx": "indexer.converters.office.excel",
}
_HEADING: Final = re.compile(r"^# ", re.MULTILINE)
# Titles that programs write where nobody has.
_NO_TITLE: Final = re.compile(
    r"\W*(?:untitled|\(?(?:anonymous|unspecified)\)?|(?:power ?point )?presentation|(?:document|slide|dia|folie|mappe|book)\s*\d*"
    r"|microsoft (?:word|power ?point|excel)\b.*|.*\.(?:docx?|pdf|pptx?|xlsx?|odt|tex|indd|dvi|qxp|rtf|html?))\W*",
    re.IGNORECASE,
)
_LONGEST_TITLE: Final = 200


def convert(kind: str, data: bytes) -> Converted:
    """Convert a file. `kind` is pdf, docx, pptx or xlsx. Raises Unreadable, MemoryError."""
    if kind != "pdf":
        check(data)
    converter: Callable[[bytes], Converted] = import_module(_MODULES[kind]).convert
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data, missing = (data, []) if kind == "pdf" else mended(data)
            made = converter(data)
    except (Unreadable, MemoryError):
        raise
    except Exception as error:
        # The libraries raise whatever their parsers do; the file is to blame, and only this file fails.
        logging.getLogger(__name__).info("a %s could not be read", kind, exc_info=True)
        raise Unreadable(
            f"it is damaged, or no {kind.upper()} file ({type(error).__name__}): save it anew, or leave it out"
        ) from error
    if not made.text.strip():
        raise Unreadable("it holds no text (scanned pages or pictures only?)")
    lost = f"these parts are missing in the file: {', '.join(missing)}" if missing else ""
    return replace(made, text=_titled(made), problem="; ".join(filter(None, (made.problem, lost))))


def _titled(made: Converted) -> str:
    """Put the file's own title above, where no heading is one."""
    title = " ".join(made.title.split())
    if not title or len(title) > _LONGEST_TITLE or _NO_TITLE.fullmatch(title) or _HEADING.search(made.text):
        return made.text
    return f"# {title}\n\n{made.text}"
