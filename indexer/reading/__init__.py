"""Turns a page's bytes into a document and its chunks, in a process of its own.

File formats belong to `indexer.converters`, the store to `indexer.sync`.
"""
