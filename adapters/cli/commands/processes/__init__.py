"""Defines the commands that run until they are stopped, and the one that checks whether they are alive.

What runs then belongs to the adapters and the indexer.
"""
