"""Reads web sites below one address, by sitemap or links.

HTML becomes Markdown in `indexer.converters`; what is done with the pages belongs to `indexer.sync`.
"""
