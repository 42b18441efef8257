"""Brings questions that the docs don't answer to people, and their answers back.

Where a platform shows them belongs to its own folder; trackers belong to `bot.backends`.
"""
