"""Slack: its events, commands, buttons and who may do what there.

What Discord would do alike belongs to `adapters.chat`; importing this imports Slack's SDK.
"""
