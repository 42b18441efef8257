"""Turns file bytes of each format into Markdown.

One module for each family of formats; chunking and front matter belong to `indexer.reading`.
"""
