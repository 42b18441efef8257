"""The kinds of files that can be indexed."""

from bot.config.sources import SourceSettings
from bot.text.globs import Selection

MARKDOWN = ("md", "mdx", "markdown")
TEXTS = ("txt", "csv", "tsv", "ipynb", "adoc", "asciidoc")
# What takes long, or a large library, or comes in a container that may be a trap: never in the main process.
HEAVY = ("pdf", "docx", "pptx", "xlsx", "html", "htm", "rst")

# The glob of all that can be converted.
EVERY_FORMAT = (f"**/*.{{{','.join((*MARKDOWN, *TEXTS, *HEAVY))}}}",)


def pages(
    include: tuple[str, ...], exclude: tuple[str, ...], settings: SourceSettings, *, fold: bool
) -> Selection:
    """The pages that these globs take; with every format, an ending may be written in capitals."""
    any_case = EVERY_FORMAT if include == EVERY_FORMAT else ()
    return Selection(include, exclude, fold=fold, watched=settings.audience_of, any_case=any_case)


def ending(name: str) -> str:
    """`report.PDF` → `pdf`; "" without one."""
    return name.rpartition("/")[2].rpartition(".")[2].lower() if "." in name.rpartition("/")[2] else ""
