"""Implements stores, embedders, rerankers and writers: one folder or file for each vendor or engine.

They know `bot.ports` and nothing of each other; only `bot.bootstrap` names them.
"""
