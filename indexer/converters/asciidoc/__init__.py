"""Turns AsciiDoc into Markdown: what handbooks use of it. There is no well-kept converter in Python.

Nothing is included and nothing run. https://docs.asciidoctor.org/asciidoc/latest/ has the language.
"""
