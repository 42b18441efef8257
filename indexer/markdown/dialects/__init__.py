"""Rewrites what Markdown's dialects add as plain Markdown: MkDocs, Docusaurus, GitBook, Hugo, VitePress, Obsidian, MyST, Pandoc.

Parsers for one dialect each take another's syntax for code or text; pages tell nobody which they are in.
"""
