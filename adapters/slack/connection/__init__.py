"""Talks to Slack: sockets, calls, retries, rate limits, timeouts.

What an event means or an answer looks like does not belong here.
"""
