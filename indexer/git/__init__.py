"""Reads git repositories: bare clones, history, code owners.

Which files are pages belongs to `indexer.sources.git`.
"""
