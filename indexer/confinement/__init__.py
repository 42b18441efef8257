"""Processes that read what strangers wrote: bounded, and cut off from everything else.

What is read there, and how, belongs to `indexer.reading`; this only starts, bounds and ends the process.
"""
