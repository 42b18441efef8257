"""Reads files and permissions of Google Drive.

It lists and fetches; what is done with the pages belongs to `indexer.sync`.
"""
