"""Shows answers in Discord: streamed by edits, as interactions, in threads and forums.

What the answer says belongs to `bot`; what all platforms say alike to `adapters.chat`.
"""
