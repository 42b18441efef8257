"""The kinds of files that can be indexed."""

MARKDOWN = ("md", "mdx", "markdown")
TEXTS = ("txt", "csv", "ipynb", "adoc", "asciidoc")
# What takes long, or a large library, or comes in a container that may be a trap: never in the main process.
HEAVY = ("pdf", "docx", "pptx", "xlsx", "html", "htm", "rst")

# The glob of all that can be converted.
EVERY_FORMAT = (f"**/*.{{{','.join((*MARKDOWN, *TEXTS, *HEAVY))}}}",)


def ending(name: str) -> str:
    """`report.PDF` → `pdf`; "" without one."""
    return name.rpartition("/")[2].rpartition(".")[2].lower() if "." in name.rpartition("/")[2] else ""
