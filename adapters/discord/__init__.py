"""Connects Discord: its events, commands, buttons, and who may do what there.

What Discord and Slack have in common belongs to `adapters.chat`; importing this package imports discord.py.
"""
