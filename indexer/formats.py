"""The kinds of files that can be indexed."""

MARKDOWN = ("md", "mdx", "markdown")
DOCUMENTS = ("rst", "adoc", "asciidoc", "txt", "html", "htm", "pdf", "docx", "pptx", "xlsx", "csv", "ipynb")

# The glob of all that can be converted.
EVERY_FORMAT = (f"**/*.{{{','.join((*MARKDOWN, *DOCUMENTS))}}}",)
