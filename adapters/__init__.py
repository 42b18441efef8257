"""Turns what people type into questions and answers into messages: one folder for each platform, the terminal too.

What the platforms share belongs to `adapters.chat`; what an answer says belongs to `bot`.
"""
