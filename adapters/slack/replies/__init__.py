"""Shows answers in Slack: streamed, edited, private; blocks and mrkdwn.

What the answer says belongs to `bot`; what all platforms say alike to `adapters.chat`.
"""
