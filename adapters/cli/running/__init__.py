"""Starts, follows and stops what runs, from the command line.

What it does belongs to the adapters and the indexer.
"""
