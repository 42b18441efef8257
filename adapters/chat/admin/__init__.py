"""Holds what admins do and hear in chat: commands, reindexes in progress, saved answers, news.

What everybody may ask is in `questions`; how a platform recognizes its admins is in its own `access`.
"""
