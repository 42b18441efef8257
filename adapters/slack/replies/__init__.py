"""Shows answers in Slack: streamed, edited, private; as blocks and mrkdwn.

What an answer says belongs to `bot`; what all platforms have in common to `adapters.chat`.
"""
