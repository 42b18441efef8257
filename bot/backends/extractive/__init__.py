"""Writes answers by quoting passages word for word, without a language model.

Ranking of passages belongs to `bot.retrieval`; this chooses and orders sentences of what was found.
"""
