"""Runs what reads strangers' files in processes that are bounded and cut off from everything else.

What is read there, and how, belongs to `indexer.reading`; this only starts, bounds and ends the process.
"""
