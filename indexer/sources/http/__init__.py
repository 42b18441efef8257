"""Calls servers over HTTP for the sources: retries, failures, JSON, and no private addresses.

What a source asks its server for belongs to that source.
"""
