"""Discord: its events, commands, buttons and who may do what there.

What Slack would do alike belongs to `adapters.chat`; importing this imports discord.py.
"""
