"""Turns a question into a checked, cited answer: the use case, its draft, the citation check.

No platform, no vendor and no search engine belongs here; they come in through `bot.ports`.
"""
