"""Reads pages and databases of Notion.

It lists and fetches; what is done with the pages belongs to `indexer.sync`.
"""
