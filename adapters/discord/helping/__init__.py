"""Reads what people say to each other in Discord: answers in the help channel, and what is to be summed up.

What is said to the bot belongs to `adapters.discord.incoming.inbound`.
"""
