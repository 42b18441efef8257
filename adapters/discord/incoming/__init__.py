"""Turns Discord's events into questions: which ones are, what comes with them, what was missed meanwhile.

Where the answer goes and how it looks is in `replies`; who may ask what is in `access`.
"""
