"""Holds what every process needs while it runs: deadlines, circuit breakers, logs, identity, an HTTP server.

Nothing here knows questions, pages or platforms.
"""
