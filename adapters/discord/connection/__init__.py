"""Talks to Discord: calls, retries, timeouts, and patches of the gateway client.

What an event means or an answer looks like does not belong here.
"""
