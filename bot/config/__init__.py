"""Reads docent.yaml and the environment into frozen settings; the only reader of both.

Nothing is opened or connected here: `bot.bootstrap` does that.
"""
