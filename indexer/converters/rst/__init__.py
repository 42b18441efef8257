"""Turns reStructuredText into Markdown: docutils reads it, with the directives that Sphinx adds."""
