"""Holds what every chat platform shares: the question service, answer actions, admin service, messages.

What only one platform has belongs to its own folder; an answer's content belongs to `bot`.
"""
