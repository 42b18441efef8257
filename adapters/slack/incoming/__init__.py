"""From Slack's events to questions: what is one, what it comes with, and what was missed meanwhile.

Where the answer goes and how it looks is in `replies`; who may ask what is in `access`.
"""
