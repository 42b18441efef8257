"""Names the file formats that can be indexed."""

import re
from typing import TYPE_CHECKING

from bot.text.globs import Selection

if TYPE_CHECKING:  # pydantic takes as long to import as reading a page does
    from bot.config.sources import SourceSettings

MARKDOWN = ("md", "mdx", "markdown")
TEXTS = ("txt", "csv", "tsv", "ipynb", "adoc", "asciidoc")
# What takes long, or a large library, or comes in a container that may be a trap: never in the main process.
HEAVY = ("pdf", "docx", "pptx", "xlsx", "html", "htm", "rst")

# The glob of all that can be converted.
EVERY_FORMAT = (f"**/*.{{{','.join((*MARKDOWN, *TEXTS, *HEAVY))}}}",)


def pages(
    include: tuple[str, ...], exclude: tuple[str, ...], settings: "SourceSettings", *, fold: bool
) -> Selection:
    """Select pages by these globs; with every format chosen, endings may be in capitals. `fold`: names ignore case."""
    any_case = EVERY_FORMAT if include == EVERY_FORMAT else ()
    return Selection(include, exclude, fold=fold, watched=settings.audience_of, any_case=any_case)


# What programs leave beside a file while it is open, or a Mac on a disk that isn't its own.
_LEFTOVER = re.compile(r"(?:~\$|\.~lock\.|\.#|\._)")


def is_leftover(name: str) -> bool:
    """Tell whether a path names an editor's or system's file that is no page, whatever its ending."""
    return _LEFTOVER.match(name.rpartition("/")[2]) is not None


def ending(name: str) -> str:
    """Find a name's ending in lower case: `report.PDF` has `pdf`; "" without one."""
    return name.rpartition("/")[2].rpartition(".")[2].lower() if "." in name.rpartition("/")[2] else ""
