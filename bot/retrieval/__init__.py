"""Finds the passages that answer a question: query terms, spelling, scoring, and whether it is enough.

What talks to an index belongs to a backend; what reads files belongs to the indexer.
"""
