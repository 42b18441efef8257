"""Keeps the index in step with the docs: sources, reading, sync, schedule.

What answers need belongs to `bot`; nothing here is imported by it.
"""
