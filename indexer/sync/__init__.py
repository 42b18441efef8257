"""Makes the index match a source: list, compare, read, embed, replace, delete last.

How a source lists or a page is read belongs to `indexer.sources` and `indexer.reading`.
"""
