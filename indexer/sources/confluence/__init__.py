"""Reads pages, attachments and restrictions of Confluence, Cloud and Data Center.

It lists and fetches; what is done with the pages belongs to `indexer.sync`.
"""
