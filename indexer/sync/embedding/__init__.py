"""Turns chunks into vectors: none that is known already is asked for again.

Which embedder is asked belongs to `bot.bootstrap`.
"""
