"""Sends requests to Cohere and reads what comes back: HTTP, event streams, limits, errors.

What a model is asked, and what becomes of its answer, belongs beside this folder.
"""
