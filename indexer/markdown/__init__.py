"""Parses Markdown pages into sections and plain blocks.

Other formats are made Markdown first, by `indexer.converters`.
"""
