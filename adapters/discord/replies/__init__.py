"""Shows answers in Discord: streamed by edits, as interactions, in threads and forums.

What an answer says belongs to `bot`; what all platforms have in common to `adapters.chat`.
"""
