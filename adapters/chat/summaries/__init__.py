"""Sums up a thread or a channel's last day for one person.

How messages are read and shown belongs to each platform; how a summary is written and checked to `bot.answering`.
"""
