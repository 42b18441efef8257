"""Holds words of other languages and of offices, with what they mean in English.

Data only: README.md says where it comes from, `bot.retrieval.query_translation` reads it.
"""
