"""Connects Slack: its events, commands, buttons, and who may do what there.

What Slack and Discord have in common belongs to `adapters.chat`; importing this package imports Slack's SDK.
"""
